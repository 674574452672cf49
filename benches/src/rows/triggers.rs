//! What a trigger costs: signing in with and without a PreTokenGeneration webhook on this machine.

use std::sync::Arc;

use serde_json::json;

use super::second_factor::ask;
use super::sign_in::{self, PASSWORD};
use super::{Against, House, Row, say};
use crate::connection::Turn;
use crate::hook::FUNCTION;
use crate::load::{self, CONNECTIONS, Job, Work};
use crate::process::Mode;
use crate::seed::{self, Seeded};
use crate::{Bench, Failure};

/// How many users sign in: each connection has some of its own.
const USERS: usize = 4 * CONNECTIONS;

/// Both, side by side; in `dev` alone, because what differs in `serve` is the hash.
pub async fn rows(bench: &Bench, mode: Mode, house: &House) -> Result<Vec<Row>, Failure> {
    if mode == Mode::Serve {
        return Ok(Vec::new());
    }
    say(&format!("{}: a webhook ({})", mode.name(), house.server.id()));
    let (plain, hooked) =
        (pool(house, json!({})).await?, pool(house, json!({ "PreTokenGeneration": FUNCTION })).await?);
    let jobs = [plain, hooked].map(|data| Job::Requests(&house.server, passwords(data)));
    let mut loads = load::run(bench.length, &jobs).await?.into_iter();
    let (Some(without), Some(with)) = (loads.next(), loads.next()) else { return Err("two loads were run".to_owned()) };
    let signatures = [Against::Signatures, Against::SignaturesTogether];
    Ok(vec![
        Row::loaded(mode, "AdminInitiateAuth, no trigger", Some(USERS), without).against(&signatures),
        Row::loaded(mode, "AdminInitiateAuth, PreTokenGeneration by webhook", Some(USERS), with)
            .against(&signatures)
            .reach("the row above + 0.30"),
    ])
}

/// A pool with these triggers, a client, and users with passwords.
async fn pool(house: &House, triggers: serde_json::Value) -> Result<Seeded, Failure> {
    let made = ask(house, "CreateUserPool", json!({ "PoolName": "triggers", "LambdaConfig": triggers })).await?;
    let pool = made["UserPool"]["Id"].as_str().ok_or("no pool")?.to_owned();
    let flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = json!({ "UserPoolId": pool, "ClientName": "triggers", "ExplicitAuthFlows": flows });
    let made = ask(house, "CreateUserPoolClient", client).await?;
    let client = made["UserPoolClient"]["ClientId"].as_str().ok_or("no client")?.to_owned();
    for number in 0..USERS {
        let user = json!({ "UserPoolId": pool, "Username": seed::username(number), "MessageAction": "SUPPRESS" });
        ask(house, "AdminCreateUser", user).await?;
        let password = json!({
            "UserPoolId": pool, "Username": seed::username(number), "Password": PASSWORD, "Permanent": true,
        });
        ask(house, "AdminSetUserPassword", password).await?;
    }
    Ok(Seeded { pool, client, users: USERS, ..house.data.clone() })
}

fn passwords(data: Seeded) -> Work {
    Arc::new(move |turn: Turn<'_>| {
        let number = turn.random.below(USERS / CONNECTIONS) * CONNECTIONS + turn.connection;
        sign_in::by_password(&data, number, PASSWORD)
    })
}
