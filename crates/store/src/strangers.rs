//! Failed attempts on names that nobody has: as many rows as there are buckets, whatever is tried.

use cognate_domain::user::Lockout;

use crate::tx::{DbError, Param, Tx};

/// The failed attempts on the names of a bucket.
pub fn get(tx: &mut dyn Tx, pool: &str, bucket: i64) -> Result<Lockout, DbError> {
    let found = tx.query_one(
        "SELECT failures, last_failure, locked_until FROM strangers WHERE pool = $1 AND bucket = $2",
        &[Param::Text(pool), Param::Int(bucket)],
    )?;
    let Some(row) = found else { return Ok(Lockout::default()) };
    Ok(Lockout {
        failures: u32::try_from(row.int(0)?).unwrap_or(u32::MAX),
        last_failure: row.int(1)?,
        locked_until: row.int(2)?,
    })
}

/// Writes them.
pub fn put(tx: &mut dyn Tx, pool: &str, bucket: i64, lockout: &Lockout) -> Result<(), DbError> {
    tx.execute("DELETE FROM strangers WHERE pool = $1 AND bucket = $2", &[Param::Text(pool), Param::Int(bucket)])?;
    tx.execute(
        "INSERT INTO strangers (pool, bucket, failures, last_failure, locked_until) VALUES ($1, $2, $3, $4, $5)",
        &[
            Param::Text(pool),
            Param::Int(bucket),
            Param::Int(i64::from(lockout.failures)),
            Param::Int(lockout.last_failure),
            Param::Int(lockout.locked_until),
        ],
    )?;
    Ok(())
}
