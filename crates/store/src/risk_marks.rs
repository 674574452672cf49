//! Addresses, devices and countries of users' sign-ins.

use cognate_domain::risk::learning::{Change, Kind, Mark, Standing};
use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Row, Tx};

/// How many of a kind are kept of a user; past it those that were seen longest ago go.
pub const KEPT: i64 = 100;

/// All that is remembered of a user.
pub fn of_user(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<Vec<Mark>, DbError> {
    tx.query(
        "SELECT kind, value, standing, first_seen, last_seen FROM risk_marks \
         WHERE pool = $1 AND user_id = $2 ORDER BY kind, value",
        &[Param::Text(pool), Param::Bytes(user)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// One mark.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: Kind, value: &str) -> Result<Option<Mark>, DbError> {
    tx.query_one(
        "SELECT kind, value, standing, first_seen, last_seen FROM risk_marks \
         WHERE pool = $1 AND user_id = $2 AND kind = $3 AND value = $4",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(name_of(kind)), Param::Bytes(value.as_bytes())],
    )?
    .map(from_row)
    .transpose()
}

/// Writes a mark, in the place of an earlier state of it.
pub fn put(tx: &mut dyn Tx, pool: &str, user: &UserId, mark: &Mark) -> Result<(), DbError> {
    let params = [
        Param::Text(pool),
        Param::Bytes(user),
        Param::Text(name_of(mark.kind)),
        Param::Bytes(mark.value.as_bytes()),
        Param::Text(match mark.standing {
            Standing::Seen => "seen",
            Standing::Trusted => "trusted",
            Standing::Distrusted => "distrusted",
        }),
        Param::Int(mark.first),
        Param::Int(mark.last),
    ];
    let known = tx.execute(
        "UPDATE risk_marks SET standing = $5, first_seen = $6, last_seen = $7 \
         WHERE pool = $1 AND user_id = $2 AND kind = $3 AND value = $4",
        &params,
    )?;
    if known > 0 {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO risk_marks (pool, user_id, kind, value, standing, first_seen, last_seen) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (pool, user_id, kind, value) DO UPDATE SET \
         standing = excluded.standing, first_seen = excluded.first_seen, last_seen = excluded.last_seen",
        &params,
    )?;
    trim(tx, pool, user, mark.kind)
}

/// Makes a change.
pub fn change(tx: &mut dyn Tx, pool: &str, user: &UserId, change: &Change) -> Result<(), DbError> {
    match change {
        Change::Put(mark) => put(tx, pool, user, mark),
        Change::Forget(kind, value) => forget(tx, pool, user, *kind, value),
    }
}

fn forget(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: Kind, value: &str) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM risk_marks WHERE pool = $1 AND user_id = $2 AND kind = $3 AND value = $4",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(name_of(kind)), Param::Bytes(value.as_bytes())],
    )?;
    Ok(())
}

/// Keeps what feedback said longest: a mark that was never seen counts as seen last.
fn trim(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: Kind) -> Result<(), DbError> {
    let surplus = tx.query(
        "SELECT value FROM risk_marks WHERE pool = $1 AND user_id = $2 AND kind = $3 \
         ORDER BY CASE WHEN standing = 'seen' THEN 1 ELSE 0 END, last_seen DESC, value LIMIT 10 OFFSET $4",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(name_of(kind)), Param::Int(KEPT)],
    )?;
    for mut row in surplus {
        let value = row.bytes(0)?;
        tx.execute(
            "DELETE FROM risk_marks WHERE pool = $1 AND user_id = $2 AND kind = $3 AND value = $4",
            &[Param::Text(pool), Param::Bytes(user), Param::Text(name_of(kind)), Param::Bytes(&value)],
        )?;
    }
    Ok(())
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Address => "address",
        Kind::Device => "device",
        Kind::Country => "country",
    }
}

fn from_row(mut row: Row) -> Result<Mark, DbError> {
    let (kind, standing) = (row.text(0)?, row.text(2)?);
    Ok(Mark {
        kind: match kind.as_str() {
            "address" => Kind::Address,
            "device" => Kind::Device,
            "country" => Kind::Country,
            other => return Err(DbError::Corrupt(format!("no kind of mark is {other}"))),
        },
        value: String::from_utf8(row.bytes(1)?).map_err(|_| DbError::Corrupt("a mark is no text".to_owned()))?,
        standing: match standing.as_str() {
            "seen" => Standing::Seen,
            "trusted" => Standing::Trusted,
            "distrusted" => Standing::Distrusted,
            other => return Err(DbError::Corrupt(format!("no standing is {other}"))),
        },
        first: row.int(3)?,
        last: row.int(4)?,
    })
}
