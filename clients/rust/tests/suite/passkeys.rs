//! Passkeys of a signed-in user. Every refusal of a credential is in the other suites; here the SDK reads and writes
//! the documents.

use std::collections::HashMap;

use aws_smithy_types::{Document, Number};
use cognate_crypto::testing::{Authenticator, Ceremony};
use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::complete_web_authn_registration::{
    CompleteWebAuthnRegistrationError, CompleteWebAuthnRegistrationOutput,
};
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AuthFactorType, SignInPolicyType, UserPoolMfaType, UserPoolPolicyType, UserVerificationType,
    WebAuthnConfigurationType,
};
use cognate_testkit::aws_sdk_cognitoidentityprovider::{config::http::HttpResponse, error::SdkError};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::fixtures::{Pool, a_pool, a_pool_with};
use crate::refusals::{BAD_TOKEN, INVALID_ACCESS_TOKEN, REVOKED_ACCESS_TOKEN, refused, violates};

const RP: &str = "example.com";

fn first_factors() -> UserPoolPolicyType {
    let factors = SignInPolicyType::builder()
        .allowed_first_auth_factors(AuthFactorType::Password)
        .allowed_first_auth_factors(AuthFactorType::WebAuthn);
    UserPoolPolicyType::builder().sign_in_policy(factors.build()).build()
}

async fn a_pool_with_passkeys() -> Pool {
    let pool = a_pool_with(|pool| pool.policies(first_factors())).await;
    let config = WebAuthnConfigurationType::builder().relying_party_id(RP);
    let config = config.user_verification(UserVerificationType::Preferred).build();
    let request = pool.set_user_pool_mfa_config().mfa_configuration(UserPoolMfaType::Off);
    request.web_authn_configuration(config).send().await.unwrap();
    pool
}

impl Pool {
    async fn token_of(&self, username: &str) -> String {
        self.user(username).await;
        self.tokens_of(username).await.access
    }

    /// The options of a new registration.
    async fn start(&self, token: &str) -> Value {
        let answer = self.sdk.start_web_authn_registration().access_token(token).send().await.unwrap();
        to_json(&answer.credential_creation_options)
    }

    async fn complete(
        &self,
        token: &str,
        credential: &Value,
    ) -> Result<CompleteWebAuthnRegistrationOutput, SdkError<CompleteWebAuthnRegistrationError, HttpResponse>> {
        let request = self.sdk.complete_web_authn_registration().access_token(token);
        request.credential(to_document(credential)).send().await
    }

    /// Registers a new authenticator; answers the id of its credential.
    async fn register(&self, token: &str) -> String {
        let authenticator = Authenticator::es256();
        let ceremony = Ceremony::registration(self.start(token).await["challenge"].as_str().unwrap(), RP);
        self.complete(token, &authenticator.register(&ceremony)).await.unwrap();
        BASE64URL_NOPAD.encode(&authenticator.id)
    }

    async fn passkeys_of(&self, token: &str) -> Vec<String> {
        let answer = self.sdk.list_web_authn_credentials().access_token(token).send().await.unwrap();
        answer.credentials.into_iter().map(|credential| credential.credential_id).collect()
    }
}

fn to_json(document: &Document) -> Value {
    match document {
        Document::Object(members) => {
            Value::Object(members.iter().map(|(name, member)| (name.clone(), to_json(member))).collect())
        }
        Document::Array(elements) => Value::Array(elements.iter().map(to_json).collect()),
        Document::Number(Number::PosInt(number)) => json!(number),
        Document::Number(Number::NegInt(number)) => json!(number),
        Document::Number(Number::Float(number)) => json!(number),
        Document::String(text) => json!(text),
        Document::Bool(value) => json!(value),
        Document::Null => Value::Null,
    }
}

fn to_document(value: &Value) -> Document {
    match value {
        Value::Object(members) => Document::Object(
            members.iter().map(|(name, member)| (name.clone(), to_document(member))).collect::<HashMap<_, _>>(),
        ),
        Value::Array(elements) => Document::Array(elements.iter().map(to_document).collect()),
        Value::Number(number) => Document::Number(Number::NegInt(number.as_i64().unwrap())),
        Value::String(text) => Document::String(text.clone()),
        Value::Bool(value) => Document::Bool(*value),
        Value::Null => Document::Null,
    }
}

#[tokio::test]
async fn start_web_authn_registration_answers_a_document() {
    let pool = a_pool_with_passkeys().await;
    let sub = pool.user("maria").await;
    let token = pool.tokens_of("maria").await.access;
    let options = pool.start(&token).await;
    let id = BASE64URL_NOPAD.encode(sub.as_bytes());
    assert_eq!(options["user"], json!({"id": id, "name": "maria", "displayName": "maria"}));
    assert_eq!(options["rp"], json!({"id": RP, "name": RP}));
    assert_eq!(options["pubKeyCredParams"][0], json!({"type": "public-key", "alg": -7}));
}

#[tokio::test]
async fn start_web_authn_registration_refuses_a_pool_that_takes_no_passkeys() {
    let pool = a_pool().await;
    let token = pool.token_of("maria").await;
    refused(
        pool.sdk.start_web_authn_registration().access_token(&token).send().await,
        "WebAuthnNotEnabledException: Passkey sign-in is not enabled for this user pool.",
    );
    let pool = a_pool_with(|pool| pool.policies(first_factors())).await;
    let token = pool.token_of("maria").await;
    refused(
        pool.sdk.start_web_authn_registration().access_token(&token).send().await,
        "WebAuthnConfigurationMissingException: The user pool has no relying party: set WebAuthnConfiguration with \
         SetUserPoolMfaConfig.",
    );
}

#[tokio::test]
async fn complete_web_authn_registration_keeps_a_passkey() {
    let pool = a_pool_with_passkeys().await;
    let token = pool.token_of("maria").await;
    let id = pool.register(&token).await;
    assert_eq!(pool.passkeys_of(&token).await, [id]);
}

#[tokio::test]
async fn complete_web_authn_registration_refuses_what_does_not_hold() {
    let pool = a_pool_with_passkeys().await;
    let token = pool.token_of("maria").await;
    let authenticator = Authenticator::es256();
    let stale = authenticator.register(&Ceremony::registration(&BASE64URL_NOPAD.encode(&[1; 32]), RP));
    let none = "WebAuthnChallengeNotFoundException: There is no challenge for this registration, or it has expired.";
    refused(pool.complete(&token, &stale).await, none);
    let good = Ceremony::registration(pool.start(&token).await["challenge"].as_str().unwrap(), RP);
    refused(pool.complete(&token, &stale).await, none);
    let mut foreign = good.clone();
    foreign.client_data["origin"] = json!("https://evil.org");
    refused(
        pool.complete(&token, &authenticator.register(&foreign)).await,
        "WebAuthnOriginNotAllowedException: The origin of the credential is not allowed.",
    );
    let other = Ceremony { relying_party: "example.org".to_owned(), ..good.clone() };
    refused(
        pool.complete(&token, &authenticator.register(&other)).await,
        "WebAuthnRelyingPartyMismatchException: The credential belongs to another relying party.",
    );
    let absent = Ceremony { flags: Ceremony::ATTESTED, ..good.clone() };
    refused(
        pool.complete(&token, &authenticator.register(&absent)).await,
        "WebAuthnCredentialNotSupportedException: The authenticator did not see its user.",
    );
    refused(
        pool.complete(&token, &json!({})).await,
        "InvalidParameterException: The credential is malformed: members.",
    );
    let elsewhere = pool.seen_by(&pool.client_with(|client| client).await.0).tokens_of("maria").await.access;
    refused(
        pool.complete(&elsewhere, &authenticator.register(&good)).await,
        "WebAuthnClientMismatchException: The registration was started with another app client.",
    );
    pool.complete(&token, &authenticator.register(&good)).await.unwrap();
}

#[tokio::test]
async fn complete_web_authn_registration_refuses_a_challenge_after_five_minutes() {
    let pool = a_pool_with_passkeys().await;
    let token = pool.token_of("maria").await;
    let ceremony = Ceremony::registration(pool.start(&token).await["challenge"].as_str().unwrap(), RP);
    pool.wait(300);
    refused(
        pool.complete(&token, &Authenticator::es256().register(&ceremony)).await,
        "WebAuthnChallengeNotFoundException: There is no challenge for this registration, or it has expired.",
    );
}

#[tokio::test]
async fn list_web_authn_credentials_comes_page_by_page() {
    let pool = a_pool_with_passkeys().await;
    let token = pool.token_of("maria").await;
    let mut registered = Vec::new();
    for _ in 0..3 {
        registered.push(pool.register(&token).await);
    }
    let pages = pool.sdk.list_web_authn_credentials().access_token(&token).max_results(2);
    let first = pages.clone().send().await.unwrap();
    let second = pages.clone().next_token(first.next_token.unwrap()).send().await.unwrap();
    assert_eq!(second.next_token, None);
    let listed = first.credentials.into_iter().chain(second.credentials);
    assert_eq!(listed.map(|credential| credential.credential_id).collect::<Vec<_>>(), registered);
    refused(pages.next_token("nonsense").send().await, BAD_TOKEN);
    violates(
        pool.sdk.list_web_authn_credentials().access_token(&token).max_results(21).send().await,
        "'21' at 'maxResults'",
        "Member must have value less than or equal to 20",
    );
}

#[tokio::test]
async fn delete_web_authn_credential_removes_the_user_s_own() {
    let pool = a_pool_with_passkeys().await;
    let (maria, john) = (pool.token_of("maria").await, pool.token_of("john").await);
    let id = pool.register(&maria).await;
    let delete = |token: &str| pool.sdk.delete_web_authn_credential().access_token(token).credential_id(&id);
    let unknown = "ResourceNotFoundException: Passkey does not exist.";
    refused(delete(&john).send().await, unknown);
    delete(&maria).send().await.unwrap();
    refused(delete(&maria).send().await, unknown);
    assert!(pool.passkeys_of(&maria).await.is_empty());
}

#[tokio::test]
async fn passkeys_are_for_who_is_signed_in() {
    let pool = a_pool_with_passkeys().await;
    let token = pool.token_of("maria").await;
    pool.admin_delete_user("maria").send().await.unwrap();
    for (token, expected) in [("not.a.token", INVALID_ACCESS_TOKEN), (token.as_str(), REVOKED_ACCESS_TOKEN)] {
        refused(pool.sdk.start_web_authn_registration().access_token(token).send().await, expected);
        refused(pool.complete(token, &json!({})).await, expected);
        refused(pool.sdk.list_web_authn_credentials().access_token(token).send().await, expected);
        refused(
            pool.sdk.delete_web_authn_credential().access_token(token).credential_id("AAAA").send().await,
            expected,
        );
    }
}
