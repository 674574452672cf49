//! Work for users who do not exist.

use std::sync::Arc;

use cognate_crypto::random;
use cognate_store::attempts;

use crate::{Context, Error, OpenPool};

/// How many rows share the count.
const SHARDS: u8 = 16;

/// Writes what an attempt on a known user would write, so that the time of an answer does not tell whether there is
/// one. The rows belong to nobody, and there are as few of them however many names are tried.
pub(crate) async fn pretend_to_count(cx: &Context, pool: &Arc<OpenPool>) -> Result<(), Error> {
    let [shard]: [u8; 1] = random::bytes(cx.random());
    let nobody = [shard % SHARDS; 16];
    let (now, pool) = (cx.now().micros(), Arc::clone(pool));
    cx.write(move |tx| {
        attempts::count(tx, pool.id(), &nobody, "nobody", now, i64::MAX)?;
        Ok(())
    })
    .await
}
