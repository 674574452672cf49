//! `cognate health`: asks a running server how it is, for containers that hold no other program to ask with.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use clap::Args;

use super::{Failure, serve};

/// How long the server may take for each step.
const PATIENCE: Duration = Duration::from_secs(4);
/// An answer that says that all is well.
const WELL: &[u8] = b"HTTP/1.1 200 ";

#[derive(Args)]
pub(super) struct Options {
    /// Where the server listens.
    #[arg(long, value_name = "ADDR", default_value = serve::ADDRESS)]
    address: String,
    /// Ask whether the store answers as well (/ready), not only whether the process runs (/health).
    #[arg(long)]
    ready: bool,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let path = if options.ready { "/ready" } else { "/health" };
    let answer = ask(&options.address, path).map_err(|error| match error.kind() {
        // What a socket says whose time is over, by the system.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("{} does not answer within {} seconds", options.address, PATIENCE.as_secs())
        }
        _ => format!("{}: {error}", options.address),
    })?;
    if answer == WELL {
        return Ok(());
    }
    Err(format!("{} does not answer {path} with 200", options.address))
}

/// The beginning of the answer, as long as the one that is hoped for.
fn ask(address: &str, path: &str) -> std::io::Result<Vec<u8>> {
    let mut failure = std::io::Error::other("has no address");
    for place in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, PATIENCE) {
            Ok(mut stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
                let mut answer = vec![0; WELL.len()];
                stream.read_exact(&mut answer)?;
                return Ok(answer);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
