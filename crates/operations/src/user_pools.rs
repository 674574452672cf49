//! User pools.

pub mod add_custom_attributes;
pub mod create_user_pool;
pub mod delete_user_pool;
pub mod describe_user_pool;
pub mod get_user_pool_mfa_config;
pub mod list_user_pools;
pub mod set_user_pool_mfa_config;
pub mod update_user_pool;

use std::sync::Arc;

use cognate_domain::Pool;
use cognate_store::{Tx, user_pools};

use crate::{Context, Error};

/// Changes a pool by a rule, on its state of now, and forgets the cached one.
pub(crate) async fn change_pool<T, F>(cx: &Context, id: String, rule: F) -> Result<T, Error>
where
    F: Fn(&mut dyn Tx, &mut Pool) -> Result<T, Error> + Send + 'static,
    T: Send + 'static,
{
    let id: Arc<str> = id.into();
    let key = Arc::clone(&id);
    let change = move |tx: &mut dyn Tx| {
        // What the rule finds in the pool stays as it is: the jobs that run, and the pool itself.
        user_pools::hold(tx, &key)?;
        let mut pool = user_pools::get(tx, &key)?.ok_or_else(|| Error::no_pool(&key))?.pool;
        let outcome = rule(tx, &mut pool)?;
        user_pools::update(tx, &pool)?;
        Ok(outcome)
    };
    cx.write_and_forget(change, move |cx| cx.pool_changed(&id)).await
}
