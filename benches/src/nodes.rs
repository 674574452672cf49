//! `make nodes`: what a second server on the same database brings, and what bounds both.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cognate::{Config, Database, DatabaseOptions};
use tokio::task::JoinSet;

use crate::connection::{Call, Connection, Random};
use crate::load::{CONNECTIONS, Work};
use crate::process::{self, Mode, Server};
use crate::seed::{self, Seeded};
use crate::{Bench, Failure};

const MASTER_KEY: &str = "abababababababababababababababababababababababababababababababab";

/// A database server of our own, and a database.
struct Postgres {
    url: String,
    /// The id of its first process.
    id: String,
}

/// What a load came to.
struct Figures {
    /// Requests a second.
    rate: f64,
    /// CPU milliseconds a request: of the servers, and of the database.
    servers: f64,
    database: f64,
}

/// Measures, and gives the table.
pub async fn table(bench: &Bench) -> Result<String, Failure> {
    let postgres = Postgres::find()?;
    let database = Some(Database { url: postgres.url.clone().into(), options: DatabaseOptions::default() });
    let config = Config { database, master_key: Some(MASTER_KEY.to_owned()), ..Config::development(&bench.folder) };
    let seeded = seed::fill(config, &bench.folder, bench.users).await?;
    let environment = [("COGNATE_DATABASE_URL", postgres.url.as_str()), ("COGNATE_MASTER_KEY", MASTER_KEY)];
    let start = || Server::start_with(bench, Mode::Dev, &bench.folder, &environment);
    let servers = [start()?, start()?];
    let mut text = format!(
        "{:<24} {:>7} {:>10} {:>22} {:>22}\n",
        "operation", "servers", "requests/s", "CPU ms/request, servers", "database"
    );
    for (name, work) in works(&seeded) {
        let mut rates = Vec::new();
        for count in [1, 2] {
            // A warm-up, and then the figures.
            run(bench, &postgres, &servers[..count], &work).await?;
            let figures = run(bench, &postgres, &servers[..count], &work).await?;
            let Figures { rate, servers, database } = figures;
            let _ = writeln!(text, "{name:<24} {count:>7} {rate:>10.0} {servers:>22.3} {database:>22.3}");
            rates.push(rate);
        }
        if let [one, two] = rates[..] {
            let _ = writeln!(text, "{:<24} {:>7} {:>9.2}x", "", "2 : 1", two / one);
        }
    }
    let _ = write!(text, "{CONNECTIONS} connections make the load, in dev mode and without fsync.");
    Ok(text)
}

impl Postgres {
    /// The server that `xtask/postgres` started.
    fn find() -> Result<Self, Failure> {
        let server = std::env::var("COGNATE_TEST_POSTGRES").map_err(|_| "run it by xtask/postgres".to_owned())?;
        let name = format!("nodes_{}", std::process::id());
        let made = std::process::Command::new("createdb").arg(format!("--maintenance-db={server}")).arg(&name).status();
        if !made.map_err(|e| format!("createdb: {e}"))?.success() {
            return Err("the database was not made".to_owned());
        }
        let (base, _) = server.rsplit_once('/').ok_or("a URL names a database")?;
        let socket = base.split_once('@').and_then(|(_, rest)| rest.rsplit_once(':')).map(|(host, _)| host);
        let folder = socket.unwrap_or_default().replace("%2F", "/");
        let file = Path::new(&folder).join("data/postmaster.pid");
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let id = text.lines().next().unwrap_or_default().to_owned();
        Ok(Self { url: format!("{base}/{name}"), id })
    }
}

fn works(seeded: &Seeded) -> [(&'static str, Work); 3] {
    let (pool, users) = (seeded.pool.clone(), seeded.users);
    let get: Work = Arc::new(move |turn| {
        let name = seed::username(turn.random.below(users));
        Call {
            operation: "AdminGetUser",
            body: serde_json::json!({"UserPoolId": pool, "Username": name}).to_string(),
            expected: format!("\"Username\":\"{name}\""),
        }
    });
    let pool = seeded.pool.clone();
    let create: Work = Arc::new(move |turn| {
        // As good as unique, whoever else creates some.
        let name = format!("new-{:x}-{:x}", turn.random.below(usize::MAX), turn.random.below(usize::MAX));
        Call {
            operation: "AdminCreateUser",
            body: serde_json::json!({
                "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS",
                "TemporaryPassword": "Bench-Pass-1!",
            })
            .to_string(),
            expected: name,
        }
    });
    let (pool, client) = (seeded.pool.clone(), seeded.client.clone());
    let sign_in: Work = Arc::new(move |turn| {
        let name = seed::username(turn.random.below(users));
        let parameters = serde_json::json!({"USERNAME": name, "PASSWORD": "Bench-Pass-1!"});
        Call {
            operation: "AdminInitiateAuth",
            body: serde_json::json!({
                "UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                "AuthParameters": parameters,
            })
            .to_string(),
            expected: "NEW_PASSWORD_REQUIRED".to_owned(),
        }
    });
    [("AdminGetUser", get), ("AdminCreateUser", create), ("sign-in, to a challenge", sign_in)]
}

/// The same load on these servers, each with its share of the connections.
async fn run(bench: &Bench, postgres: &Postgres, servers: &[Server], work: &Work) -> Result<Figures, Failure> {
    let used = || servers.iter().map(Server::cpu).sum::<Result<f64, Failure>>();
    let mut tasks = JoinSet::new();
    let before = (used()?, process::cpu_of_family(&postgres.id)?);
    let begun = Instant::now();
    let end = begun + bench.length;
    for number in 0..CONNECTIONS {
        let mut connection = Connection::open(&servers[number % servers.len()], number).await?;
        connection.choose(Random::from_time(number));
        let work = Arc::clone(work);
        tasks.spawn(async move {
            let mut count = 0.0;
            while Instant::now() < end {
                connection.work(&*work).await?;
                count += 1.0;
            }
            Ok::<_, Failure>(count)
        });
    }
    let mut count = 0.0;
    while let Some(done) = tasks.join_next().await {
        count += done.map_err(|e| e.to_string())??;
    }
    let rate = count / begun.elapsed().as_secs_f64();
    let per_request = |seconds: f64| seconds * 1_000.0 / count;
    let servers = per_request(used()? - before.0);
    Ok(Figures { rate, servers, database: per_request(process::cpu_of_family(&postgres.id)? - before.1) })
}
