//! Since when the server cannot be reached: known to all connections of a kind, so that they give up together, and
//! whoever comes later does not try for as long again.
//!
//! While a cluster chooses a leader its other servers answer: then each waits for as long as the first, and one at a time
//! tries for all, so that neither a server that says nothing holds everybody up nor the others are flooded.
//!
//! A server that takes connections and says nothing keeps whoever tries waiting, and everybody behind. So once it is lost
//! for as long as anybody waits, one at a time tries for all, and who has waited already does not begin to.
//!
//! A server may answer and give no further connection (`max_connections`). For whoever had one it is lost from the moment
//! on at which that one is: they wait for the next leader like everybody else.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::attempt::REACH;
use super::line::Role;

/// For how long those who come wait for a leader to be chosen, each for [`REACH`]: longer than Patroni takes by its default
/// times.
const ELECTION: Duration = Duration::from_mins(1);
/// How long a failure is remembered. Whoever comes later learns for themselves.
const MEMORY: Duration = Duration::from_mins(1);
/// Who has waited for longer leaves it to another one to try a server that is lost.
const FRESH: Duration = Duration::from_secs(1);

/// What connections know: those that read, and those that write.
#[derive(Default)]
pub(super) struct Reach {
    reads: Way,
    writes: Way,
}

impl Reach {
    pub(super) fn of(&self, role: Role) -> &Way {
        match role {
            Role::Reads => &self.reads,
            Role::Writes => &self.writes,
        }
    }
}

/// The way to the server.
#[derive(Default)]
pub(super) struct Way(Mutex<State>);

#[derive(Default)]
struct State {
    lost: Option<Instant>,
    /// When a connection could not be opened last.
    failed: Option<Instant>,
    /// When that was tried last.
    tried: Option<Instant>,
    /// When a connection was lost last that had been open.
    hung_up: Option<Instant>,
    /// Whether somebody tries for all, and the leader that they began with.
    is_tried: bool,
    leader: usize,
}

/// What is known of a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cluster {
    /// The server that led last.
    pub(super) leader: usize,
    /// Whether a server answers that may lead next.
    pub(super) has_followers: bool,
}

impl Way {
    /// For how long no connection could be opened; none if the last one could.
    pub(super) fn lost_for(&self) -> Option<Duration> {
        self.with(|state| {
            let is_remembered = state.failed.is_some_and(|at| at.elapsed() < MEMORY);
            state.lost.filter(|_| is_remembered).map(|since| since.elapsed())
        })
    }

    /// Whether it is lost for so long that nobody waits any more. Where servers answer of which one may lead next, that
    /// is later than where none does.
    pub(super) fn is_given_up(&self, has_followers: bool) -> bool {
        self.silent_for().is_some_and(|time| time > patience(has_followers))
    }

    /// Whether it is lost for longer than anybody waits who came at this moment or before.
    pub(super) fn is_out_of_reach(&self, wanted: Instant) -> bool {
        wanted.elapsed() > REACH && self.silent_for().is_some_and(|time| time > REACH)
    }

    /// Notes that an open connection was lost: until now the server was there for whoever had it.
    pub(super) fn hung_up(&self) {
        self.with(|state| state.hung_up = Some(Instant::now()));
    }

    /// For how long no connection could be opened, and none has been lost that was open.
    fn silent_for(&self) -> Option<Duration> {
        let hung_up = self.with(|state| state.hung_up);
        let lost = self.lost_for()?;
        Some(hung_up.map_or(lost, |at| lost.min(at.elapsed())))
    }

    /// Whether one more connection may well be had, or nobody has tried for a while.
    pub(super) fn is_worth_a_try(&self) -> bool {
        self.with(|state| state.lost.is_none() || state.tried.is_none_or(|tried| tried.elapsed() > FRESH))
    }

    /// Begins to open a connection for somebody who has wanted it since then; none if it is not tried for them.
    pub(super) fn enter(&self, wanted: Instant, cluster: Cluster) -> Option<Attempt<'_>> {
        let is_given_up = self.is_given_up(cluster.has_followers);
        let is_late = if is_given_up { wanted.elapsed() > FRESH } else { self.is_out_of_reach(wanted) };
        let alone_after = if cluster.has_followers { FRESH } else { REACH };
        let is_for_all = self.lost_for().is_some_and(|time| time > alone_after);
        self.with(|state| {
            // Who began before another one led may wait for the one that did.
            if is_late || (is_for_all && state.is_tried && state.leader == cluster.leader) {
                return None;
            }
            state.is_tried |= is_for_all;
            (state.leader, state.tried) = (cluster.leader, Some(Instant::now()));
            Some(Attempt { way: self, is_for_all })
        })
    }

    fn note(&self, is_reached: bool) {
        let was_lost = self.lost_for().is_some();
        self.with(|state| {
            let now = (!is_reached).then(Instant::now);
            state.lost = if was_lost && !is_reached { state.lost } else { now };
            state.failed = now;
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// For how long a server is lost until nobody waits for it.
fn patience(has_followers: bool) -> Duration {
    if has_followers { ELECTION } else { REACH }
}

/// A connection that is being opened, until it is dropped.
pub(super) struct Attempt<'a> {
    way: &'a Way,
    is_for_all: bool,
}

impl Attempt<'_> {
    /// Notes whether a connection could be opened.
    pub(super) fn ended(self, is_reached: bool) {
        self.way.note(is_reached);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_for_all {
            self.way.with(|state| state.is_tried = false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Cluster = Cluster { leader: 0, has_followers: false };
    const CLUSTER: Cluster = Cluster { leader: 0, has_followers: true };

    fn fail(way: &Way) {
        way.enter(Instant::now(), ALONE).unwrap().ended(false);
    }

    /// Lets it be lost for so much longer.
    fn lose(way: &Way, time: Duration) {
        way.with(|state| state.lost = state.lost.and_then(|lost| lost.checked_sub(time)));
    }

    #[test]
    fn a_failure_of_long_ago_says_nothing_of_now() {
        let (way, now) = (Way::default(), Instant::now());
        fail(&way);
        lose(&way, ELECTION * 2);
        assert!(way.is_given_up(true));
        way.with(|state| state.failed = now.checked_sub(MEMORY));
        assert_eq!(way.lost_for(), None);
        fail(&way);
        assert!(!way.is_given_up(false), "it is lost since now");
    }

    #[test]
    fn a_full_server_is_lost_from_the_last_connection_on() {
        let (way, now) = (Way::default(), Instant::now());
        let early = now.checked_sub(REACH * 2).unwrap();
        fail(&way);
        lose(&way, ELECTION * 2);
        assert!(way.is_given_up(true) && way.is_out_of_reach(early));
        way.hung_up();
        assert!(!way.is_given_up(true) && !way.is_given_up(false) && !way.is_out_of_reach(early));
        let one = way.enter(early, ALONE).unwrap();
        assert!(way.enter(now, ALONE).is_none(), "a further connection is tried for by one at a time");
        assert!(!way.is_worth_a_try(), "and not by all who come");
        drop(one);
        way.with(|state| state.hung_up = now.checked_sub(REACH * 2));
        assert!(way.is_given_up(false) && !way.is_given_up(true), "nobody has had one for a while");
    }

    #[test]
    fn while_a_leader_is_chosen_each_waits_for_as_long_as_the_first() {
        let (way, now) = (Way::default(), Instant::now());
        let early = now.checked_sub(REACH * 2).unwrap();
        fail(&way);
        assert!(!way.is_out_of_reach(early), "it may come back");
        lose(&way, REACH * 2);
        assert!(way.is_given_up(false) && !way.is_given_up(true));
        assert!(way.is_out_of_reach(early) && !way.is_out_of_reach(now));
        assert!(way.enter(early, CLUSTER).is_none(), "it has waited for long enough");
        let one = way.enter(now, CLUSTER).unwrap();
        assert!(way.enter(now, CLUSTER).is_none(), "somebody tries already");
        let next = Cluster { leader: 1, ..CLUSTER };
        assert!(way.enter(now, next).is_some(), "and may wait for a leader of before");
        drop(one);
        lose(&way, ELECTION);
        assert!(way.is_given_up(true), "nobody is chosen");
        way.enter(now, CLUSTER).unwrap().ended(true);
        assert!(!way.is_given_up(false) && !way.is_out_of_reach(early));
    }

    #[test]
    fn the_first_of_many_failures_counts_and_a_success_ends_them() {
        let way = Way::default();
        assert_eq!(way.lost_for(), None);
        fail(&way);
        let first = way.with(|state| state.lost);
        fail(&way);
        assert!(first.is_some() && way.with(|state| state.lost) == first);
        assert!(!way.is_worth_a_try(), "it was tried a moment ago");
        way.enter(Instant::now(), ALONE).unwrap().ended(true);
        assert_eq!(way.lost_for(), None);
        assert!(way.is_worth_a_try());
    }

    #[test]
    fn a_server_that_is_given_up_is_tried_by_one_at_a_time_who_has_not_waited() {
        let (way, now) = (Way::default(), Instant::now());
        fail(&way);
        assert!(way.enter(now, ALONE).is_some() && way.enter(now, ALONE).is_some(), "it may come back");
        lose(&way, REACH * 2);
        assert!(way.enter(now.checked_sub(FRESH * 2).unwrap(), ALONE).is_none());
        let one = way.enter(Instant::now(), ALONE).unwrap();
        assert!(way.enter(Instant::now(), ALONE).is_none(), "somebody tries already");
        // Whoever wanted it may have hung up.
        drop(one);
        way.enter(Instant::now(), ALONE).unwrap().ended(true);
        assert!(way.enter(now, ALONE).is_some() && way.enter(now, ALONE).is_some());
    }
}
