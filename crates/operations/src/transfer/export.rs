//! Out: pools one after the other, page by page, so that memory does not grow with them.

use std::io::Write;

use cognate_domain::Client;
use cognate_domain::user::UserId;
use cognate_model::Timestamp;
use cognate_store::{DbError, Tx, clients, groups, passkeys, risk_configurations, srp_verifiers, users};
use serde::Serialize;

use super::Stopped;
use super::line::{
    ClientLine, ClientSecretLine, EndLine, FORMAT, GroupLine, HeaderLine, Kind, PoolLine, RiskLine, VERSION,
};
use super::moment::Moment;
use super::user_out::{self, Stored};
use crate::auth::client_secrets;
use crate::{Context, Error, OpenPool};

/// How many rows are read at once.
const PAGE: i64 = 500;
/// More than a user has of anything.
const ALL: i64 = 10_000;

/// Whether hashes and secrets go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// In clear.
    With,
    /// They stay; users with a password will have to choose a new one.
    Without,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Exported {
    /// User pools.
    pub pools: u64,
    /// App clients.
    pub clients: u64,
    /// Groups.
    pub groups: u64,
    /// Users.
    pub users: u64,
}

/// Writes these pools and all in them. Each page is of one moment, and the pages follow each other: of a server that
/// goes on writing, a backup holds one moment where this does not.
pub async fn export(
    cx: &Context,
    pools: &[String],
    secrets: Secrets,
    out: &mut (dyn Write + Send),
    report: &mut (dyn FnMut(&Exported) + Send),
) -> Result<Exported, Stopped> {
    let mut writing = Writing { out, secrets, written: Exported::default() };
    writing.line(&HeaderLine {
        kind: Kind::Header,
        format: FORMAT.to_owned(),
        version: VERSION,
        created: Some(Moment(cx.now())),
        secrets: secrets == Secrets::With,
    })?;
    for id in pools {
        let pool = cx.pool(id).await.map_err(Stopped::because)?;
        writing.line(&PoolLine { kind: Kind::Pool, definition: pool.pool.clone() })?;
        writing.written.pools += 1;
        writing.risk(cx, &pool, None).await?;
        writing.clients(cx, &pool).await?;
        writing.groups(cx, &pool).await?;
        writing.users(cx, &pool, report).await?;
    }
    writing.line(&EndLine { kind: Kind::End, users: writing.written.users })?;
    writing.out.flush().map_err(Stopped::because)?;
    Ok(writing.written)
}

struct Writing<'a> {
    out: &'a mut (dyn Write + Send),
    secrets: Secrets,
    written: Exported,
}

impl Writing<'_> {
    fn line(&mut self, line: &impl Serialize) -> Result<(), Stopped> {
        serde_json::to_writer(&mut *self.out, line).map_err(Stopped::because)?;
        self.out.write_all(b"\n").map_err(Stopped::because)
    }

    async fn risk(&mut self, cx: &Context, pool: &OpenPool, client: Option<&str>) -> Result<(), Stopped> {
        let found = read(cx, |tx| risk_configurations::get(tx, pool.id(), client)).await?;
        let Some(configuration) = found else { return Ok(()) };
        let (pool, client) = (Some(pool.id().to_owned()), client.map(str::to_owned));
        self.line(&RiskLine { kind: Kind::Risk, pool, client, configuration })
    }

    async fn clients(&mut self, cx: &Context, pool: &OpenPool) -> Result<(), Stopped> {
        let mut after = String::new();
        loop {
            let page = read(cx, |tx| clients::list(tx, pool.id(), &after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            last.id().clone_into(&mut after);
            for client in page {
                let id = client.id().to_owned();
                let line = client_line(pool, client, self.secrets).map_err(Stopped::because)?;
                self.line(&line)?;
                self.risk(cx, pool, Some(&id)).await?;
                self.written.clients += 1;
            }
        }
    }

    async fn groups(&mut self, cx: &Context, pool: &OpenPool) -> Result<(), Stopped> {
        let mut after = String::new();
        loop {
            let page = read(cx, |tx| groups::list(tx, pool.id(), &after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.group.group_name.clone().unwrap_or_default();
            for stored in page {
                let pool = Some(pool.id().to_owned());
                self.line(&GroupLine { kind: Kind::Group, pool, group: stored.group })?;
                self.written.groups += 1;
            }
        }
    }

    async fn users(
        &mut self,
        cx: &Context,
        pool: &OpenPool,
        report: &mut (dyn FnMut(&Exported) + Send),
    ) -> Result<(), Stopped> {
        let mut after: Option<UserId> = None;
        loop {
            let page = read(cx, |tx| page(tx, pool.id(), after.as_ref())).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.user.id);
            for stored in page {
                let line = user_out::line(pool, stored, self.secrets).map_err(Stopped::because)?;
                self.line(&line)?;
                self.written.users += 1;
            }
            report(&self.written);
        }
    }
}

async fn read<T: Send>(cx: &Context, reads: impl Fn(&mut dyn Tx) -> Result<T, DbError> + Send) -> Result<T, Stopped> {
    cx.store.read(reads).await.map_err(Stopped::because)
}

/// Users with what belongs to them, all of one moment.
fn page(tx: &mut dyn Tx, pool: &str, after: Option<&UserId>) -> Result<Vec<Stored>, DbError> {
    let mut page = Vec::new();
    for user in users::list(tx, pool, after, PAGE)? {
        let groups = groups::of_user(tx, pool, &user.id, "", ALL)?;
        page.push(Stored {
            groups: groups.into_iter().filter_map(|group| group.group_name).collect(),
            verifier: srp_verifiers::get(tx, pool, &user.id)?,
            passkeys: passkeys::list(tx, pool, &user.id, None, ALL)?,
            user,
        });
    }
    Ok(page)
}

fn client_line(pool: &OpenPool, mut client: Client, secrets: Secrets) -> Result<ClientLine, Error> {
    let values = match secrets {
        Secrets::With => client_secrets(pool, &client)?,
        Secrets::Without => Vec::new(),
    };
    let kept = std::mem::take(&mut client.secrets);
    let secrets = kept.into_iter().zip(values).map(|(kept, value)| ClientSecretLine {
        id: kept.id,
        created: Moment(Timestamp::from_micros(kept.created)),
        secret: value.as_str().to_owned(),
    });
    Ok(ClientLine { kind: Kind::Client, secrets: secrets.collect(), client })
}
