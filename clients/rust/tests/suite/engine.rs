//! Where the data of a test's server is: in a folder, or with `COGNATE_TEST_ENGINE=postgres` in a database of its own on
//! the server at `COGNATE_TEST_POSTGRES`.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate_testkit::{Builder, Cognate};

/// How many databases are there at most whose test has ended, and somewhat more: each is ten megabytes.
const KEPT: usize = 32;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A server to set up, on the engine of this run.
pub fn builder() -> Builder {
    if std::env::var("COGNATE_TEST_ENGINE").is_ok_and(|engine| engine == "postgres") {
        Cognate::builder().database(a_database())
    } else {
        Cognate::builder()
    }
}

fn a_database() -> String {
    let server = std::env::var("COGNATE_TEST_POSTGRES").expect("run xtask/postgres COMMAND, or name a server");
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let name = |number: usize| format!("client_{}_{number}", std::process::id());
    let made = Command::new("createdb").arg(format!("--maintenance-db={server}")).arg(name(number)).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    if number >= 2 * KEPT && number.is_multiple_of(KEPT) {
        let mut drops = Command::new("psql");
        drops.arg("--no-psqlrc").arg(&server);
        for former in number - 2 * KEPT..number - KEPT {
            drops.arg(format!("--command=DROP DATABASE {}", name(former)));
        }
        // The server keeps those that somebody still uses.
        drops.output().unwrap();
    }
    format!("{}/{}", server.rsplit_once('/').unwrap().0, name(number))
}
