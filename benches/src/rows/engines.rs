//! The same work on both engines: what the server itself pays for its store being elsewhere.

use std::process::Command;

use super::users::{creation, one};
use super::{Against, Row, say};
use crate::load::{self, Job, Work};
use crate::process::{Mode, Server};
use crate::seed::{self, Seeded};
use crate::{Bench, Failure};

/// Names of a row on either engine.
const WORK: [(&str, &str, bool); 4] = [
    ("AdminGetUser on SQLite", "AdminGetUser on PostgreSQL", false),
    ("AdminGetUser on SQLite, alone", "AdminGetUser on PostgreSQL, alone", true),
    ("AdminCreateUser on SQLite", "AdminCreateUser on PostgreSQL", false),
    ("AdminCreateUser on SQLite, alone", "AdminCreateUser on PostgreSQL, alone", true),
];

/// The row on the other engine.
pub fn on_sqlite(name: &str) -> Option<&'static str> {
    WORK.iter().find(|(_, postgres, _)| *postgres == name).map(|(sqlite, _, _)| *sqlite)
}

/// AdminGetUser and AdminCreateUser, many at once and one by one, on servers with the same users.
pub async fn rows(bench: &Bench, mode: Mode) -> Result<Vec<Row>, Failure> {
    let folder = |engine: &str| bench.folder.join(format!("{engine}-{}", mode.name()));
    let url = fresh_database(mode.name())?;
    let embedded = seed::write(&folder("sqlite"), seed::SMALL).await?;
    let remote = seed::write_database(&folder("postgres"), &url, seed::SMALL).await?;
    let servers =
        [Server::start(bench, mode, &embedded.folder)?, Server::start_on(bench, mode, &remote.folder, Some(&url))?];
    let mut rows = Vec::new();
    for (sqlite, postgres, alone) in WORK {
        say(&format!("{}: {postgres}", mode.name()));
        let work: fn(&Seeded) -> Work =
            if sqlite.starts_with("AdminGetUser") { one } else { |data| creation(data, Some("Bench-Pass-1!")) };
        let job =
            |server| if alone { Job::Alone(server, work(&embedded)) } else { Job::Requests(server, work(&embedded)) };
        let other =
            |server| if alone { Job::Alone(server, work(&remote)) } else { Job::Requests(server, work(&remote)) };
        let [first, second] = &servers;
        let loads = load::run(bench.length, &[job(first), other(second)]).await?;
        for (name, load) in [sqlite, postgres].into_iter().zip(loads) {
            let row = Row::loaded(mode, name, Some(seed::SMALL), load);
            rows.push(if name == postgres { row.against(&[Against::Sqlite]).reach("1.5 x SQLite") } else { row });
        }
    }
    for server in servers {
        server.stop()?;
    }
    Ok(rows)
}

/// The URL of a new database on the server that `make bench` started.
fn fresh_database(name: &str) -> Result<String, Failure> {
    let server = std::env::var("COGNATE_TEST_POSTGRES").map_err(|_| "run `make bench`, or xtask/postgres COMMAND")?;
    let made = Command::new("createdb").arg(format!("--maintenance-db={server}")).arg(name).status();
    if !made.map_err(|e| format!("createdb: {e}"))?.success() {
        return Err("createdb failed".to_owned());
    }
    let (server, _) = server.rsplit_once('/').ok_or("the URL names no database")?;
    Ok(format!("{server}/{name}"))
}
