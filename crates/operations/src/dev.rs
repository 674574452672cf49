//! What `dev` offers beside the API: the outbox.

use cognate_store::outbox as table;

use crate::outbox::{Message, open_message};
use crate::{Context, Error, directory};

/// How many messages are looked at.
const MOST: i64 = 1_000;

/// The newest messages, of one pool or user if they are named.
pub async fn messages(cx: &Context, pool: Option<&str>, username: Option<&str>) -> Result<Vec<Message>, Error> {
    let sealed = match (pool, username) {
        (Some(id), Some(name)) => {
            let pool = cx.pool(id).await?;
            cx.read(|tx| match directory::find(tx, &pool, name)? {
                Some(user) => Ok(table::of_user(tx, pool.id(), &user.id, MOST)?),
                None => Ok(Vec::new()),
            })
            .await?
        }
        (Some(id), None) => {
            let pool = cx.pool(id).await?;
            cx.read(|tx| Ok(table::of_pool(tx, pool.id(), MOST)?)).await?
        }
        (None, _) => cx.read(|tx| Ok(table::newest(tx, MOST)?)).await?,
    };
    let mut messages = Vec::with_capacity(sealed.len());
    for message in &sealed {
        let pool = cx.pool(&message.pool).await?;
        messages.push(open_message(&pool, message)?);
    }
    if let (None, Some(name)) = (pool, username) {
        messages.retain(|message| message.username == name || message.destination == name);
    }
    Ok(messages)
}
