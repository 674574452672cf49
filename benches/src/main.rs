//! `make bench`: what the server costs, in one table.
//!
//! The foremost figure is CPU seconds of the server process per 1,000 requests: on a machine that others use it varies
//! less than times do. Beside it stand ratios to bare costs of the same run (an axum echo, two RSA-2048 signatures, one
//! Argon2id hash), which vary least, and the figures that the project wants to reach. Nothing is asserted but that every
//! answer is right. Linux only: CPU time and memory are read from /proc.

mod connection;
mod echo;
mod hook;
mod load;
mod process;
mod rows;
mod seed;
mod sigv4;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Measures `cognate dev` and `cognate serve`; prints a table, and writes it to target/bench.json.
#[derive(Parser)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// How many users the large pool has.
    #[arg(long, default_value_t = 1_000_000)]
    users: usize,
    /// How many seconds each load is measured.
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// A short run: 20,000 users, 2 seconds. Its figures are rough.
    #[arg(long)]
    quick: bool,
    /// The server to measure; built when it is not given.
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// Keep the data folders.
    #[arg(long)]
    keep: bool,
}

#[derive(Subcommand)]
enum Command {
    /// The bare server that ratios refer to: JSON in, the same JSON out. Prints its address.
    Echo,
}

/// What a run is about.
pub struct Bench {
    /// The server's program.
    pub server: PathBuf,
    /// Where data folders and logs go.
    pub folder: PathBuf,
    /// How many users the large pool has.
    pub users: usize,
    /// How long each load is measured.
    pub length: Duration,
    /// Where the webhook listens.
    pub hook: std::net::SocketAddr,
}

/// Why a run ended early.
pub type Failure = String;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match options.command {
        Some(Command::Echo) => echo::serve(),
        None => measure(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("bench: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), Failure> {
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    let (users, seconds) = if options.quick { (20_000, 2.0) } else { (options.users, options.seconds) };
    // One thread makes the load, so that a machine of two cores has one left for the server.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|e| e.to_string())?;
    let bench = Bench {
        server: options.server.clone().map_or_else(process::build, Ok)?,
        folder: target.join("bench"),
        // Whole tens, so that every prefix in a search finds ten.
        users: users.clamp(seed::SMALL, seed::LARGEST) / 10 * 10,
        length: Duration::try_from_secs_f64(seconds).map_err(|e| format!("--seconds: {e}"))?,
        hook: runtime.block_on(hook::serve())?,
    };
    clear(&bench.folder)?;
    std::fs::create_dir_all(&bench.folder).map_err(|e| format!("{}: {e}", bench.folder.display()))?;
    let rows = runtime.block_on(rows::all(&bench))?;
    if !options.keep {
        clear(&bench.folder)?;
    }
    println!("{}", table::text(&bench, &rows));
    let file = target.join("bench.json");
    std::fs::write(&file, table::json(&bench, &rows)?).map_err(|e| format!("{}: {e}", file.display()))
}

fn clear(folder: &std::path::Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}
