//! Which of several servers takes the writes, and that nobody stays with one that did so before.
//!
//! A leader that stands still keeps its connections open and says nothing; one that was cut off from the others may go on
//! answering reads although another one leads. So each server of the URL is asked once a second. PostgreSQL counts
//! its leaders: each begins a timeline with a higher number.

use std::pin::pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Client, Config, SimpleQueryMessage};

use super::Shared;
use super::address::Address;
use super::failure::Failure;
use super::reach::Cluster;

/// How often a server is asked, and how often those who wait for an answer look up.
const EVERY: Duration = Duration::from_secs(1);
/// How long it may take to reach the only server: its name, socket, TLS and password.
const ONLY: Duration = Duration::from_secs(15);
/// The timeline of a server that takes writes.
const TIMELINE: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN '' \
                        ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";

/// How long the answer of a server that takes no writes is remembered.
const FOLLOWS: Duration = Duration::from_secs(5);

/// The newest leader that this program knows of.
#[derive(Default)]
pub(super) struct Lead {
    leader: Mutex<Leader>,
    /// When a server answered last that takes no writes, and may lead next.
    followed: Mutex<Option<Instant>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Leader {
    server: usize,
    timeline: u32,
}

impl Lead {
    /// Notes that a server leads. False when another one has led since.
    pub(super) fn is_led_by(&self, server: usize, timeline: u32) -> bool {
        let mut known = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        if timeline < known.timeline {
            return false;
        }
        if timeline > known.timeline && known.timeline > 0 {
            tracing::info!(server, timeline, "another server leads");
        }
        *known = Leader { server, timeline };
        true
    }

    /// Whether another server has led since this timeline began.
    pub(super) fn has_passed(&self, timeline: u32) -> bool {
        timeline < self.known().timeline
    }

    /// Which server to try first.
    pub(super) fn server(&self) -> usize {
        self.known().server
    }

    /// What is known of all servers.
    pub(super) fn cluster(&self) -> Cluster {
        Cluster { leader: self.server(), has_followers: self.has_followers() }
    }

    fn known(&self) -> Leader {
        *self.leader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_follower(&self) {
        *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a server answers that may lead next.
    pub(super) fn has_followers(&self) -> bool {
        let followed = *self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.is_some_and(|at| at.elapsed() < FOLLOWS)
    }
}

/// An answer under a leader, unless another one leads meanwhile: whoever was left behind may never answer.
pub(super) async fn unless_passed<T>(shared: &Shared, timeline: u32, answer: impl Future<Output = T>) -> Option<T> {
    if timeline == 0 {
        return Some(answer.await);
    }
    let mut answer = pin!(answer);
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return Some(answer),
            () = sleep(EVERY) => if shared.lead.has_passed(timeline) { return None },
        }
    }
}

/// A connection to the first server of the URL that takes writes.
pub(super) async fn first(
    address: &Address,
) -> Result<(Client, JoinHandle<Result<(), tokio_postgres::Error>>), Failure> {
    let mut reached = Err(Failure::Lost("there is no server".to_owned()));
    for server in &address.servers {
        reached = connect(address, server).await;
        if reached.is_ok() {
            break;
        }
    }
    reached
}

/// A connection to one server. The task ends when it does.
pub(super) async fn connect(
    address: &Address,
    server: &Config,
) -> Result<(Client, JoinHandle<Result<(), tokio_postgres::Error>>), Failure> {
    let bound = match server.get_connect_timeout() {
        Some(bound) if address.servers.len() > 1 => *bound,
        _ => ONLY,
    };
    let (client, driver) = timeout(bound, server.connect(address.tls.clone()))
        .await
        .map_err(|_| Failure::Lost("the server does not answer".to_owned()))?
        .map_err(|error| Failure::of(&error))?;
    // It ends with an error when the connection does, and so does the statement that waits for it.
    Ok((client, tokio::spawn(driver)))
}

/// The timeline of a server; none where it takes no writes, 0 where it does not count them.
pub(super) async fn timeline(client: &Client) -> Result<Option<u32>, Failure> {
    let messages = match timeout(ONLY, client.simple_query(TIMELINE)).await {
        Ok(Ok(messages)) => messages,
        Ok(Err(error)) => {
            return match Failure::of(&error) {
                Failure::Refused(_) => Ok(Some(0)),
                lost => Err(lost),
            };
        }
        Err(_) => return Err(Failure::Lost("the server does not answer".to_owned())),
    };
    let text = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(text.and_then(|text| u32::from_str_radix(text, 16).ok()))
}

/// Threads that ask, one for each server where there are several. They end when this is dropped.
pub(super) struct Scouts {
    _stop: Vec<Sender<()>>,
}

impl Scouts {
    pub(super) fn send_out(shared: &Arc<Shared>) -> Result<Self, std::io::Error> {
        let mut stop = Vec::new();
        if shared.address.servers.len() > 1 {
            for (server, config) in shared.address.servers.iter().enumerate() {
                let (sender, stopped) = channel();
                let mut config = config.clone();
                config.target_session_attrs(TargetSessionAttrs::Any);
                let shared = Arc::clone(shared);
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let watching = move || runtime.block_on(watch(&shared, server, &config, &stopped));
                std::thread::Builder::new().name("scout".to_owned()).spawn(watching)?;
                stop.push(sender);
            }
        }
        Ok(Self { _stop: stop })
    }
}

async fn watch(shared: &Shared, server: usize, config: &Config, stopped: &Receiver<()>) {
    let mut open = None;
    // This thread has nothing else to do, so it may block.
    while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        open = match look(shared, server, config, open.take()).await {
            Ok(client) => Some(client),
            Err(failure) => {
                tracing::debug!(server, reason = failure.reason(), "a server cannot be asked whether it leads");
                None
            }
        };
    }
}

async fn look(shared: &Shared, server: usize, config: &Config, open: Option<Client>) -> Result<Client, Failure> {
    let client = match open {
        Some(client) => client,
        None => connect(&shared.address, config).await?.0,
    };
    match timeline(&client).await? {
        Some(0) => {}
        Some(timeline) => {
            shared.lead.is_led_by(server, timeline);
        }
        None => shared.lead.note_follower(),
    }
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_of_before_does_not_come_back() {
        let lead = Lead::default();
        assert!(lead.is_led_by(0, 3));
        assert!(lead.is_led_by(2, 4));
        assert!(!lead.is_led_by(0, 3), "it was left behind");
        assert_eq!(lead.server(), 2);
        assert!(lead.has_passed(3));
        assert!(!lead.has_passed(4));
    }

    #[test]
    fn a_server_that_answered_a_while_ago_may_not_lead_next() {
        let lead = Lead::default();
        assert!(!lead.has_followers());
        lead.note_follower();
        assert!(lead.has_followers());
        *lead.followed.lock().unwrap() = Instant::now().checked_sub(FOLLOWS);
        assert!(!lead.has_followers());
    }

    #[test]
    fn servers_that_do_not_count_are_tried_where_one_was_found_last() {
        let lead = Lead::default();
        assert!(lead.is_led_by(1, 0));
        assert!(!lead.has_passed(0));
        assert!(lead.is_led_by(0, 0));
        assert_eq!(lead.server(), 0);
    }
}
