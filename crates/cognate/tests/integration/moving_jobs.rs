//! Import jobs whose file breaks off, or whose server does; and their log.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use cognate_model::Timestamp;
use cognate_store::{DbError, Tx, import_jobs};
use serde_json::{Value, json};

use crate::api::DevClient;
use crate::http::{Connection, headers};
use crate::moving::{Place, call};
use crate::process::{Program, refusal, run};

/// How long a job of a few rows may take.
const SOON: Duration = Duration::from_secs(40);

/// A pool that verifies addresses, on a server.
async fn serve() -> (Place, Program, DevClient, String) {
    let place = Place::new();
    let (program, mut client) = place.serve().await;
    let pool = json!({"PoolName": "employees", "AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"]});
    let pool = call(&mut client, "CreateUserPool", pool).await.unwrap();
    let pool = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
    (place, program, client, pool)
}

pub async fn create(client: &mut DevClient, pool: &str) -> Value {
    let members = json!({
        "UserPoolId": pool, "JobName": "may", "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/import-logs",
    });
    call(client, "CreateUserImportJob", members).await.unwrap()["UserImportJob"].take()
}

pub async fn csv(client: &mut DevClient, pool: &str, users: usize) -> String {
    let header = call(client, "GetCSVHeader", json!({"UserPoolId": pool})).await.unwrap();
    let names: Vec<&str> = header["CSVHeader"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let row = |number: usize| {
        let value = |name: &&str| match *name {
            "cognito:username" => format!("user-{number}"),
            "email" => format!("user-{number}@example.com"),
            "email_verified" => "true".to_owned(),
            _ => String::new(),
        };
        names.iter().map(value).collect::<Vec<_>>().join(",")
    };
    let rows = (0..users).map(row);
    std::iter::once(names.join(",")).chain(rows).collect::<Vec<_>>().join("\n")
}

/// Sends so much of a file to a job's address, and hangs up unless that is all of it; gives the status.
pub fn upload(address: SocketAddr, job: &Value, file: &str, sent: usize) -> Option<String> {
    let url = job["PreSignedUrl"].as_str().unwrap();
    let path = &url[url.find("/_cognate").unwrap()..];
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {address}\r\nx-amz-server-side-encryption: aws:kms\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        file.len()
    );
    // A server that refuses the file may hang up before it has read all of it.
    let sending = [head.as_bytes(), &file.as_bytes()[..sent]].into_iter().try_for_each(|part| stream.write_all(part));
    if sending.is_ok() && sent < file.len() {
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let answer = std::io::read_to_string(stream).unwrap_or_default();
    answer.split(' ').nth(1).map(str::to_owned)
}

async fn start(client: &mut DevClient, pool: &str, job: &Value) {
    call(client, "StartUserImportJob", json!({"UserPoolId": pool, "JobId": job["JobId"]})).await.unwrap();
}

async fn describe(client: &mut DevClient, pool: &str, job: &Value) -> Value {
    let members = json!({"UserPoolId": pool, "JobId": job["JobId"]});
    call(client, "DescribeUserImportJob", members).await.unwrap()["UserImportJob"].take()
}

/// The job once it is over.
async fn ended(client: &mut DevClient, pool: &str, job: &Value) -> Value {
    loop {
        let found = describe(client, pool, job).await;
        if ["Succeeded", "Failed"].contains(&found["Status"].as_str().unwrap()) {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

fn counts(job: &Value) -> [i64; 3] {
    ["ImportedUsers", "SkippedUsers", "FailedUsers"].map(|name| job[name].as_i64().unwrap())
}

fn log(place: &Place, job: &Value) -> (Vec<String>, String) {
    let output = run(&["import-log", job["JobId"].as_str().unwrap()], &place.data());
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    (lines, String::from_utf8(output.stderr).unwrap())
}

/// Moves the clock; gives the microseconds since the epoch that it shows then.
async fn advance(address: SocketAddr, seconds: i64) -> i64 {
    let mut connection = Connection::open(address).await.unwrap();
    let host = headers(&[("host", "localhost")]);
    let moved = json!({"advanceSeconds": seconds}).to_string();
    let answer = connection.send("POST /_cognate/clock", &host, moved.as_bytes()).await.unwrap();
    serde_json::from_value::<Timestamp>(answer.json()["now"].take()).unwrap().micros()
}

/// How many parts of files are kept.
async fn parts(place: &Place) -> usize {
    let store = crate::engine::store(&place.data());
    let parts = |tx: &mut dyn Tx| Ok::<_, DbError>(tx.query("SELECT part FROM import_files", &[])?.len());
    store.read(parts).await.unwrap()
}

#[tokio::test]
async fn half_a_file_is_none() {
    let (place, program, mut client, pool) = serve().await;
    // More than is kept at once, so that parts of it are in the store when it breaks off.
    let file = csv(&mut client, &pool, 40_000).await;
    assert!(file.len() > 2 << 20);
    let job = create(&mut client, &pool).await;
    assert_ne!(upload(program.address, &job, &file, file.len() * 2 / 3).as_deref(), Some("200"));
    while parts(&place).await > 0 {
        tokio::task::yield_now().await;
    }
    start(&mut client, &pool, &job).await;
    let failed = ended(&mut client, &pool, &job).await;
    assert_eq!((failed["Status"].as_str(), counts(&failed)), (Some("Failed"), [0, 0, 0]));
    assert_eq!(failed["CompletionMessage"], "No file was uploaded for the import job.");
    assert_eq!(
        log(&place, &job),
        (vec![], "Failed: 0 imported, 0 skipped, 0 failed. No file was uploaded for the import job.\n".to_owned())
    );
    // A whole file stays when one that is to take its place breaks off.
    let job = create(&mut client, &pool).await;
    let small = csv(&mut client, &pool, 3).await;
    assert_eq!(upload(program.address, &job, &small, small.len()).as_deref(), Some("200"));
    assert_ne!(upload(program.address, &job, &file, file.len() / 2).as_deref(), Some("200"));
    start(&mut client, &pool, &job).await;
    let over = ended(&mut client, &pool, &job).await;
    assert_eq!((over["Status"].as_str(), counts(&over)), (Some("Succeeded"), [3, 0, 0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_comes_as_its_job_starts_is_whole_or_refused() {
    let (_place, program, mut client, pool) = serve().await;
    // Large enough to be kept in several parts.
    let (first, second) = (csv(&mut client, &pool, 1).await, csv(&mut client, &pool, 2).await);
    let long = "\n".repeat(3 << 20);
    let (first, second) = (format!("{first}{long}"), format!("{second}{long}"));
    let mut taken = 0;
    for round in 0..12 {
        let job = create(&mut client, &pool).await;
        assert_eq!(upload(program.address, &job, &first, first.len()).as_deref(), Some("200"));
        let (address, other, sent) = (program.address, job.clone(), second.clone());
        let uploading = tokio::task::spawn_blocking(move || upload(address, &other, &sent, sent.len()));
        // Sooner and later, so that it is met at its beginning, in its midst and at its end.
        tokio::time::sleep(Duration::from_millis(round * 2)).await;
        start(&mut client, &pool, &job).await;
        let status = uploading.await.unwrap();
        let over = tokio::time::timeout(SOON, ended(&mut client, &pool, &job)).await.expect("the job takes too long");
        let users: i64 = counts(&over).iter().sum();
        match status.as_deref() {
            Some("200") => assert_eq!(users, 2, "what was taken is what the job works through: {over}"),
            _ => assert_eq!(users, 1, "{status:?}: what was refused leaves the file that was there: {over}"),
        }
        taken += i64::from(users == 2);
    }
    println!("{taken} of 12 files came before the start");
}

#[tokio::test]
async fn files_that_nobody_asks_for_any_more_are_removed() {
    let (place, program, mut client, pool) = serve().await;
    let now = advance(program.address, 0).await;
    let file = csv(&mut client, &pool, 1).await;
    let job = create(&mut client, &pool).await;
    assert_eq!(upload(program.address, &job, &file, file.len()).as_deref(), Some("200"));
    // What a server that was lost in the middle of it leaves.
    let draft = import_jobs::draft_of(job["JobId"].as_str().unwrap(), "lost");
    let of = pool.clone();
    let store = crate::engine::store(&place.data());
    store.write(move |tx| import_jobs::insert_part(tx, &of, &draft, 0, b"half", now)).await.unwrap();
    drop(store);
    advance(program.address, 86_400 - 60).await;
    let later = create(&mut client, &pool).await;
    assert_eq!(upload(program.address, &later, &file, file.len()).as_deref(), Some("200"));
    assert_eq!(parts(&place).await, 3);
    // Past the hour that is left for servers whose clocks differ.
    advance(program.address, 3_600 + 120).await;
    let removed = async {
        while parts(&place).await > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, removed).await.expect("the old ones go");
    assert_eq!(describe(&mut client, &pool, &job).await["Status"], "Expired");
    start(&mut client, &pool, &later).await;
    assert_eq!(counts(&ended(&mut client, &pool, &later).await), [1, 0, 0]);
}

#[tokio::test]
async fn a_row_that_was_cut_fails_alone_and_the_log_tells_why() {
    let (place, program, mut client, pool) = serve().await;
    let file = csv(&mut client, &pool, 4).await;
    let taken = json!({"UserPoolId": pool, "Username": "user-1", "MessageAction": "SUPPRESS"});
    call(&mut client, "AdminCreateUser", taken).await.unwrap();
    let job = create(&mut client, &pool).await;
    let cut = &file[..file.rfind("user-3@").unwrap()];
    assert_eq!(upload(program.address, &job, cut, cut.len()).as_deref(), Some("200"));
    start(&mut client, &pool, &job).await;
    let over = ended(&mut client, &pool, &job).await;
    assert_eq!((over["Status"].as_str(), counts(&over)), (Some("Succeeded"), [2, 1, 1]));
    let (lines, said) = log(&place, &job);
    assert_eq!(
        lines[..3],
        [
            "[SUCCEEDED] Line Number 2 - The import succeeded.",
            "[SKIPPED] Line Number 3 - The user already exists.",
            "[SUCCEEDED] Line Number 4 - The import succeeded.",
        ]
    );
    assert!(lines[3].starts_with("[FAILED] Line Number 5 - The row has "), "{}", lines[3]);
    assert_eq!(said, "Succeeded: 2 imported, 1 skipped, 1 failed. Import Job Completed Successfully.\n");
    let said = refusal(&["import-log", "import-0000000000"], &place.data());
    assert_eq!(said, "cognate: User import job import-0000000000 does not exist.\n");
}

#[tokio::test]
async fn what_a_line_costs_does_not_grow_with_the_file() {
    let (_place, program, mut client, pool) = serve().await;
    let file = csv(&mut client, &pool, 1).await;
    let job = create(&mut client, &pool).await;
    // Six million lines without a user, and one that is longer than any row and than a part that is kept.
    let (header, row) = file.split_once('\n').unwrap();
    let file = [header, &"\n".repeat(6 << 20), &"x".repeat(3 << 20), row].join("\n");
    assert_eq!(upload(program.address, &job, &file, file.len()).as_deref(), Some("200"));
    start(&mut client, &pool, &job).await;
    let over = tokio::time::timeout(SOON, ended(&mut client, &pool, &job)).await.expect("the job takes too long");
    assert_eq!((over["Status"].as_str(), counts(&over)), (Some("Succeeded"), [1, 0, 1]));
}

#[tokio::test]
async fn a_job_whose_server_was_killed_has_a_log_of_those_who_are_in() {
    // Where servers share a database, another one goes on with the job (`nodes_imports`).
    if crate::engine::is_postgres() {
        return;
    }
    let (place, program, mut client, pool) = serve().await;
    let file = csv(&mut client, &pool, 5_000).await;
    let job = create(&mut client, &pool).await;
    assert_eq!(upload(program.address, &job, &file, file.len()).as_deref(), Some("200"));
    start(&mut client, &pool, &job).await;
    while counts(&describe(&mut client, &pool, &job).await)[0] == 0 {
        tokio::task::yield_now().await;
    }
    program.kill();
    let (_program, mut client) = place.serve().await;
    let failed = describe(&mut client, &pool, &job).await;
    assert_eq!(failed["Status"], "Failed");
    assert_eq!(failed["CompletionMessage"], "The server was restarted while the import job ran.");
    let [imported, skipped, lost] = counts(&failed);
    assert!(imported < 5_000 && (skipped, lost) == (0, 0), "it was over before the kill");
    let described = call(&mut client, "DescribeUserPool", json!({"UserPoolId": pool})).await.unwrap();
    assert_eq!(described["UserPool"]["EstimatedNumberOfUsers"], imported);
    let (lines, _) = log(&place, &job);
    assert!(lines.iter().all(|line| line.starts_with("[SUCCEEDED]")));
    assert_eq!(i64::try_from(lines.len()).unwrap(), imported);
    assert_eq!(parts(&place).await, 0);
}
