//! What a server and its database look like, without changing them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio_postgres::Client;
use tokio_postgres::config::SslMode;

use super::address::Address;
use super::failure;
use super::lead;
use super::schema::current;
use crate::OpenError;
use crate::inspect::{Inspection, ServerFacts};

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is asked, to learn how long an answer takes.
const QUESTIONS: usize = 5;

/// What PostgreSQL says of itself, in one question. Its clock is in microseconds.
const FACTS: &str = "SELECT current_setting('server_version'), current_setting('synchronous_commit'), \
                     current_setting('fsync'), (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT, \
                     current_setting('max_connections')::BIGINT";

/// Looks at the database of a URL. Not from within a runtime.
pub(super) fn run(url: &str, setting: &str) -> Result<Inspection, OpenError> {
    let address = Address::parse(url)?;
    let engine = |message: String| OpenError::Engine { place: address.place.clone(), message };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| engine(error.to_string()))?;
    runtime.block_on(async {
        let (client, connection) = lead::first(&address).await.map_err(|failure| engine(failure.reason()))?;
        let looked = tokio::time::timeout(PATIENCE, look(&client, &address, setting)).await;
        drop(client);
        let _ = tokio::time::timeout(PATIENCE, connection).await;
        looked
            .map_err(|_| engine("the server does not answer".to_owned()))?
            .map_err(|error| engine(failure::text(&error)))
    })
}

async fn look(client: &Client, address: &Address, setting: &str) -> Result<Inspection, tokio_postgres::Error> {
    let mut latencies = Vec::new();
    let statement = client.prepare(FACTS).await?;
    let mut facts = None;
    for _ in 0..QUESTIONS {
        let (begun, at) = (Instant::now(), SystemTime::now());
        let row = client.query_one(&statement, &[]).await?;
        latencies.push(begun.elapsed());
        facts = Some((row, at, begun.elapsed()));
    }
    latencies.sort_unstable();
    let latency = latencies.get(QUESTIONS / 2).copied().unwrap_or_default();
    let schema = current(client).await;
    let stored = match schema {
        Some(1..) => client.query_opt("SELECT value FROM settings WHERE name = $1", &[&setting]).await?,
        _ => None,
    };
    let setting = stored.map(|row| row.try_get(0)).transpose()?;
    let Some((row, at, took)) = facts else { return Ok(Inspection { schema, setting, server: None }) };
    let ours = at.duration_since(UNIX_EPOCH).unwrap_or_default() + took / 2;
    let server = ServerFacts {
        place: address.place.clone(),
        version: row.try_get(0)?,
        encrypted: address.servers.iter().all(|server| server.get_ssl_mode() != SslMode::Disable),
        certificates: address.tls.shown().iter().map(|certificate| certificate.to_vec()).collect(),
        synchronous_commit: row.try_get(1)?,
        fsync: row.try_get(2)?,
        ahead_micros: row.try_get::<_, i64>(3)? - i64::try_from(ours.as_micros()).unwrap_or(i64::MAX),
        latency,
        max_connections: row.try_get(4)?,
    };
    Ok(Inspection { schema, setting, server: Some(server) })
}
