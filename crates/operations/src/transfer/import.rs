//! In: one thread reads, others parse and seal, and batches are written in the order of the lines.

use std::collections::{BTreeSet, VecDeque};
use std::io::BufRead;
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{JoinError, JoinHandle};

use super::chunks::{Chunk, Chunks, Text};
use super::line::{EndLine, Kind, UserLine};
use super::target::Targets;
use super::user_in::{Newcomer, newcomer, parse};
use super::write::{BatchError, OnFault, Written, batch};
use super::{Stopped, head};
use crate::{Context, Services};

/// How many runs of lines are on their way to be read into users at once.
const AHEAD: usize = 4;
/// How many runs are written in one transaction at most where nobody waits for it: values in no order touch most pages of
/// their indexes, and each is written once a transaction. Two such batches, of which one is being parsed while the other
/// is written, are some two hundred megabytes.
const RUNS_ALONE: usize = 64;
/// The longest rest between two batches beside a server.
const LONGEST_REST: Duration = Duration::from_millis(100);

/// Whether others wait for what is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pace {
    /// A server runs on the same data: batches are small, and it writes between them.
    #[default]
    BesideServer,
    /// Nobody else writes.
    Alone,
}

impl Pace {
    /// How many runs the batch behind one of so many has: more each time, so that the first users are in at once.
    fn behind(self, runs: usize) -> usize {
        match self {
            Self::BesideServer => 1,
            Self::Alone => (2 * runs).min(RUNS_ALONE),
        }
    }
}

/// How to take a file in.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The pool that everything goes into; otherwise each line says.
    pub into: Option<String>,
    /// The first line whose user is taken; 0 and 1 mean all.
    pub from_line: u64,
    /// Whether a server runs on the same data.
    pub pace: Pace,
    /// Whether lines that cannot be taken are counted, instead of ending the import.
    pub keeps_going: bool,
}

/// What an import has done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// User pools that are new.
    pub pools: u64,
    /// App clients that are new.
    pub clients: u64,
    /// Groups that are new.
    pub groups: u64,
    /// Users that are new.
    pub users: u64,
    /// Users who were there already, and were left as they are.
    pub present_users: u64,
    /// Lines that were not taken.
    pub bad_lines: u64,
    /// Bytes of the file that were read.
    #[serde(skip)]
    pub bytes: u64,
}

/// Hears how far an import is, and of a line that was not taken: its number, and why.
pub type Tell<'a> = dyn FnMut(&Report, Option<(u64, &str)>) + Send + 'a;

/// A run of lines that is being read into users.
type Parsing = JoinHandle<Result<Parsed, JoinError>>;

/// A batch that is being written, since when.
type Writing = (Instant, JoinHandle<Result<Written, BatchError>>);

/// A piece of the input, and how far it reaches.
struct Piece {
    chunk: Chunk,
    bytes: u64,
    passed: u64,
}

struct Parsed {
    newcomers: Vec<(u64, Newcomer)>,
    faults: Vec<(u64, String)>,
    bytes: u64,
}

struct Import<'a, 't> {
    cx: &'a Context,
    targets: Targets,
    parsing: VecDeque<Parsing>,
    /// How many runs are parsed at once: the writer keeps a processor for itself.
    parsers: Arc<Semaphore>,
    writing: Option<Writing>,
    /// How many runs the next batch has.
    runs: usize,
    report: Report,
    on_fault: OnFault,
    pace: Pace,
    tell: &'a mut Tell<'t>,
}

/// Takes a file in. `tell` hears of every batch, and of every line that was not taken. What was written stays written
/// when an import ends early: run again, it recognises who is there.
pub async fn import(
    cx: &Context,
    input: impl BufRead + Send + 'static,
    options: &Options,
    tell: &mut Tell<'_>,
) -> (Report, Result<(), Stopped>) {
    let targets = match Targets::new(cx, options.into.as_deref()).await {
        Ok(targets) => targets,
        Err(stopped) => return (Report::default(), Err(stopped)),
    };
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let on_fault = if options.keeps_going { OnFault::KeepGoing } else { OnFault::Stop };
    let mut import = Import {
        cx,
        targets,
        parsing: VecDeque::new(),
        parsers: Arc::new(Semaphore::new(processors.saturating_sub(1).max(1))),
        writing: None,
        runs: 1,
        report: Report::default(),
        on_fault,
        pace: options.pace,
        tell,
    };
    let ended = Box::pin(import.run(read(input, options.from_line))).await;
    // What was on its way when something else went wrong is counted as well.
    let settled = import.settle().await;
    (import.report, ended.and(settled))
}

/// Reads on a thread of its own, as far ahead as there is room.
fn read(input: impl BufRead + Send + 'static, from: u64) -> Receiver<Result<Piece, Stopped>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut chunks = Chunks::new(input, from);
        while let Some(next) = chunks.next().transpose() {
            let is_over = next.is_err();
            // Nobody listens any more once the import ended.
            let piece = next.map(|chunk| Piece { chunk, bytes: chunks.bytes, passed: chunks.passed });
            if sender.blocking_send(piece).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

impl Import<'_, '_> {
    async fn run(&mut self, mut pieces: Receiver<Result<Piece, Stopped>>) -> Result<(), Stopped> {
        let (mut has_header, mut end, mut seen, mut overlooked) = (false, None, 0, 0);
        while let Some(piece) = pieces.recv().await {
            match piece? {
                Piece { chunk: Chunk::Users(lines, pools), bytes, passed } => {
                    seen += lines.len() as u64;
                    self.open(pools).await;
                    self.parse(lines, bytes).await?;
                    overlooked = passed;
                }
                Piece { chunk: Chunk::Other(kind, text), passed, .. } => {
                    overlooked = passed;
                    // What is about pools and groups comes ahead of the users that follow it, and behind the others.
                    self.finish(0).await?;
                    has_header |= kind == Kind::Header;
                    match self.other(kind, &text).await {
                        Ok(ended) => end = ended.or(end),
                        Err(reason) => self.fault(text.number, reason)?,
                    }
                }
            }
        }
        self.finish(0).await?;
        match end {
            None if has_header => {
                Err(Stopped::because("the file has no line of type \"end\": it was cut, and more belongs to it"))
            }
            Some(users) if users != seen + overlooked => Err(Stopped::because(format!(
                "the file says that it holds {users} users, and holds {}",
                seen + overlooked
            ))),
            _ => Ok(()),
        }
    }

    /// Opens the pools of a run of lines. What stands in the way of one is told for each line of it.
    async fn open(&mut self, pools: BTreeSet<Option<String>>) {
        for named in pools {
            let _ = self.targets.open(self.cx, named.as_deref()).await;
        }
    }

    /// Has a run of lines parsed, and writes those before it that are ready.
    async fn parse(&mut self, lines: Vec<Text>, bytes: u64) -> Result<(), Stopped> {
        let (services, targets) = (self.cx.services(), self.targets.clone());
        let parsers = Arc::clone(&self.parsers);
        self.parsing.push_back(tokio::spawn(async move {
            // Closed never; without a permit it would be parsed all the same.
            let _permit = parsers.acquire_owned().await;
            tokio::task::spawn_blocking(move || parse_users(&services, &targets, lines, bytes)).await
        }));
        self.finish(AHEAD + self.runs - 1).await
    }

    /// Begins to write batches while more than so many runs are left; with none left, waits for the last one.
    async fn finish(&mut self, left: usize) -> Result<(), Stopped> {
        while self.parsing.len() > left {
            let runs = self.parsing.len().min(self.runs);
            let (mut newcomers, mut faults) = (Vec::new(), Vec::new());
            for parsing in self.parsing.drain(..runs).collect::<Vec<_>>() {
                let parsed = parsing.await.and_then(|parsed| parsed).map_err(Stopped::because)?;
                newcomers.extend(parsed.newcomers);
                faults.extend(parsed.faults);
                self.report.bytes = parsed.bytes;
            }
            // One batch at a time, so that nothing behind a bad line is written.
            self.settle().await?;
            for (line, reason) in faults {
                self.fault(line, reason)?;
            }
            self.runs = self.pace.behind(self.runs);
            let (store, on_fault) = (self.cx.store.clone(), self.on_fault);
            let write = async move { store.write(move |tx| batch(tx, &newcomers, on_fault)).await };
            self.writing = Some((Instant::now(), tokio::spawn(write)));
        }
        if left == 0 { self.settle().await } else { Ok(()) }
    }

    /// Waits for the batch that is being written, while the next lines are read and parsed.
    async fn settle(&mut self) -> Result<(), Stopped> {
        let Some((begun, writing)) = self.writing.take() else { return Ok(()) };
        let Written { users, present, faults } = writing.await.map_err(Stopped::because)??;
        self.report.users += users;
        self.report.present_users += present.len() as u64;
        for (line, reason) in faults {
            self.fault(line, reason)?;
        }
        (self.tell)(&self.report, None);
        if self.pace == Pace::BesideServer {
            // A server that waits for the file asks for it again and again, and would not get it between two batches.
            tokio::time::sleep(begun.elapsed().min(LONGEST_REST)).await;
        }
        Ok(())
    }

    async fn other(&mut self, kind: Kind, text: &Text) -> Result<Option<u64>, String> {
        let (cx, bytes) = (self.cx, &text.bytes);
        let (targets, report) = (&mut self.targets, &mut self.report);
        match kind {
            Kind::Header => head::check_header(&parse(bytes)?)?,
            Kind::Pool => head::pool(cx, targets, report, parse(bytes)?).await?,
            Kind::Client => head::client(cx, targets, report, parse(bytes)?).await?,
            Kind::Risk => head::risk(cx, targets, parse(bytes)?).await?,
            Kind::Group => head::group(cx, targets, report, parse(bytes)?).await?,
            Kind::End => return parse::<EndLine>(bytes).map(|line| Some(line.users)),
            // Users come in runs.
            Kind::User => {}
        }
        Ok(None)
    }

    fn fault(&mut self, line: u64, reason: String) -> Result<(), Stopped> {
        if self.on_fault == OnFault::Stop {
            return Err(Stopped::at(line, reason));
        }
        self.report.bad_lines += 1;
        (self.tell)(&self.report, Some((line, &reason)));
        Ok(())
    }
}

fn parse_users(services: &Arc<Services>, targets: &Targets, lines: Vec<Text>, bytes: u64) -> Parsed {
    let now = services.clock.now();
    let mut parsed = Parsed { newcomers: Vec::with_capacity(lines.len()), faults: Vec::new(), bytes };
    for text in lines {
        let read = parse::<UserLine>(&text.bytes).and_then(|line| {
            let target = targets.get(line.pool.as_deref());
            let missing = || match &line.pool {
                Some(id) => format!("the user cannot go into {id}: there is no such pool, or --into names another"),
                None => "no pool is named; give one with --into".to_owned(),
            };
            newcomer(services, &target.ok_or_else(missing)?, line, now)
        });
        match read {
            Ok(user) => parsed.newcomers.push((text.number, user)),
            Err(reason) => parsed.faults.push((text.number, reason)),
        }
    }
    parsed
}
