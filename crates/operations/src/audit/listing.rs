//! Reading the trail.

use cognate_crypto::random;
use cognate_model::Timestamp;
use cognate_store::audit::{self, Wanted};
use serde::Serialize;

use super::Record;
use crate::{Context, Error, directory};

/// How many entries are read in one transaction.
const PAGE: i64 = 500;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// When, in UTC, to the microsecond.
    pub time: String,
    /// The operation.
    pub operation: String,
    /// The pool; none for what is of no pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub record: Record,
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this pool.
    pub pool: Option<String>,
    /// About the user of this `sub`.
    pub user: Option<String>,
    /// Of this operation.
    pub operation: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// No more than so many, the newest of them.
    pub limit: Option<usize>,
}

/// The lowest id of a moment.
pub(super) fn id_at(micros: i64) -> [u8; 16] {
    let micros = u64::try_from(micros).unwrap_or(0);
    let time = ((micros / 1_000) << 16) | ((micros % 1_000) * 4_096 / 1_000);
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(time.to_be_bytes()) {
        *to = from;
    }
    // The version stands between the time and its fraction.
    let [_, _, _, _, _, _, version, ..] = &mut id;
    *version |= 0x70;
    id
}

/// The entries, oldest first.
pub async fn list(cx: &Context, filter: &Filter) -> Result<Vec<Entry>, Error> {
    let mut after = filter.since.map_or([0; 16], |since| id_at(since.micros()));
    let mut before = filter.until.map_or([u8::MAX; 16], |until| id_at(until.micros()));
    let limit = filter.limit.unwrap_or(usize::MAX);
    let mut found: Vec<Entry> = Vec::new();
    loop {
        let pool = filter.pool.as_deref().unwrap_or_default();
        let operation = filter.operation.as_deref().unwrap_or_default();
        let wanted = Wanted { after: &after, before: &before, pool, operation };
        let page = if filter.limit.is_some() { audit::newest_first } else { audit::oldest_first };
        let page = cx.read(|tx| Ok(page(tx, &wanted, PAGE)?)).await?;
        let Some(last) = page.last() else { break };
        if filter.limit.is_some() {
            before = last.id;
        } else {
            after = last.id;
        }
        for stored in page {
            let entry = read(stored)?;
            if filter.user.is_none() || entry.record.user == filter.user {
                found.push(entry);
            }
        }
        if found.len() >= limit {
            found.truncate(limit);
            break;
        }
    }
    if filter.limit.is_some() {
        found.reverse();
    }
    Ok(found)
}

fn read(stored: audit::Entry) -> Result<Entry, Error> {
    let record = serde_json::from_str(&stored.record).map_err(|error| Error::internal(error.to_string()))?;
    let time = jiff::Timestamp::from_microsecond(random::uuid_v7_micros(&stored.id));
    Ok(Entry {
        id: random::format_uuid(&stored.id),
        time: time.map(|time| format!("{time:.6}")).unwrap_or_default(),
        operation: stored.operation,
        pool: (!stored.pool.is_empty()).then_some(stored.pool),
        record,
    })
}

/// The `sub` of a user who is named as administrators name them; none if there is no such user any more.
pub async fn of_user(cx: &Context, pool: &str, name: &str) -> Result<Option<String>, Error> {
    let pool = cx.pool(pool).await?;
    let user = cx.read(|tx| directory::find(tx, &pool, name)).await?;
    Ok(user.map(|user| random::format_uuid(&user.id)))
}

#[cfg(test)]
mod tests {
    use cognate_crypto::random::SystemRandom;

    use super::*;

    #[test]
    fn the_lowest_id_of_a_moment_lies_between_its_neighbours() {
        for micros in [0, 999, 1_000, 1_700_000_000_123_456] {
            let id = random::uuid_v7(&SystemRandom, micros);
            assert!(id_at(micros) <= id && id < id_at(micros + 1), "{micros}");
        }
    }
}
