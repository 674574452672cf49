//! Commands and their options.

mod access_key;
mod audit;
mod backup;
mod delivery;
mod dev;
mod doctor;
mod export;
mod health;
mod import;
mod import_log;
mod keys;
mod log;
mod outbox;
mod progress;
mod serve;
mod setup;
mod shutdown;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A user directory and sign-in server that speaks the Amazon Cognito user pools API.
///
/// AWS SDKs, the AWS CLI, Amplify and Terraform use it unchanged: set their endpoint to the address that Cognate
/// prints. Start with `cognate dev`.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  cognate dev                                 a server for this machine, data in ./.cognate
  cognate dev --pools pools.toml              with pools, clients, groups and users as declared
  cognate serve --data /var/lib/cognate       a server for production: signatures verified
  cognate access-key create --policy p.json   credentials for a caller of `serve`
  cognate keys rotate --data /var/lib/cognate new keys to sign tokens with, beside a running server
  cognate outbox --data /var/lib/cognate      messages to users and what became of them
  cognate doctor --config cognate.toml        whether `serve` would start and work well
  cognate audit --data /var/lib/cognate       who changed what
  cognate backup --data /var/lib/cognate FILE a copy of all data, beside a running server

  aws cognito-idp list-user-pools --max-results 10 --region us-east-1 --endpoint-url http://127.0.0.1:9229";

#[derive(Subcommand)]
enum Command {
    /// A server for development and tests, on this machine only: any credentials, cheap password hashes, messages
    /// and clock at hand.
    Dev(dev::Options),
    /// A server for production: signatures are verified, policies decide, passwords are hashed at full cost.
    Serve(serve::Options),
    /// The access keys with which callers of `serve` sign their requests.
    AccessKey(access_key::Options),
    /// The keys with which pools sign their tokens.
    Keys(keys::Options),
    /// Ask a running server whether it is well; ends with 0 if it is.
    Health(health::Options),
    /// What became of messages to users: sent, waiting, given up.
    Outbox(outbox::Options),
    /// Whether a server would start with these settings and work well, and what to do if not. Changes nothing.
    Doctor(doctor::Options),
    /// Who changed what: the audit trail.
    Audit(audit::Options),
    /// Copy all data, as it is at this moment, to a file. A server may run beside it.
    Backup(backup::BackupOptions),
    /// Put a backup into a folder that holds no data.
    Restore(backup::RestoreOptions),
    /// Write pools, app clients, groups and users as lines of JSON, with all that a password is checked by.
    Export(export::Options),
    /// Take in what `export` wrote, or users of another system in the same form.
    ///
    /// Passwords come along as Argon2id, bcrypt, scrypt or PBKDF2 hashes. Who is there already is left as they are, so
    /// an import that was interrupted is run again. No trigger runs and no message is sent.
    Import(import::Options),
    /// What became of each row of a user import job (StartUserImportJob), as the live service writes it to CloudWatch.
    ImportLog(import_log::Options),
}

/// The folder of a short task that needs no key.
#[derive(Args, Clone)]
struct Folder {
    /// The folder of the store; ./.cognate unless it is given.
    #[arg(long = "data", value_name = "DIR", default_value = ".cognate")]
    folder: PathBuf,
    /// Only to refuse it.
    #[arg(long, env = "COGNATE_DATABASE_URL", hide = true, hide_env_values = true)]
    database_url: Option<cognate::DatabaseUrl>,
}

impl Folder {
    /// The folder, unless the data is in a database.
    fn path(&self) -> Result<&std::path::Path, Failure> {
        match &self.database_url {
            Some(url) if !url.as_str().is_empty() => {
                Err("the data is in PostgreSQL (COGNATE_DATABASE_URL), whose own \
                 tools back it up and restore it: pg_basebackup with an archive of its log, or pg_dump; docs/moving.md \
                 says more. For a folder, unset COGNATE_DATABASE_URL"
                    .to_owned())
            }
            _ => Ok(&self.folder),
        }
    }
}

/// What every command needs to open the data.
#[derive(Args, Clone)]
struct Data {
    /// The folder of the store and of master.key; ./.cognate for `dev` and `access-key` unless it is given.
    #[arg(long = "data", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The PostgreSQL database of the store, instead of the folder: postgres://user:password@host/name. Any number of
    /// servers may share one.
    #[arg(long, env = "COGNATE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<cognate::DatabaseUrl>,
    /// The master key that seals secrets at rest: 64 hexadecimal digits or base64 of 32 bytes. Without it the file
    /// master.key in the data folder is used, and made at the first start.
    #[arg(long, env = "COGNATE_MASTER_KEY", hide_env_values = true, value_name = "KEY")]
    master_key: Option<String>,
    /// A file that holds the master key, for what hands secrets over as files: systemd, Kubernetes, Compose.
    #[arg(long, env = "COGNATE_MASTER_KEY_FILE", value_name = "FILE", conflicts_with = "master_key")]
    master_key_file: Option<PathBuf>,
    /// The region in pool ids, ARNs and signatures.
    #[arg(long, env = "COGNATE_REGION", value_name = "REGION")]
    region: Option<String>,
    /// The account in ARNs: twelve digits.
    #[arg(long, env = "COGNATE_ACCOUNT", value_name = "DIGITS")]
    account: Option<String>,
    /// Where tokens say they come from: `service` for the live service's name, which verifiers made for it insist on,
    /// or the base URL of this server, for verifiers that fetch its discovery document.
    #[arg(long, env = "COGNATE_ISSUER", value_name = "service|URL")]
    issuer: Option<String>,
}

impl Data {
    /// The folder, where one is needed: for the store, or for the master key. Servers that share a database share the
    /// master key, so none is made in a folder that nobody named.
    fn folder(&self, file: &cognate::FileConfig, otherwise: Option<&str>) -> Result<PathBuf, Failure> {
        match (file.data.clone(), &file.database_url) {
            (Some(folder), _) => Ok(folder),
            (None, Some(_)) if self.master_key.is_some() || self.master_key_file.is_some() => Ok(PathBuf::new()),
            (None, Some(_)) => {
                Err("give the master key of the database: COGNATE_MASTER_KEY, or --data DIR for the file \
                                    master.key in that folder"
                    .to_owned())
            }
            (None, None) => otherwise.map(PathBuf::from).ok_or_else(|| {
                "name the data folder: --data DIR, or data = \"DIR\" in the configuration; or a database: \
                 --database-url URL, or database_url = \"URL\""
                    .to_owned()
            }),
        }
    }

    /// The master key that was given, as itself or as a file.
    fn master_key(&self) -> Result<Option<String>, Failure> {
        match (&self.master_key, &self.master_key_file) {
            (None, Some(file)) => {
                std::fs::read_to_string(file).map(Some).map_err(|e| format!("{}: {e}", file.display()))
            }
            (given, _) => Ok(given.clone()),
        }
    }

    /// The same settings as a file would give; what is set here wins.
    fn over(&self, file: &cognate::FileConfig) -> cognate::FileConfig {
        cognate::FileConfig {
            data: self.folder.clone().or_else(|| file.data.clone()),
            database_url: self.database_url.clone().or_else(|| file.database_url.clone()),
            region: said(self.region.as_ref()).or_else(|| file.region.clone()),
            account: said(self.account.as_ref()).or_else(|| file.account.clone()),
            issuer: said(self.issuer.as_ref()).or_else(|| file.issuer.clone()),
            ..file.clone()
        }
    }
}

/// A text of the command line or the environment. An empty variable says nothing, as Compose leaves one.
fn said(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// What a server may know about the world, for threat protection.
#[derive(Args, Clone)]
struct Knowledge {
    /// A table in CSV that says where addresses are: columns network (or start and end), country, and where known
    /// city, latitude, longitude.
    #[arg(long, value_name = "FILE")]
    places: Option<PathBuf>,
    /// A list of stolen passwords: a SHA-1 hash, or ten or more of its first hexadecimal digits, on each line.
    #[arg(long, value_name = "FILE")]
    compromised_passwords: Option<PathBuf>,
    /// Where the links of messages about risky sign-ins lead: a page of yours that calls UpdateAuthEventFeedback.
    #[arg(long, value_name = "URL")]
    feedback_url: Option<String>,
}

impl Knowledge {
    fn over(&self, file: &cognate::FileConfig) -> cognate::FileConfig {
        cognate::FileConfig {
            places: self.places.clone().or_else(|| file.places.clone()),
            compromised_passwords: self.compromised_passwords.clone().or_else(|| file.compromised_passwords.clone()),
            feedback_url: self.feedback_url.clone().or_else(|| file.feedback_url.clone()),
            ..file.clone()
        }
    }
}

/// How other services are reached, as far as it is often said on the command line.
#[derive(Args, Clone)]
struct Outside {
    /// Where the functions of triggers are: an endpoint that speaks Lambda's Invoke API.
    #[arg(long, env = "COGNATE_LAMBDA_ENDPOINT", value_name = "URL")]
    lambda_endpoint: Option<String>,
    /// Where the pages of this server are for whoever reads a message, such as https://id.example.com.
    #[arg(long, env = "COGNATE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

impl Outside {
    fn over(&self, file: &cognate::FileConfig) -> cognate::FileConfig {
        let mut file = file.clone();
        file.triggers.lambda_endpoint = said(self.lambda_endpoint.as_ref()).or(file.triggers.lambda_endpoint);
        file.public_url = said(self.public_url.as_ref()).or(file.public_url);
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if file.aws.access_key_id.is_none() && file.aws.secret_access_key.is_none() {
            let (id, secret) = (text("AWS_ACCESS_KEY_ID"), text("AWS_SECRET_ACCESS_KEY"));
            if let (Some(id), Some(secret)) = (id, secret) {
                file.aws.access_key_id = Some(id);
                file.aws.secret_access_key = Some(secret.into());
                file.aws.session_token = text("AWS_SESSION_TOKEN").map(Into::into);
            }
        }
        file
    }
}

/// The root key of the environment; both parts or none.
#[derive(Args, Clone)]
struct RootKey {
    /// The access key id of the root; made and shown at the first start when it is not given.
    #[arg(long, env = "COGNATE_ROOT_ACCESS_KEY_ID", value_name = "ID")]
    root_access_key_id: Option<String>,
    /// The secret of the root key.
    #[arg(long, env = "COGNATE_ROOT_SECRET_ACCESS_KEY", hide_env_values = true, value_name = "SECRET")]
    root_secret_access_key: Option<String>,
}

/// The data folder of `dev` and of short tasks, where none is named.
const FOLDER: &str = ".cognate";

/// A failure, as the user reads it.
type Failure = String;

/// Runs the command of the arguments; `dev` when none is named.
pub fn run() -> Result<(), Failure> {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Dev(options)) => in_runtime(dev::run(options)),
        Some(Command::Serve(options)) => in_runtime(serve::run(options)),
        Some(Command::AccessKey(options)) => in_runtime(access_key::run(options)),
        Some(Command::Keys(options)) => in_runtime(keys::run(options)),
        Some(Command::Health(options)) => health::run(&options),
        Some(Command::Outbox(options)) => in_runtime(outbox::run(options)),
        Some(Command::Doctor(options)) => doctor::run(&options),
        Some(Command::Audit(options)) => in_runtime(audit::run(options)),
        Some(Command::Backup(options)) => backup::backup(&options),
        Some(Command::Restore(options)) => backup::restore(&options),
        Some(Command::Export(options)) => in_runtime(export::run(options)),
        Some(Command::Import(options)) => in_runtime(import::run(options)),
        Some(Command::ImportLog(options)) => in_runtime(import_log::run(options)),
        None => in_runtime(dev::run(dev::Options::default())),
    }
}

fn in_runtime(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(command)
}

/// An access key: its id and its secret.
type Key = (String, zeroize::Zeroizing<String>);

impl RootKey {
    /// The key, if one is given.
    fn given(&self) -> Result<Option<Key>, Failure> {
        match (said(self.root_access_key_id.as_ref()), said(self.root_secret_access_key.as_ref())) {
            (Some(id), Some(secret)) => Ok(Some((id, zeroize::Zeroizing::new(secret)))),
            (None, None) => Ok(None),
            _ => Err("give both COGNATE_ROOT_ACCESS_KEY_ID and COGNATE_ROOT_SECRET_ACCESS_KEY, or neither".to_owned()),
        }
    }
}

/// The root key to use: the one given, or the one of the installation. If it is made now it is shown at once, before
/// anything else can fail, because it is not shown again.
async fn root_key(pools: &cognate::UserPools, given: Option<Key>) -> Result<Key, Failure> {
    if let Some(key) = given {
        return Ok(key);
    }
    let (key, is_new) = pools.root_key().await.map_err(|e| e.to_string())?;
    if is_new {
        say(&format!(
            "The root access key of this installation, shown this once:\n\n  AWS_ACCESS_KEY_ID={}\n  \
             AWS_SECRET_ACCESS_KEY={}\n",
            key.id,
            key.secret.as_str()
        ));
    }
    Ok((key.id, key.secret))
}

/// The data that a server made, for a short task beside it.
fn open_existing(data: &Data) -> Result<cognate::UserPools, Failure> {
    let folder = data.folder.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
    if data.database_url.is_none() && !folder.join("cognate.db").exists() {
        return Err(format!("there is no data in {}; name the folder with --data DIR", folder.display()));
    }
    open_beside(data)
}

fn open_beside(data: &Data) -> Result<cognate::UserPools, Failure> {
    let pools = cognate::UserPools::open_beside(configuration(data)?).map_err(|e| e.to_string())?;
    Ok(pools.acting_as(command_line()))
}

/// Whoever runs the command, as the audit trail names them: user/uid@host. The user is what the environment says, and the
/// uid what the system says.
fn command_line() -> cognate::Actor {
    let named = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let user = named.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned());
    #[cfg(unix)]
    let user = {
        let host = rustix::system::uname();
        let host = host.nodename().to_string_lossy();
        format!("{user:.64}/{}@{host:.64}", rustix::process::getuid().as_raw())
    };
    cognate::Actor::CommandLine(user.chars().filter(|c| !c.is_control()).take(160).collect())
}

fn configuration(data: &Data) -> Result<cognate::Config, Failure> {
    let settings = data.over(&cognate::FileConfig::default());
    let mut config = cognate::Config::new(data.folder(&settings, Some(FOLDER))?);
    settings.apply(&mut config)?;
    config.master_key = data.master_key()?;
    Ok(config)
}

/// A file with declared pools that could be read.
struct Declared<'a> {
    file: &'a std::path::Path,
    pools: cognate::DeclaredPools,
}

impl<'a> Declared<'a> {
    fn read(file: &'a std::path::Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let pools = cognate::DeclaredPools::parse(&text).map_err(|e| format!("{}: {e}", file.display()))?;
        Ok(Self { file, pools })
    }

    async fn apply(self, pools: &cognate::UserPools) -> Result<(), Failure> {
        pools.declare(&self.pools).await.map_err(|e| format!("{}: {e}", self.file.display()))
    }
}

async fn listen(address: &str) -> Result<tokio::net::TcpListener, Failure> {
    tokio::net::TcpListener::bind(address).await.map_err(|e| format!("cannot listen on {address}: {e}"))
}

/// Prints to standard error, where what a task says does not mix with what it writes.
fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints to standard output.
fn say(text: &str) {
    use std::io::Write;
    // A closed pipe is no reason to stop a server.
    let _ = writeln!(std::io::stdout(), "{text}");
}
