//! `ListUsers`: all users, or those that a filter finds, page by page.
//!
//! Every search is a range of an index, so a page costs the same at any size of the pool. Only searches for a value
//! that nearly every user has (`CONFIRMED`, enabled) read the users themselves, a bounded number a page.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (filter, attribute, token).

use std::collections::BTreeSet;

use cognate_domain::filter::{self, Comparison, Filter, FilterAttribute};
use cognate_domain::user::UserId;
use cognate_domain::usernames::{self, AliasKind};
use cognate_domain::{User, attribute_rules};
use cognate_model::{ListUsersRequest, ListUsersResponse, UserStatusType};
use cognate_store::user_index::{self, Place};
use cognate_store::{Tx, users};
use serde::{Deserialize, Serialize};

use super::user_type;
use crate::{Context, Error, OpenPool, directory, page};

/// How many users one page may look at where no index helps; a page may be short and still have a successor.
const MOST_READ: i64 = 2_000;

/// Where a page ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Position {
    value: Vec<u8>,
    user: UserId,
}

/// A page with the position of its last entry, if there may be more.
struct Page {
    users: Vec<User>,
    next: Option<Position>,
}

pub(crate) async fn handle(cx: &Context, request: ListUsersRequest) -> Result<ListUsersResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let text = request.filter.as_deref().unwrap_or_default();
    let filter = filter::parse(text)?;
    let wanted = request
        .attributes_to_get
        .as_deref()
        .filter(|names| !names.is_empty())
        .map(|names| attribute_rules::requested_names(&pool, names))
        .transpose()?;
    let question = ["ListUsers", pool.id(), text];
    let after: Option<Position> = page::open(cx, &pool, &question, request.pagination_token.as_deref())?;
    let size = page::size(request.limit);
    let page = cx.read(|tx| find(tx, &pool, filter.as_ref(), after.clone(), size)).await?;
    let pagination_token = page.next.map(|next| page::seal(cx, &pool, &question, next)).transpose()?;
    let users = page.users.iter().map(|user| view(user, wanted.as_ref())).collect();
    Ok(ListUsersResponse { users: Some(users), pagination_token })
}

fn view(user: &User, wanted: Option<&BTreeSet<String>>) -> cognate_model::UserType {
    let mut view = user_type(user);
    if let (Some(wanted), Some(attributes)) = (wanted, &mut view.attributes) {
        attributes.retain(|attribute| wanted.contains(&attribute.name));
    }
    view
}

fn find(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    filter: Option<&Filter>,
    after: Option<Position>,
    size: i64,
) -> Result<Page, Error> {
    let Some(filter) = filter else {
        return scan(tx, pool, after, size, size + 1, |_| true);
    };
    match filter.attribute {
        FilterAttribute::Username => by_username(tx, pool, filter, after, size),
        FilterAttribute::Sub => by_sub(tx, pool, filter, after, size),
        FilterAttribute::Status | FilterAttribute::UserStatus if !is_indexed(filter) => {
            scan(tx, pool, after, size, MOST_READ, |user| filter::matches(filter, user))
        }
        _ => by_value(tx, pool, filter, after, size),
    }
}

/// Whether the index knows every user that the filter finds: the commonest values have no entries.
fn is_indexed(filter: &Filter) -> bool {
    let common = match filter.attribute {
        FilterAttribute::Status => "Enabled",
        _ => UserStatusType::Confirmed.as_str(),
    };
    let value = status_form(filter);
    let finds_common = match filter.comparison {
        Comparison::Exact => common == value,
        Comparison::Prefix => common.starts_with(&value),
    };
    !finds_common
}

/// Status names are indexed as they are spelt, and found whatever the spelling where the filter allows it.
fn status_form(filter: &Filter) -> String {
    if filter.attribute.is_case_sensitive() { filter.value.clone() } else { filter.value.to_uppercase() }
}

/// Reads users in the order of ids until the page is full or `most` were read.
fn scan(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    after: Option<Position>,
    size: i64,
    most: i64,
    fits: impl Fn(&User) -> bool,
) -> Result<Page, Error> {
    let mut last = after.map(|position| position.user);
    let mut found = Vec::new();
    let mut read = 0;
    while read < most {
        let batch = users::list(tx, pool.id(), last.as_ref(), (size + 1).min(most - read).max(1))?;
        let is_end = i64::try_from(batch.len()).unwrap_or(i64::MAX) < (size + 1).min(most - read).max(1);
        read += i64::try_from(batch.len()).unwrap_or(i64::MAX);
        for user in batch {
            if i64::try_from(found.len()).unwrap_or(i64::MAX) == size && fits(&user) {
                return Ok(Page { users: found, next: last.map(at) });
            }
            last = Some(user.id);
            if fits(&user) {
                found.push(user);
            }
        }
        if is_end {
            return Ok(Page { users: found, next: None });
        }
    }
    Ok(Page { users: found, next: last.map(at) })
}

fn at(user: UserId) -> Position {
    Position { value: Vec::new(), user }
}

fn by_value(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    filter: &Filter,
    after: Option<Position>,
    size: i64,
) -> Result<Page, Error> {
    let name = filter.attribute.as_str();
    let value = match filter.attribute {
        FilterAttribute::Status | FilterAttribute::UserStatus => status_form(filter),
        _ => directory::search_form(&filter.value),
    };
    let places = match filter.comparison {
        Comparison::Exact => {
            let after = after.as_ref().map(|position| &position.user);
            user_index::with_value(tx, pool.id(), name, value.as_bytes(), after, size + 1)?
        }
        Comparison::Prefix => {
            let after = after.map(|Position { value, user }| Place { value, user });
            user_index::with_prefix(tx, pool.id(), name, value.as_bytes(), after.as_ref(), size + 1)?
        }
    };
    // Compared again with the whole value: the index cuts long values off.
    page_of(tx, pool, places, size, |user| filter::matches(filter, user))
}

/// User names are compared as the pool tells them apart: with regard to case unless it was told to have none.
fn by_username(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    filter: &Filter,
    after: Option<Position>,
    size: i64,
) -> Result<Page, Error> {
    let kind = AliasKind::Username.as_str();
    let value = usernames::normalize(pool, &filter.value);
    let places = match filter.comparison {
        Comparison::Exact => user_index::owner(tx, pool.id(), kind, &value)?
            .map(|user| Place { value: value.into_bytes(), user })
            .into_iter()
            .collect(),
        Comparison::Prefix => {
            let after = after.map(|position| position.value);
            user_index::aliases_with_prefix(tx, pool.id(), kind, value.as_bytes(), after.as_deref(), size + 1)?
        }
    };
    page_of(tx, pool, places, size, |_| true)
}

fn by_sub(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    filter: &Filter,
    after: Option<Position>,
    size: i64,
) -> Result<Page, Error> {
    let wanted = filter.value.to_lowercase();
    if filter.comparison == Comparison::Exact {
        let found = match usernames::parse_sub(&wanted) {
            Some(id) => users::by_id(tx, pool.id(), &id)?,
            None => None,
        };
        return Ok(Page { users: found.into_iter().collect(), next: None });
    }
    // The text of an id orders as its bytes do, so a prefix is a range of ids.
    let Some(low) = lowest_id(&wanted) else { return Ok(Page { users: Vec::new(), next: None }) };
    let after = after.map(|position| position.user).or_else(|| before(low));
    let found = users::list(tx, pool.id(), after.as_ref(), size + 1)?;
    let matching: Vec<User> = found.into_iter().take_while(|user| user.sub().starts_with(&wanted)).collect();
    let (users, more) = page::cut(matching, size);
    let next = users.last().filter(|_| more).map(|user| at(user.id));
    Ok(Page { users, next })
}

/// The least id whose text begins with this prefix.
fn lowest_id(prefix: &str) -> Option<UserId> {
    const LEAST: &str = "00000000-0000-0000-0000-000000000000";
    let filled = format!("{prefix}{}", LEAST.get(prefix.len()..)?);
    usernames::parse_sub(&filled)
}

/// The id just below; none for the least of all.
fn before(id: UserId) -> Option<UserId> {
    u128::from_be_bytes(id).checked_sub(1).map(u128::to_be_bytes)
}

fn page_of(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    places: Vec<Place>,
    size: i64,
    fits: impl Fn(&User) -> bool,
) -> Result<Page, Error> {
    let (places, more) = page::cut(places, size);
    let mut found = Vec::with_capacity(places.len());
    for place in &places {
        found.extend(users::by_id(tx, pool.id(), &place.user)?.filter(&fits));
    }
    let next = places.into_iter().next_back().filter(|_| more);
    Ok(Page { users: found, next: next.map(|Place { value, user }| Position { value, user }) })
}
