//! Import jobs where several nodes share a database.

use std::net::SocketAddr;

use cognate::model::{
    CreateUserImportJobRequest, CreateUserPoolRequest, DescribeUserImportJobRequest, GetCSVHeaderRequest,
    ListUsersRequest, StartUserImportJobRequest, UserImportJobStatusType, UserImportJobType,
};
use cognate::{Door, Limits, Server, UserPools};
use cognate_store::{DatabaseOptions, DbError, Store, Tx, import_jobs};
use serde_json::json;
use tokio::net::TcpListener;

use crate::api::{Refusal, send};
use crate::moving_jobs;
use crate::nodes::{Cluster, SOON};

/// A server in this process.
async fn serve(pools: &UserPools) -> Server {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    pools.serve(listener, &Door::Dev, Limits::development()).unwrap()
}

async fn create_pool(pools: &UserPools) -> String {
    let pool = json!({"PoolName": "people", "AutoVerifiedAttributes": ["email"]});
    send::<CreateUserPoolRequest>(pools, pool).await.unwrap().user_pool.unwrap().id.unwrap()
}

/// A job that waits, with a file of so many users, as the upload would leave it.
async fn create_job(pools: &UserPools, store: &Store, pool: &str, users: usize) -> String {
    let job = json!({"UserPoolId": pool, "JobName": "people", "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/Logs"});
    let job = send::<CreateUserImportJobRequest>(pools, job).await.unwrap().user_import_job.unwrap().job_id.unwrap();
    let header = send::<GetCSVHeaderRequest>(pools, json!({"UserPoolId": pool})).await.unwrap().csv_header.unwrap();
    let mut file = format!("{}\n", header.join(","));
    for number in 0..users {
        let row: Vec<String> = header
            .iter()
            .map(|column| match column.as_str() {
                "cognito:username" => format!("user{number}"),
                "email" => format!("user{number}@example.com"),
                "email_verified" => "true".to_owned(),
                "phone_number_verified" | "cognito:mfa_enabled" => "false".to_owned(),
                _ => String::new(),
            })
            .collect();
        file += &row.join(",");
        file.push('\n');
    }
    let (to, of) = (pool.to_owned(), job.clone());
    let put = store.write(move |tx| import_jobs::insert_part(tx, &to, &of, 0, file.as_bytes(), 0));
    put.await.unwrap();
    job
}

async fn describe(pools: &UserPools, pool: &str, job: &str) -> UserImportJobType {
    let members = json!({"UserPoolId": pool, "JobId": job});
    send::<DescribeUserImportJobRequest>(pools, members).await.unwrap().user_import_job.unwrap()
}

/// Waits for the end of a job, and gives how many users it took in, passed over and lost.
async fn end(pools: &UserPools, pool: &str, job: &str) -> (UserImportJobStatusType, [i64; 3]) {
    use UserImportJobStatusType::{Failed, Stopped, Succeeded};
    let ended = async {
        loop {
            let found = describe(pools, pool, job).await;
            if matches!(found.status, Some(Failed | Stopped | Succeeded)) {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(SOON, ended).await.expect("the job ends");
    let counts = [found.imported_users, found.skipped_users, found.failed_users].map(Option::unwrap_or_default);
    (found.status.unwrap(), counts)
}

/// Lets a job look as if this node ran it, has taken in so many lines of the file, and may go on until then.
async fn lease(store: &Store, pool: &str, job: &str, owner: &'static str, done: i64, until: i64) {
    let (pool, job) = (pool.to_owned(), job.to_owned());
    let leased = store.write(move |tx| {
        let mut stored = import_jobs::get(tx, &pool, &job)?.unwrap();
        stored.job.status = Some(UserImportJobStatusType::InProgress);
        stored.job.imported_users = Some(done - 1);
        (stored.owner, stored.done, stored.lease) = (owner.to_owned(), done, until);
        import_jobs::update(tx, &pool, &stored)
    });
    leased.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_of_a_node_leaves_the_jobs_of_others_alone_until_their_lease_ends() {
    let Some(cluster) = Cluster::new() else { return };
    let (one, store) = (cluster.open(), Store::connect(&cluster.url, DatabaseOptions::default()).unwrap());
    let pool = create_pool(&one).await;
    let job = create_job(&one, &store, &pool, 500).await;
    let minutes = 10 * 60;
    // Another node has taken in the first 99 users, as far as anybody can tell.
    lease(&store, &pool, &job, "another", 100, one.clock().now().plus_seconds(minutes).micros()).await;
    let two = cluster.open();
    let server = serve(&two).await;
    let found = describe(&one, &pool, &job).await;
    assert_eq!(found.status, Some(UserImportJobStatusType::InProgress), "it goes on");
    // What that node does not renew ends, and this one goes on where it stopped.
    two.clock().advance(minutes + 1);
    let (status, counts) = end(&one, &pool, &job).await;
    assert_eq!((status, counts), (UserImportJobStatusType::Succeeded, [500, 0, 0]));
    let first = send::<ListUsersRequest>(&one, json!({"UserPoolId": pool, "Filter": "username = \"user98\""})).await;
    assert_eq!(first.unwrap().users.unwrap().len(), 0, "nobody took in twice what was done");
    let next = send::<ListUsersRequest>(&one, json!({"UserPoolId": pool, "Filter": "username = \"user99\""})).await;
    assert_eq!(next.unwrap().users.unwrap().len(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_takes_over_its_own_job_goes_on_alone() {
    let Some(cluster) = Cluster::new() else { return };
    let (one, store) = (cluster.open(), Store::connect(&cluster.url, DatabaseOptions::default()).unwrap());
    let server = serve(&one).await;
    let pool = create_pool(&one).await;
    let users = 20_000;
    let job = create_job(&one, &store, &pool, users).await;
    send::<StartUserImportJobRequest>(&one, json!({"UserPoolId": pool, "JobId": job})).await.unwrap();
    // Whenever it looks for jobs that were left, it has stood still for longer than a lease.
    let clock = one.clone();
    let late = tokio::spawn(async move {
        loop {
            clock.clock().advance(120);
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    });
    let (status, counts) = end(&one, &pool, &job).await;
    late.abort();
    assert_eq!((status, counts), (UserImportJobStatusType::Succeeded, [i64::try_from(users).unwrap(), 0, 0]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_jobs_of_a_pool_that_two_nodes_start_at_once_one_runs() {
    let Some(cluster) = Cluster::new() else { return };
    let (one, two) = (cluster.open(), cluster.open());
    let store = Store::connect(&cluster.url, DatabaseOptions::default()).unwrap();
    for _ in 0..5 {
        let pool = create_pool(&one).await;
        let jobs = [create_job(&one, &store, &pool, 300).await, create_job(&one, &store, &pool, 300).await];
        let start = |pools: &UserPools, job: &str| {
            let (pools, members) = (pools.clone(), json!({"UserPoolId": pool, "JobId": job}));
            tokio::spawn(async move { send::<StartUserImportJobRequest>(&pools, members).await.map(|_| ()) })
        };
        let (first, second) = (start(&one, &jobs[0]), start(&two, &jobs[1]));
        let answers: [Result<(), Refusal>; 2] = [first.await.unwrap(), second.await.unwrap()];
        let started = answers.iter().position(Result::is_ok).expect("one of them starts");
        let (status, counts) = end(&two, &pool, &jobs[started]).await;
        assert_eq!((status, counts), (UserImportJobStatusType::Succeeded, [300, 0, 0]), "{answers:?}");
    }
}

const WAITERS: &str =
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_comes_while_another_node_starts_the_job_waits_and_is_refused() {
    let Some(cluster) = Cluster::new() else { return };
    let (one, store) = (cluster.open(), Store::connect(&cluster.url, DatabaseOptions::default()).unwrap());
    let server = serve(&one).await;
    let pool = create_pool(&one).await;
    let job = create_job(&one, &store, &pool, 3).await;
    let address = describe(&one, &pool, &job).await.pre_signed_url.unwrap();
    // What the other one does, held back right ahead of its commit.
    let ((begun, has_begun), (commit, commits)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    let (starter, commits) = (store.clone(), std::sync::Mutex::new(commits));
    let (of, id) = (pool.clone(), job.clone());
    let starting = tokio::spawn(async move {
        let start = move |tx: &mut dyn Tx| {
            let mut stored = import_jobs::get(tx, &of, &id)?.unwrap();
            stored.job.status = Some(UserImportJobStatusType::Pending);
            import_jobs::update(tx, &of, &stored)?;
            begun.send(()).unwrap();
            commits.lock().unwrap().recv_timeout(SOON).unwrap();
            Ok::<_, DbError>(())
        };
        starter.write(start).await.unwrap();
    });
    tokio::task::block_in_place(|| has_begun.recv().unwrap());
    let (to, url) = (server.address(), json!({"PreSignedUrl": address}));
    let uploading = tokio::task::spawn_blocking(move || moving_jobs::upload(to, &url, "another file", 12));
    let waits = async {
        while !uploading.is_finished()
            && store.read(|tx| Ok::<_, DbError>(tx.query(WAITERS, &[])?.len())).await.unwrap() == 0
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, waits).await.expect("the file comes in");
    commit.send(()).unwrap();
    starting.await.unwrap();
    assert_eq!(uploading.await.unwrap().as_deref(), Some("403"));
    let parts = store.read(move |tx| import_jobs::part(tx, &pool, &job, 0)).await.unwrap().unwrap();
    assert!(parts.starts_with(b"cognito:username") || parts.starts_with(b"name,"), "the file is what it was");
    server.stop().await;
}
