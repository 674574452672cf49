//! Backups of a server that goes on writing, and what restoring them takes and refuses.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::api::DevClient;
use crate::kill::orphans;
use crate::process::{Program, refusal, refusal_with_database, succeed};

const WRITERS: usize = 8;
/// How many users there are before the backup begins, so that it takes a moment.
const BEFORE: usize = 400;

/// A folder with a pool and one user in it, no server, and a backup of it.
struct Small {
    folder: TempDir,
    file: PathBuf,
}

impl Small {
    /// None where the data is in PostgreSQL, which has backups of its own.
    async fn new() -> Option<Self> {
        if crate::engine::is_postgres() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let program = Program::start("dev", &data);
        let mut client = DevClient::connect(program.address).await.unwrap();
        let pool = create_pool(&mut client).await;
        create_user(&mut client, &pool, "maria").await;
        assert!(program.terminate());
        let file = folder.path().join("backup");
        succeed(&["backup", file.to_str().unwrap()], &data);
        Some(Self { folder, file })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder that is not there yet.
    fn elsewhere(&self) -> PathBuf {
        self.folder.path().join("elsewhere")
    }

    fn refused(&self) -> String {
        let said = refusal(&["restore", self.file.to_str().unwrap()], &self.elsewhere());
        let left: Vec<_> = fs::read_dir(self.elsewhere())
            .map(|entries| entries.map(|entry| entry.unwrap().file_name()).collect())
            .unwrap_or_default();
        assert!(left.iter().all(|name| name == "cognate.lock"), "{left:?} is left behind");
        said
    }
}

async fn create_pool(client: &mut DevClient) -> String {
    let pool = json!({"PoolName": "employees", "AliasAttributes": ["email"]});
    let pool = client.call("CreateUserPool", &pool).await.unwrap().unwrap();
    pool["UserPool"]["Id"].as_str().unwrap().to_owned()
}

/// A user whose row, two handles, search value and count are written together.
async fn create_user(client: &mut DevClient, pool: &str, username: &str) {
    let email = format!("{username}@example.com");
    let user = json!({
        "UserPoolId": pool, "Username": username, "MessageAction": "SUPPRESS",
        "UserAttributes": [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    });
    client.call("AdminCreateUser", &user).await.unwrap().unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_under_load_holds_one_moment() {
    if crate::engine::is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, file, restored) =
        (folder.path().join("data"), folder.path().join("backup"), folder.path().join("restored"));
    let program = Program::start("dev", &data);
    let mut client = DevClient::connect(program.address).await.unwrap();
    let pool: Arc<str> = create_pool(&mut client).await.into();
    let (written, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (pool, written, over) = (Arc::clone(&pool), Arc::clone(&written), Arc::clone(&over));
        writers.spawn(write(program.address, pool, writer, written, over));
    }
    while written.load(Ordering::SeqCst) < BEFORE {
        tokio::task::yield_now().await;
    }
    let acknowledged = written.load(Ordering::SeqCst);
    let (to, from) = (file.clone(), data.clone());
    tokio::task::spawn_blocking(move || succeed(&["backup", to.to_str().unwrap()], &from)).await.unwrap();
    over.store(true, Ordering::SeqCst);
    let created: Vec<(usize, usize)> = writers.join_all().await;
    let all: usize = created.iter().map(|(_, count)| count).sum();
    assert!(acknowledged < all, "nothing was written meanwhile");
    assert_eq!(mode(&file), 0o600);

    succeed(&["restore", file.to_str().unwrap()], &restored);
    assert_eq!(mode(&restored.join("cognate.db")), 0o600);
    fs::copy(data.join("master.key"), restored.join("master.key")).unwrap();
    assert_eq!(orphans(&restored).await, []);
    let program = Program::start("dev", &restored);
    let mut client = DevClient::connect(program.address).await.unwrap();
    let mut found = 0;
    for (writer, count) in created {
        // Whoever creates one user after the other finds the first ones there, and none behind the first that is not.
        let mut kept = 0;
        while kept < count && is_there(&mut client, &pool, writer, kept).await {
            kept += 1;
        }
        for number in kept..count {
            assert!(!is_there(&mut client, &pool, writer, number).await, "user {writer}-{number} without its elder");
        }
        found += kept;
    }
    assert!((acknowledged..=all).contains(&found), "{acknowledged} were acknowledged, {found} are there");
    let described = client.call("DescribeUserPool", &json!({"UserPoolId": &*pool})).await.unwrap().unwrap();
    assert_eq!(described["UserPool"]["EstimatedNumberOfUsers"], found);
}

/// Creates one user after the other until it is over; gives how many.
async fn write(
    address: SocketAddr,
    pool: Arc<str>,
    writer: usize,
    written: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
) -> (usize, usize) {
    let mut client = DevClient::connect(address).await.unwrap();
    let mut count = 0;
    while !over.load(Ordering::SeqCst) {
        create_user(&mut client, &pool, &format!("user-{writer}-{count}")).await;
        written.fetch_add(1, Ordering::SeqCst);
        count += 1;
    }
    (writer, count)
}

async fn is_there(client: &mut DevClient, pool: &str, writer: usize, number: usize) -> bool {
    let username = format!("user-{writer}-{number}");
    let members = json!({"UserPoolId": pool, "Username": format!("{username}@example.com")});
    client.call("AdminGetUser", &members).await.unwrap().is_ok()
}

#[tokio::test]
async fn a_folder_with_data_is_not_written_over() {
    let Some(small) = Small::new().await else { return };
    let said = refusal(&["restore", small.file.to_str().unwrap()], &small.data());
    assert_eq!(said, format!("cognate: {} holds data already; restore into an empty folder\n", small.data().display()));
}

#[tokio::test]
async fn a_file_is_not_written_over_and_a_folder_without_data_not_backed_up() {
    let Some(small) = Small::new().await else { return };
    let said = refusal(&["backup", small.file.to_str().unwrap()], &small.data());
    assert!(said.contains("exists; backups are not written over"), "{said}");
    let said = refusal(&["backup", small.folder.path().join("other").to_str().unwrap()], &small.elsewhere());
    assert!(said.contains("there is no data in"), "{said}");
}

#[tokio::test]
async fn a_file_that_ends_too_early_is_refused() {
    let Some(small) = Small::new().await else { return };
    let whole = fs::read(&small.file).unwrap();
    for length in [0, 47, 4_096, whole.len() / 2, whole.len() - 48, whole.len() - 1] {
        fs::write(&small.file, &whole[..length]).unwrap();
        assert!(small.refused().contains("its end is missing; nothing was restored"), "{length}");
    }
}

#[tokio::test]
async fn a_file_with_one_other_bit_is_refused() {
    let Some(small) = Small::new().await else { return };
    let whole = fs::read(&small.file).unwrap();
    for position in [0, 60, whole.len() / 2, whole.len() - 49, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[position] ^= 1;
        fs::write(&small.file, &changed).unwrap();
        assert!(small.refused().contains("its hash differs; nothing was restored"), "{position}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_schema_or_of_nobody_is_refused() {
    let Some(small) = Small::new().await else { return };
    let whole = fs::read(&small.file).unwrap();
    // The number of the schema (`user_version`) stands at byte 60 of an SQLite file.
    for (number, said) in [(9_999_u32, "has schema 9999, newer than"), (0, "it holds no store of this program")] {
        let mut changed = whole[..whole.len() - 48].to_vec();
        changed[60..64].copy_from_slice(&number.to_be_bytes());
        write_with_hash(&small.file, changed);
        let refused = small.refused();
        assert!(refused.contains(said) && refused.contains(small.file.to_str().unwrap()), "{refused}");
    }
    write_with_hash(&small.file, b"no database at all, whatever its hash says".repeat(100));
    let refused = small.refused();
    assert!(refused.contains("is damaged"), "{refused}");
}

fn write_with_hash(file: &Path, mut database: Vec<u8>) {
    let hash = cognate_crypto::digest::sha256(&database);
    database.extend_from_slice(b"cognate backup 1");
    database.extend_from_slice(&hash);
    fs::write(file, database).unwrap();
}

#[tokio::test]
async fn a_restored_folder_needs_the_master_key_that_sealed_it() {
    let Some(small) = Small::new().await else { return };
    succeed(&["restore", small.file.to_str().unwrap()], &small.elsewhere());
    assert!(!small.elsewhere().join("master.key").exists());
    let said = refusal(&["dev", "--listen", "127.0.0.1:0"], &small.elsewhere());
    assert!(said.contains("the data was sealed with a master key before"), "{said}");
    fs::write(small.elsewhere().join("master.key"), "ab".repeat(32)).unwrap();
    fs::set_permissions(small.elsewhere().join("master.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let said = refusal(&["dev", "--listen", "127.0.0.1:0"], &small.elsewhere());
    assert_eq!(said, "cognate: this is not the master key that the data was sealed with\n");
}

#[tokio::test]
async fn of_two_backups_to_one_file_the_second_is_refused() {
    let Some(small) = Small::new().await else { return };
    let file = small.folder.path().join("monday");
    let mut second = None;
    let actor = cognate::Actor::CommandLine("maria".to_owned());
    cognate::backup(&small.data(), &file, &actor, &mut |_| {
        second.get_or_insert_with(|| {
            cognate::backup(&small.data(), &file, &actor, &mut |_| {}).map_err(|e| e.to_string())
        });
    })
    .unwrap();
    let partial = small.folder.path().join("monday.partial");
    assert_eq!(second, Some(Err(format!("{} is being written by another cognate", partial.display()))));
    succeed(&["restore", file.to_str().unwrap()], &small.elsewhere());
    assert!(!partial.exists());
}

#[tokio::test]
async fn a_file_that_appears_while_a_backup_is_made_is_not_written_over() {
    let Some(small) = Small::new().await else { return };
    let file = small.folder.path().join("monday");
    let actor = cognate::Actor::CommandLine("maria".to_owned());
    let made = cognate::backup(&small.data(), &file, &actor, &mut |_| fs::write(&file, "mine").unwrap());
    assert!(made.unwrap_err().to_string().ends_with("monday exists; backups are not written over"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert!(!small.folder.path().join("monday.partial").exists());
}

#[tokio::test]
async fn what_an_interrupted_backup_left_behind_is_no_hindrance() {
    let Some(small) = Small::new().await else { return };
    fs::write(small.folder.path().join("monday.partial"), "half").unwrap();
    let file = small.folder.path().join("monday");
    succeed(&["backup", file.to_str().unwrap()], &small.data());
    assert_eq!(mode(&file), 0o600);
    succeed(&["restore", file.to_str().unwrap()], &small.elsewhere());
}

#[tokio::test]
async fn the_audit_trail_tells_who_made_a_backup_and_who_put_it_back() {
    let Some(small) = Small::new().await else { return };
    succeed(&["restore", small.file.to_str().unwrap()], &small.elsewhere());
    fs::copy(small.data().join("master.key"), small.elsewhere().join("master.key")).unwrap();
    for (folder, expected) in [(small.data(), &["Backup"][..]), (small.elsewhere(), &["Backup", "Restore"])] {
        let printed = succeed(&["audit", "--json"], &folder);
        let entries = printed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let entries: Vec<_> = entries.filter(|entry| entry["actor"]["kind"] == "command-line").collect();
        let operations: Vec<_> = entries.iter().map(|entry| entry["operation"].as_str().unwrap()).collect();
        assert_eq!(operations, expected);
        for entry in entries {
            assert_eq!((&entry["outcome"], &entry["resource"]["File"]), (&json!("done"), &json!(small.file)));
            let who = entry["actor"]["id"].as_str().unwrap();
            assert!(who.split(['/', '@']).count() == 3 && who.contains("/0@") == rustix::process::getuid().is_root());
        }
    }
}

#[tokio::test]
async fn data_in_postgresql_is_not_backed_up_as_a_folder() {
    let Some(small) = Small::new().await else { return };
    let other = small.folder.path().join("other");
    for arguments in [["backup", other.to_str().unwrap()], ["restore", small.file.to_str().unwrap()]] {
        let said = refusal_with_database(&arguments, &small.data());
        assert!(said.starts_with("cognate: the data is in PostgreSQL"), "{said}");
        assert!(said.contains("pg_basebackup") && !said.contains("postgres://"), "{said}");
    }
    assert!(!other.exists());
}
