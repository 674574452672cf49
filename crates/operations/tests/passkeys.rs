//! Signing in with a passkey: the two halves of the `WEB_AUTHN` challenge, on a real store.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that trips here fails")]

use std::sync::Arc;

use cognate_crypto::password::HashCost;
use cognate_crypto::seal::MasterKey;
use cognate_crypto::testing::{Authenticator, Ceremony};
use cognate_domain::User;
use cognate_model::{
    AdminCreateUserRequest, AdminGetUserAuthFactorsRequest, AdminInitiateAuthRequest, AdminSetUserPasswordRequest,
    AuthFactorType, CompleteWebAuthnRegistrationRequest, CreateUserPoolClientRequest, CreateUserPoolRequest,
    DeleteWebAuthnCredentialRequest, Exception, GetUserAuthFactorsRequest, SetUserPoolMfaConfigRequest,
    StartWebAuthnRegistrationRequest,
};
use cognate_operations::passkeys::assertion::{self, Verified};
use cognate_operations::{Caller, Context, Error, OpenPool, Request, Services, Settings, directory, send};
use cognate_store::{Store, passkeys};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

const PASSWORD: &str = "Permanent1!";
const RP: &str = "example.com";

/// A pool that takes passkeys.
struct World {
    cx: Context,
    pool: Arc<OpenPool>,
    client: String,
    _folder: tempfile::TempDir,
}

/// A user of it, with a token.
struct Person {
    user: User,
    token: String,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { hash_cost: HashCost::DEV, ..Settings::default() };
        let store = Store::open(folder.path()).unwrap();
        let services = Services::new(store, settings, MasterKey::from_bytes(&[1; 32]));
        let cx = Context::new(Arc::new(services), Caller::default());
        let factors = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}});
        let pool = ask::<CreateUserPoolRequest>(&cx, json!({"PoolName": "people", "Policies": factors})).await.unwrap();
        let id = pool.user_pool.unwrap().id.unwrap();
        let client = json!({"UserPoolId": id, "ClientName": "web",
                            "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
        let client = ask::<CreateUserPoolClientRequest>(&cx, client).await.unwrap();
        let client = client.user_pool_client.unwrap().client_id.unwrap();
        let pool = cx.pool(&id).await.unwrap();
        let mut world = Self { cx, pool, client, _folder: folder };
        world.relying_party(RP, "preferred").await;
        world
    }

    async fn relying_party(&mut self, id: &str, verification: &str) {
        let config = json!({"UserPoolId": self.pool.id(), "MfaConfiguration": "OFF",
                            "WebAuthnConfiguration": {"RelyingPartyId": id, "UserVerification": verification}});
        ask::<SetUserPoolMfaConfigRequest>(&self.cx, config).await.unwrap();
        self.pool = self.cx.pool(self.pool.id()).await.unwrap();
    }

    async fn person(&self, name: &str) -> Person {
        let user = json!({"UserPoolId": self.pool.id(), "Username": name, "MessageAction": "SUPPRESS"});
        ask::<AdminCreateUserRequest>(&self.cx, user).await.unwrap();
        let password = json!({"UserPoolId": self.pool.id(), "Username": name, "Password": PASSWORD, "Permanent": true});
        ask::<AdminSetUserPasswordRequest>(&self.cx, password).await.unwrap();
        let sign_in = json!({"UserPoolId": self.pool.id(), "ClientId": self.client,
                             "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                             "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD}});
        let answer = ask::<AdminInitiateAuthRequest>(&self.cx, sign_in).await.unwrap();
        let token = answer.authentication_result.unwrap().access_token.unwrap().expose().to_owned();
        let user = self.cx.read(|tx| directory::find(tx, &self.pool, name)).await.unwrap().unwrap();
        Person { user, token }
    }

    async fn register(&self, person: &Person, ceremony: impl FnOnce(Ceremony) -> Ceremony) -> Authenticator {
        let start = json!({"AccessToken": person.token});
        let options = ask::<StartWebAuthnRegistrationRequest>(&self.cx, start).await.unwrap();
        let options = options.credential_creation_options;
        let (challenge, rp) = (options["challenge"].as_str().unwrap(), options["rp"]["id"].as_str().unwrap());
        let authenticator = Authenticator::es256();
        let credential = authenticator.register(&ceremony(Ceremony::registration(challenge, rp)));
        let complete = json!({"AccessToken": person.token, "Credential": credential});
        ask::<CompleteWebAuthnRegistrationRequest>(&self.cx, complete).await.unwrap();
        authenticator
    }

    /// A challenge, and the use of a passkey that answers it.
    async fn challenge(&self, person: &Person) -> (Vec<u8>, Ceremony) {
        let (_, challenge) = assertion::options(&self.cx, &self.pool, &person.user).await.unwrap().unwrap();
        let ceremony = Ceremony::assertion(&BASE64URL_NOPAD.encode(&challenge), RP);
        (challenge, ceremony)
    }

    async fn verify(&self, person: &Person, challenge: &[u8], credential: &Value) -> Result<Verified, Error> {
        assertion::verify(&self.cx, &self.pool, &person.user, challenge, &credential.to_string()).await
    }

    async fn counter(&self, person: &Person, authenticator: &Authenticator) -> u32 {
        let (pool, user, id) = (self.pool.id(), &person.user.id, &authenticator.id);
        let found = self.cx.read(|tx| Ok::<_, Error>(passkeys::get(tx, pool, user, id)?)).await.unwrap();
        found.unwrap().counter
    }
}

async fn ask<R: Request>(cx: &Context, input: Value) -> Result<R::Response, Error> {
    send(cx, serde_json::from_value::<R>(input).unwrap()).await
}

fn is_refused<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    match outcome.unwrap_err() {
        Error::Refused(refusal) => {
            assert_eq!(refusal.exception, Exception::NotAuthorized);
            assert_eq!(refusal.message, "Incorrect username or password.");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_user_without_a_passkey_is_offered_none() {
    let mut world = World::new().await;
    let (maria, nina) = (world.person("maria").await, world.person("nina").await);
    world.register(&nina, |ceremony| ceremony).await;
    assert!(!assertion::available(&world.cx, &world.pool, &maria.user).await.unwrap());
    assert_eq!(assertion::options(&world.cx, &world.pool, &maria.user).await.unwrap(), None);
    assert!(assertion::available(&world.cx, &world.pool, &nina.user).await.unwrap());
    world.relying_party("example.org", "preferred").await;
    assert!(!assertion::available(&world.cx, &world.pool, &nina.user).await.unwrap());
    assert_eq!(assertion::options(&world.cx, &world.pool, &nina.user).await.unwrap(), None);
}

#[tokio::test]
async fn the_options_name_the_passkeys_and_a_fresh_challenge() {
    let world = World::new().await;
    let maria = world.person("maria").await;
    let authenticator = world.register(&maria, |ceremony| ceremony).await;
    let (first, challenge) = assertion::options(&world.cx, &world.pool, &maria.user).await.unwrap().unwrap();
    let options: Value = serde_json::from_str(&first).unwrap();
    let id = BASE64URL_NOPAD.encode(&authenticator.id);
    assert_eq!(
        options,
        json!({"challenge": BASE64URL_NOPAD.encode(&challenge), "timeout": 180_000, "rpId": RP,
               "allowCredentials": [{"type": "public-key", "id": id, "transports": ["internal"]}],
               "userVerification": "preferred"})
    );
    let (_, another) = assertion::options(&world.cx, &world.pool, &maria.user).await.unwrap().unwrap();
    assert_eq!(challenge.len(), 32);
    assert_ne!(challenge, another);
}

#[tokio::test]
async fn a_passkey_lets_its_user_in_and_its_count_is_kept() {
    let world = World::new().await;
    let maria = world.person("maria").await;
    let authenticator = world.register(&maria, |ceremony| Ceremony { counter: 3, ..ceremony }).await;
    assert_eq!(world.counter(&maria, &authenticator).await, 3);
    let (challenge, ceremony) = world.challenge(&maria).await;
    let credential = authenticator.assert(&Ceremony { counter: 7, ..ceremony }, Some(&maria.user.sub()));
    let verified = world.verify(&maria, &challenge, &credential).await.unwrap();
    let credential_id = BASE64URL_NOPAD.encode(&authenticator.id);
    assert_eq!(verified, Verified { user_verified: true, credential_id });
    assert_eq!(world.counter(&maria, &authenticator).await, 7);
    for stale in [7, 6, 0] {
        let (challenge, ceremony) = world.challenge(&maria).await;
        let credential = authenticator.assert(&Ceremony { counter: stale, ..ceremony }, None);
        is_refused(world.verify(&maria, &challenge, &credential).await);
    }
    assert_eq!(world.counter(&maria, &authenticator).await, 7);
}

#[tokio::test]
async fn of_parallel_uses_with_one_count_one_lets_in() {
    let world = World::new().await;
    let maria = world.person("maria").await;
    let authenticator = world.register(&maria, |ceremony| ceremony).await;
    let (challenge, ceremony) = world.challenge(&maria).await;
    let credential = authenticator.assert(&Ceremony { counter: 1, ..ceremony }, None).to_string();
    let mut checked = Vec::new();
    for _ in 0..10 {
        checked.push(assertion::check(&world.cx, &world.pool, &maria.user, &challenge, &credential).await.unwrap());
    }
    let writes = checked.into_iter().map(|checked| {
        let pool = Arc::clone(&world.pool);
        let cx = world.cx.clone();
        tokio::spawn(async move { cx.write(move |tx| checked.record(tx, &pool)).await })
    });
    let mut let_in = 0;
    for write in writes.collect::<Vec<_>>() {
        match write.await.unwrap() {
            Ok(()) => let_in += 1,
            refused => is_refused(refused),
        }
    }
    assert_eq!(let_in, 1);
}

#[tokio::test]
async fn a_passkey_lets_nobody_else_in() {
    let world = World::new().await;
    let (maria, nina) = (world.person("maria").await, world.person("nina").await);
    let marias = world.register(&maria, |ceremony| ceremony).await;
    world.register(&nina, |ceremony| ceremony).await;
    let (challenge, ceremony) = world.challenge(&nina).await;
    for handle in [None, Some(maria.user.sub()), Some(nina.user.sub())] {
        let credential = marias.assert(&ceremony, handle.as_deref());
        is_refused(world.verify(&nina, &challenge, &credential).await);
    }
}

#[tokio::test]
async fn an_answer_to_another_challenge_lets_nobody_in() {
    let world = World::new().await;
    let maria = world.person("maria").await;
    let authenticator = world.register(&maria, |ceremony| ceremony).await;
    let (_, earlier) = world.challenge(&maria).await;
    let (challenge, _) = world.challenge(&maria).await;
    is_refused(world.verify(&maria, &challenge, &authenticator.assert(&earlier, None)).await);
    for nonsense in ["", "{}", "null"] {
        is_refused(assertion::verify(&world.cx, &world.pool, &maria.user, &challenge, nonsense).await);
    }
}

#[tokio::test]
async fn a_pool_that_asks_for_verification_gets_it() {
    let mut world = World::new().await;
    let maria = world.person("maria").await;
    let authenticator = world.register(&maria, |ceremony| ceremony).await;
    let unverified = |ceremony: Ceremony| Ceremony { flags: Ceremony::PRESENT, ..ceremony };
    let (challenge, ceremony) = world.challenge(&maria).await;
    let credential = authenticator.assert(&unverified(ceremony), None);
    assert!(!world.verify(&maria, &challenge, &credential).await.unwrap().user_verified);
    world.relying_party(RP, "required").await;
    let (challenge, ceremony) = world.challenge(&maria).await;
    is_refused(world.verify(&maria, &challenge, &authenticator.assert(&unverified(ceremony.clone()), None)).await);
    assert!(world.verify(&maria, &challenge, &authenticator.assert(&ceremony, None)).await.unwrap().user_verified);
}

#[tokio::test]
async fn a_user_whose_passkeys_stand_for_two_factors_is_verified() {
    let world = World::new().await;
    let mut maria = world.person("maria").await;
    let authenticator = world.register(&maria, |ceremony| ceremony).await;
    maria.user.hidden.mfa.web_authn = true;
    let (options, challenge) = assertion::options(&world.cx, &world.pool, &maria.user).await.unwrap().unwrap();
    let options: Value = serde_json::from_str(&options).unwrap();
    assert_eq!(options["userVerification"], "required");
    let ceremony = Ceremony::assertion(&BASE64URL_NOPAD.encode(&challenge), RP);
    let unverified = authenticator.assert(&Ceremony { flags: Ceremony::PRESENT, ..ceremony.clone() }, None);
    is_refused(world.verify(&maria, &challenge, &unverified).await);
    world.verify(&maria, &challenge, &authenticator.assert(&ceremony, None)).await.unwrap();
}

#[tokio::test]
async fn a_passkey_is_a_factor_of_its_user() {
    let mut world = World::new().await;
    let maria = world.person("maria").await;
    let factors = async |world: &World| {
        let question = json!({"UserPoolId": world.pool.id(), "Username": "maria"});
        let administrators = ask::<AdminGetUserAuthFactorsRequest>(&world.cx, question).await.unwrap();
        let own = ask::<GetUserAuthFactorsRequest>(&world.cx, json!({"AccessToken": maria.token})).await.unwrap();
        assert_eq!(administrators.configured_user_auth_factors, own.configured_user_auth_factors);
        own.configured_user_auth_factors.unwrap()
    };
    assert_eq!(factors(&world).await, [AuthFactorType::Password]);
    world.register(&maria, |ceremony| ceremony).await;
    assert_eq!(factors(&world).await, [AuthFactorType::Password, AuthFactorType::WebAuthn]);
    world.relying_party("example.org", "preferred").await;
    assert_eq!(factors(&world).await, [AuthFactorType::Password]);
}

#[tokio::test]
async fn a_deleted_passkey_lets_nobody_in_even_when_it_was_checked_before() {
    let world = World::new().await;
    let maria = world.person("maria").await;
    let authenticator = world.register(&maria, |ceremony| ceremony).await;
    let (challenge, ceremony) = world.challenge(&maria).await;
    let credential = authenticator.assert(&ceremony, None);
    let text = credential.to_string();
    let checked = assertion::check(&world.cx, &world.pool, &maria.user, &challenge, &text).await.unwrap();
    let delete = json!({"AccessToken": maria.token, "CredentialId": BASE64URL_NOPAD.encode(&authenticator.id)});
    ask::<DeleteWebAuthnCredentialRequest>(&world.cx, delete).await.unwrap();
    let pool = Arc::clone(&world.pool);
    is_refused(world.cx.write(move |tx| checked.record(tx, &pool)).await);
    is_refused(world.verify(&maria, &challenge, &credential).await);
}
