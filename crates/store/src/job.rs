//! A transaction on its way through an engine, with the caller who waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::tx::{Conflict, DbError, Tx};

/// What a transaction's closure decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its changes are to be kept.
    Keep,
    /// It refused its own changes.
    Refuse,
    /// It lost a race, and would do better on the state of now.
    Lost,
    /// It panicked.
    Panicked,
}

/// A transaction whose types the engine need not know.
pub(crate) trait Job: Send {
    /// Runs it, and may run it again.
    fn run(&mut self, tx: &mut dyn Tx) -> Verdict;
    /// Answers, once its changes are kept or lost.
    fn finish(self: Box<Self>, outcome: &Result<(), DbError>);
}

/// What the caller hears: the result, and the closure to run it again.
pub(crate) type Answer<F, T, E> = (Result<T, E>, F);

/// Where the caller waits.
pub(crate) type Waiting<F, T, E> = oneshot::Receiver<Answer<F, T, E>>;

struct Transaction<F, T, E> {
    body: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Answer<F, T, E>>,
}

/// A job for a closure, and where its answer comes.
pub(crate) fn of<F, T, E>(body: F) -> (Box<dyn Job>, Waiting<F, T, E>)
where
    F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Conflict + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Transaction { body, result: None, reply }), answer)
}

impl<F, T, E> Job for Transaction<F, T, E>
where
    F: Fn(&mut dyn Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Conflict + Send,
{
    fn run(&mut self, tx: &mut dyn Tx) -> Verdict {
        let body = &self.body;
        // A panic costs the request that caused it, nobody else.
        let (result, verdict) = match catch_unwind(AssertUnwindSafe(|| body(tx))) {
            Ok(Ok(answer)) => (Ok(answer), Verdict::Keep),
            Ok(Err(error)) if error.is_conflict() => (Err(error), Verdict::Lost),
            Ok(Err(error)) => (Err(error), Verdict::Refuse),
            Err(_) => (Err(E::from(DbError::Engine("a transaction panicked".to_owned()))), Verdict::Panicked),
        };
        self.result = Some(result);
        verdict
    }

    fn finish(self: Box<Self>, outcome: &Result<(), DbError>) {
        let result = match (self.result, outcome) {
            (Some(Ok(_)) | None, Err(lost)) => Err(E::from(lost.clone())),
            (Some(result), _) => result,
            (None, Ok(())) => Err(E::from(DbError::Closed)),
        };
        // Nobody waits any more when the caller hung up; the write stands all the same.
        let _ = self.reply.send((result, self.body));
    }
}
