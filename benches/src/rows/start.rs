//! From the start of the process to its first 200 of /ready.

use super::{Figure, House, Row, say};
use crate::process::{Mode, Server};
use crate::seed::Seeded;
use crate::{Bench, Failure};

/// How often it is started.
const STARTS: usize = 15;

/// On a folder that is not there yet.
pub fn empty(bench: &Bench, mode: Mode) -> Result<Row, Failure> {
    say(&format!("{}: starting with nothing", mode.name()));
    let mut times = Vec::new();
    for number in 0..STARTS {
        let folder = bench.folder.join(format!("empty-{}-{number}", mode.name()));
        let server = Server::start(bench, mode, &folder)?;
        times.push(server.ready_after.as_secs_f64() * 1e3);
        server.stop()?;
    }
    let row = Row::new(mode, "start to ready, new folder", None, figure(times));
    Ok(row.reach("50 ms"))
}

/// On a folder with users, after an orderly end.
pub fn full(bench: &Bench, mode: Mode, data: &Seeded) -> Result<Row, Failure> {
    say(&format!("{}: starting with {} users", mode.name(), data.users));
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let server = Server::start(bench, mode, &data.folder)?;
        times.push(server.ready_after.as_secs_f64() * 1e3);
        server.stop()?;
    }
    let row = Row::new(mode, "start to ready", Some(data.users), figure(times));
    Ok(row.reach("50 ms"))
}

/// On the folder of a server that was killed after a load of writes.
pub fn after_kill(bench: &Bench, mode: Mode, house: House) -> Result<Row, Failure> {
    let House { server, data } = house;
    say(&format!("{}: starting after a kill", mode.name()));
    drop(server);
    let server = Server::start(bench, mode, &data.folder)?;
    let times = vec![server.ready_after.as_secs_f64() * 1e3];
    server.stop()?;
    Ok(Row::new(mode, "start to ready, killed while writing", Some(data.users), figure(times)))
}

/// On a busy machine the best time tells more about the server, the median more about the machine.
fn figure(mut times: Vec<f64>) -> Figure {
    times.sort_by(f64::total_cmp);
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    Figure::Millis { median: at(times.len() / 2), best: at(0) }
}
