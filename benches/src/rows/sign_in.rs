//! Signing in, and refreshing.

use std::sync::Arc;

use serde_json::{Value, json};

use super::bare::Costs;
use super::{Against, House, Row, bare, say};
use crate::connection::{Call, Turn, once};
use crate::load::{self, CONNECTIONS, Job, Work};
use crate::process::Mode;
use crate::seed::{self, Seeded};
use crate::{Bench, Failure};

pub const PASSWORD: &str = "Signed-In-1!";

/// AdminInitiateAuth with a password and with a refresh token, beside what they cannot do without.
pub async fn rows(bench: &Bench, mode: Mode, house: &House) -> Result<Vec<Row>, Failure> {
    say(&format!("{}: signing in ({} users in {})", mode.name(), house.data.users, house.server.id()));
    // In `serve` a password costs as much to set as a sign-in; few users suffice there.
    let users = if mode == Mode::Dev { 32 * CONNECTIONS } else { 4 * CONNECTIONS };
    let tokens = signed_in(house, users).await?;
    let data = Some(house.data.users);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let costs = Costs::new()?;
    let (sign, hash) = (|| costs.sign(), || costs.hash());
    let mut work = vec![
        ("AdminInitiateAuth with a password", data, Job::Requests(&house.server, passwords(house, users))),
        ("AdminInitiateAuth with a refresh token", data, Job::Requests(&house.server, refreshes(house, tokens))),
        (bare::SIGNATURES, None, Job::Calls(1, &sign)),
        (bare::SIGNATURES_TOGETHER, None, Job::Calls(cores, &sign)),
    ];
    if mode == Mode::Serve {
        work.push((bare::HASH, None, Job::Calls(1, &hash)));
        work.push((bare::HASH_TOGETHER, None, Job::Calls(cores, &hash)));
    }
    let (names, jobs): (Vec<_>, Vec<_>) = work.into_iter().map(|(name, users, job)| ((name, users), job)).unzip();
    let loads = load::run(bench.length, &jobs).await?;
    let rows = names.into_iter().zip(loads).map(|((name, users), load)| Row::loaded(mode, name, users, load));
    let signatures = [Against::Signatures, Against::SignaturesTogether];
    Ok(rows
        .enumerate()
        .map(|(position, row)| match (position, mode) {
            (0, Mode::Serve) => {
                row.against(&[Against::SignIn, Against::SignInTogether]).reach("1.05 x hash + signatures")
            }
            (0 | 1, _) => row.against(&signatures).reach("1.7 (1.21 x signatures)"),
            _ => row,
        })
        .collect())
}

/// Signs users in, and keeps their refresh tokens.
async fn signed_in(house: &House, users: usize) -> Result<Vec<String>, Failure> {
    let mut tokens = Vec::with_capacity(users);
    for number in 0..users {
        set_password(house, number).await?;
        let answer = once(&house.server, &by_password(&house.data, number, PASSWORD)).await?;
        let answer: Value = serde_json::from_str(&answer).map_err(|e| e.to_string())?;
        let token = answer["AuthenticationResult"]["RefreshToken"].as_str().ok_or("no refresh token")?;
        tokens.push(token.to_owned());
    }
    Ok(tokens)
}

/// Each connection has users of its own: nobody signs in twice at once.
fn passwords(house: &House, users: usize) -> Work {
    let data = house.data.clone();
    Arc::new(move |turn: Turn<'_>| {
        by_password(&data, turn.random.below(users / CONNECTIONS) * CONNECTIONS + turn.connection, PASSWORD)
    })
}

fn refreshes(house: &House, tokens: Vec<String>) -> Work {
    let data = house.data.clone();
    Arc::new(move |turn: Turn<'_>| {
        let token = tokens.get(turn.random.below(tokens.len())).map(String::as_str).unwrap_or_default();
        initiate(&data, "REFRESH_TOKEN_AUTH", &json!({ "REFRESH_TOKEN": token }))
    })
}

/// Gives a user a password that stays.
pub async fn set_password(house: &House, number: usize) -> Result<(), Failure> {
    let (pool, username) = (&house.data.pool, seed::username(number));
    let body = json!({ "UserPoolId": pool, "Username": username, "Password": PASSWORD, "Permanent": true });
    let call = Call { operation: "AdminSetUserPassword", body: body.to_string(), expected: String::new() };
    once(&house.server, &call).await.map(|_| ())
}

/// A sign-in that ends with tokens.
pub fn by_password(data: &Seeded, number: usize, password: &str) -> Call {
    let parameters = json!({ "USERNAME": seed::username(number), "PASSWORD": password });
    initiate(data, "ADMIN_USER_PASSWORD_AUTH", &parameters)
}

fn initiate(data: &Seeded, flow: &str, parameters: &Value) -> Call {
    let body = json!({
        "UserPoolId": data.pool, "ClientId": data.client, "AuthFlow": flow, "AuthParameters": parameters,
    });
    Call { operation: "AdminInitiateAuth", body: body.to_string(), expected: "\"AccessToken\":\"".to_owned() }
}
