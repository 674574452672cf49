//! Signing in by SRP: a challenge, and a proof. A proof may be repeated while its block lives, so that the client's half
//! is calculated once and not measured.

use std::sync::Arc;

use cognate_crypto::random::SystemRandom;
use cognate_crypto::srp::Identity;
use cognate_crypto::srp::client::{ChallengeTexts, SrpClient};
use serde_json::{Value, json};

use super::bare::{self, Costs};
use super::sign_in::PASSWORD;
use super::{Against, Figure, House, Row, say};
use crate::connection::{Call, Turn, once};
use crate::load::{self, CONNECTIONS, Job, Work};
use crate::process::Mode;
use crate::seed;
use crate::{Bench, Failure};

const TIMESTAMP: &str = "Fri Feb 9 07:05:03 UTC 2024";

/// Both steps, their sum, and what they cannot do without.
pub async fn rows(bench: &Bench, mode: Mode, house: &House) -> Result<Vec<Row>, Failure> {
    say(&format!("{}: signing in by SRP", mode.name()));
    let bodies = proofs(house, 4 * CONNECTIONS).await?;
    let costs = Costs::new()?;
    let (powers, sign) = (|| costs.powers(), || costs.sign());
    let jobs = [
        Job::Requests(&house.server, begins(house)),
        Job::Requests(&house.server, answers(bodies)),
        Job::Calls(1, &powers),
        Job::Calls(1, &sign),
    ];
    let names = ["AdminInitiateAuth by SRP", "AdminRespondToAuthChallenge by SRP", bare::POWERS, bare::SRP_SIGNATURES];
    let loads = load::run(bench.length, &jobs).await?;
    let data = Some(house.data.users);
    let mut rows: Vec<Row> = names
        .into_iter()
        .zip(loads)
        .map(|(name, load)| Row::loaded(mode, name, data.filter(|_| load.times.is_some()), load))
        .collect();
    let cpu = |row: Option<&Row>| match row.map(|row| row.figure) {
        Some(Figure::Cpu(cpu)) => cpu,
        _ => 0.0,
    };
    let both = Figure::Cpu(cpu(rows.first()) + cpu(rows.get(1)));
    let row = Row::new(mode, "a sign-in by SRP, both steps", data, both);
    rows.insert(2, row.against(&[Against::Srp]).reach("1.10 x powers + signatures"));
    Ok(rows)
}

fn begin(house: &House, number: usize, value: &str) -> Call {
    let data = &house.data;
    let parameters = json!({ "USERNAME": seed::username(number), "SRP_A": value });
    let body = json!({
        "UserPoolId": data.pool, "ClientId": data.client, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters,
    });
    Call { operation: "AdminInitiateAuth", body: body.to_string(), expected: "\"SRP_B\":\"".to_owned() }
}

fn begins(house: &House) -> Work {
    let value = SrpClient::new(&SystemRandom).public_value();
    let calls: Vec<String> = (0..4 * CONNECTIONS).map(|number| begin(house, number, &value).body).collect();
    Arc::new(move |turn: Turn<'_>| Call {
        operation: "AdminInitiateAuth",
        body: calls.get(turn.random.below(calls.len())).cloned().unwrap_or_default(),
        expected: "\"SRP_B\":\"".to_owned(),
    })
}

/// The bodies of right proofs, one for each of some users.
async fn proofs(house: &House, users: usize) -> Result<Vec<String>, Failure> {
    let data = &house.data;
    let prefix = data.pool.rsplit_once('_').map_or("", |(_, name)| name);
    let mut bodies = Vec::with_capacity(users);
    for number in 0..users {
        let client = SrpClient::new(&SystemRandom);
        let answer = once(&house.server, &begin(house, number, &client.public_value())).await?;
        let answer: Value = serde_json::from_str(&answer).map_err(|e| e.to_string())?;
        let text = |name: &str| answer["ChallengeParameters"][name].as_str().unwrap_or_default();
        let told = ChallengeTexts { salt: text("SALT"), public: text("SRP_B"), block: text("SECRET_BLOCK") };
        let name = text("USER_ID_FOR_SRP");
        let signature = client.prove(Identity { prefix, name }, PASSWORD, &told, TIMESTAMP);
        let responses = json!({
            "USERNAME": name, "TIMESTAMP": TIMESTAMP, "PASSWORD_CLAIM_SECRET_BLOCK": told.block,
            "PASSWORD_CLAIM_SIGNATURE": signature.ok_or("a challenge is malformed")?,
        });
        let body = json!({
            "UserPoolId": data.pool, "ClientId": data.client, "ChallengeName": "PASSWORD_VERIFIER",
            "ChallengeResponses": responses,
        });
        bodies.push(body.to_string());
    }
    Ok(bodies)
}

/// Each connection has users of its own: nobody signs in twice at once.
fn answers(bodies: Vec<String>) -> Work {
    Arc::new(move |turn: Turn<'_>| {
        let number = turn.random.below(bodies.len() / CONNECTIONS) * CONNECTIONS + turn.connection;
        Call {
            operation: "AdminRespondToAuthChallenge",
            body: bodies.get(number).cloned().unwrap_or_default(),
            expected: "\"AccessToken\":\"".to_owned(),
        }
    })
}
