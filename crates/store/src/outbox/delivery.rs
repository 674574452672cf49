//! The way of a message to its end: leased by one worker, then sent, put back or given up.
//!
//! A worker that dies leaves its lease behind; once that ends, another one begins anew.

use super::{Sealed, from_row};
use crate::tx::{self, DbError, Param, Tx};

/// A message that is this owner's to deliver until its lease ends.
pub type Leased = Sealed;

/// A wish for messages.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Who wants them.
    pub owner: &'a str,
    /// How many.
    pub limit: usize,
    /// What the owner is still busy with, however long ago its lease ended.
    pub busy: &'a [[u8; 16]],
    /// Pools whose messages are left for later, because they have their share of what is under way. The first three count.
    pub without: &'a [String],
}

/// Leases messages that are due until a moment, the longest due first. Of several workers one gets each.
pub fn lease(tx: &mut dyn Tx, wanted: &Wanted<'_>, now: i64, until: i64) -> Result<Vec<Leased>, DbError> {
    let Wanted { owner, limit, busy, without } = *wanted;
    let most = i64::try_from(limit.saturating_add(busy.len())).unwrap_or(i64::MAX);
    let [a, b, c] = passed_over(without);
    let rows = tx.query(
        "SELECT pool, user_id, id, created, sealed, state, attempts, due, expires, owner, reason, settled \
         FROM outbox WHERE state = 0 AND due <= $1 AND pool <> $3 AND pool <> $4 AND pool <> $5 ORDER BY due LIMIT $2",
        &[Param::Int(now), Param::Int(most), a, b, c],
    )?;
    let mut leased = Vec::new();
    for row in rows {
        let mut message = from_row(row)?;
        if leased.len() >= limit || busy.contains(&message.id) {
            continue;
        }
        let changed = tx.execute(
            "UPDATE outbox SET owner = $1, due = $2, attempts = attempts + 1 \
             WHERE pool = $3 AND user_id = $4 AND id = $5 AND state = 0 AND due = $6 AND owner = $7",
            &[
                Param::Text(owner),
                Param::Int(until),
                Param::Text(&message.pool),
                Param::Bytes(&message.user),
                Param::Bytes(&message.id),
                Param::Int(message.progress.due),
                Param::Text(&message.progress.owner),
            ],
        )?;
        tx::changed(changed)?;
        message.progress.attempts += 1;
        owner.clone_into(&mut message.progress.owner);
        message.progress.due = until;
        leased.push(message);
    }
    Ok(leased)
}

/// Three pools that are passed over; no pool has an empty id.
fn passed_over(pools: &[String]) -> [Param<'_>; 3] {
    std::array::from_fn(|at| Param::Text(pools.get(at).map_or("", String::as_str)))
}

/// Whether a message is due of another pool than these, of which the first three count.
pub fn is_due(tx: &mut dyn Tx, now: i64, without: &[String]) -> Result<bool, DbError> {
    let [a, b, c] = passed_over(without);
    let due = tx.query_one(
        "SELECT due FROM outbox WHERE state = 0 AND due <= $1 AND pool <> $2 AND pool <> $3 AND pool <> $4 LIMIT 1",
        &[Param::Int(now), a, b, c],
    )?;
    Ok(due.is_some())
}

/// Marks a leased message as sent, with what may stay of it. Nothing if the lease is another's by now.
pub fn sent(tx: &mut dyn Tx, message: &Leased, now: i64) -> Result<(), DbError> {
    tx.execute(
        "UPDATE outbox SET state = 1, owner = '', reason = '', settled = $1, sealed = $2 \
         WHERE pool = $3 AND user_id = $4 AND id = $5 AND state = 0 AND owner = $6",
        &[
            Param::Int(now),
            Param::Bytes(&message.sealed),
            Param::Text(&message.pool),
            Param::Bytes(&message.user),
            Param::Bytes(&message.id),
            Param::Text(&message.progress.owner),
        ],
    )?;
    Ok(())
}

/// The same for one that is not tried again, and why.
pub fn give_up(tx: &mut dyn Tx, message: &Leased, now: i64, reason: &str) -> Result<(), DbError> {
    tx.execute(
        "UPDATE outbox SET state = 2, owner = '', reason = $1, settled = $2, sealed = $3 \
         WHERE pool = $4 AND user_id = $5 AND id = $6 AND state = 0 AND owner = $7",
        &[
            Param::Text(reason),
            Param::Int(now),
            Param::Bytes(&message.sealed),
            Param::Text(&message.pool),
            Param::Bytes(&message.user),
            Param::Bytes(&message.id),
            Param::Text(&message.progress.owner),
        ],
    )?;
    Ok(())
}

/// Gives a leased message back, to be tried again at `due`.
pub fn put_back(tx: &mut dyn Tx, message: &Leased, due: i64, reason: &str) -> Result<(), DbError> {
    tx.execute(
        "UPDATE outbox SET owner = '', due = $1, reason = $2 \
         WHERE pool = $3 AND user_id = $4 AND id = $5 AND state = 0 AND owner = $6",
        &[
            Param::Int(due),
            Param::Text(reason),
            Param::Text(&message.pool),
            Param::Bytes(&message.user),
            Param::Bytes(&message.id),
            Param::Text(&message.progress.owner),
        ],
    )?;
    Ok(())
}

/// Frees the leases of an earlier process, for the one that owns the store now. Says how many there were.
pub fn free_leases(tx: &mut dyn Tx, now: i64) -> Result<u64, DbError> {
    tx.execute("UPDATE outbox SET owner = '', due = $1 WHERE state = 0 AND owner <> ''", &[Param::Int(now)])
}

/// Makes a message that waits, and that nobody is delivering, due at once. Says whether there was one.
pub fn retry(tx: &mut dyn Tx, id: &[u8; 16], now: i64) -> Result<bool, DbError> {
    let rows = tx.execute(
        "UPDATE outbox SET due = $1 WHERE id = $2 AND state = 0 AND owner = ''",
        &[Param::Int(now), Param::Bytes(id)],
    )?;
    Ok(rows > 0)
}

/// Removes up to `limit` messages that came to their end before this moment. Says how many it were.
pub fn sweep(tx: &mut dyn Tx, before: i64, limit: i64) -> Result<u64, DbError> {
    tx.execute(
        "DELETE FROM outbox WHERE id IN \
         (SELECT id FROM outbox WHERE state <> 0 AND settled < $1 ORDER BY settled LIMIT $2)",
        &[Param::Int(before), Param::Int(limit)],
    )
}
