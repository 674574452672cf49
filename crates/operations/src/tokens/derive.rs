//! Making a token that another one was exchanged for.

use std::sync::Arc;

use cognate_crypto::random;
use cognate_domain::claims::{self, Access, TokenIds};
use cognate_domain::token_exchange::Kind;
use cognate_domain::{Client, User, client_rules};
use cognate_model::Secret;
use cognate_store::groups;
use serde_json::{Value, json};

use super::issue::MOST_GROUPS;
use crate::triggers::pre_token_generation::{self, Cause, Source};
use crate::{Context, Error, OpenPool, keys};

/// What a derived token takes from the one that it is exchanged for, and from the request.
pub(super) struct Derived<'a> {
    /// The sign-in, which ends both.
    pub(super) family: Option<[u8; 16]>,
    /// Its event.
    pub(super) event: Option<[u8; 16]>,
    /// When it was (seconds).
    pub(super) auth_time: i64,
    /// When the earlier token ends (seconds).
    pub(super) not_after: i64,
    /// For whom the token is meant.
    pub(super) audience: Option<&'a str>,
    /// What it is good for, separated by spaces.
    pub(super) scope: &'a str,
    /// Who acts for the user.
    pub(super) act: Option<Value>,
}

/// Signs a token; answers it with the seconds that it lives.
pub(super) async fn derive(
    cx: &Context,
    pool: Arc<OpenPool>,
    client: &Client,
    user: &User,
    kind: Kind,
    derived: Derived<'_>,
) -> Result<(Secret, i64), Error> {
    let keys = keys::of_pool(cx, &pool).await?;
    let groups = cx.read(|tx| Ok(groups::of_user(tx, pool.id(), &user.id, "", MOST_GROUPS)?)).await?;
    let cause = Cause { source: Source::Authentication, metadata: None };
    let customization = pre_token_generation::ask(cx, &pool, client, user, &groups, cause).await?;
    let lifetimes = client_rules::token_lifetimes(client);
    let lifetime = match kind {
        Kind::Access => lifetimes.access,
        Kind::Id => lifetimes.id,
    };
    let now = cx.now();
    let expires_at = derived.not_after.min(now.seconds() + lifetime);
    let issuer = cx.settings.issuer_of(pool.id());
    let uuid = |id: &[u8; 16]| random::format_uuid(id);
    let (event, family) = (derived.event.as_ref().map(uuid), derived.family.as_ref().map(uuid));
    let jti = uuid(&random::uuid_v4(cx.random()));
    let grant = claims::Grant {
        issuer: &issuer,
        client_id: client.id(),
        event_id: event.as_deref(),
        auth_time: derived.auth_time,
        issued_at: now.seconds(),
        expires_at,
        ids: family.as_deref().map(|origin_jti| TokenIds { jti: &jti, origin_jti }),
    };
    let mut claims = match kind {
        Kind::Access => claims::access_claims(user, &groups, Access::OAuth(derived.scope), None, &grant),
        Kind::Id => {
            let readable = |attribute: &str| client_rules::readable(client, &pool, attribute);
            claims::id_claims(user, &groups, &readable, &grant)
        }
    };
    match kind {
        Kind::Access => customization.change_access(&mut claims),
        Kind::Id => customization.change_id(&mut claims),
    }
    if let Some(audience) = derived.audience {
        claims.insert("aud".to_owned(), json!(audience));
    }
    if let Some(act) = derived.act {
        claims.insert("act".to_owned(), act);
    }
    let signed = move || -> Result<String, Error> {
        let ring = match kind {
            Kind::Access => &keys.access,
            Kind::Id => &keys.id,
        };
        ring.signer(now)?.sign(&claims).map_err(|_| Error::internal("a token could not be signed"))
    };
    let token = cx.work.run(signed).await??;
    Ok((Secret::from(token), expires_at - now.seconds()))
}
