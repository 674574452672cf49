//! `cognate outbox`: what became of messages to users. It works beside a running server.

use clap::{Args, Subcommand};
use cognate::Listed;

use super::{Data, Failure, open_existing, say};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only messages in this state.
    #[arg(long, value_name = "STATE", value_parser = ["waiting", "sent", "given-up", "kept"])]
    state: Option<String>,
    /// How many are listed, the newest first.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Subcommand)]
enum Command {
    /// Let a message that waits be tried again at once.
    Retry {
        /// Its id, as the list shows it.
        id: String,
        #[command(flatten)]
        data: Data,
    },
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    if let Some(Command::Retry { id, data }) = options.command {
        return open_existing(&data)?.retry_message(&id).await.map_err(|error| error.to_string());
    }
    let pools = open_existing(&options.data)?;
    let listed = pools.outbox(options.state.as_deref(), options.limit).await.map_err(|error| error.to_string())?;
    if options.json {
        let shown: Vec<serde_json::Value> = listed.iter().map(json).collect();
        say(&serde_json::to_string_pretty(&shown).map_err(|error| error.to_string())?);
        return Ok(());
    }
    for listed in &listed {
        say(&line(listed));
    }
    Ok(())
}

fn json(listed: &Listed) -> serde_json::Value {
    let message = &listed.message;
    serde_json::json!({
        "id": listed.id,
        "createdAt": date(message.created_at),
        "poolId": message.pool_id,
        "username": message.username,
        "medium": message.medium,
        "destination": message.destination,
        "purpose": message.purpose,
        "state": listed.state,
        "attempts": listed.attempts,
        "nextAttemptAt": listed.next_attempt_at.map(date),
        "reason": listed.reason,
    })
}

/// One line: id, when, pool, user, medium, destination, purpose, state, attempts, and what comes next or went wrong.
fn line(listed: &Listed) -> String {
    let message = &listed.message;
    let next = listed.next_attempt_at.map(|at| format!("  next {}", date(at))).unwrap_or_default();
    let reason = listed.reason.as_ref().map(|reason| format!("  {reason}")).unwrap_or_default();
    format!(
        "{}  {}  {}  {}  {}  {}  {}  {}  {}{next}{reason}",
        listed.id,
        date(message.created_at),
        message.pool_id,
        message.username,
        message.medium,
        message.destination,
        message.purpose,
        listed.state,
        listed.attempts,
    )
}

fn date(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    let millis = (seconds * 1_000.0).round() as i64;
    jiff::Timestamp::from_millisecond(millis).map(|moment| moment.to_string()).unwrap_or_default()
}
