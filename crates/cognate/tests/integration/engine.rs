//! Where the data of a folder's tests is: in the folder, or with `COGNATE_TEST_ENGINE=postgres` in a database of its own
//! on the server at `COGNATE_TEST_POSTGRES`.

use std::path::Path;
use std::process::Command;

use cognate::{Config, Database, DatabaseOptions};
use cognate_store::Store;

/// Whether the tests run on PostgreSQL.
pub fn is_postgres() -> bool {
    std::env::var("COGNATE_TEST_ENGINE").is_ok_and(|engine| engine == "postgres")
}

/// The URL of the folder's database, made at first.
pub fn database_url(folder: &Path) -> Option<String> {
    if !is_postgres() {
        return None;
    }
    let server = std::env::var("COGNATE_TEST_POSTGRES").expect("run xtask/postgres COMMAND, or name a server");
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let path: String = folder.display().to_string().chars().map(plain).collect();
    let name = &path[path.len().saturating_sub(50)..];
    let made = Command::new("createdb").arg(format!("--maintenance-db={server}")).arg(name).output().unwrap();
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success() || said.contains("already exists"), "{said}");
    Some(format!("{}/{name}", server.rsplit_once('/').unwrap().0))
}

/// The configuration of a server for development.
pub fn development(folder: &Path) -> Config {
    let url = database_url(folder);
    let database = url.map(|url| Database { url: url.into(), options: DatabaseOptions::default() });
    Config { database, ..Config::development(folder) }
}

/// The store, beside whoever uses it.
pub fn store(folder: &Path) -> Store {
    match database_url(folder) {
        Some(url) => Store::connect(&url, DatabaseOptions::default()).unwrap(),
        None => Store::open_beside(folder).unwrap(),
    }
}
