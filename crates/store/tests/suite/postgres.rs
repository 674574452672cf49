//! PostgreSQL, and what only it does: lost connections, commits whose answer is lost, several nodes at once.

#[path = "postgres/connections.rs"]
mod connections;
#[path = "postgres/faults.rs"]
mod faults;
#[path = "postgres/proxy.rs"]
mod proxy;
#[path = "postgres/races.rs"]
mod races;
#[path = "postgres/schema.rs"]
mod schema;
#[path = "postgres/server.rs"]
mod server;

use cognate_store::{DatabaseOptions, Isolation, Store};
use server::Database;

use crate::harness::Engine;

/// A database, and transactions that see each other's commits.
pub struct ReadCommitted(Database);

/// The same with transactions that have the effect of running one after the other.
pub struct Serializable(Database);

fn options(isolation: Isolation) -> DatabaseOptions {
    DatabaseOptions { isolation, ..DatabaseOptions::default() }
}

impl Engine for ReadCommitted {
    fn fresh() -> Self {
        Self(Database::fresh())
    }

    fn open(&self) -> Store {
        Store::connect(self.0.url(), options(Isolation::ReadCommitted)).unwrap()
    }

    fn tables_that_mention(&self, bytes: &[u8]) -> Vec<String> {
        self.0.tables_that_mention(bytes)
    }
}

impl Engine for Serializable {
    fn fresh() -> Self {
        Self(Database::fresh())
    }

    fn open(&self) -> Store {
        Store::connect(self.0.url(), options(Isolation::Serializable)).unwrap()
    }

    fn tables_that_mention(&self, bytes: &[u8]) -> Vec<String> {
        self.0.tables_that_mention(bytes)
    }
}
