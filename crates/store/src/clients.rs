//! App clients.

use cognate_domain::Client;

use crate::tx::{self, DbError, Param, Row, Subject, Tx};

/// Writes a new client.
pub fn insert(tx: &mut dyn Tx, client: &Client) -> Result<(), DbError> {
    let record = tx::to_json(client)?;
    tx.execute(
        "INSERT INTO client_pools (client, pool) VALUES ($1, $2)",
        &[Param::Text(client.id()), Param::Text(client.pool())],
    )?;
    tx.execute(
        "INSERT INTO clients (pool, id, version, record) VALUES ($1, $2, 1, $3)",
        &[Param::Text(client.pool()), Param::Text(client.id()), Param::Text(&record)],
    )?;
    tx.note(Subject::New("ClientId", client.id()));
    Ok(())
}

/// Writes a changed client, unless it changed since it was read.
pub fn update(tx: &mut dyn Tx, client: &Client) -> Result<(), DbError> {
    let record = tx::to_json(client)?;
    let rows = tx.execute(
        "UPDATE clients SET record = $1, version = version + 1 WHERE pool = $2 AND id = $3 AND version = $4",
        &[Param::Text(&record), Param::Text(client.pool()), Param::Text(client.id()), Param::Int(client.version)],
    )?;
    tx::changed(rows)?;
    crate::config_changes::note(tx, client.pool())
}

/// A client by its pool and id. In a transaction that writes, it is not removed before its commit.
pub fn get(tx: &mut dyn Tx, pool: &str, id: &str) -> Result<Option<Client>, DbError> {
    tx.query_one(
        "SELECT record, version FROM clients WHERE pool = $1 AND id = $2 /*stays*/",
        &[Param::Text(pool), Param::Text(id)],
    )?
    .map(from_row)
    .transpose()
}

/// The pool of a client.
pub fn pool_of(tx: &mut dyn Tx, id: &str) -> Result<Option<String>, DbError> {
    tx.query_one("SELECT pool FROM client_pools WHERE client = $1", &[Param::Text(id)])?
        .map(|mut row| row.text(0))
        .transpose()
}

/// A pool's clients whose id lies behind `after`, in the order of ids.
pub fn list(tx: &mut dyn Tx, pool: &str, after: &str, limit: i64) -> Result<Vec<Client>, DbError> {
    tx.query(
        "SELECT record, version FROM clients WHERE pool = $1 AND id > $2 ORDER BY id LIMIT $3",
        &[Param::Text(pool), Param::Text(after), Param::Int(limit)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// How many clients a pool has.
pub fn count(tx: &mut dyn Tx, pool: &str) -> Result<i64, DbError> {
    tx.query_one("SELECT COUNT(*) FROM clients WHERE pool = $1", &[Param::Text(pool)])?.map_or(Ok(0), |row| row.int(0))
}

/// Removes a client; says whether there was one.
pub fn delete(tx: &mut dyn Tx, pool: &str, id: &str) -> Result<bool, DbError> {
    let params = [Param::Text(pool), Param::Text(id)];
    let was_there = tx.execute("DELETE FROM clients WHERE pool = $1 AND id = $2", &params)? > 0;
    tx.execute("DELETE FROM client_pools WHERE pool = $1 AND client = $2", &params)?;
    crate::risk_configurations::delete(tx, pool, Some(id))?;
    if was_there {
        crate::config_changes::note(tx, pool)?;
    }
    Ok(was_there)
}

fn from_row(mut row: Row) -> Result<Client, DbError> {
    let mut client: Client = row.json(0)?;
    client.version = row.int(1)?;
    Ok(client)
}
