//! A second factor: what is asked after the password, and the code of a software token that answers it. A code is good
//! once, so each user answers once.

use std::time::{SystemTime, UNIX_EPOCH};

use cognate_crypto::totp;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use super::sign_in::{self, PASSWORD};
use super::{Against, House, Row, say};
use crate::connection::{Call, once};
use crate::process::Mode;
use crate::{Failure, load, seed};

/// Who has a token: nobody whom another row signs in.
const USERS: std::ops::Range<usize> = 300..seed::SMALL;

/// Both steps; in `dev` alone, because what differs in `serve` is the hash.
pub async fn rows(mode: Mode, house: &House) -> Result<Vec<Row>, Failure> {
    if mode == Mode::Serve {
        return Ok(Vec::new());
    }
    say(&format!("{}: second factors ({})", mode.name(), house.server.id()));
    let tokens = json!({ "Enabled": true });
    let settings = json!({
        "UserPoolId": house.data.pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": tokens,
    });
    ask(house, "SetUserPoolMfaConfig", settings).await?;
    let mut secrets = Vec::new();
    for number in USERS {
        secrets.push(enrol(house, number).await?);
    }
    let begins = USERS.map(|number| Call {
        expected: "\"SOFTWARE_TOKEN_MFA\"".to_owned(),
        ..sign_in::by_password(&house.data, number, PASSWORD)
    });
    let (begun, challenges) = load::each(&house.server, begins.collect()).await?;
    // The next code, which is good already: the present one enrolled the token.
    let step = totp::step_at(now()?) + 1;
    let mut answers = Vec::new();
    for (challenge, secret) in challenges.iter().zip(&secrets) {
        answers.push(answer(house, challenge, &totp::totp(secret, step))?);
    }
    let (answered, _) = load::each(&house.server, answers).await?;
    let data = Some(house.data.users);
    Ok(vec![
        Row::loaded(mode, "AdminInitiateAuth, asked for a code", data, begun).against(&[Against::Echo]),
        Row::loaded(mode, "AdminRespondToAuthChallenge with a code", data, answered)
            .against(&[Against::Signatures, Against::SignaturesTogether])
            .reach("signatures + 1.2 x AdminGetUser"),
    ])
}

/// Gives a user a token; its secret.
async fn enrol(house: &House, number: usize) -> Result<Vec<u8>, Failure> {
    sign_in::set_password(house, number).await?;
    let tokens = once(&house.server, &sign_in::by_password(&house.data, number, PASSWORD)).await?;
    let access = &parse(&tokens)?["AuthenticationResult"]["AccessToken"];
    let begun = ask(house, "AssociateSoftwareToken", json!({ "AccessToken": access })).await?;
    let code = begun["SecretCode"].as_str().ok_or("no secret")?;
    let secret = BASE32_NOPAD.decode(code.as_bytes()).map_err(|e| e.to_string())?;
    let code = totp::totp(&secret, totp::step_at(now()?));
    ask(house, "VerifySoftwareToken", json!({ "AccessToken": access, "UserCode": code })).await?;
    let wanted = json!({ "Enabled": true, "PreferredMfa": true });
    ask(house, "SetUserMFAPreference", json!({ "AccessToken": access, "SoftwareTokenMfaSettings": wanted })).await?;
    Ok(secret)
}

fn answer(house: &House, challenge: &str, code: &str) -> Result<Call, Failure> {
    let challenge = parse(challenge)?;
    let body = json!({
        "UserPoolId": house.data.pool,
        "ClientId": house.data.client,
        "ChallengeName": "SOFTWARE_TOKEN_MFA",
        "Session": challenge["Session"],
        "ChallengeResponses": {
            "USERNAME": challenge["ChallengeParameters"]["USER_ID_FOR_SRP"],
            "SOFTWARE_TOKEN_MFA_CODE": code,
        },
    });
    Ok(Call {
        operation: "AdminRespondToAuthChallenge",
        body: body.to_string(),
        expected: "\"AccessToken\":\"".to_owned(),
    })
}

pub async fn ask(house: &House, operation: &'static str, body: Value) -> Result<Value, Failure> {
    let call = Call { operation, body: body.to_string(), expected: String::new() };
    parse(&once(&house.server, &call).await?)
}

fn parse(body: &str) -> Result<Value, Failure> {
    serde_json::from_str(body).map_err(|e| format!("{body}: {e}"))
}

fn now() -> Result<i64, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
    i64::try_from(since.as_secs()).map_err(|e| e.to_string())
}
