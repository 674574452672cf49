//! The measured processes: started, asked what they used, ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sigv4::{ROOT_ID, ROOT_SECRET, Writer};
use crate::{Bench, Failure, hook};

/// Clock ticks a second in /proc: the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// How the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `cognate dev`.
    Dev,
    /// `cognate serve`.
    Serve,
}

impl Mode {
    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Serve => "serve",
        }
    }
}

/// A server in a process of its own; killed when it is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Writes requests for it.
    pub writer: Arc<Writer>,
    /// How long it took from the start until it was ready.
    pub ready_after: Duration,
}

/// Builds the server beside this program.
pub fn build() -> Result<PathBuf, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["build", "--release", "-p", "cognate"]).status();
    if !status.map_err(|e| format!("cargo: {e}"))?.success() {
        return Err("the server does not build".to_owned());
    }
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    Ok(own.with_file_name("cognate"))
}

impl Server {
    /// Starts Cognate on a data folder and waits until it is ready.
    pub fn start(bench: &Bench, mode: Mode, data: &Path) -> Result<Self, Failure> {
        Self::start_with(bench, mode, data, &[])
    }

    /// The same with the store in a database; the folder has the master key.
    pub fn start_on(bench: &Bench, mode: Mode, data: &Path, database: Option<&str>) -> Result<Self, Failure> {
        let environment = database.map(|url| ("COGNATE_DATABASE_URL", url));
        Self::start_with(bench, mode, data, environment.as_slice())
    }

    /// The same with this environment besides.
    pub fn start_with(bench: &Bench, mode: Mode, data: &Path, environment: &[(&str, &str)]) -> Result<Self, Failure> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(|e| e.to_string())?;
        let log = std::fs::File::create(bench.folder.join("server.log")).map_err(|e| e.to_string())?;
        let begun = Instant::now();
        let mut command = Command::new(&bench.server);
        command.args([mode.name(), "--listen", &address.to_string(), "--data"]).arg(data);
        // One address asks for all: what is measured is the work, not who is told to come back later.
        let limits = "undelivered = \"keep\"\n\n[limits]\naddress_per_second = 0\nuser_per_second = 0\n";
        let settings = bench.folder.join("settings.toml");
        std::fs::write(&settings, format!("{limits}{}", hook::settings(bench.hook))).map_err(|e| e.to_string())?;
        command.arg("--config").arg(settings);
        let child = command
            .env("COGNATE_LOG", "warn")
            .env("COGNATE_ROOT_ACCESS_KEY_ID", ROOT_ID)
            .env("COGNATE_ROOT_SECRET_ACCESS_KEY", ROOT_SECRET)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{}: {e}", bench.server.display()))?;
        let writer = Arc::new(Writer::new(address.to_string(), mode));
        let mut server = Self { child, address, writer, ready_after: Duration::ZERO };
        while !is_ready(address) {
            let ended = server.child.try_wait().map_err(|e| e.to_string())?;
            if ended.is_some() || begun.elapsed() > Duration::from_secs(60) {
                let log = std::fs::read_to_string(bench.folder.join("server.log")).unwrap_or_default();
                return Err(format!("cognate {} is not ready: {log}", mode.name()));
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        server.ready_after = begun.elapsed();
        Ok(server)
    }

    /// Starts the bare echo.
    pub fn echo() -> Result<Self, Failure> {
        let own = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut child = Command::new(own).arg("echo").stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("the echo has no output")?;
        BufReader::new(stdout).read_line(&mut line).map_err(|e| e.to_string())?;
        let address = line.trim().parse().map_err(|e| format!("the echo printed {line:?}: {e}"))?;
        let writer = Arc::new(Writer::new(line.trim().to_owned(), Mode::Dev));
        Ok(Self { child, address, writer, ready_after: Duration::ZERO })
    }

    /// The CPU seconds that it used so far.
    pub fn cpu(&self) -> Result<f64, Failure> {
        cpu(&self.child.id().to_string())
    }

    /// Its resident memory in MiB.
    pub fn resident(&self) -> Result<f64, Failure> {
        memory(self.child.id(), "VmRSS:")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) -> Result<(), Failure> {
        // The standard library only kills; this asks.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if !asked.map_err(|e| format!("kill: {e}"))?.success() {
            return Err("the server cannot be stopped".to_owned());
        }
        self.child.wait().map_err(|e| e.to_string())?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A figure of a process's memory in MiB.
pub fn memory(process: u32, name: &str) -> Result<f64, Failure> {
    let file = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name}"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().map_err(|e| format!("{name} {e}"))?;
    Ok(kib / 1_024.0)
}

/// User and system time of a process, or of `self`, in seconds.
pub fn cpu(process: &str) -> Result<f64, Failure> {
    times(process, 11)
}

/// The same of the processes that this one started and that have ended.
pub fn children_cpu() -> Result<f64, Failure> {
    times("self", 13)
}

/// The sum of two fields of /proc/…/stat.
fn times(process: &str, first: usize) -> Result<f64, Failure> {
    let file = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
    let fields = fields(&text);
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let (user, system) = ticks(first).zip(ticks(first + 1)).ok_or_else(|| format!("{file} reads {text:?}"))?;
    Ok((user + system) / TICKS)
}

/// The same of a process and those that it started, as far as they run.
pub fn cpu_of_family(parent: &str) -> Result<f64, Failure> {
    let mut sum = cpu(parent)?;
    for entry in std::fs::read_dir("/proc").map_err(|e| e.to_string())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // Whoever ended meanwhile is not there to be asked.
        let Ok(text) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        if fields(&text).get(1) == Some(&parent) {
            sum += cpu(&name).unwrap_or_default();
        }
    }
    Ok(sum)
}

/// The fields behind the name, which is in brackets and may hold spaces.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect()
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = format!("GET /ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200 ")
}
