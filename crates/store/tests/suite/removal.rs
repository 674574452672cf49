//! Deleting leaves nothing behind.

use cognate_domain::passkeys::Passkey;
use cognate_domain::risk::learning::Kind;
use cognate_domain::user::UserId;
use cognate_store::outbox::Sealed;
use cognate_store::refresh_tokens::Family;
use cognate_store::signing_keys;
use cognate_store::{
    DbError, Tx, attempts, auth_events, clients, codes, counters, devices, groups, import_jobs, outbox,
    passkey_challenges, passkeys, refresh_tokens, risk_configurations, risk_marks, srp_verifiers, used_sessions,
    user_index, users,
};

use crate::devices::device;
use crate::harness::{Engine, OTHER, POOL, client, furnish, id, user, write};
use crate::import_jobs::job;
use crate::messages::{event, message};
use crate::passkeys::{begun, passkey};
use crate::risk::{configuration, mark};
use crate::sign_in::{code, family};
use crate::signing::key;

/// Writes a row into every table that belongs to a pool or to this user of it.
pub fn fill(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<(), DbError> {
    let (event_id, event) = event(1);
    let message = Sealed { user: *user, ..message(pool, 1, 1) };
    clients::insert(tx, &client(pool, &format!("client of {pool}")))?;
    signing_keys::insert(tx, pool, &key("id", 1))?;
    groups::add_member(tx, pool, "admins", user)?;
    refresh_tokens::insert(tx, pool, &Family { user: *user, ..family(1, 1, 9) })?;
    devices::insert(tx, pool, user, &device(1, true), &[1])?;
    risk_configurations::put(tx, pool, None, &configuration("1.0.0.0/8"))?;
    risk_marks::put(tx, pool, user, &mark(Kind::Address, "192.0.2.1", 1))?;
    codes::put(tx, pool, user, "forgot", &code(1))?;
    attempts::count(tx, pool, user, "forgot", 1, 1)?;
    auth_events::insert(tx, pool, user, &event_id, &event)?;
    outbox::insert(tx, &message)?;
    passkeys::insert(tx, pool, &Passkey { user: *user, ..passkey(1, 1, 1) })?;
    passkey_challenges::put(tx, pool, user, &begun(1))?;
    used_sessions::insert(tx, pool, &[1; 16], 9)?;
    import_jobs::insert(tx, pool, &job(1, "Created"))?;
    import_jobs::insert_part(tx, pool, "import-1", 0, b"a file", 5)?;
    let outcome = import_jobs::Outcomes { first: 2, last: 2, outcome: import_jobs::Outcome::Succeeded };
    import_jobs::insert_outcomes(tx, pool, "import-1", &[outcome])?;
    srp_verifiers::put(tx, pool, user, b"sealed")?;
    counters::add(tx, pool, user, 1)
}

/// Removes what [`crate::harness::furnish`] and [`fill`] wrote of a user, as the directory does.
fn remove(tx: &mut dyn Tx, pool: &str, number: u8, username: &str) -> Result<(), DbError> {
    user_index::delete_alias(tx, pool, "username", username, &id(number))?;
    user_index::delete_value(tx, pool, "email", &format!("{username}@example.com"), &id(number))?;
    users::delete(tx, pool, &user(number, username))
}

pub async fn a_deleted_user_leaves_no_row(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    write(&store, |tx| fill(tx, POOL, &id(1))).await;
    let mut before = engine.tables_that_mention(&id(1));
    before.sort_unstable();
    before.dedup();
    let tables = [
        "attempts",
        "auth_events",
        "codes",
        "devices",
        "group_members",
        "outbox",
        "passkey_challenges",
        "passkeys",
        "refresh_tokens",
        "risk_marks",
        "srp_verifiers",
        "user_aliases",
        "user_attributes",
        "user_groups",
        "users",
    ];
    assert_eq!(before, tables, "a table that names users is not filled, or is not in this list");
    write(&store, |tx| {
        remove(tx, POOL, 1, "maria")?;
        remove(tx, OTHER, 1, "maria")
    })
    .await;
    assert_eq!(engine.tables_that_mention(&id(1)), [""; 0]);
    assert_eq!(engine.tables_that_mention(b"maria"), [""; 0]);
}

pub async fn deleting_a_user_spares_the_neighbour(engine: &impl Engine) {
    let store = engine.open();
    furnish(&store).await;
    write(&store, |tx| {
        fill(tx, POOL, &id(2))?;
        groups::add_member(tx, POOL, "admins", &id(1)).map(|_| ())
    })
    .await;
    let before = engine.tables_that_mention(&id(2));
    write(&store, |tx| remove(tx, POOL, 1, "maria")).await;
    assert_eq!(engine.tables_that_mention(&id(2)), before);
}
