//! What the writers of the kill test know: what was acknowledged, and what was under way when the server died.

use std::collections::{BTreeMap, BTreeSet};

/// A user that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    pub email: String,
    pub name: String,
}

/// A user name's state; none while there is no such user.
pub type State = Option<Present>;

/// One user name.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// What the server acknowledged last.
    pub acknowledged: State,
    /// What was asked for and not answered.
    pub pending: Option<State>,
    /// Every address that the user had or asked for in this round.
    pub addresses: BTreeSet<String>,
}

/// What one writer knows of its own user names.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub entries: BTreeMap<String, Entry>,
}

impl Ledger {
    pub fn entry(&mut self, username: &str) -> &mut Entry {
        self.entries.entry(username.to_owned()).or_default()
    }

    /// Notes what is about to be asked for.
    pub fn ask(&mut self, username: &str, state: State) {
        let entry = self.entry(username);
        entry.addresses.extend(state.as_ref().map(|present| present.email.clone()));
        entry.pending = Some(state);
    }

    /// Notes that it was acknowledged.
    pub fn acknowledge(&mut self, username: &str) {
        let entry = self.entry(username);
        entry.acknowledged = entry.pending.take().expect("something was asked for");
    }

    /// Takes what is found after the restart as the truth, if the server had promised nothing else.
    pub fn settle(&mut self, found: &BTreeMap<String, Present>) {
        for (username, entry) in &mut self.entries {
            let found = found.get(username).cloned();
            let pending = entry.pending.take();
            assert!(
                found == entry.acknowledged || Some(&found) == pending.as_ref(),
                "{username} is {found:?}; acknowledged was {:?}, under way was {pending:?}",
                entry.acknowledged
            );
            entry.acknowledged = found;
        }
    }
}

/// Numbers that differ from run to run (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(salt: u64) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Self((now.as_secs() ^ u64::from(now.subsec_nanos()) << 20 ^ salt << 52) | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn maria(serial: u32) -> Present {
    Present { email: format!("{serial}@example.com"), name: serial.to_string() }
}

/// A ledger in which a create was acknowledged and an update was under way.
fn example() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.ask("maria", Some(maria(1)));
    ledger.acknowledge("maria");
    ledger.ask("maria", Some(maria(2)));
    ledger
}

#[test]
fn a_ledger_takes_the_acknowledged_state_and_the_one_under_way() {
    for serial in [1, 2] {
        let mut ledger = example();
        ledger.settle(&BTreeMap::from([("maria".to_owned(), maria(serial))]));
        assert_eq!(ledger.entry("maria").acknowledged, Some(maria(serial)));
    }
}

#[test]
#[should_panic(expected = "maria is None")]
fn a_ledger_notices_a_lost_create() {
    example().settle(&BTreeMap::new());
}

#[test]
#[should_panic(expected = "maria is Some")]
fn a_ledger_notices_a_state_that_nobody_asked_for() {
    example().settle(&BTreeMap::from([("maria".to_owned(), maria(3))]));
}
