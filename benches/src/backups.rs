//! `make bench-backup`: what a backup costs those who ask meanwhile. Both halves of each turn run the same load, one alone
//! and one beside a backup, so that whatever else the machine does slows both alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::bulk;
use crate::connection::{Call, Connection, Random};
use crate::process::{Mode, Server};
use crate::seed::{self, Seeded};
use crate::{Bench, Failure};

/// How many turns.
const TURNS: usize = 5;
/// How many connections read, and how many write.
const READERS: usize = 4;
const WRITERS: usize = 1;
/// A reader rests between two requests: what is measured is how long an answer takes, not how many fit.
const REST: Duration = Duration::from_micros(500);

/// Latencies of reads in microseconds, and how many writes there were.
#[derive(Default)]
struct Tally {
    reads: Vec<u32>,
    writes: usize,
    elapsed: Duration,
}

/// Measures, and prints both and their ratio.
pub async fn run(bench: &Bench) -> Result<(), Failure> {
    let (data, done) = bulk::fill(bench, &bench.folder.join("backed-up"), bench.users).await?;
    println!("{}\n{}\n", bulk::HEAD, done.line("import"));
    let server = Server::start(bench, Mode::Serve, &data.folder)?;
    let (mut alone, mut beside) = (Tally::default(), Tally::default());
    let mut took = Vec::new();
    // The first turn warms up.
    for turn in 0..=TURNS {
        let mut backup = bulk::backup(bench, &data)?;
        let begun = Instant::now();
        let mut status = None;
        let counted = asked(&server, &data, || {
            status = status.or(backup.try_wait().ok().flatten());
            status.is_some()
        })
        .await?;
        if !status.is_some_and(|status| status.success()) {
            return Err("the backup failed".to_owned());
        }
        let length = begun.elapsed();
        let without = asked(&server, &data, || begun.elapsed() > 2 * length).await?;
        if turn > 0 {
            took.push(length.as_secs_f64());
            beside.add(counted);
            alone.add(without);
        }
    }
    server.stop()?;
    let size = std::fs::metadata(bulk::backup_file(bench)).map_err(|e| e.to_string())?.len();
    took.sort_by(f64::total_cmp);
    println!(
        "{} users, {} MiB in a backup, which took {:.1} s (median); {READERS} connections read, {WRITERS} writes:\n",
        bench.users,
        size >> 20,
        took.get(took.len() / 2).copied().unwrap_or_default()
    );
    println!("| AdminGetUser | reads | p50 µs | p99 µs | p99.9 µs | writes/s |\n| --- | --- | --- | --- | --- | --- |");
    println!("{}\n{}\n", alone.line("alone"), beside.line("beside a backup"));
    println!("p99 beside a backup is {:.2} x p99 alone", f64::from(beside.at(0.99)) / f64::from(alone.at(0.99)));
    Ok(())
}

/// Reads and writes until it is over.
async fn asked(server: &Server, data: &Seeded, mut is_over: impl FnMut() -> bool) -> Result<Tally, Failure> {
    let (ended, writes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..READERS + WRITERS {
        let mut connection = Connection::open(server, number).await?;
        let (ended, writes, data) = (Arc::clone(&ended), Arc::clone(&writes), data.clone());
        tasks.spawn(async move {
            let mut random = Random::new(begun.elapsed().subsec_nanos().into());
            let mut latencies = Vec::new();
            while ended.load(Ordering::Relaxed) == 0 {
                let username = seed::username(random.below(data.users));
                let mut body = json!({ "UserPoolId": data.pool, "Username": username });
                if number < READERS {
                    let call = Call { operation: "AdminGetUser", body: body.to_string(), expected: username };
                    latencies.push(connection.call(&call).await?.1);
                    tokio::time::sleep(REST).await;
                } else {
                    let value = random.below(1_000_000).to_string();
                    body["UserAttributes"] = json!([{ "Name": "nickname", "Value": value }]);
                    let operation = "AdminUpdateUserAttributes";
                    connection.call(&Call { operation, body: body.to_string(), expected: String::new() }).await?;
                    writes.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok::<_, Failure>(latencies)
        });
    }
    while !is_over() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ended.store(1, Ordering::Relaxed);
    let mut tally = Tally { elapsed: begun.elapsed(), ..Tally::default() };
    while let Some(done) = tasks.join_next().await {
        tally.reads.extend(done.map_err(|e| e.to_string())??);
    }
    tally.writes = writes.load(Ordering::Relaxed);
    Ok(tally)
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.reads.extend(other.reads);
        self.reads.sort_unstable();
        self.writes += other.writes;
        self.elapsed += other.elapsed;
    }

    /// The latency below which this share of reads lies.
    fn at(&self, share: f64) -> u32 {
        self.reads.get((self.reads.len() as f64 * share) as usize).copied().unwrap_or_default()
    }

    fn line(&self, name: &str) -> String {
        let [median, most, nearly_all] = [0.5, 0.99, 0.999].map(|share| self.at(share));
        let rate = self.writes as f64 / self.elapsed.as_secs_f64();
        format!("| {name} | {} | {median} | {most} | {nearly_all} | {rate:.0} |", self.reads.len())
    }
}
