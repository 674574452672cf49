//! Groups and who is in them. Membership is kept in both directions, each a range of its own table.

use cognate_domain::user::UserId;
use cognate_model::GroupType;

use crate::tx::{self, DbError, Param, Row, Tx};

/// A group as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredGroup {
    /// The group.
    pub group: GroupType,
    /// Counts the changes, for compare-and-set.
    pub version: i64,
}

fn name_of(group: &GroupType) -> &[u8] {
    group.group_name.as_deref().unwrap_or_default().as_bytes()
}

/// Writes a new group.
pub fn insert(tx: &mut dyn Tx, pool: &str, group: &GroupType) -> Result<(), DbError> {
    let record = tx::to_json(group)?;
    tx.execute(
        "INSERT INTO groups (pool, name, version, record) VALUES ($1, $2, 1, $3)",
        &[Param::Text(pool), Param::Bytes(name_of(group)), Param::Text(&record)],
    )?;
    Ok(())
}

/// Writes a changed group, unless it changed since it was read.
pub fn update(tx: &mut dyn Tx, pool: &str, stored: &StoredGroup) -> Result<(), DbError> {
    let record = tx::to_json(&stored.group)?;
    let rows = tx.execute(
        "UPDATE groups SET record = $1, version = version + 1 WHERE pool = $2 AND name = $3 AND version = $4",
        &[Param::Text(&record), Param::Text(pool), Param::Bytes(name_of(&stored.group)), Param::Int(stored.version)],
    )?;
    tx::changed(rows)
}

/// A group by its name. In a transaction that writes, it is not removed before its commit.
pub fn get(tx: &mut dyn Tx, pool: &str, name: &str) -> Result<Option<StoredGroup>, DbError> {
    tx.query_one(
        "SELECT record, version FROM groups WHERE pool = $1 AND name = $2 /*stays*/",
        &[Param::Text(pool), Param::Bytes(name.as_bytes())],
    )?
    .map(from_row)
    .transpose()
}

/// Groups whose name lies behind `after`, in the order of names.
pub fn list(tx: &mut dyn Tx, pool: &str, after: &str, limit: i64) -> Result<Vec<StoredGroup>, DbError> {
    tx.query(
        "SELECT record, version FROM groups WHERE pool = $1 AND name > $2 ORDER BY name LIMIT $3",
        &[Param::Text(pool), Param::Bytes(after.as_bytes()), Param::Int(limit)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// How many groups a pool has.
pub fn count(tx: &mut dyn Tx, pool: &str) -> Result<i64, DbError> {
    tx.query_one("SELECT COUNT(*) FROM groups WHERE pool = $1", &[Param::Text(pool)])?.map_or(Ok(0), |row| row.int(0))
}

/// Removes a group and its memberships; says whether there was one. The group goes first: that waits for those who are
/// joining it.
pub fn delete(tx: &mut dyn Tx, pool: &str, name: &str) -> Result<bool, DbError> {
    let key = [Param::Text(pool), Param::Bytes(name.as_bytes())];
    let was_there = tx.execute("DELETE FROM groups WHERE pool = $1 AND name = $2", &key)? > 0;
    tx.execute(
        "DELETE FROM user_groups WHERE pool = $1 AND group_name = $2 AND user_id IN \
         (SELECT user_id FROM group_members WHERE pool = $1 AND group_name = $2)",
        &key,
    )?;
    tx.execute("DELETE FROM group_members WHERE pool = $1 AND group_name = $2", &key)?;
    Ok(was_there)
}

/// Puts a user into a group; being in it already is no error. Says whether the user is new there.
pub fn add_member(tx: &mut dyn Tx, pool: &str, name: &str, user: &UserId) -> Result<bool, DbError> {
    let key = [Param::Text(pool), Param::Bytes(name.as_bytes()), Param::Bytes(user)];
    let added = tx.execute(
        "INSERT INTO group_members (pool, group_name, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &key,
    )?;
    tx.execute("INSERT INTO user_groups (pool, group_name, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", &key)?;
    Ok(added > 0)
}

/// Takes a user out of a group; not being in it is no error.
pub fn remove_member(tx: &mut dyn Tx, pool: &str, name: &str, user: &UserId) -> Result<(), DbError> {
    let key = [Param::Text(pool), Param::Bytes(name.as_bytes()), Param::Bytes(user)];
    tx.execute("DELETE FROM group_members WHERE pool = $1 AND group_name = $2 AND user_id = $3", &key)?;
    tx.execute("DELETE FROM user_groups WHERE pool = $1 AND group_name = $2 AND user_id = $3", &key)?;
    Ok(())
}

/// Takes a user out of every group.
pub fn remove_everywhere(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<(), DbError> {
    let key = [Param::Text(pool), Param::Bytes(user)];
    tx.execute(
        "DELETE FROM group_members WHERE pool = $1 AND user_id = $2 AND group_name IN \
         (SELECT group_name FROM user_groups WHERE pool = $1 AND user_id = $2)",
        &key,
    )?;
    tx.execute("DELETE FROM user_groups WHERE pool = $1 AND user_id = $2", &key)?;
    Ok(())
}

/// How many groups a user is in.
pub fn count_of_user(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<i64, DbError> {
    tx.query_one(
        "SELECT COUNT(*) FROM user_groups WHERE pool = $1 AND user_id = $2",
        &[Param::Text(pool), Param::Bytes(user)],
    )?
    .map_or(Ok(0), |row| row.int(0))
}

/// A user's groups whose name lies behind `after`, in the order of names.
pub fn of_user(tx: &mut dyn Tx, pool: &str, user: &UserId, after: &str, limit: i64) -> Result<Vec<GroupType>, DbError> {
    tx.query(
        "SELECT g.record, g.version FROM user_groups m JOIN groups g ON g.pool = m.pool AND g.name = m.group_name \
         WHERE m.pool = $1 AND m.user_id = $2 AND m.group_name > $3 ORDER BY m.group_name LIMIT $4",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(after.as_bytes()), Param::Int(limit)],
    )?
    .into_iter()
    .map(|row| from_row(row).map(|stored| stored.group))
    .collect()
}

/// A group's members whose id lies behind `after`, in the order of ids.
pub fn members(
    tx: &mut dyn Tx,
    pool: &str,
    name: &str,
    after: Option<&UserId>,
    limit: i64,
) -> Result<Vec<UserId>, DbError> {
    tx.query(
        "SELECT user_id FROM group_members WHERE pool = $1 AND group_name = $2 AND user_id > $3 \
         ORDER BY user_id LIMIT $4",
        &[
            Param::Text(pool),
            Param::Bytes(name.as_bytes()),
            Param::Bytes(after.map_or(&[], |id| id.as_slice())),
            Param::Int(limit),
        ],
    )?
    .into_iter()
    .map(|mut row| row.id(0))
    .collect()
}

fn from_row(mut row: Row) -> Result<StoredGroup, DbError> {
    Ok(StoredGroup { group: row.json(0)?, version: row.int(1)? })
}
