//! One transaction from its beginning to an outcome that is known: neither lost nor repeated.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::dialect::LAST;
use super::failure::Failure;
use super::faults::{Fault, Moment};
use super::line::{Line, Role};
use super::reach::Way;
use super::session::{Guesses, Mark, Session};
use crate::job::{Job, Verdict};
use crate::tx::{ATTEMPTS, DbError};

/// The longest pause before the second attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// For how long a server that cannot be reached is tried.
pub(super) const REACH: Duration = Duration::from_secs(10);
/// For how long the outcome of a commit is asked for. Longer than the server lets an idle transaction stay, because the
/// answer waits for the end of the one that it is about.
const ASK: Duration = Duration::from_mins(1);

/// What became of one attempt.
enum End {
    /// The closure's own result stands, whatever it is.
    Done,
    /// Nothing of it stands, and it may run again.
    Again(DbError),
    /// The same, but the server was lost.
    Lost(DbError),
    /// The same, because it went on as if its inserts had worked.
    Guessed,
    /// Nothing of it stands, and it would not go better.
    Failed(DbError),
}

/// Runs a transaction, again where it lost a race or its connection. An error takes the place of what the closure
/// returned; without one that stands, be it an answer or a refusal.
pub(super) fn run(line: &mut Line, job: &mut dyn Job) -> Result<(), DbError> {
    let mut attempt = 1;
    let mut runs = 0;
    let mut guesses = Guesses::Allowed;
    loop {
        line.leave_former_leader();
        let was_open = line.is_open();
        let end = once(line, job, guesses);
        if was_open && matches!(end, End::Lost(_)) {
            way(line).hung_up();
        }
        let error = match end {
            End::Done => return Ok(()),
            End::Guessed => {
                guesses = Guesses::Forbidden;
                continue;
            }
            End::Failed(error) => return Err(error),
            End::Lost(error) if is_given_up(line) => return Err(error),
            // Where no connection can be had nothing was run: the time is bounded, not the number.
            End::Lost(error) if way(line).lost_for().is_some() => error,
            End::Again(error) | End::Lost(error) => {
                runs += 1;
                error
            }
        };
        if runs >= ATTEMPTS {
            return Err(error);
        }
        line.shared().counts.retried.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(%error, attempt, "a transaction runs again");
        std::thread::sleep(pause(attempt));
        attempt += 1;
    }
}

/// Whether the server is lost for longer than this one waits for it.
fn is_given_up(line: &Line) -> bool {
    way(line).is_given_up(line.shared().lead.has_followers()) || way(line).is_out_of_reach(line.wanted())
}

fn way(line: &Line) -> &Way {
    line.shared().reach.of(Role::Writes)
}

/// Anything up to a bound that doubles, so that those who lost together do not meet again.
pub(super) fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let longest = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let share = Uuid::new_v4().as_u128() % 1_000;
    longest.mul_f64(f64::from(u16::try_from(share).unwrap_or_default()) / 1_000.0)
}

fn once(line: &mut Line, job: &mut dyn Job, guesses: Guesses) -> End {
    let mut session = Session::new(line, guesses);
    let verdict = job.run(&mut session);
    let has_failed = session.failure().is_some();
    if verdict != Verdict::Lost {
        session.settle();
    }
    let guessed_wrong = session.has_guessed_wrong();
    let (failure, begun, mark) = (session.failure().cloned(), session.has_begun(), session.mark());
    // A failure decides, whatever the closure made of it.
    let end = match (failure, verdict) {
        (Some(Failure::Lost(text)), _) => {
            line.hang_up();
            return End::Lost(DbError::Engine(text));
        }
        _ if guessed_wrong => End::Guessed,
        // Of what was put off until the end; the closure could not see it.
        (Some(Failure::Refused(error)), _) if !has_failed => End::Failed(error),
        (Some(Failure::Refused(_)), Verdict::Keep) => {
            End::Failed(DbError::Engine("a transaction went on after a statement had failed".to_owned()))
        }
        (None, Verdict::Keep) => return if begun { commit(line, mark) } else { End::Done },
        (Some(Failure::Again(_)), _) | (_, Verdict::Lost) => End::Again(DbError::Changed),
        (_, Verdict::Refuse | Verdict::Panicked) => End::Done,
    };
    if begun {
        roll_back(line);
    }
    if verdict == Verdict::Panicked {
        line.hang_up();
    }
    end
}

/// A connection that does not roll back is given up, and then the server does it.
fn roll_back(line: &mut Line) {
    let rolled_back =
        line.connection().and_then(|connection| connection.wait(connection.client.batch_execute("ROLLBACK")));
    if rolled_back.is_err() {
        line.hang_up();
    }
}

fn commit(line: &mut Line, mark: Option<Mark>) -> End {
    let fault = line.shared().options.faults.at(Moment::Commit);
    let committed = match fault {
        Some(Fault::Conflict) => {
            roll_back(line);
            Err(Failure::Again("a test says so".to_owned()))
        }
        Some(Fault::LostBefore) => Err(Failure::Lost("a test cut the connection".to_owned())),
        Some(Fault::LostAfter) => {
            let _ = send_commit(line);
            Err(Failure::Lost("a test cut the connection".to_owned()))
        }
        None => send_commit(line),
    };
    let failure = match committed {
        Ok(()) => {
            count(line, mark);
            return End::Done;
        }
        // The server said so: nothing of it stands.
        Err(Failure::Again(_)) => return End::Again(DbError::Changed),
        Err(failure) => failure,
    };
    // Anything else may have come before or after the commit took effect.
    line.hang_up();
    let Some(mark) = mark else { return End::Lost(failure.error()) };
    tracing::warn!(error = %failure.error(), "the answer to a commit was lost; asking whether it took effect");
    match took_effect(line, mark) {
        Ok(true) => {
            count(line, Some(mark));
            End::Done
        }
        Ok(false) => End::Lost(failure.error()),
        Err(error) => End::Failed(error),
    }
}

fn send_commit(line: &mut Line) -> Result<(), Failure> {
    let (begun, connection) = (Instant::now(), line.connection()?);
    let committed = connection.wait(connection.client.batch_execute("COMMIT"));
    line.shared().timings.commits.record(begun.elapsed());
    committed
}

fn count(line: &Line, mark: Option<Mark>) {
    let counts = &line.shared().counts;
    counts.committed.fetch_add(1, Ordering::Relaxed);
    if mark.is_some() {
        counts.commits.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether a transaction took effect. The row of its connection was locked by it before the commit was sent, so the
/// question waits for as long as its end is open; after the answer it cannot end otherwise any more.
fn took_effect(line: &mut Line, mark: Mark) -> Result<bool, DbError> {
    let started = Instant::now();
    let mut attempt = 1;
    loop {
        // Whoever asks this has to know.
        line.is_wanted_since(Instant::now());
        match ask(line, mark) {
            Ok(Some(last)) => return Ok(last == mark.number),
            Ok(None) => return Err(unknown("its mark is gone")),
            Err(failure) if started.elapsed() > ASK => return Err(unknown(&failure.error().to_string())),
            Err(_) => line.hang_up(),
        }
        std::thread::sleep(pause(attempt));
        attempt += 1;
    }
}

fn ask(line: &mut Line, mark: Mark) -> Result<Option<i64>, Failure> {
    let connection = line.connection()?;
    let statement = connection.prepare(LAST)?;
    let id: &[u8] = &mark.id;
    let row = connection.wait(connection.client.query_opt(&statement, &[&id]))?;
    row.map(|row| row.try_get(0).map_err(|error| Failure::of(&error))).transpose()
}

fn unknown(reason: &str) -> DbError {
    DbError::Engine(format!("the connection was lost during a commit, and whether it took effect is unknown: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        for attempt in [1, 2, 5, 100] {
            let longest = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_PAUSE);
            let pauses: Vec<Duration> = (0..50).map(|_| pause(attempt)).collect();
            assert!(pauses.iter().all(|pause| *pause < longest), "{pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "they are all alike");
        }
    }
}
