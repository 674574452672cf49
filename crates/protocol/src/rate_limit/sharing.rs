//! What servers that share a database tell each other of their rates.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::random;
use cognate_operations::{Error, Services};
use cognate_store::spent_rates::{self, Report};
use tokio::task::JoinHandle;

use super::{Limiter, Rates, Spent};

/// How long a server waits before it tells and asks again. What one took is missing at the others within two of these.
const EVERY: Duration = Duration::from_millis(300);
/// After how many times what servers left that are gone is removed: five minutes.
const FORGETS: u32 = 1_000;
/// The bytes of what was taken from a bucket: the kind, the place and the count.
const SPENT: usize = 7;

/// Tells and asks until it is dropped.
pub(crate) struct Sharing(Option<JoinHandle<()>>);

impl Sharing {
    /// A limiter, which hears of the limiters of other servers where there can be any.
    pub(crate) fn start(services: &Arc<Services>, rates: Rates) -> (Arc<Limiter>, Self) {
        if !services.store.is_shared() || rates == Rates::NONE {
            return (Arc::new(Limiter::new(rates, None)), Self(None));
        }
        let key = services.master_key.derive("rate limits");
        let limiter = Arc::new(Limiter::new(rates, Some(&key)));
        let mut exchange = Exchange {
            limiter: Arc::clone(&limiter),
            services: Arc::clone(services),
            node: random::format_uuid(&random::uuid_v4(&*services.random)),
            rounds: 0,
            told: 0,
            heard: None,
        };
        let task = tokio::spawn(async move {
            let mut is_well = true;
            loop {
                let done = exchange.once().await;
                if let (Err(error), true) = (&done, is_well) {
                    tracing::warn!(%error, "what other servers took of the rate limits is not known");
                }
                is_well = done.is_ok();
                tokio::time::sleep(EVERY).await;
            }
        });
        (limiter, Self(Some(task)))
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

struct Exchange {
    limiter: Arc<Limiter>,
    services: Arc<Services>,
    /// This server, as long as it runs.
    node: String,
    /// How often it told and asked.
    rounds: u32,
    /// How many reports it made.
    told: i64,
    /// The newest report of each other server that was heard; none before the first time.
    heard: Option<HashMap<String, i64>>,
}

impl Exchange {
    async fn once(&mut self) -> Result<(), Error> {
        let store = &self.services.store;
        if self.rounds.is_multiple_of(FORGETS) {
            store.write(|tx| Ok::<_, Error>(spent_rates::forget_the_gone(tx)?)).await?;
        }
        self.rounds = self.rounds.wrapping_add(1);
        let spent = self.limiter.spent();
        if !spent.is_empty() {
            self.told += 1;
            let report = Report { node: self.node.clone(), number: self.told, spent: encode(&spent) };
            store.write(move |tx| Ok::<_, Error>(spent_rates::tell(tx, &report)?)).await?;
        }
        let reports = store.read(|tx| Ok::<_, Error>(spent_rates::others(tx, &self.node)?)).await?;
        let mut newest: HashMap<String, i64> = HashMap::new();
        for report in &reports {
            let before = self.heard.as_ref().map(|heard| heard.get(&report.node).copied().unwrap_or_default());
            // What was told before this server began may be old.
            if before.is_some_and(|before| report.number > before) {
                self.limiter.spend(&decode(&report.spent));
            }
            let number = newest.entry(report.node.clone()).or_default();
            *number = report.number.max(*number);
        }
        self.heard = Some(newest);
        Ok(())
    }
}

fn encode(spent: &[Spent]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(spent.len() * SPENT);
    for spent in spent {
        bytes.push(spent.kind);
        bytes.extend(spent.place.to_le_bytes());
        bytes.extend(spent.count.to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Vec<Spent> {
    let (spent, _) = bytes.as_chunks::<SPENT>();
    spent
        .iter()
        .map(|&[kind, a, b, c, d, e, f]| Spent {
            kind,
            place: u16::from_le_bytes([a, b]),
            count: u32::from_le_bytes([c, d, e, f]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_told_is_heard(spent: Vec<(u8, u16, u32)>) {
            let spent: Vec<Spent> =
                spent.into_iter().map(|(kind, place, count)| Spent { kind, place, count }).collect();
            prop_assert_eq!(decode(&encode(&spent)), spent);
        }

        #[test]
        fn no_report_breaks_a_server(bytes: Vec<u8>) {
            decode(&bytes);
        }
    }
}
