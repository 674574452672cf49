//! `cognate access-key create`, `list`, `delete`. They work beside a running server, which notices within a second.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cognate::{Config, FileConfig, Policy, UserPools};

use super::{Data, Failure, say};

#[derive(Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key. Its secret is printed once, as JSON with AccessKeyId and SecretAccessKey.
    Create {
        /// What the key may do: a policy in the form of IAM, with Effect, Action and Resource.
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// Who the key belongs to, as denials name them.
        #[arg(long, value_name = "NAME", default_value = "cognate")]
        name: String,
        #[command(flatten)]
        data: Data,
    },
    /// List the keys, without secrets.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Remove a key; requests signed with it are refused within a second.
    Delete {
        /// The access key id.
        id: String,
        #[command(flatten)]
        data: Data,
    },
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    match options.command {
        Command::Create { policy, name, data } => create(&policy, &name, &data).await,
        Command::List { data } => list(&data).await,
        Command::Delete { id, data } => {
            let removed = open_existing(&data)?.delete_access_key(&id).await.map_err(|e| e.to_string())?;
            if removed { Ok(()) } else { Err(format!("there is no access key {id}")) }
        }
    }
}

fn open_existing(data: &Data) -> Result<UserPools, Failure> {
    let folder = data.folder.clone().unwrap_or_else(|| PathBuf::from(".cognate"));
    if !folder.join("cognate.db").exists() {
        return Err(format!("there is no data in {}; name the folder with --data DIR", folder.display()));
    }
    open(data)
}

fn open(data: &Data) -> Result<UserPools, Failure> {
    let mut config = Config::new(data.folder.clone().unwrap_or_else(|| PathBuf::from(".cognate")));
    data.over(&FileConfig::default()).apply(&mut config)?;
    config.master_key.clone_from(&data.master_key);
    UserPools::open_beside(config).map_err(|e| e.to_string())
}

async fn create(policy: &std::path::Path, name: &str, data: &Data) -> Result<(), Failure> {
    let text = std::fs::read_to_string(policy).map_err(|e| format!("{}: {e}", policy.display()))?;
    let policy = Policy::parse(&text).map_err(|e| format!("{}: {e}", policy.display()))?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
        return Err(format!("{name:?} is not a name: up to 64 letters, digits and _+=,.@-"));
    }
    let key = open(data)?.create_access_key(name, &policy).await.map_err(|e| e.to_string())?;
    let shown = serde_json::json!({
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret.as_str(),
        "UserName": name,
    });
    say(&serde_json::to_string_pretty(&shown).map_err(|e| e.to_string())?);
    Ok(())
}

async fn list(data: &Data) -> Result<(), Failure> {
    let keys = open_existing(data)?.access_keys().await.map_err(|e| e.to_string())?;
    let shown: Vec<serde_json::Value> = keys
        .iter()
        .map(|key| {
            let created = jiff::Timestamp::from_microsecond(key.created).map(|moment| moment.to_string());
            let policy: serde_json::Value = serde_json::from_str(&key.policy).unwrap_or_default();
            serde_json::json!({
                "AccessKeyId": key.id,
                "UserName": key.name,
                "CreateDate": created.unwrap_or_default(),
                "PolicyDocument": policy,
            })
        })
        .collect();
    say(&serde_json::to_string_pretty(&shown).map_err(|e| e.to_string())?);
    Ok(())
}
