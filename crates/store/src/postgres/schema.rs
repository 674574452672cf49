//! Bringing the schema up to date: by one node at a time, the others wait.

use std::time::Duration;

use super::Shared;
use super::address::Address;
use super::dialect;
use super::{failure, lead};
use crate::{OpenError, migrations};

/// How long a server may take to end a connection.
const ENDING: Duration = Duration::from_secs(15);
/// How often two nodes may begin with an empty database at once, before we believe something else is wrong.
const BEGINNINGS: usize = 5;

/// The row that says how far the schema is. Whoever changes the schema holds it.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_step (one BIGINT NOT NULL, step BIGINT NOT NULL, \
                      PRIMARY KEY (one)); \
                      INSERT INTO schema_step (one, step) VALUES (1, 0) ON CONFLICT DO NOTHING; \
                      CREATE TABLE IF NOT EXISTS commits (id BYTEA NOT NULL, last BIGINT NOT NULL, at BIGINT NOT NULL, \
                      PRIMARY KEY (id))";

/// Checks the server and brings its schema up to date. Not from within a runtime.
pub(super) fn prepare(shared: &Shared) -> Result<(), OpenError> {
    let address = &shared.address;
    let engine = |message: String| OpenError::Engine { place: address.place.clone(), message };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| engine(error.to_string()))?;
    runtime.block_on(async {
        let (mut client, connection) = lead::first(address).await.map_err(|failure| engine(failure.reason()))?;
        let migrated = check_and_migrate(&mut client, address, &steps(shared.options.next_step)).await;
        drop(client);
        // The server hears that we go, so that nobody finds it still connected.
        let _ = tokio::time::timeout(ENDING, connection).await;
        migrated
    })
}

/// Each step with its number.
fn steps(next: Option<&'static str>) -> Vec<(i64, &'static str)> {
    migrations::STEPS.iter().copied().chain(next.map(|step| (migrations::newest() + 1, step))).collect()
}

async fn check_and_migrate(
    client: &mut tokio_postgres::Client,
    address: &Address,
    steps: &[(i64, &str)],
) -> Result<(), OpenError> {
    let engine = |message: String| OpenError::Engine { place: address.place.clone(), message };
    let encoding = client.query_one("SHOW server_encoding", &[]).await.map_err(|e| engine(failure::text(&e)))?;
    let encoding: String = encoding.try_get(0).map_err(|e| engine(failure::text(&e)))?;
    if !encoding.eq_ignore_ascii_case("UTF8") {
        return Err(engine(format!("the database is encoded in {encoding}; make one with ENCODING 'UTF8'")));
    }
    let known = steps.last().map_or(0, |(number, _)| *number);
    match current(client).await {
        Some(step) if step == known => Ok(()),
        Some(found) if found > known => Err(newer(address, found, known)),
        _ => migrate(client, address, steps, known).await,
    }
}

/// How far the schema is; none where it was never laid down.
pub(super) async fn current(client: &tokio_postgres::Client) -> Option<i64> {
    let row = client.query_opt("SELECT step FROM schema_step WHERE one = 1", &[]).await.ok()??;
    row.try_get(0).ok()
}

async fn migrate(
    client: &mut tokio_postgres::Client,
    address: &Address,
    steps: &[(i64, &str)],
    known: i64,
) -> Result<(), OpenError> {
    let engine =
        |e: &tokio_postgres::Error| OpenError::Engine { place: address.place.clone(), message: failure::text(e) };
    let mut beginning = 1;
    // Of two that create a table at once, one fails although it says IF NOT EXISTS.
    while let Err(error) = client.batch_execute(CREATE).await {
        if beginning == BEGINNINGS || current(client).await.is_none() {
            return Err(engine(&error));
        }
        beginning += 1;
    }
    let step = client.transaction().await.map_err(|e| engine(&e))?;
    step.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await.map_err(|e| engine(&e))?;
    let row = step.query_one("SELECT step FROM schema_step WHERE one = 1 FOR UPDATE", &[]).await;
    let found: i64 = row.and_then(|row| row.try_get(0)).map_err(|e| engine(&e))?;
    if found > known {
        return Err(newer(address, found, known));
    }
    for (_, text) in steps.iter().filter(|(number, _)| *number > found) {
        for statement in migrations::statements(text) {
            step.batch_execute(&dialect::spell_schema(statement)).await.map_err(|e| engine(&e))?;
        }
    }
    step.execute("UPDATE schema_step SET step = $1 WHERE one = 1", &[&known]).await.map_err(|e| engine(&e))?;
    step.commit().await.map_err(|e| engine(&e))
}

fn newer(address: &Address, found: i64, known: i64) -> OpenError {
    OpenError::Newer { place: address.place.clone(), found, known }
}
