//! A proxy that understands just enough of the protocol to cut a connection at a given message.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::server::{Database, of_database, server};

/// Which message the connection is cut at.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// The one of this number from now on, on whichever connection.
    Message(usize),
    /// The next commit.
    Commit,
}

/// How it is cut.
#[derive(Debug, Clone, Copy)]
pub enum Cut {
    /// The server never gets the message.
    Before,
    /// The server gets it, and is left at once.
    After,
    /// The server gets it and answers; the answer is lost.
    AfterTheAnswer,
    /// The client is left at once, and the server gets the message a while later.
    Late,
    /// The client is left, and the server waits for a message that never comes.
    Held,
}

#[derive(Default)]
struct Plan {
    next: Mutex<Option<(When, Cut)>>,
    has_cut: AtomicBool,
    /// How many connections are still turned away.
    closed: AtomicUsize,
}

impl Plan {
    /// Whether this connection is turned away.
    fn is_closed(&self) -> bool {
        self.closed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    /// What happens at this message.
    fn at(&self, message: &[u8]) -> Option<Cut> {
        let mut next = self.next.lock().unwrap();
        let strikes = match next.as_mut() {
            None => false,
            Some((When::Commit, _)) => message.starts_with(b"Q") && message.ends_with(b"COMMIT\0"),
            Some((When::Message(0), _)) => true,
            Some((When::Message(left), _)) => {
                *left -= 1;
                false
            }
        };
        if !strikes {
            return None;
        }
        self.has_cut.store(true, Ordering::SeqCst);
        next.take().map(|(_, how)| how)
    }
}

/// A running proxy; it ends with the process.
pub struct Proxy {
    url: String,
    plan: Arc<Plan>,
}

impl Proxy {
    /// In front of this database.
    pub fn start(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::new(Plan::default());
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten().filter(|_| !shared.is_closed()) {
                let plan = Arc::clone(&shared);
                // A connection that breaks is what this is about.
                std::thread::spawn(move || drop(forward(client, &plan)));
            }
        });
        let server = format!("postgres://postgres@{address}/postgres");
        Self { url: of_database(&server, database.name()), plan }
    }

    /// The database behind it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Turns so many connections away, as a server that starts.
    pub fn close_for(&self, connections: usize) {
        self.plan.closed.store(connections, Ordering::SeqCst);
    }

    /// How many are still to be turned away.
    pub fn still_closed_for(&self) -> usize {
        self.plan.closed.load(Ordering::SeqCst)
    }

    /// Cuts a connection, once.
    pub fn cut(&self, when: When, how: Cut) {
        self.plan.has_cut.store(false, Ordering::SeqCst);
        *self.plan.next.lock().unwrap() = Some((when, how));
    }

    /// Whether it has come to that.
    pub fn has_cut(&self) -> bool {
        let cut = self.plan.has_cut.load(Ordering::SeqCst);
        *self.plan.next.lock().unwrap() = None;
        cut
    }
}

/// The socket of the server, from its URL.
fn socket() -> String {
    let url = &server().url;
    let place = url.split_once('@').unwrap().1.split_once('/').unwrap().0;
    let (folder, port) = place.rsplit_once(':').unwrap();
    let folder = folder.replace("%2F", "/");
    format!("{folder}/.s.PGSQL.{port}")
}

/// Passes messages on until one of the ends is gone.
fn forward(mut client: TcpStream, plan: &Plan) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket())?;
    client.set_nodelay(true)?;
    let muted = Arc::new(AtomicBool::new(false));
    {
        let (client, server, muted) = (client.try_clone()?, server.try_clone()?, Arc::clone(&muted));
        std::thread::spawn(move || drop(answer(client, server, &muted)));
    }
    let mut message = Vec::new();
    let mut is_first = true;
    while read_message(&mut client, &mut message, is_first).is_ok() {
        match if is_first { None } else { plan.at(&message) } {
            None => server.write_all(&message)?,
            Some(Cut::Before) => break,
            Some(Cut::After) => {
                server.write_all(&message)?;
                break;
            }
            Some(Cut::AfterTheAnswer) => {
                muted.store(true, Ordering::SeqCst);
                server.write_all(&message)?;
                // Not every message is answered; the one that ends a statement is.
                server.write_all(b"S\0\0\0\x04")?;
                return Ok(());
            }
            Some(Cut::Late) => {
                muted.store(true, Ordering::SeqCst);
                client.shutdown(Shutdown::Both)?;
                std::thread::sleep(Duration::from_millis(300));
                return server.write_all(&message);
            }
            Some(Cut::Held) => {
                muted.store(true, Ordering::SeqCst);
                client.shutdown(Shutdown::Both)?;
                return Ok(());
            }
        }
        is_first = false;
    }
    client.shutdown(Shutdown::Both)?;
    server.shutdown(Shutdown::Both)
}

/// Passes the server's bytes on. After a cut the first of them ends both ways; without any, the end of the server does.
fn answer(mut client: TcpStream, mut server: UnixStream, muted: &AtomicBool) -> std::io::Result<()> {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let read = server.read(&mut bytes)?;
        if read == 0 || muted.load(Ordering::SeqCst) {
            let _ = client.shutdown(Shutdown::Both);
            return server.shutdown(Shutdown::Both);
        }
        client.write_all(&bytes[..read])?;
    }
}

/// One message of the client: the first has no kind, only a length.
fn read_message(client: &mut TcpStream, message: &mut Vec<u8>, is_first: bool) -> std::io::Result<()> {
    let head = if is_first { 4 } else { 5 };
    message.resize(head, 0);
    client.read_exact(message)?;
    let length: [u8; 4] = message[head - 4..head].try_into().unwrap();
    message.resize(head - 4 + usize::try_from(u32::from_be_bytes(length)).unwrap(), 0);
    client.read_exact(&mut message[head..])
}
