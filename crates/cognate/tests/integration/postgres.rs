//! A database of their own for tests of several nodes, whatever engine the other tests run on.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server: that of the environment, or one of our own, which stops when this process ends.
struct Server {
    url: String,
    _process: Option<Child>,
}

/// The URL of a new database without any schema; none where there is no PostgreSQL, which is said.
pub fn new_database() -> Option<String> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let server = server()?;
    let name = format!("nodes_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    let mut createdb = Command::new(program("createdb").unwrap_or_else(|| "createdb".into()));
    let made = createdb.arg(format!("--maintenance-db={}", server.url)).arg(&name).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(format!("{}/{name}", server.url.rsplit_once('/').unwrap().0))
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

#[expect(clippy::print_stderr, reason = "who runs the tests has to hear of it")]
fn start() -> Option<Server> {
    if let Some(url) = std::env::var("COGNATE_TEST_POSTGRES").ok().filter(|url| !url.is_empty()) {
        return Some(Server { url, _process: None });
    }
    if program("initdb").is_none() {
        eprintln!("skipped: several nodes need PostgreSQL, and there is none here (make packages installs it)");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/postgres");
    let mut process = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let url = lines.next().expect("the server starts").unwrap();
    // The URL with TLS. Unread it would end the script by a broken pipe, and nobody would stop the server.
    lines.next().expect("the server starts").unwrap();
    Some(Server { url, _process: Some(process) })
}

/// A program of PostgreSQL: on the path, or where Debian keeps them.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = versions.map(|version| version.path().join("bin")).chain(std::env::split_paths(&path));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}
