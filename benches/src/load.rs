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

/// How long a server may finish what it does in the background, after a turn.
const SETTLING: Duration = Duration::from_millis(100);

/// Chooses requests.
pub type Work = Arc<dyn Fn(Turn<'_>) -> Call + Send + Sync>;

/// What makes a load.
pub enum Job<'a> {
    /// Requests to a server.
    Requests(&'a Server, Work),
    /// Requests to a server one after the other, so that each is alone.
    Alone(&'a Server, Work),
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

impl Times {
    fn of(mut latencies: Vec<u32>, elapsed: Duration) -> Self {
        latencies.sort_unstable();
        let count = latencies.len() as f64;
        let at = |share: f64| latencies.get((count * share) as usize).copied().unwrap_or_default();
        Self { p50: at(0.5), p99: at(0.99), rate: count / elapsed.as_secs_f64() }
    }
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
    Ok(tallies.into_iter().map(Tally::load).collect())
}

/// Makes each of these requests once; the answers in the same order.
pub async fn each(server: &Server, calls: Vec<Call>) -> Result<(Load, Vec<String>), Failure> {
    let (cpu, begun) = (server.cpu()?, Instant::now());
    let share = calls.len().div_ceil(CONNECTIONS);
    let mut calls = calls.into_iter();
    let mut tasks = Vec::new();
    for number in 0..CONNECTIONS {
        let mut connection = Connection::open(server, number).await?;
        let calls: Vec<Call> = calls.by_ref().take(share).collect();
        tasks.push(tokio::spawn(async move {
            let mut answers = Vec::with_capacity(calls.len());
            for call in &calls {
                let (answer, micros) = connection.call(call).await?;
                answers.push((answer.to_owned(), micros));
            }
            Ok::<_, Failure>(answers)
        }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.extend(task.await.map_err(|e| e.to_string())??);
    }
    let (answers, latencies): (Vec<String>, Vec<u32>) = answers.into_iter().unzip();
    let cpu = (server.cpu()? - cpu) * 1_000.0 / latencies.len() as f64;
    Ok((Load { cpu, times: Some(Times::of(latencies, begun.elapsed())) }, answers))
}

/// What is known of a job while it runs.
struct Tally {
    connections: Vec<Connection>,
    latencies: Vec<u32>,
    calls: f64,
    elapsed: Duration,
    /// CPU seconds that the requests or calls used so far.
    cpu: f64,
}

impl Tally {
    async fn warm(job: &Job<'_>, length: Duration) -> Result<Self, Failure> {
        let mut connections = Vec::new();
        let (server, count) = match job {
            Job::Requests(server, _) => (Some(server), CONNECTIONS),
            Job::Alone(server, _) => (Some(server), 1),
            Job::Calls(..) => (None, 0),
        };
        if let Some(server) = server {
            for number in 0..count {
                connections.push(Connection::open(server, number).await?);
            }
        }
        let mut tally = Self { connections, latencies: Vec::new(), calls: 0.0, elapsed: Duration::ZERO, cpu: 0.0 };
        tally.turn(job, length).await?;
        tally.latencies.clear();
        Ok(Self { calls: 0.0, elapsed: Duration::ZERO, cpu: 0.0, ..tally })
    }

    async fn turn(&mut self, job: &Job<'_>, length: Duration) -> Result<(), Failure> {
        let begun = Instant::now();
        match job {
            Job::Requests(server, work) | Job::Alone(server, work) => {
                let before = server.cpu()?;
                self.requests(work, begun + length).await?;
                self.elapsed += begun.elapsed();
                // What requests left to do, such as a checkpoint, is theirs and not the next job's.
                tokio::time::sleep(SETTLING).await;
                self.cpu += server.cpu()? - before;
            }
            Job::Calls(threads, call) => {
                let before = process::cpu("self")?;
                self.calls += calls(*threads, *call, begun + length);
                self.cpu += process::cpu("self")? - before;
            }
        }
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

    fn load(self) -> Load {
        if self.latencies.is_empty() {
            return Load { cpu: self.cpu * 1_000.0 / self.calls, times: None };
        }
        let count = self.latencies.len() as f64;
        Load { cpu: self.cpu * 1_000.0 / count, times: Some(Times::of(self.latencies, self.elapsed)) }
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
