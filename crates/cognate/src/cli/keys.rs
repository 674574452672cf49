//! `cognate keys rotate`. It works beside a running server, which notices within a second.

use clap::{Args, Subcommand};

use super::{Data, Failure, open_existing, say};

#[derive(Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Give pools new keys to sign their tokens with.
    ///
    /// A running server publishes the new keys within a second, and signs with them once they were published for as
    /// long as --ahead says; without one they wait for its next start. The old keys stay published for a day after
    /// that, which is as long as a token can live: no token that was issued before stops verifying.
    Rotate {
        /// The pool; every pool if none is named. Pools that have no keys yet are left out.
        #[arg(long, value_name = "ID")]
        pool: Option<String>,
        /// For how many seconds the new keys are published before they sign. Many verifiers fetch keys when they meet an
        /// unknown one, but not twice within half a minute; give more if yours keep a key set for longer, and 0 if the
        /// old keys must not sign another token.
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(..=604_800))]
        ahead: u32,
        #[command(flatten)]
        data: Data,
    },
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let Command::Rotate { pool, ahead, data } = options.command;
    let pools = open_existing(&data)?;
    let named = pool.is_some();
    let ids = match pool {
        Some(id) => vec![id],
        None => pools.pool_ids().await.map_err(|e| e.to_string())?,
    };
    let (mut shown, mut failures) = (Vec::new(), Vec::new());
    for id in &ids {
        match pools.rotate_keys(id, ahead).await {
            Ok(Some(rotated)) => shown.push(serde_json::json!({
                "UserPoolId": rotated.pool,
                "AccessTokenKeyId": rotated.access,
                "IdTokenKeyId": rotated.id,
                "PublishedAheadSeconds": ahead,
            })),
            Ok(None) if named => failures.push(format!("{id} has no keys yet; they are made at its first sign-in")),
            Ok(None) => {}
            Err(error) => failures.push(error.to_string()),
        }
    }
    // What was done is told whatever else failed.
    say(&serde_json::to_string_pretty(&shown).map_err(|e| e.to_string())?);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}
