//! What is measured, in the order of the table.

mod bare;
mod crowd;
mod engines;
mod second_factor;
mod sign_in;
mod srp;
mod start;
mod triggers;
mod users;

use crate::load::{Load, Times};
use crate::process::{Mode, Server};
use crate::seed::Seeded;
use crate::{Bench, Failure, seed};

/// What a row tells.
#[derive(Clone, Copy)]
pub enum Figure {
    /// CPU seconds per 1,000: of calls of a function, or of requests of the load beside it.
    Cpu(f64),
    /// Milliseconds, of several times.
    Millis {
        /// The median.
        median: f64,
        /// The least.
        best: f64,
    },
    /// Memory.
    Mebibytes(f64),
    /// The 99th percentile of latencies, in microseconds.
    Delay(f64),
}

/// What a row is compared with: rows of the same mode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The bare echo.
    Echo,
    /// One Argon2id hash on one thread.
    Hash,
    /// Two RSA-2048 signatures on one thread.
    Signatures,
    /// The same on every core at once, where they slow each other down as they do in the server.
    SignaturesTogether,
    /// A hash and two signatures on one thread.
    SignIn,
    /// The same on every core at once.
    SignInTogether,
    /// The modular powers of SRP and two signatures, each on one thread.
    Srp,
    /// The CPU time of the same work on `SQLite`.
    Sqlite,
    /// The CPU time of the same row with the small pool.
    Small,
    /// The median latency of the same row with the small pool.
    SmallMedian,
    /// The 99th percentile of the same reads while nobody signs in.
    Alone,
}

/// A row of the table.
pub struct Row {
    /// How the server ran.
    pub mode: Mode,
    /// What was done.
    pub name: &'static str,
    /// How many users the pool had.
    pub users: Option<usize>,
    /// The figure.
    pub figure: Figure,
    /// Times, where requests were made.
    pub times: Option<Times>,
    /// What it is compared with.
    pub against: Vec<Against>,
    /// What is to be reached.
    pub reach: &'static str,
}

impl Row {
    fn new(mode: Mode, name: &'static str, users: Option<usize>, figure: Figure) -> Self {
        Self { mode, name, users, figure, times: None, against: Vec::new(), reach: "" }
    }

    fn loaded(mode: Mode, name: &'static str, users: Option<usize>, load: Load) -> Self {
        Self { times: load.times, ..Self::new(mode, name, users, Figure::Cpu(load.cpu)) }
    }

    fn against(mut self, against: &[Against]) -> Self {
        self.against.extend_from_slice(against);
        self
    }

    fn reach(mut self, reach: &'static str) -> Self {
        self.reach = reach;
        self
    }
}

/// A server with its data.
struct House {
    server: Server,
    data: Seeded,
}

/// The servers of a mode, which run beside each other.
struct Houses {
    mode: Mode,
    small: House,
    large: House,
}

/// Measures everything.
pub async fn all(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    if bench.engines_only {
        for mode in [Mode::Dev, Mode::Serve] {
            rows.extend(engines::rows(bench, mode).await?);
        }
        return Ok(rows);
    }
    say(&format!("writing {} users", bench.users));
    let large = seed::write(&bench.folder.join("large"), bench.users).await?;
    for mode in [Mode::Dev, Mode::Serve] {
        rows.push(start::empty(bench, mode)?);
        rows.push(start::full(bench, mode, &large)?);
        let small = seed::write(&bench.folder.join(format!("small-{}", mode.name())), seed::SMALL).await?;
        let house = |data: &Seeded| {
            Ok::<_, Failure>(House { server: Server::start(bench, mode, &data.folder)?, data: data.clone() })
        };
        let houses = Houses { mode, small: house(&small)?, large: house(&large)? };
        rows.extend(users::reads(bench, &houses).await?);
        let resident = Figure::Mebibytes(houses.large.server.resident()?);
        rows.push(Row::new(mode, "resident memory after these", Some(large.users), resident).reach("150 MiB"));
        rows.extend(sign_in::rows(bench, mode, &houses.small).await?);
        rows.extend(srp::rows(bench, mode, &houses.small).await?);
        rows.extend(second_factor::rows(mode, &houses.small).await?);
        rows.extend(triggers::rows(bench, mode, &houses.small).await?);
        rows.extend(crowd::rows(bench, mode, &houses.small).await?);
        rows.extend(users::creations(bench, &houses).await?);
        rows.extend(engines::rows(bench, mode).await?);
        houses.small.server.stop()?;
        rows.push(start::after_kill(bench, mode, houses.large)?);
    }
    Ok(rows)
}

/// The value of what a row is compared with.
pub fn reference(rows: &[Row], row: &Row, against: Against) -> Option<f64> {
    let cost = |name: &str, users: Option<usize>| {
        let found = rows.iter().find(|other| other.mode == row.mode && other.name == name && other.users == users)?;
        let Figure::Cpu(cpu) = found.figure else { return None };
        Some((cpu, found.times))
    };
    let bare = |name: &str| cost(name, None).map(|(cpu, _)| cpu);
    let small = || cost(row.name, Some(seed::SMALL));
    match against {
        Against::Echo => bare(bare::ECHO),
        Against::Hash => bare(bare::HASH),
        Against::Signatures => bare(bare::SIGNATURES),
        Against::SignaturesTogether => bare(bare::SIGNATURES_TOGETHER),
        Against::SignIn => Some(bare(bare::HASH)? + bare(bare::SIGNATURES)?),
        Against::SignInTogether => Some(bare(bare::HASH_TOGETHER)? + bare(bare::SIGNATURES_TOGETHER)?),
        Against::Srp => Some(bare(bare::POWERS)? + bare(bare::SRP_SIGNATURES)?),
        Against::Sqlite => cost(engines::on_sqlite(row.name)?, row.users).map(|(cpu, _)| cpu),
        Against::Small => small().map(|(cpu, _)| cpu),
        Against::SmallMedian => small()?.1.map(|times| f64::from(times.p50)),
        Against::Alone => rows.iter().find(|other| other.name == crowd::ALONE)?.times.map(|times| f64::from(times.p99)),
    }
}

/// Tells the person who waits.
fn say(what: &str) {
    eprintln!("bench: {what}");
}
