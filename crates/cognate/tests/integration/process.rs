//! The program itself, as a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A running server. It is killed when it goes out of scope, without a chance to clean up.
pub struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What it printed until it was ready.
    pub greeting: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The program with an environment that says nothing about Cognate.
fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COGNATE_") || name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command.args(arguments).env("COGNATE_LOG", "error").stdin(Stdio::null());
    command
}

fn command(arguments: &[&str], data: &Path) -> Command {
    let mut command = bare(arguments);
    if let Some(url) = crate::engine::database_url(data) {
        command.env("COGNATE_DATABASE_URL", url);
    }
    command.arg("--data").arg(data);
    command
}

impl Program {
    /// Starts `cognate dev` or `cognate serve` on a free port and waits until it listens.
    pub fn start(mode: &str, data: &Path) -> Self {
        Self::launch(mode, command(&[mode, "--listen", "127.0.0.1:0"], data))
    }

    /// Starts `cognate serve` with these arguments besides, and this environment.
    pub fn serve(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = bare(&[&["serve"], arguments].concat());
        command.envs(environment.iter().copied());
        Self::launch("serve", command)
    }

    /// Starts `cognate dev` or `cognate serve` with these arguments besides, and this environment.
    #[cfg(feature = "otlp")]
    pub fn start_with(arguments: &[&str], data: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = command(&[arguments, &["--listen", "127.0.0.1:0"]].concat(), data);
        command.envs(environment.iter().copied());
        Self::launch(arguments[0], command)
    }

    /// Starts it on the database of this URL, whatever engine the tests run on.
    pub fn start_on(mode: &str, data: &Path, url: &str, arguments: &[&str]) -> Self {
        let mut command = bare(&[&[mode, "--listen", "127.0.0.1:0"], arguments].concat());
        command.env("COGNATE_DATABASE_URL", url).arg("--data").arg(data);
        Self::launch(mode, command)
    }

    fn launch(mode: &str, mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        let address = loop {
            let begin = greeting.len();
            assert!(output.read_line(&mut greeting).unwrap() > 0, "{mode} ended before it was ready: {greeting}");
            if let Some((_, rest)) = greeting[begin..].split_once("http://") {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
                break rest[..end].trim_end_matches('.').parse().unwrap();
            }
        };
        Self { child, output, greeting, address }
    }

    /// Ends it as a crash of the machine would (`SIGKILL`).
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator does; gives whether it ended well.
    #[cfg(unix)]
    pub fn terminate(mut self) -> bool {
        let ended = Command::new("sh").arg("-c").arg(format!("kill {}", self.child.id())).status().unwrap();
        assert!(ended.success());
        let status = self.child.wait().unwrap();
        std::io::copy(&mut self.output, &mut std::io::sink()).unwrap();
        status.success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a short task of the program to its end, with this environment; it must succeed, and gives what it printed.
pub fn succeed_with(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = bare(arguments).envs(environment.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a short task of the program to its end.
pub fn run(arguments: &[&str], data: &Path) -> Output {
    command(arguments, data).output().unwrap()
}

/// The same with something on standard input.
pub fn feed(arguments: &[&str], data: &Path, input: &str) -> Output {
    let mut child =
        command(arguments, data).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut to, text) = (child.stdin.take().unwrap(), input.to_owned());
    // A program that has heard enough closes its end.
    let feeding = std::thread::spawn(move || drop(to.write_all(text.as_bytes())));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

/// Begins a task that reads a file on standard input.
pub fn begin(arguments: &[&str], data: &Path, input: std::fs::File) -> Child {
    command(arguments, data).stdin(input).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What a task shows on a terminal, and whether it ended well.
#[cfg(target_os = "linux")]
pub fn on_terminal(arguments: &[&str], data: &Path) -> (String, bool) {
    let task = command(arguments, data);
    let words: Vec<_> = std::iter::once(task.get_program()).chain(task.get_args()).collect();
    let line = words.iter().map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ");
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).envs(task.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = script.stdin(Stdio::null()).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

/// What a task says that refuses, with a database named in its environment.
pub fn refusal_with_database(arguments: &[&str], data: &Path) -> String {
    let mut command = bare(arguments);
    command.env("COGNATE_DATABASE_URL", "postgres://cognate@127.0.0.1:9/nowhere").arg("--data").arg(data);
    let output = command.output().unwrap();
    assert!(!output.status.success(), "it must refuse");
    String::from_utf8(output.stderr).unwrap()
}

/// Runs a task that must succeed; gives what it printed.
pub fn succeed(arguments: &[&str], data: &Path) -> String {
    let output = run(arguments, data);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the program says when it refuses to start.
pub fn refusal(arguments: &[&str], data: &Path) -> String {
    refused_start(arguments, data).1
}

/// The same where no data folder is named; in this folder.
pub fn refusal_without_data(arguments: &[&str], folder: &Path) -> String {
    let output = bare(arguments).current_dir(folder).output().unwrap();
    assert!(!output.status.success(), "it must not start");
    String::from_utf8(output.stderr).unwrap()
}

/// What the program prints, and what it says, when it refuses to start.
pub fn refused_start(arguments: &[&str], data: &Path) -> (String, String) {
    let output = command(arguments, data).output().unwrap();
    assert!(!output.status.success(), "it must not start");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}
