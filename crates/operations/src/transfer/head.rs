//! Lines that are not about users: each is written at once, unless what it is about is there already.

use cognate_domain::Pool;
use cognate_domain::client::ClientSecret;
use cognate_store::{clients, groups, risk_configurations, user_pools};
use zeroize::Zeroizing;

use super::import::Report;
use super::line::{ClientLine, FORMAT, GroupLine, HeaderLine, PoolLine, RiskLine, VERSION};
use super::target::{Targets, told};
use crate::auth::client_secret_place;
use crate::user_pools::create_user_pool::new_data_key;
use crate::{Context, Error};

/// Whether a thing is new here.
#[derive(PartialEq, Eq)]
enum Found {
    New,
    Present,
}

pub(super) fn check_header(line: &HeaderLine) -> Result<(), String> {
    if line.format != FORMAT {
        return Err(format!("the format is {:?}, not {FORMAT:?}", line.format));
    }
    if line.version > VERSION {
        return Err(format!("the file has version {} of the format; this program knows {VERSION}", line.version));
    }
    Ok(())
}

pub(super) async fn pool(
    cx: &Context,
    targets: &mut Targets,
    report: &mut Report,
    line: PoolLine,
) -> Result<(), String> {
    let pool = line.definition;
    check_id(&pool)?;
    if !targets.redirects() {
        let data_key = new_data_key(cx, &pool);
        let stored = pool.clone();
        let found = write(cx, move |tx| {
            if user_pools::exists(tx, stored.id())? {
                return Ok(Found::Present);
            }
            user_pools::insert(tx, &stored, &data_key)?;
            Ok(Found::New)
        });
        report.pools += u64::from(found.await? == Found::New);
    }
    targets.note(cx, &pool).await
}

/// Ids are parts of addresses and keys.
fn check_id(pool: &Pool) -> Result<(), String> {
    let is_word =
        |text: &str, also: char| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == also);
    let (region, name) = pool.id().split_once('_').unwrap_or_default();
    if pool.id().len() <= 55 && is_word(region, '-') && is_word(name, '0') {
        return Ok(());
    }
    Err(format!("{:?} is no id of a user pool", pool.id()))
}

pub(super) async fn client(
    cx: &Context,
    targets: &mut Targets,
    report: &mut Report,
    line: ClientLine,
) -> Result<(), String> {
    let mut client = line.client;
    let target = targets.open(cx, Some(client.pool()).filter(|id| !id.is_empty())).await?;
    let pool = &target.pool;
    client.config.user_pool_id = Some(pool.id().to_owned());
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '+';
    if !(1..=128).contains(&client.id().len()) || !client.id().chars().all(is_letter) {
        return Err(format!("{:?} is no id of an app client", client.id()));
    }
    if line.secrets.len() > 2 {
        return Err("an app client has two secrets at most".to_owned());
    }
    client.secrets = line
        .secrets
        .into_iter()
        .map(|secret| {
            let place = client_secret_place(pool.id(), client.id(), &secret.id);
            let value = Zeroizing::new(secret.secret);
            let sealed = pool.at_rest.seal(value.as_bytes(), &place, cx.random());
            ClientSecret { id: secret.id, sealed, created: secret.created.0.micros() }
        })
        .collect();
    let stored = client.clone();
    let found = write(cx, move |tx| match clients::pool_of(tx, stored.id())? {
        Some(owner) if owner == stored.pool() => Ok(Found::Present),
        Some(owner) => Err(Error::invalid(format!("the app client {} belongs to {owner}", stored.id()))),
        None => {
            clients::insert(tx, &stored)?;
            Ok(Found::New)
        }
    });
    report.clients += u64::from(found.await? == Found::New);
    Ok(())
}

pub(super) async fn risk(cx: &Context, targets: &mut Targets, line: RiskLine) -> Result<(), String> {
    let target = targets.open(cx, line.pool.as_deref()).await?;
    let RiskLine { client, configuration, .. } = line;
    write(cx, move |tx| {
        let pool = target.pool.id();
        if risk_configurations::get(tx, pool, client.as_deref())?.is_none() {
            risk_configurations::put(tx, pool, client.as_deref(), &configuration)?;
        }
        Ok(())
    })
    .await
}

pub(super) async fn group(
    cx: &Context,
    targets: &mut Targets,
    report: &mut Report,
    line: GroupLine,
) -> Result<(), String> {
    let mut group = line.group;
    let named = line.pool.or_else(|| group.user_pool_id.clone());
    let target = targets.open(cx, named.as_deref()).await?;
    group.user_pool_id = Some(target.pool.id().to_owned());
    let name = group.group_name.clone().unwrap_or_default();
    if !(1..=128).contains(&name.chars().count()) || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("group_name has 1 to 128 characters, none of them a space".to_owned());
    }
    let now = cx.now();
    group.creation_date.get_or_insert(now);
    group.last_modified_date.get_or_insert(now);
    let found = write(cx, move |tx| {
        if groups::get(tx, target.pool.id(), &name)?.is_some() {
            return Ok(Found::Present);
        }
        groups::insert(tx, target.pool.id(), &group)?;
        Ok(Found::New)
    });
    report.groups += u64::from(found.await? == Found::New);
    Ok(())
}

async fn write<T: Send + 'static>(
    cx: &Context,
    transaction: impl Fn(&mut dyn cognate_store::Tx) -> Result<T, Error> + Send + 'static,
) -> Result<T, String> {
    cx.write(transaction).await.map_err(|error| told(&error))
}
