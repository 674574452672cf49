//! Messages to users: what waits for its delivery, and what became of the others. Sealed, because they carry codes and
//! passwords.

mod delivery;

use cognate_domain::user::UserId;

pub use delivery::{Leased, Wanted, free_leases, give_up, is_due, lease, put_back, retry, sent, sweep};

use crate::tx::{DbError, Param, Row, Tx};

/// A message at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The pool whose data key seals it.
    pub pool: String,
    /// The user it goes to.
    pub user: UserId,
    /// Time-ordered.
    pub id: [u8; 16],
    /// When it was written (microseconds).
    pub created: i64,
    /// The message.
    pub sealed: Vec<u8>,
    /// How far its delivery is.
    pub progress: Progress,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is to be delivered.
    Waiting,
    /// The other side took it.
    Sent,
    /// It will not be tried again.
    GivenUp,
    /// It was never to be delivered, because nothing could.
    Kept,
}

impl State {
    const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::GivenUp, Self::Kept];

    /// As operators read and write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given-up",
            Self::Kept => "kept",
        }
    }

    /// The state of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    fn number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Sent => 1,
            Self::GivenUp => 2,
            Self::Kept => 3,
        }
    }

    fn numbered(number: i64) -> Result<Self, DbError> {
        let state = Self::ALL.into_iter().find(|state| state.number() == number);
        state.ok_or_else(|| DbError::Corrupt(format!("no state {number} of a message")))
    }
}

/// How far the delivery of a message is. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub state: State,
    /// How often its delivery was begun.
    pub attempts: i64,
    /// When it is tried next; while it is leased, when the lease ends.
    pub due: i64,
    /// From when on it is of no use to anybody.
    pub expires: i64,
    /// Who has leased it; empty if nobody has.
    pub owner: String,
    /// Why the last attempt failed; empty if none has.
    pub reason: String,
    /// When it came to its end; 0 while it waits.
    pub settled: i64,
}

impl Progress {
    /// Of a message that waits to be delivered at once.
    pub fn waiting(now: i64, expires: i64) -> Self {
        Self { state: State::Waiting, due: now, expires, settled: 0, ..Self::kept(now) }
    }

    /// Of a message that nothing can deliver.
    pub fn kept(now: i64) -> Self {
        let (owner, reason) = (String::new(), String::new());
        Self { state: State::Kept, attempts: 0, due: 0, expires: 0, owner, reason, settled: now }
    }
}

/// How many messages of a user are kept, besides those that wait.
pub const KEPT: i64 = 100;

/// Writes a message, in the place of the oldest where the user has [`KEPT`] already, unless that one waits.
pub fn insert(tx: &mut dyn Tx, message: &Sealed) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM outbox WHERE pool = $1 AND user_id = $2 AND state <> 0 AND id <= \
         (SELECT id FROM outbox WHERE pool = $1 AND user_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)",
        &[Param::Text(&message.pool), Param::Bytes(&message.user), Param::Int(KEPT - 1)],
    )?;
    let progress = &message.progress;
    tx.execute(
        "INSERT INTO outbox (pool, user_id, id, created, sealed, state, attempts, due, expires, owner, reason, settled) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            Param::Text(&message.pool),
            Param::Bytes(&message.user),
            Param::Bytes(&message.id),
            Param::Int(message.created),
            Param::Bytes(&message.sealed),
            Param::Int(progress.state.number()),
            Param::Int(progress.attempts),
            Param::Int(progress.due),
            Param::Int(progress.expires),
            Param::Text(&progress.owner),
            Param::Text(&progress.reason),
            Param::Int(progress.settled),
        ],
    )?;
    Ok(())
}

/// The newest messages of a user.
pub fn of_user(tx: &mut dyn Tx, pool: &str, user: &UserId, limit: i64) -> Result<Vec<Sealed>, DbError> {
    let rows = tx.query(
        "SELECT pool, user_id, id, created, sealed, state, attempts, due, expires, owner, reason, settled \
         FROM outbox WHERE pool = $1 AND user_id = $2 ORDER BY id DESC LIMIT $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Int(limit)],
    )?;
    rows.into_iter().map(from_row).collect()
}

/// Removes a user's messages.
pub fn forget(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<(), DbError> {
    tx.execute("DELETE FROM outbox WHERE pool = $1 AND user_id = $2", &[Param::Text(pool), Param::Bytes(user)])?;
    Ok(())
}

/// The newest messages of a pool. Reads all of them: for development only.
pub fn of_pool(tx: &mut dyn Tx, pool: &str, limit: i64) -> Result<Vec<Sealed>, DbError> {
    let rows = tx.query(
        "SELECT pool, user_id, id, created, sealed, state, attempts, due, expires, owner, reason, settled \
         FROM outbox WHERE pool = $1 ORDER BY id DESC LIMIT $2",
        &[Param::Text(pool), Param::Int(limit)],
    )?;
    rows.into_iter().map(from_row).collect()
}

/// The newest messages of all pools.
pub fn newest(tx: &mut dyn Tx, limit: i64) -> Result<Vec<Sealed>, DbError> {
    let rows = tx.query(
        "SELECT pool, user_id, id, created, sealed, state, attempts, due, expires, owner, reason, settled \
         FROM outbox ORDER BY id DESC LIMIT $1",
        &[Param::Int(limit)],
    )?;
    rows.into_iter().map(from_row).collect()
}

/// The newest messages in this state. Reads over the newer ones in others.
pub fn newest_in(tx: &mut dyn Tx, state: State, limit: i64) -> Result<Vec<Sealed>, DbError> {
    let rows = tx.query(
        "SELECT pool, user_id, id, created, sealed, state, attempts, due, expires, owner, reason, settled \
         FROM outbox WHERE state = $1 ORDER BY id DESC LIMIT $2",
        &[Param::Int(state.number()), Param::Int(limit)],
    )?;
    rows.into_iter().map(from_row).collect()
}

/// A message by its id.
pub fn by_id(tx: &mut dyn Tx, id: &[u8; 16]) -> Result<Option<Sealed>, DbError> {
    tx.query_one(
        "SELECT pool, user_id, id, created, sealed, state, attempts, due, expires, owner, reason, settled \
         FROM outbox WHERE id = $1",
        &[Param::Bytes(id)],
    )?
    .map(from_row)
    .transpose()
}

/// How many messages wait.
pub fn count_waiting(tx: &mut dyn Tx) -> Result<i64, DbError> {
    tx.query_one("SELECT COUNT(*) FROM outbox WHERE state = 0", &[])?.map_or(Ok(0), |row| row.int(0))
}

fn from_row(mut row: Row) -> Result<Sealed, DbError> {
    Ok(Sealed {
        pool: row.text(0)?,
        user: row.id(1)?,
        id: row.id(2)?,
        created: row.int(3)?,
        sealed: row.bytes(4)?,
        progress: Progress {
            state: State::numbered(row.int(5)?)?,
            attempts: row.int(6)?,
            due: row.int(7)?,
            expires: row.int(8)?,
            owner: row.text(9)?,
            reason: row.text(10)?,
            settled: row.int(11)?,
        },
    })
}
