//! What `dev` offers beside the API: the outbox.

use cognate_store::outbox::{self as table, Sealed};

use crate::outbox::{Message, list_readable};
use crate::{Context, Error, directory};

/// How many messages are looked at.
const MOST: i64 = 1_000;

/// The newest messages, of one pool or user if they are named.
pub async fn messages(cx: &Context, pool: Option<&str>, username: Option<&str>) -> Result<Vec<Message>, Error> {
    Ok(list_readable(cx, pool, username).await?.into_iter().map(|listed| listed.message).collect())
}

/// The same, sealed, and of every user where only a name is given.
pub(crate) async fn sealed(cx: &Context, pool: Option<&str>, username: Option<&str>) -> Result<Vec<Sealed>, Error> {
    match (pool, username) {
        (Some(id), Some(name)) => {
            let pool = cx.pool(id).await?;
            cx.read(|tx| match directory::find(tx, &pool, name)? {
                Some(user) => Ok(table::of_user(tx, pool.id(), &user.id, MOST)?),
                None => Ok(Vec::new()),
            })
            .await
        }
        (Some(id), None) => {
            let pool = cx.pool(id).await?;
            cx.read(|tx| Ok(table::of_pool(tx, pool.id(), MOST)?)).await
        }
        (None, _) => cx.read(|tx| Ok(table::newest(tx, MOST)?)).await,
    }
}
