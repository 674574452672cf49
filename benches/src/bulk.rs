//! Many users: made up, taken in by `cognate import`, and written out by `cognate export`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::connection::{Call, Random, once};
use crate::process::{self, Mode, Server};
use crate::seed::{self, Seeded};
use crate::{Bench, Failure};

/// How many users wait to be confirmed, behind the others.
pub const WAITING: usize = 200;
/// The group that every hundredth user is in.
pub const GROUP: &str = "staff";
/// How often a process's memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

const GIVEN: [&str; 8] = ["Maria", "Jun", "Amina", "Olga", "Tomás", "Noor", "Ingrid", "Kwame"];
const FAMILY: [&str; 9] = ["Silva", "Tanaka", "Diallo", "Ivanova", "García", "Haddad", "Larsen", "Mensah", "Smith"];
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a task of the command line came to.
pub struct Done {
    /// How many users it was about.
    pub users: usize,
    /// How long it took.
    pub elapsed: Duration,
    /// CPU seconds that it used.
    pub cpu: f64,
    /// Its largest resident memory in MiB.
    pub peak: f64,
    /// The load average of the machine at its end, the task's own threads among it.
    pub load: String,
}

impl Done {
    /// Users a second.
    pub fn rate(&self) -> f64 {
        self.users as f64 / self.elapsed.as_secs_f64()
    }

    /// In one line.
    pub fn line(&self, name: &str) -> String {
        format!(
            "| {name} | {} | {:.0} | {:.4} | {:.0} | {} |",
            self.users,
            self.rate(),
            self.cpu * 1_000.0 / self.users as f64,
            self.peak,
            self.load
        )
    }
}

/// The head of a table of such lines.
pub const HEAD: &str = "| task | users | users/s | CPU s/1000 | peak memory MiB | load average |\n\
                        | --- | --- | --- | --- | --- | --- |";

/// The name of a user who waits to be confirmed.
pub fn waiting(number: usize) -> String {
    format!("waiting-{number:07}")
}

/// A folder with a pool, an app client and users. With COGNATE_DATABASE_URL in the environment, which the programs
/// inherit, the users are there instead.
pub async fn fill(bench: &Bench, folder: &Path, users: usize) -> Result<(Seeded, Done), Failure> {
    let server = Server::start(bench, Mode::Serve, folder)?;
    let members = json!({
        "PoolName": "scale", "AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
        "UserPoolTier": "PLUS", "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" },
    });
    let pool = text(&ask(&server, "CreateUserPool", &members).await?["UserPool"]["Id"])?;
    let flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let members = json!({ "UserPoolId": pool, "ClientName": "scale", "ExplicitAuthFlows": flows });
    let client = text(&ask(&server, "CreateUserPoolClient", &members).await?["UserPoolClient"]["ClientId"])?;
    ask(&server, "CreateGroup", &json!({ "UserPoolId": pool, "GroupName": GROUP })).await?;
    server.stop()?;
    let done = import(bench, folder, &pool, users)?;
    Ok((Seeded { folder: folder.to_path_buf(), users, pool, client }, done))
}

fn import(bench: &Bench, folder: &Path, pool: &str, users: usize) -> Result<Done, Failure> {
    let mut command = Command::new(&bench.server);
    command.args(["import", "--into", pool, "--data"]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::null());
    watch(&mut command, users, |child| {
        let mut input = BufWriter::with_capacity(1 << 20, child.stdin.take().ok_or("no input")?);
        std::thread::spawn(move || {
            let mut random = Random::new(1);
            for turn in 0..users {
                write_line(&mut input, &seed::username(turn * seed::STRIDE % users), "CONFIRMED", &mut random)?;
            }
            for number in 0..WAITING {
                write_line(&mut input, &waiting(number), "UNCONFIRMED", &mut random)?;
            }
            input.flush()
        });
        Ok(())
    })
}

/// Writes all out again, to a file that is removed.
pub fn export(bench: &Bench, data: &Seeded) -> Result<Done, Failure> {
    let file = bench.folder.join("export.ndjson");
    let mut command = Command::new(&bench.server);
    command.arg("export").arg("--output").arg(&file).arg("--data").arg(&data.folder).stderr(Stdio::null());
    let done = watch(&mut command, data.users, |_| Ok(()));
    std::fs::remove_file(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    done
}

/// Copies all to a file, which is removed.
pub fn backup(bench: &Bench, data: &Seeded) -> Result<Child, Failure> {
    let file = backup_file(bench);
    let _ = std::fs::remove_file(&file);
    let mut command = Command::new(&bench.server);
    command.arg("backup").arg(&file).arg("--data").arg(&data.folder).stderr(Stdio::null());
    command.spawn().map_err(|e| e.to_string())
}

/// Where [`backup`] writes.
pub fn backup_file(bench: &Bench) -> PathBuf {
    bench.folder.join("backup")
}

/// Runs a task to its end.
fn watch(
    command: &mut Command,
    users: usize,
    feed: impl FnOnce(&mut Child) -> Result<(), Failure>,
) -> Result<Done, Failure> {
    let (before, begun) = (process::children_cpu()?, Instant::now());
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    feed(&mut child)?;
    let mut peak: f64 = 0.0;
    let status = loop {
        // Gone in the moment in which the task ends.
        peak = process::memory(child.id(), "VmHWM:").unwrap_or(peak);
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    if !status.success() {
        return Err(format!("the task ended with {status}"));
    }
    let (elapsed, cpu) = (begun.elapsed(), process::children_cpu()? - before);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    Ok(Done { users, elapsed, cpu, peak, load })
}

fn write_line(out: &mut impl Write, username: &str, status: &str, random: &mut Random) -> std::io::Result<()> {
    let mut letters = |count: usize| {
        // The last letter of base64 may carry few bits.
        let letters = (1..count).map(|_| BASE64.get(random.below(64)).copied().map_or('A', char::from));
        letters.chain(['A']).collect::<String>()
    };
    let (salt, tag) = (letters(22), letters(43));
    let given = GIVEN.get(random.below(GIVEN.len())).copied().unwrap_or_default();
    let family = FAMILY.get(random.below(FAMILY.len())).copied().unwrap_or_default();
    let groups = if username.ends_with("00") { format!("[\"{GROUP}\"]") } else { "[]".to_owned() };
    writeln!(
        out,
        "{{\"type\":\"user\",\"username\":\"{username}\",\"status\":\"{status}\",\"groups\":{groups},\"attributes\":\
         {{\"email\":\"{username}@example.com\",\"email_verified\":\"true\",\"given_name\":\"{given}\",\
         \"family_name\":\"{family}\"}},\"password\":{{\"hash\":\"$argon2id$v=19$m=19456,t=2,p=1${salt}${tag}\"}}}}"
    )
}

/// Makes a request; the answer's members.
pub async fn ask(server: &Server, operation: &'static str, members: &Value) -> Result<Value, Failure> {
    let call = Call { operation, body: members.to_string(), expected: String::new() };
    serde_json::from_str(&once(server, &call).await?).map_err(|e| e.to_string())
}

fn text(value: &Value) -> Result<String, Failure> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{value} is no text"))
}
