//! A proxy that understands just enough of the protocol to cut a connection at a given message.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
    /// Connections that are taken and hear nothing, while there are to be any.
    silenced: Mutex<Option<Vec<TcpStream>>>,
}

impl Plan {
    /// Whether this connection is turned away.
    fn is_closed(&self) -> bool {
        self.closed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    /// Keeps a connection that is to hear nothing; gives any other back.
    fn silence(&self, client: TcpStream) -> Option<TcpStream> {
        match self.silenced.lock().unwrap().as_mut() {
            Some(silenced) => {
                silenced.push(client);
                None
            }
            None => Some(client),
        }
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
    /// In front of the database of this URL, which leads through the server's socket.
    pub fn start(database: &str) -> Self {
        let (socket, name) = parts(database);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::new(Plan::default());
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            let clients = listener.incoming().flatten().filter(|_| !shared.is_closed());
            for client in clients.filter_map(|client| shared.silence(client)) {
                let (plan, socket) = (Arc::clone(&shared), socket.clone());
                // A connection that breaks is what this is about.
                std::thread::spawn(move || drop(forward(client, &socket, &plan)));
            }
        });
        Self { url: format!("postgres://postgres@{address}/{name}"), plan }
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

    /// Takes further connections and says nothing, as a machine that stands still.
    pub fn stand_still(&self) {
        *self.plan.silenced.lock().unwrap() = Some(Vec::new());
    }

    /// Goes on.
    pub fn go_on(&self) {
        *self.plan.silenced.lock().unwrap() = None;
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

/// The socket of the server and the name of the database, from a URL.
fn parts(url: &str) -> (String, String) {
    let (place, name) = url.split_once('@').unwrap().1.split_once('/').unwrap();
    let (folder, port) = place.rsplit_once(':').unwrap();
    (format!("{}/.s.PGSQL.{port}", folder.replace("%2F", "/")), name.to_owned())
}

/// Passes messages on until one of the ends is gone.
fn forward(mut client: TcpStream, socket: &str, plan: &Plan) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket)?;
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
