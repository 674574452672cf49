//! Cognate as its users meet it: the program, the server and the library, on a real store.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that trips here fails")]

#[path = "integration/api.rs"]
mod api;
#[path = "integration/audit.rs"]
mod audit;
#[path = "integration/backup.rs"]
mod backup;
#[cfg(feature = "otlp")]
#[path = "integration/collector.rs"]
mod collector;
#[path = "integration/concurrency.rs"]
mod concurrency;
#[path = "integration/deletion.rs"]
mod deletion;
#[path = "integration/deliveries.rs"]
mod deliveries;
#[path = "integration/directory.rs"]
mod directory;
#[path = "integration/directory_model.rs"]
mod directory_model;
#[path = "integration/doctor.rs"]
mod doctor;
#[path = "integration/engine.rs"]
mod engine;
#[path = "integration/envelope.rs"]
mod envelope;
#[path = "integration/front_door.rs"]
mod front_door;
#[path = "integration/hang_up.rs"]
mod hang_up;
#[path = "integration/http.rs"]
mod http;
#[path = "integration/kill.rs"]
mod kill;
#[path = "integration/kill_ledger.rs"]
mod kill_ledger;
#[path = "integration/limits.rs"]
mod limits;
#[path = "integration/lost_database.rs"]
mod lost_database;
#[path = "integration/moving.rs"]
mod moving;
#[path = "integration/moving_hashes.rs"]
mod moving_hashes;
#[path = "integration/moving_jobs.rs"]
mod moving_jobs;
#[path = "integration/moving_kill.rs"]
mod moving_kill;
#[path = "integration/moving_refusals.rs"]
mod moving_refusals;
#[path = "integration/nodes.rs"]
mod nodes;
#[path = "integration/nodes_guesses.rs"]
mod nodes_guesses;
#[path = "integration/nodes_imports.rs"]
mod nodes_imports;
#[path = "integration/nodes_limits.rs"]
mod nodes_limits;
#[path = "integration/nodes_rolling.rs"]
mod nodes_rolling;
#[path = "integration/not_built.rs"]
mod not_built;
#[path = "integration/postgres.rs"]
mod postgres;
#[path = "integration/process.rs"]
mod process;
#[path = "../../store/tests/suite/postgres/proxy.rs"]
#[expect(dead_code, reason = "the store's own suite turns connections away as well")]
mod proxy;
#[path = "integration/restart.rs"]
mod restart;
#[path = "integration/served.rs"]
mod served;
#[cfg(feature = "otlp")]
#[path = "integration/traces.rs"]
mod traces;
