//! `SignUp`: an unconfirmed user, and a code to the address that the pool verifies. Needs no signature. The password
//! may be left out where the pool lets users sign in by codes and they gave an address for them.
//!
//! Errors: ResourceNotFound (client), NotAuthorized (secret hash, sign-up not permitted, unwritable attribute),
//! InvalidPassword, UsernameExists, InvalidParameter (name, schema, required attribute), UserLambdaValidation,
//! UnexpectedLambda, InvalidLambdaResponse (triggers).

use std::sync::Arc;

use cognate_crypto::random;
use cognate_domain::user::{Hidden, UserId};
use cognate_domain::user_status::{self, PasswordLife};
use cognate_domain::usernames::{self, NewName};
use cognate_domain::{User, attribute_rules, client_rules, password_policy, sign_in};
use cognate_model::{EventFilterType, EventResponseType, EventType, SignUpRequest, SignUpResponse, UserStatusType};

use crate::auth::{Api, SignIn, secret_hash, sign_up_session, stated_address};
use crate::directory::{self, Claim};
use crate::events::Attempt;
use crate::hashing::{self, Owner};
use crate::messages::{self, Cause};
use crate::triggers::pre_sign_up::{self, Given};
use crate::triggers::{Occasion, post_confirmation};
use crate::{Context, Error, risk};

pub(crate) async fn handle(cx: &Context, request: SignUpRequest) -> Result<SignUpResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    let given = request.secret_hash.as_deref();
    secret_hash::check(&pool, &client, &[&request.username], given, secret_hash::Wording::Member)?;
    let address = stated_address(&client, request.user_context_data)?;
    let config = pool.config.admin_create_user_config.as_ref();
    if config.and_then(|config| config.allow_admin_create_user_only) == Some(true) {
        return Err(Error::not_authorized("SignUp is not permitted for this user pool"));
    }
    let name = usernames::check_new(&pool, &request.username)?;
    let password = request.password.as_ref().map(cognate_model::Secret::expose).unwrap_or_default();
    let mut is_compromised = false;
    if !password.is_empty() {
        password_policy::check(&pool.password_policy(), password)?;
        let purpose = EventFilterType::SignUp;
        is_compromised = risk::check_new_password(cx, &pool, client.id(), password, purpose).await?;
    }
    let attributes = attribute_rules::for_sign_up(
        &pool,
        &name,
        &|attribute| client_rules::writable(&client, &pool, attribute),
        request.user_attributes.as_deref().unwrap_or_default(),
    )?;
    if password.is_empty() && !sign_in::codes_suffice(&pool, &attributes) {
        // Refused like one that is too short.
        password_policy::check(&pool.password_policy(), password)?;
    }
    let now = cx.now();
    let id: UserId = random::uuid_v7(cx.random(), now.micros());
    let username = match name {
        NewName::Given(username) => username,
        NewName::FromAttribute { .. } => random::format_uuid(&id),
    };
    let occasion = Occasion { pool: &pool, client: Some(&client), user_name: &username };
    let given = Given { validation: request.validation_data.as_deref(), metadata: request.client_metadata.as_ref() };
    let decision = pre_sign_up::ask(cx, occasion, "PreSignUp_SignUp", &attributes, given).await?;
    let new = match password {
        "" => None,
        password => Some(hashing::new_password(cx, &pool, Owner { id, username: &username }, password).await?),
    };
    let mut user = User {
        id,
        username,
        status: UserStatusType::Unconfirmed,
        enabled: true,
        created: now,
        modified: now,
        attributes,
        hidden: Hidden::default(),
        version: 1,
    };
    if let Some(new) = new {
        user_status::set_password(&mut user, &pool.password_policy(), new, PasswordLife::Permanent);
    }
    user.status = UserStatusType::Unconfirmed;
    decision.apply(&mut user)?;
    // Who is confirmed already needs no code for it.
    let target = if decision.confirms { None } else { super::destination(&pool, &user) };
    let metadata = request.client_metadata.as_ref();
    let cause = Cause { occasion: messages::Occasion::SignUp, client: Some(&client), metadata };
    let issued = match &target {
        Some(target) => Some(super::code(cx, &pool, &user, target, cause).await?),
        None => None,
    };
    let claim = if decision.verifies() { Claim::Moved } else { Claim::Refused };
    let sign_in = SignIn::new(Api::Public, &pool, &client, address);
    let mut attempt = Attempt::new(cx, &sign_in, EventType::SignUp).answered(EventResponseType::InProgress);
    if is_compromised {
        attempt = attempt.compromised();
    }
    let issued = Arc::new(issued);
    let (user_sub, session) = (user.sub(), sign_up_session::begin(cx, &pool, &client, &user)?);
    let (written, into, new) = (Arc::clone(&issued), Arc::clone(&pool), user.clone());
    cx.write(move |tx| {
        directory::insert(tx, &into, &new, claim, usernames::taken_at_sign_up)?;
        written.iter().try_for_each(|code| code.insert(tx, &into, &new.id))?;
        attempt.record(tx, &into, &new.id)
    })
    .await?;
    issued.iter().for_each(crate::codes::Issued::announce);
    if decision.confirms {
        let occasion = Occasion { pool: &pool, client: Some(&client), user_name: &user.username };
        post_confirmation::tell(cx, occasion, post_confirmation::SIGN_UP, &user, metadata).await?;
    }
    let code_delivery_details = target.map(|target| target.details());
    Ok(SignUpResponse { user_confirmed: decision.confirms, user_sub, code_delivery_details, session })
}
