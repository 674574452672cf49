//! Making tokens: two signed ones, and a sealed refresh token whose family is a row.

use std::sync::Arc;

use cognate_crypto::{random, sealed_token};
use cognate_domain::claims::{self, Access, TokenIds};
use cognate_domain::refresh_rotation::{Rotation, grace_seconds};
use cognate_domain::user::UserId;
use cognate_domain::{Client, User, client_rules, lockout, session_tracking};
use cognate_model::{AuthenticationResultType, Secret, Timestamp};
use cognate_store::refresh_tokens::{self, Family};
use cognate_store::{groups, users};
use serde::{Deserialize, Serialize};

use super::activity::activity;
use crate::auth::{Commit, SignIn};
use crate::directory::{self, Claim};
use crate::events::Attempt;
use crate::triggers::pre_token_generation::{self, Cause, Source};
use crate::triggers::{self, post_authentication};
use crate::{Context, Error, OpenPool, keys};

/// Groups in a token; a user has at most a hundred ("Quotas in Amazon Cognito").
pub(super) const MOST_GROUPS: i64 = 100;

/// How long a family outlives its refresh token: the last access token that came from it lives for a day at most.
const LONGEST_ACCESS: i64 = 86_400;

/// What tokens are issued on: a sign-in that happened at some moment.
pub(crate) struct Grant {
    family: [u8; 16],
    event: [u8; 16],
    auth_time: i64,
    /// `iat`: at a sign-in the moment of the sign-in itself, however long the signing takes.
    issued_at: i64,
    /// `device_key`, where the pool tracks devices.
    device: Option<String>,
}

impl Grant {
    /// The grant of a sign-in.
    pub(crate) fn from_family(family: &Family, issued_at: Timestamp) -> Self {
        let seconds = |micros: i64| micros.div_euclid(1_000_000);
        Self {
            family: family.id,
            event: family.event,
            auth_time: seconds(family.auth_time),
            issued_at: issued_at.seconds(),
            device: family.device.clone(),
        }
    }
}

/// What a refresh token holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    #[serde(rename = "u")]
    pub(crate) user: UserId,
    #[serde(rename = "f")]
    pub(crate) family: [u8; 16],
    #[serde(rename = "c")]
    pub(crate) client: String,
    /// Which of the family's refresh tokens it is.
    #[serde(rename = "g", default, skip_serializing_if = "is_first")]
    pub(crate) generation: i64,
    /// When it ends (microseconds), for the time when its family is forgotten.
    #[serde(rename = "e")]
    pub(crate) expires: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_first(generation: &i64) -> bool {
    *generation == 0
}

impl Held {
    /// The refresh token of a family with this number, as text.
    pub(crate) fn seal(cx: &Context, pool: &OpenPool, family: &Family, generation: i64) -> Result<Secret, Error> {
        let (user, expires) = (family.user, family.expires);
        let held = Self { user, family: family.id, client: family.client.clone(), generation, expires };
        let payload = serde_json::to_vec(&held).map_err(|e| Error::internal(e.to_string()))?;
        Ok(Secret::from(sealed_token::seal_jwe(&pool.refresh_tokens, &payload, cx.random())))
    }

    /// Opens a refresh token of this pool.
    pub(crate) fn open(pool: &OpenPool, token: &str) -> Option<Self> {
        let payload = sealed_token::open_jwe(&pool.refresh_tokens, token).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

/// Ends a sign-in well: tokens of a new family, and the attempt recorded.
pub(crate) async fn sign_in(
    cx: &Context,
    sign_in: &SignIn<'_>,
    user: User,
    attempt: Attempt,
    commit: Commit,
    source: Source,
) -> Result<AuthenticationResultType, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    if triggers::hear_of_sign_ins(pool) {
        // Functions hear of sign-ins that stand, not of those that the transaction below would refuse.
        let hash = user.hidden.password.hash.as_deref();
        cx.read(|tx| commit.look_ahead(tx, pool, &user.id, hash, cx.now())).await?;
    }
    let is_new_device = commit.device.as_ref().is_some_and(|device| device.metadata(pool).is_some());
    post_authentication::tell(cx, sign_in, &user, is_new_device).await?;
    let now = cx.now();
    let lifetimes = client_rules::token_lifetimes(client);
    let most_sessions = session_tracking::limit(pool);
    let family = Family {
        // Time-ordered, so that sessions are listed in the order of the primary key.
        id: random::uuid_v7(cx.random(), now.micros()),
        user: user.id,
        client: client.id().to_owned(),
        event: attempt.id,
        auth_time: now.micros(),
        expires: now.plus_seconds(lifetimes.refresh).micros(),
        revoked: false,
        device: commit.device.as_ref().map(|device| device.key.clone()),
        rotation: Rotation::default(),
        activity: most_sessions.map(|_| activity(cx, sign_in.address.as_deref())),
    };
    let refresh_token = Held::seal(cx, pool, &family, 0)?;
    let cause = Cause { source, metadata: sign_in.metadata.as_ref() };
    let mut result = issue(cx, Arc::clone(pool), client, &user, Grant::from_family(&family, now), cause).await?;
    result.new_device_metadata = commit.device.as_ref().and_then(|device| device.metadata(pool));
    let pool = Arc::clone(pool);
    cx.write(move |tx| {
        let before = commit.check(tx, &pool, &family.user, user.hidden.password.hash.as_deref(), now)?;
        let mut after = before.clone();
        commit.apply(&mut after)?;
        if after != before {
            after.modified = now;
        }
        after.hidden.lockout = lockout::succeeded();
        if after != before {
            directory::update_claiming(tx, &pool, &before, &after, Claim::Refused)?;
        }
        commit.note_device(tx, pool.id(), &family.user, now.micros())?;
        let forgotten = now.plus_seconds(-LONGEST_ACCESS).micros();
        refresh_tokens::forget_ended(tx, pool.id(), &family.user, forgotten)?;
        if let Some(most) = most_sessions {
            // Of two sign-ins at once, the second finds the session of the first.
            users::hold(tx, pool.id(), &family.user)?;
            refresh_tokens::evict(tx, pool.id(), &family.user, now.micros(), most - 1)?;
        }
        refresh_tokens::insert(tx, pool.id(), &family)?;
        attempt.record(tx, &pool, &family.user)
    })
    .await?;
    result.refresh_token = Some(refresh_token);
    Ok(result)
}

/// Signs an access and an ID token.
pub(crate) async fn issue(
    cx: &Context,
    pool: Arc<OpenPool>,
    client: &Client,
    user: &User,
    grant: Grant,
    cause: Cause<'_>,
) -> Result<AuthenticationResultType, Error> {
    let keys = keys::of_pool(cx, &pool).await?;
    let groups = cx.read(|tx| Ok(groups::of_user(tx, pool.id(), &user.id, "", MOST_GROUPS)?)).await?;
    let customization = pre_token_generation::ask(cx, &pool, client, user, &groups, cause).await?;
    let lifetimes = client_rules::token_lifetimes(client);
    let issuer = cx.settings.issuer_of(pool.id());
    let (event_id, origin_jti) = (random::format_uuid(&grant.event), random::format_uuid(&grant.family));
    let jti = || random::format_uuid(&random::uuid_v4(cx.random()));
    let (access_jti, id_jti) = (jti(), jti());
    let is_revocable = is_revocable(&pool, client);
    let claims = |lifetime: i64, jti| claims::Grant {
        issuer: &issuer,
        client_id: client.id(),
        event_id: Some(&event_id),
        auth_time: grant.auth_time,
        issued_at: grant.issued_at,
        expires_at: grant.issued_at + lifetime,
        ids: is_revocable.then_some(TokenIds { jti, origin_jti: &origin_jti }),
    };
    let device = grant.device.as_deref();
    let mut access = claims::access_claims(user, &groups, Access::Api, device, &claims(lifetimes.access, &access_jti));
    let readable = |attribute: &str| client_rules::readable(client, &pool, attribute);
    let mut id = claims::id_claims(user, &groups, &readable, &claims(lifetimes.id, &id_jti));
    customization.change_access(&mut access);
    customization.change_id(&mut id);
    let now = cx.now();
    let signed = move || -> Result<_, Error> {
        let unsigned = |_| Error::internal("a token could not be signed");
        let access = keys.access.signer(now)?.sign(&access).map_err(unsigned)?;
        let id = keys.id.signer(now)?.sign(&id).map_err(unsigned)?;
        Ok((Secret::from(access), Secret::from(id)))
    };
    let (access, id) = cx.work.run(signed).await??;
    Ok(AuthenticationResultType {
        access_token: Some(access),
        id_token: Some(id),
        expires_in: Some(i32::try_from(lifetimes.access).unwrap_or(i32::MAX)),
        token_type: Some("Bearer".to_owned()),
        ..AuthenticationResultType::default()
    })
}

/// Whether tokens name their sign-in, by which they are revoked: not where the client switched revocation off, unless
/// its refresh tokens rotate or the pool lets sessions be revoked one by one.
fn is_revocable(pool: &OpenPool, client: &Client) -> bool {
    client.config.enable_token_revocation != Some(false)
        || grace_seconds(&client.config).is_some()
        || session_tracking::limit(pool).is_some()
}
