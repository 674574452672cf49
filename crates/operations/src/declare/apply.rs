//! Bringing declared pools about.

use std::sync::{Arc, PoisonError};

use cognate_crypto::random;
use cognate_domain::client_rules::{self, ClientIdentity};
use cognate_domain::user::{Hidden, UserId};
use cognate_domain::user_status::{self, PasswordLife};
use cognate_domain::usernames::{self, NewName};
use cognate_domain::{User, attribute_rules, mfa_config, pool_rules};
use cognate_model::{AttributeType, CreateGroupRequest, GroupType, UserStatusType};
use cognate_store::{Tx, clients, groups, user_pools};
use cognate_triggers::Target;

use super::DeclaredPools;
use super::file::{DeclaredClient, DeclaredPool, DeclaredUser};
use crate::audit::Actor;
use crate::directory::{self, Claim};
use crate::hashing::{self, Owner};
use crate::user_pools::change_pool;
use crate::user_pools::create_user_pool::{identity, new_data_key};
use crate::{Context, Error, Handling, OpenPool, clients as app_clients};

/// Declares again what was declared before, after the pools were removed.
pub async fn again(cx: &Context) -> Result<(), Error> {
    let cx = &cx.clone().acting_as(Actor::Declaration, cx.request_id());
    let declared = cx.declared.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for declared in &declared {
        create_missing(cx, declared).await?;
    }
    Ok(())
}

/// Creates what is declared and missing.
pub async fn apply(cx: &Context, declared: &DeclaredPools) -> Result<(), Error> {
    let cx = &cx.clone().acting_as(Actor::Declaration, cx.request_id());
    create_missing(cx, declared).await?;
    cx.declared.lock().unwrap_or_else(PoisonError::into_inner).push(declared.clone());
    Ok(())
}

fn create_missing<'a>(cx: &'a Context, declared: &'a DeclaredPools) -> Handling<'a, ()> {
    Box::pin(create_missing_pools(cx, declared))
}

async fn create_missing_pools(cx: &Context, declared: &DeclaredPools) -> Result<(), Error> {
    for pool in &declared.pools {
        if let Err(error) = apply_pool(cx, pool).await {
            // Another server that starts on the same database may have declared what was missing a moment ago.
            tracing::debug!(%error, pool = pool.id, "declaring again");
            apply_pool(cx, pool).await.map_err(|error| within(&format!("pool {}", pool.id), &error))?;
        }
    }
    Ok(())
}

fn within(place: &str, error: &Error) -> Error {
    Error::internal(format!("{place}: {error}"))
}

async fn apply_pool(cx: &Context, declared: &DeclaredPool) -> Result<(), Error> {
    for webhook in &declared.webhooks {
        cx.functions.put(webhook.arn.clone(), Target::Webhook(webhook.webhook.clone()));
    }
    let pool = match cx.pool(&declared.id).await {
        Err(Error::Refused(_)) => create(cx, declared).await?,
        Ok(pool) => hook_in(cx, declared, pool).await?,
        other => other?,
    };
    for group in &declared.groups {
        add_group(cx, &pool, group).await?;
    }
    for client in &declared.clients {
        add_client(cx, &pool, client).await.map_err(|error| within(&format!("client {}", client.id), &error))?;
    }
    for user in &declared.users {
        add_user(cx, &pool, user).await.map_err(|error| within(&format!("user {}", user.username), &error))?;
    }
    Ok(())
}

/// Names declared webhooks in a pool that is there already: one that did not run would guard nothing.
async fn hook_in(cx: &Context, declared: &DeclaredPool, pool: Arc<OpenPool>) -> Result<Arc<OpenPool>, Error> {
    let before = pool.config.lambda_config.clone().unwrap_or_default();
    let mut after = before.clone();
    for webhook in &declared.webhooks {
        webhook.put(&mut after);
    }
    if after == before {
        return Ok(pool);
    }
    let webhooks = declared.webhooks.clone();
    let cx = &cx.recording("UpdateUserPool", &declared.id, None);
    change_pool(cx, declared.id.clone(), move |_, pool| {
        let config = pool.config.lambda_config.get_or_insert_default();
        for webhook in &webhooks {
            webhook.put(config);
        }
        Ok(())
    })
    .await?;
    cx.pool(&declared.id).await
}

async fn create(cx: &Context, declared: &DeclaredPool) -> Result<Arc<OpenPool>, Error> {
    let mut pool = pool_rules::create_pool(declared.config.clone(), identity(cx, declared.id.clone()))?;
    if let Some(config) = &declared.mfa_config {
        mfa_config::set(&mut pool, config.clone(), cx.now())?;
    }
    pool.leniencies = declared.leniencies;
    let data_key = new_data_key(cx, &pool);
    let cx = &cx.recording("CreateUserPool", &declared.id, None);
    cx.write(move |tx| Ok(user_pools::insert(tx, &pool, &data_key)?)).await?;
    cx.pool(&declared.id).await
}

async fn add_group(cx: &Context, pool: &Arc<OpenPool>, declared: &CreateGroupRequest) -> Result<(), Error> {
    let name = &declared.group_name;
    if cx.read(|tx| Ok(groups::get(tx, pool.id(), name)?)).await?.is_some() {
        return Ok(());
    }
    let cx = &cx.recording("CreateGroup", pool.id(), Some(("GroupName", name)));
    let now = cx.now();
    let group = GroupType {
        group_name: Some(declared.group_name.clone()),
        user_pool_id: Some(pool.id().to_owned()),
        description: declared.description.clone(),
        role_arn: declared.role_arn.clone(),
        precedence: declared.precedence,
        last_modified_date: Some(now),
        creation_date: Some(now),
    };
    let pool = Arc::clone(pool);
    cx.write(move |tx| {
        let name = group.group_name.as_deref().unwrap_or_default();
        if groups::get(tx, pool.id(), name)?.is_none() {
            groups::insert(tx, pool.id(), &group)?;
        }
        Ok(())
    })
    .await
}

async fn add_client(cx: &Context, pool: &Arc<OpenPool>, declared: &DeclaredClient) -> Result<(), Error> {
    // What is there already is not judged again: the pool may have changed since, and the client with it.
    match cx.read(|tx| Ok(clients::pool_of(tx, &declared.id)?)).await? {
        None => {}
        Some(owner) if owner == pool.id() => return Ok(()),
        Some(owner) => return Err(Error::internal(format!("this client id belongs to {owner}"))),
    }
    let identity = ClientIdentity { id: declared.id.clone(), now: cx.now() };
    let mut client = client_rules::create_client(pool, declared.config.clone(), identity)?;
    let generated = || (declared.config.generate_secret == Some(true)).then(|| app_clients::new_secret(cx));
    let secret = declared.config.client_secret.clone().or_else(generated);
    if let Some(secret) = &secret {
        client.secrets.push(app_clients::seal_secret(cx, pool, &client, secret));
    }
    let id = declared.id.clone();
    let cx = &cx.recording("CreateUserPoolClient", pool.id(), None);
    let insert = move |tx: &mut dyn Tx| Ok(clients::insert(tx, &client)?);
    cx.write_and_forget(insert, move |cx| cx.client_changed(&id)).await
}

async fn add_user(cx: &Context, pool: &Arc<OpenPool>, declared: &DeclaredUser) -> Result<(), Error> {
    if cx.read(|tx| directory::find(tx, pool, &declared.username)).await?.is_some() {
        return Ok(());
    }
    let user = new_user(cx, pool, declared).await?;
    let cx = &cx.recording("AdminCreateUser", pool.id(), None);
    let (pool, names) = (Arc::clone(pool), declared.groups.clone());
    cx.write(move |tx| {
        directory::insert(tx, &pool, &user, Claim::Refused, usernames::taken)?;
        for name in &names {
            groups::get(tx, pool.id(), name)?
                .ok_or_else(|| Error::internal(format!("group {name} is not declared")))?;
            groups::add_member(tx, pool.id(), name, &user.id)?;
        }
        Ok(())
    })
    .await
}

async fn new_user(cx: &Context, pool: &Arc<OpenPool>, declared: &DeclaredUser) -> Result<User, Error> {
    let name = usernames::check_new(pool, &declared.username)?;
    let given: Vec<AttributeType> = declared
        .attributes
        .iter()
        .map(|(name, value)| AttributeType { name: name.clone(), value: Some(value.clone()) })
        .collect();
    let attributes = attribute_rules::for_create(pool, &name, &given)?;
    let now = cx.now();
    let id: UserId = match &declared.sub {
        Some(sub) => usernames::parse_sub(sub).ok_or_else(|| Error::internal("sub is not a lower-case UUID"))?,
        None => random::uuid_v7(cx.random(), now.micros()),
    };
    let username = match name {
        NewName::Given(username) => username,
        NewName::FromAttribute { .. } => random::format_uuid(&id),
    };
    let mut user = User {
        id,
        username,
        status: UserStatusType::Confirmed,
        enabled: declared.enabled.unwrap_or(true),
        created: now,
        modified: now,
        attributes,
        hidden: Hidden::default(),
        version: 1,
    };
    // The password is taken as it is, like every other part of the file: the policy is for people.
    let (password, life) = match (&declared.password, &declared.temporary_password) {
        (Some(password), None) => (password, PasswordLife::Permanent),
        (None, Some(password)) => (password, PasswordLife::TemporaryUntil(user_status::temporary_until(pool, now))),
        _ => return Err(Error::internal("give either password or temporary_password")),
    };
    let new = hashing::new_password(cx, pool, Owner::of(&user), password.expose()).await?;
    user_status::set_password(&mut user, &pool.password_policy(), new, life);
    match declared.status {
        None => {}
        Some(status @ (UserStatusType::Unconfirmed | UserStatusType::Confirmed | UserStatusType::ResetRequired)) => {
            user.status = status;
        }
        Some(status) => return Err(Error::internal(format!("a declared user cannot have the status {status}"))),
    }
    Ok(user)
}
