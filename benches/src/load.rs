//! Loads: requests to a server, or calls of a function.
//!
//! What is to be compared runs in turns of about a second, so that whatever else the machine does slows all of it alike.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Failure;
use crate::connection::{Call, Connection, Turn};
use crate::process::{self, Server};

/// How many connections make the load.
pub const CONNECTIONS: usize = 8;
/// In how many turns each of several jobs runs.
const TURNS: u32 = 6;

/// Chooses requests.
pub type Work = Arc<dyn Fn(Turn<'_>) -> Call + Send + Sync>;

/// What makes a load.
pub enum Job<'a> {
    /// Requests to a server.
    Requests(&'a Server, Work),
    /// Calls of a function, on so many threads.
    Calls(usize, &'a (dyn Fn() + Sync)),
}

/// What a load came to.
#[derive(Clone, Copy)]
pub struct Load {
    /// CPU seconds per 1,000 requests or calls.
    pub cpu: f64,
    /// Of requests.
    pub times: Option<Times>,
}

/// How requests were answered.
#[derive(Clone, Copy)]
pub struct Times {
    /// Median latency in microseconds.
    pub p50: u32,
    /// 99th percentile in microseconds.
    pub p99: u32,
    /// Requests per second.
    pub rate: f64,
}

/// Runs jobs in turns, each for this long altogether, after a warm-up that is a quarter as long.
pub async fn run(length: Duration, jobs: &[Job<'_>]) -> Result<Vec<Load>, Failure> {
    let mut tallies = Vec::with_capacity(jobs.len());
    for job in jobs {
        tallies.push(Tally::warm(job, length / 4).await?);
    }
    let turns = if jobs.len() == 1 { 1 } else { TURNS };
    for _ in 0..turns {
        for (job, tally) in jobs.iter().zip(&mut tallies) {
            tally.turn(job, length / turns).await?;
        }
    }
    jobs.iter().zip(tallies).map(|(job, tally)| tally.load(job)).collect()
}

/// What is known of a job while it runs.
struct Tally {
    connections: Vec<Connection>,
    latencies: Vec<u32>,
    calls: f64,
    elapsed: Duration,
    /// Of a server: what it had used before. Of calls: what they used so far.
    cpu: f64,
}

impl Tally {
    async fn warm(job: &Job<'_>, length: Duration) -> Result<Self, Failure> {
        let mut connections = Vec::new();
        if let Job::Requests(server, _) = job {
            for number in 0..CONNECTIONS {
                connections.push(Connection::open(server, number).await?);
            }
        }
        let mut tally = Self { connections, latencies: Vec::new(), calls: 0.0, elapsed: Duration::ZERO, cpu: 0.0 };
        tally.turn(job, length).await?;
        tally.latencies.clear();
        let cpu = if let Job::Requests(server, _) = job { server.cpu()? } else { 0.0 };
        Ok(Self { calls: 0.0, elapsed: Duration::ZERO, cpu, ..tally })
    }

    async fn turn(&mut self, job: &Job<'_>, length: Duration) -> Result<(), Failure> {
        let begun = Instant::now();
        match job {
            Job::Requests(_, work) => self.requests(work, begun + length).await?,
            Job::Calls(threads, call) => {
                let before = process::cpu("self")?;
                self.calls += calls(*threads, *call, begun + length);
                self.cpu += process::cpu("self")? - before;
            }
        }
        self.elapsed += begun.elapsed();
        Ok(())
    }

    /// Ends when no request is under way any more, so that the CPU time read then is that of whole requests.
    async fn requests(&mut self, work: &Work, end: Instant) -> Result<(), Failure> {
        let mut tasks = JoinSet::new();
        for mut connection in self.connections.drain(..) {
            let work = Arc::clone(work);
            tasks.spawn(async move {
                let mut latencies = Vec::with_capacity(1 << 14);
                while Instant::now() < end {
                    latencies.push(connection.work(&*work).await?);
                }
                Ok::<_, Failure>((connection, latencies))
            });
        }
        while let Some(done) = tasks.join_next().await {
            let (connection, latencies) = done.map_err(|e| e.to_string())??;
            self.connections.push(connection);
            self.latencies.extend(latencies);
        }
        Ok(())
    }

    fn load(mut self, job: &Job<'_>) -> Result<Load, Failure> {
        let Job::Requests(server, _) = job else {
            return Ok(Load { cpu: self.cpu * 1_000.0 / self.calls, times: None });
        };
        self.latencies.sort_unstable();
        let count = self.latencies.len() as f64;
        let at = |share: f64| self.latencies.get((count * share) as usize).copied().unwrap_or_default();
        let times = Times { p50: at(0.5), p99: at(0.99), rate: count / self.elapsed.as_secs_f64() };
        // While others had their turn the server was idle but for what these requests left to do, such as checkpoints.
        Ok(Load { cpu: (server.cpu()? - self.cpu) * 1_000.0 / count, times: Some(times) })
    }
}

/// Calls a function on so many threads until the end; how often it was called.
fn calls(threads: usize, call: &(dyn Fn() + Sync), end: Instant) -> f64 {
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for _ in 0..threads {
            running.push(scope.spawn(move || {
                let mut count = 0.0;
                while Instant::now() < end {
                    call();
                    count += 1.0;
                }
                count
            }));
        }
        running.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
    })
}
