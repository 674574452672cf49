//! A batch of users in one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use cognate_domain::User;
use cognate_domain::user::UserId;
use cognate_domain::usernames::{self, AliasKind};
use cognate_store::user_index::Entry;
use cognate_store::users::Texts;
use cognate_store::{Conflict, DbError, Tx, counters, groups, passkeys, user_index, user_pools, users};

use super::Stopped;
use super::user_in::Newcomer;
use crate::OpenPool;

/// What is done about a line that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFault {
    /// Nothing of its batch is written.
    Stop,
    /// The others are.
    KeepGoing,
}

/// What became of a batch.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) users: u64,
    /// The lines of users who were there already.
    pub(crate) present: Vec<u64>,
    /// Lines that were not taken, and why.
    pub(crate) faults: Vec<(u64, String)>,
}

/// Why nothing of a batch was written.
pub(crate) enum BatchError {
    Db(DbError),
    Line(u64, String),
}

impl From<DbError> for BatchError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl Conflict for BatchError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_conflict())
    }
}

impl From<BatchError> for Stopped {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Db(error) => Self::because(error),
            BatchError::Line(line, reason) => Self::at(line, reason),
        }
    }
}

/// What became of a user.
enum Placed {
    Written,
    Present,
    Refused(String),
}

/// Writes users, each with the number of its line.
pub(crate) fn batch(tx: &mut dyn Tx, newcomers: &[(u64, Newcomer)], on_fault: OnFault) -> Result<Written, BatchError> {
    let mut written = Written::default();
    for of_pool in newcomers.chunk_by(|(_, one), (_, next)| Arc::ptr_eq(&one.target, &next.target)) {
        let Some((line, first)) = of_pool.first() else { continue };
        let pool = &first.target.pool;
        if !user_pools::exists(tx, pool.id())? {
            return Err(BatchError::Line(*line, format!("User pool {} does not exist.", pool.id())));
        }
        let known = known_groups(tx, pool, of_pool)?;
        let mut came = Vec::with_capacity(of_pool.len());
        let left = together(tx, pool, &known, of_pool, &mut came)?;
        for (line, newcomer) in left {
            let placed = match newcomer.groups.iter().find(|name| !known.contains(name.as_str())) {
                Some(name) => Placed::Refused(format!("there is no group {name:?} in {}", pool.id())),
                None => place(tx, pool, newcomer)?,
            };
            match placed {
                Placed::Written => came.push(newcomer.user.id),
                Placed::Present => written.present.push(*line),
                Placed::Refused(reason) if on_fault == OnFault::Stop => return Err(BatchError::Line(*line, reason)),
                Placed::Refused(reason) => written.faults.push((*line, reason)),
            }
        }
        counters::add_all(tx, pool.id(), came.iter())?;
        written.users += came.len() as u64;
    }
    Ok(written)
}

/// Those of the groups that are named which are there.
fn known_groups<'a>(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    newcomers: &'a [(u64, Newcomer)],
) -> Result<BTreeSet<&'a str>, DbError> {
    let named: BTreeSet<&str> = newcomers.iter().flat_map(|(_, one)| &one.groups).map(String::as_str).collect();
    let mut known = BTreeSet::new();
    for name in named {
        if groups::get(tx, pool.id(), name)?.is_some() {
            known.insert(name);
        }
    }
    Ok(known)
}

/// Writes those in whose way nothing stands, table by table in the order of keys, which costs a third of writing them one
/// by one. Gives the others in the order of their lines, with nothing of them written: to be placed one by one.
///
/// The outcome is that of placing all of them in their order: who loses a handle loses it to somebody who was there
/// before, or to an earlier line, so who wins all of theirs would have won them then as well.
fn together<'a>(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    known: &BTreeSet<&str>,
    newcomers: &'a [(u64, Newcomer)],
    came: &mut Vec<UserId>,
) -> Result<Vec<&'a (u64, Newcomer)>, DbError> {
    let needs_a_look = |newcomer: &Newcomer| {
        let of_another = usernames::parse_sub(&newcomer.user.username).is_some_and(|other| other != newcomer.user.id);
        of_another || !newcomer.passkeys.is_empty()
    };
    let subs: BTreeSet<&UserId> = newcomers.iter().map(|(_, newcomer)| &newcomer.user.id).collect();
    // Whether these are taken depends on all that were placed before them.
    if subs.len() < newcomers.len() || newcomers.iter().any(|(_, newcomer)| needs_a_look(newcomer)) {
        return Ok(newcomers.iter().collect());
    }
    // Their places among the newcomers.
    let mut left: BTreeSet<usize> = BTreeSet::new();
    // A new sub is nobody's.
    let named: Vec<&UserId> =
        newcomers.iter().filter(|(_, one)| one.is_known_by_sub).map(|(_, one)| &one.user.id).collect();
    let there = users::known(tx, pool.id(), &named)?;
    let mut claims = Vec::with_capacity(2 * newcomers.len());
    for (place, (_, newcomer)) in newcomers.iter().enumerate() {
        let is_known = there.contains(&newcomer.user.id);
        if is_known || newcomer.groups.iter().any(|name| !known.contains(name.as_str())) {
            left.insert(place);
        } else {
            claims.extend(newcomer.aliases.iter().map(|alias| (alias, place, &newcomer.user.id)));
        }
    }
    // Of several claims to one handle the earliest line's comes first.
    claims.sort_unstable_by(|(one, first, _), (other, second, _)| {
        (one.kind.as_str(), &one.value, first).cmp(&(other.kind.as_str(), &other.value, second))
    });
    claims.dedup_by(|(alias, place, _), (earlier, ..)| {
        let is_the_same = alias == earlier;
        if is_the_same {
            left.insert(*place);
        }
        is_the_same
    });
    let entries: Vec<Entry<'_>> =
        claims.iter().map(|(alias, _, user)| Entry { kind: alias.kind.as_str(), value: &alias.value, user }).collect();
    let were_free = user_index::claim_aliases(tx, pool.id(), &entries)?;
    let taken = claims.iter().zip(&were_free).filter(|(_, was_free)| !**was_free);
    left.extend(taken.map(|((_, place, _), _)| *place));
    for (((_, place, _), entry), was_free) in claims.iter().zip(&entries).zip(&were_free) {
        if *was_free && left.contains(place) {
            user_index::delete_alias(tx, pool.id(), entry.kind, entry.value, entry.user)?;
        }
    }
    let (one_by_one, placed): (Vec<_>, Vec<_>) =
        newcomers.iter().enumerate().partition(|(place, _)| left.contains(place));
    let placed: Vec<&Newcomer> = placed.into_iter().map(|(_, (_, newcomer))| newcomer).collect();
    write_rows(tx, pool, &placed)?;
    came.extend(placed.iter().map(|newcomer| newcomer.user.id));
    Ok(one_by_one.into_iter().map(|(_, newcomer)| newcomer).collect())
}

/// Writes users whose handles are theirs by now.
fn write_rows(tx: &mut dyn Tx, pool: &OpenPool, newcomers: &[&Newcomer]) -> Result<(), DbError> {
    let mut rows: Vec<(&User, &Texts)> = newcomers.iter().map(|one| (&one.user, &one.texts)).collect();
    rows.sort_unstable_by_key(|(user, _)| &user.id);
    users::insert_all(tx, pool.id(), &rows)?;
    let mut values: Vec<Entry<'_>> = newcomers
        .iter()
        .flat_map(|one| one.search_values.iter().map(|(name, value)| Entry { kind: name, value, user: &one.user.id }))
        .collect();
    values.sort_unstable();
    user_index::insert_values(tx, pool.id(), &values)?;
    for newcomer in newcomers {
        for group in &newcomer.groups {
            groups::add_member(tx, pool.id(), group, &newcomer.user.id)?;
        }
    }
    Ok(())
}

/// Writes a user with everything of theirs, or nothing of it.
fn place(tx: &mut dyn Tx, pool: &OpenPool, newcomer: &Newcomer) -> Result<Placed, DbError> {
    let (user, id) = (&newcomer.user, &newcomer.user.id);
    // Looked at first, because the handles are taken back if anything stands in the way, and these are rare.
    for passkey in &newcomer.passkeys {
        if passkeys::is_taken(tx, pool.id(), &passkey.id)? && users::by_id(tx, pool.id(), id)?.is_none() {
            if is_present(tx, pool, newcomer)? {
                return Ok(Placed::Present);
            }
            return Ok(Placed::Refused("a passkey of the user belongs to another".to_owned()));
        }
    }
    // Under the sub of another, that other would be found in their place.
    if let Some(other) = usernames::parse_sub(&user.username).filter(|other| other != id)
        && users::by_id(tx, pool.id(), &other)?.is_some()
    {
        return Ok(Placed::Refused(taken(AliasKind::Username)));
    }
    for (claimed, alias) in newcomer.aliases.iter().enumerate() {
        if user_index::claim_alias(tx, pool.id(), alias.kind.as_str(), &alias.value, id)? {
            continue;
        }
        give_back(tx, pool, newcomer, claimed)?;
        let is_present = is_present(tx, pool, newcomer)?;
        return Ok(if is_present { Placed::Present } else { Placed::Refused(taken(alias.kind)) });
    }
    if !users::insert_unless_there(tx, pool.id(), user)? {
        give_back(tx, pool, newcomer, newcomer.aliases.len())?;
        return Ok(Placed::Refused("the sub belongs to a user of another name".to_owned()));
    }
    for (name, value) in &newcomer.search_values {
        user_index::insert_value(tx, pool.id(), name, value, id)?;
    }
    for group in &newcomer.groups {
        groups::add_member(tx, pool.id(), group, id)?;
    }
    newcomer.passkeys.iter().try_for_each(|passkey| passkeys::insert(tx, pool.id(), passkey))?;
    Ok(Placed::Written)
}

/// Whether somebody has the name by which the line called its user, and is not another by the line's own word.
fn is_present(tx: &mut dyn Tx, pool: &OpenPool, newcomer: &Newcomer) -> Result<bool, DbError> {
    let Some(name) = newcomer.aliases.iter().find(|alias| alias.kind == newcomer.called) else { return Ok(false) };
    let owner = user_index::owner(tx, pool.id(), name.kind.as_str(), &name.value)?;
    Ok(owner.is_some_and(|owner| !newcomer.is_known_by_sub || owner == newcomer.user.id))
}

/// Gives back the first handles that were claimed.
fn give_back(tx: &mut dyn Tx, pool: &OpenPool, newcomer: &Newcomer, claimed: usize) -> Result<(), DbError> {
    newcomer.aliases.iter().take(claimed).try_for_each(|alias| {
        user_index::delete_alias(tx, pool.id(), alias.kind.as_str(), &alias.value, &newcomer.user.id)
    })
}

fn taken(kind: AliasKind) -> String {
    format!("the {} belongs to another user", kind.as_str())
}
