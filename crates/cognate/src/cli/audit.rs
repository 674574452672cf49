//! `cognate audit`: who changed what. It works beside a running server.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use clap::Args;
use cognate::model::Timestamp;
use cognate::{Actor, AuditEntry, AuditFilter, AuditOutcome, UserPools};

use super::{Data, Failure, open_existing, say};

/// How often `--follow` looks for new entries.
const EVERY: Duration = Duration::from_secs(1);
/// How far back it looks, in seconds: servers that share a database may commit in another order than their clocks say.
const OVERLAP: i64 = 60;

#[derive(Args)]
pub(super) struct Options {
    /// Only changes of this pool.
    #[arg(long, value_name = "ID")]
    pool: Option<String>,
    /// Only changes of this user: a sub; or, with --pool, any name by which the user can be found.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only this operation, such as AdminDeleteUser.
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// Only changes from this moment on: a date, a date and time of UTC (2026-01-31T08:00:00Z), or how long ago (90m,
    /// 24h, 7d).
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only changes before this moment.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// How many are shown, the newest of them; all if --since or --until says which, and 100 otherwise.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Go on with what happens from now on, until it is interrupted.
    #[arg(long, conflicts_with = "until")]
    follow: bool,
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let pools = open_existing(&options.data)?;
    let since = options.since.as_deref().map(|text| moment(text, pools.clock().now())).transpose()?;
    let until = options.until.as_deref().map(|text| moment(text, pools.clock().now())).transpose()?;
    let is_bounded = since.is_some() || until.is_some();
    let limit = options.limit.or((!is_bounded).then_some(100)).map(|limit| limit as usize);
    let user = user(&pools, &options).await?;
    let filter = AuditFilter { pool: options.pool, user, operation: options.operation, since, until, limit };
    let begun = pools.clock().now();
    let entries = pools.audit(&filter).await.map_err(|error| error.to_string())?;
    if !options.json {
        say(&row(&["TIME", "OPERATION", "OUTCOME", "WHO", "FROM", "POOL", "USER", "WHAT"].map(str::to_owned)));
    }
    for entry in &entries {
        show(entry, options.json)?;
    }
    if options.follow { follow(&pools, filter, begun, &entries, options.json).await } else { Ok(()) }
}

/// The `sub` of the user who is named. Whoever is gone has no name any more, but still one.
async fn user(pools: &UserPools, options: &Options) -> Result<Option<String>, Failure> {
    let Some(name) = &options.user else { return Ok(None) };
    let found = match &options.pool {
        Some(pool) => pools.sub_of(pool, name).await.ok().flatten(),
        None => None,
    };
    match (found, &options.pool) {
        (Some(sub), _) => Ok(Some(sub)),
        (None, _) if is_sub(name) => Ok(Some(name.clone())),
        (None, Some(pool)) => {
            Err(format!("there is no user {name} in {pool}; name one who is gone by their sub, as entries do"))
        }
        (None, None) => Err(format!("{name} is no sub: name the pool as well, with --pool ID")),
    }
}

/// Whether a text has the form of a `sub`: a UUID.
fn is_sub(text: &str) -> bool {
    let parts = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    parts && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

async fn follow(
    pools: &UserPools,
    filter: AuditFilter,
    begun: Timestamp,
    shown: &[AuditEntry],
    as_json: bool,
) -> Result<(), Failure> {
    let mut seen: HashSet<String> = shown.iter().map(|entry| entry.id.clone()).collect();
    let mut order: VecDeque<(Timestamp, String)> = seen.iter().map(|id| (begun, id.clone())).collect();
    loop {
        tokio::time::sleep(EVERY).await;
        let now = pools.clock().now();
        let since = Some(now.plus_seconds(-OVERLAP).max(begun.plus_seconds(-1)));
        let found = pools.audit(&AuditFilter { since, limit: None, ..filter.clone() }).await;
        for entry in found.map_err(|error| error.to_string())? {
            if seen.insert(entry.id.clone()) {
                order.push_back((now, entry.id.clone()));
                show(&entry, as_json)?;
            }
        }
        while let Some((when, id)) = order.front()
            && *when < now.plus_seconds(-2 * OVERLAP)
        {
            seen.remove(id);
            order.pop_front();
        }
    }
}

/// A moment, or how long before now.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let wrong =
        || format!("{text:?} is neither a date and time, such as 2026-01-31T08:00:00Z, nor a time ago, such as 24h");
    let unit = |unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(86_400),
        _ => None,
    };
    let ago = text.chars().next_back().and_then(unit).zip(text.get(..text.len().saturating_sub(1)));
    if let Some((seconds, number)) = ago
        && let Ok(number) = number.parse::<u32>()
    {
        return Ok(now.plus_seconds(-(i64::from(number) * seconds)));
    }
    let utc = |when: jiff::civil::DateTime| jiff::tz::Offset::UTC.to_timestamp(when).ok();
    let date = || text.parse::<jiff::civil::Date>().ok().and_then(|date| utc(date.at(0, 0, 0, 0)));
    let moment = text.parse::<jiff::Timestamp>().ok();
    let moment = moment.or_else(|| text.parse().ok().and_then(utc)).or_else(date).ok_or_else(wrong)?;
    Ok(Timestamp::from_micros(moment.as_microsecond()))
}

fn show(entry: &AuditEntry, as_json: bool) -> Result<(), Failure> {
    if as_json {
        say(&serde_json::to_string(entry).map_err(|error| error.to_string())?);
        return Ok(());
    }
    let record = &entry.record;
    let outcome = match record.outcome {
        AuditOutcome::Done => "done",
        AuditOutcome::Refused => "refused",
        AuditOutcome::Failed => "failed",
    };
    let outcome = record.error.as_ref().map_or_else(|| outcome.to_owned(), |error| format!("{outcome}: {error}"));
    let resources = record.resource.iter().map(|(name, value)| format!("{name}={value}"));
    let what: Vec<String> = resources.chain(record.fields.iter().cloned()).collect();
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    say(&row(&[
        entry.time.clone(),
        entry.operation.clone(),
        outcome,
        who(&record.actor),
        or_none(&record.address),
        or_none(&entry.pool),
        or_none(&record.user),
        what.join(" "),
    ]));
    Ok(())
}

fn who(actor: &Actor) -> String {
    match actor {
        Actor::Root(_) => "root".to_owned(),
        Actor::AccessKey(id) => id.clone(),
        Actor::Development(id) => format!("dev:{id}"),
        Actor::Unverified(id) => format!("unverified:{id}"),
        Actor::Console(name) => format!("console:{name}"),
        Actor::CommandLine(name) => format!("cli:{name}"),
        Actor::Declaration => "pools-file".to_owned(),
        Actor::Embedded => "embedded".to_owned(),
    }
}

/// A line of the table.
fn row(cells: &[String; 8]) -> String {
    let widths = [27, 28, 10, 22, 15, 20, 36, 0];
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_or_a_time_ago() {
        let now = Timestamp::from_micros(1_000_000_000_000);
        let seconds = |text: &str| moment(text, now).map(Timestamp::seconds);
        assert_eq!(seconds("90m"), Ok(1_000_000 - 5_400));
        assert_eq!(seconds("2d"), Ok(1_000_000 - 172_800));
        assert_eq!(seconds("1970-01-02"), Ok(86_400));
        assert_eq!(seconds("1970-01-01T01:00:00"), Ok(3_600));
        assert_eq!(seconds("1970-01-01T01:00:00+01:00"), Ok(0));
        for wrong in ["", "h", "-1h", "yesterday", "1970-13-01"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
