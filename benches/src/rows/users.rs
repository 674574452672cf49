//! Reading, searching and creating users.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{Against, Houses, Row, bare, say};
use crate::connection::{Call, Turn};
use crate::load::{self, Job, Work};
use crate::process::{Mode, Server};
use crate::seed::{self, Seeded};
use crate::{Bench, Failure};

/// Makes every created user new.
static CREATED: AtomicUsize = AtomicUsize::new(0);

/// AdminGetUser and ListUsers.
pub async fn reads(bench: &Bench, houses: &Houses) -> Result<Vec<Row>, Failure> {
    let echo = Server::echo()?;
    let bare = Job::Requests(&echo, bare::echo());
    let mut rows = both(bench, houses, "AdminGetUser", Some(bare), |data| Reading::One.work(data)).await?;
    for row in rows.iter_mut().skip(1) {
        row.against.insert(0, Against::Echo);
        row.reach = match (row.users == Some(seed::SMALL), houses.mode) {
            (true, Mode::Dev) => "2 x echo",
            (true, Mode::Serve) => "2.5 x echo",
            (false, _) => "1.3 x the small pool",
        };
    }
    for (name, reading) in [("ListUsers email =", Reading::Exact), ("ListUsers email ^=", Reading::Prefix)] {
        for row in both(bench, houses, name, None, |data| reading.work(data)).await? {
            rows.push(if row.users == Some(seed::SMALL) {
                row.against(&[Against::Echo])
            } else {
                row.against(&[Against::SmallMedian]).reach("0.08; p50 1.5 x the small pool")
            });
        }
    }
    Ok(rows)
}

/// Measures the same work on both pools, and a bare job beside them.
async fn both(
    bench: &Bench,
    houses: &Houses,
    name: &'static str,
    bare: Option<Job<'_>>,
    work: impl Fn(&Seeded) -> Work,
) -> Result<Vec<Row>, Failure> {
    let (mode, small, large) = (houses.mode, &houses.small, &houses.large);
    let [first, second] = [small, large].map(|house| format!("{} users in {}", house.data.users, house.server.id()));
    say(&format!("{}: {name} ({first}, {second})", mode.name()));
    let mut names = vec![(name, Some(small.data.users)), (name, Some(large.data.users))];
    let mut jobs =
        vec![Job::Requests(&small.server, work(&small.data)), Job::Requests(&large.server, work(&large.data))];
    if let Some(bare) = bare {
        jobs.insert(0, bare);
        names.insert(0, (bare::ECHO, None));
    }
    let loads = load::run(bench.length, &jobs).await?;
    let mut rows: Vec<Row> =
        names.into_iter().zip(loads).map(|((name, users), load)| Row::loaded(mode, name, users, load)).collect();
    if let Some(last) = rows.last_mut() {
        last.against.push(Against::Small);
    }
    Ok(rows)
}

/// Reads of one user, at random.
pub fn one(data: &Seeded) -> Work {
    Reading::One.work(data)
}

/// A way of finding users.
#[derive(Clone, Copy)]
enum Reading {
    One,
    Exact,
    Prefix,
}

impl Reading {
    fn work(self, data: &Seeded) -> Work {
        let (pool, users) = (data.pool.clone(), data.users);
        Arc::new(move |turn: Turn<'_>| {
            let username = seed::username(turn.random.below(users));
            // All but the last digit: a full page, in a small pool and in a large one.
            let ten = username.get(..username.len() - 1).unwrap_or_default();
            let list = |filter: String| json!({ "UserPoolId": pool, "Filter": filter, "Limit": 10 }).to_string();
            match self {
                Self::One => Call {
                    operation: "AdminGetUser",
                    body: json!({ "UserPoolId": pool, "Username": username }).to_string(),
                    expected: format!("\"Username\":\"{username}\""),
                },
                Self::Exact => Call {
                    operation: "ListUsers",
                    body: list(format!("email = \"{username}@example.com\"")),
                    expected: format!("\"Username\":\"{username}\""),
                },
                Self::Prefix => Call {
                    operation: "ListUsers",
                    body: list(format!("email ^= \"{ten}\"")),
                    expected: format!("\"Username\":\"{ten}"),
                },
            }
        })
    }
}

/// AdminCreateUser. The pools grow while this is measured.
pub async fn creations(bench: &Bench, houses: &Houses) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (name, password) in
        [("AdminCreateUser, password given", Some("Bench-Pass-1!")), ("AdminCreateUser, password made", None)]
    {
        for mut row in both(bench, houses, name, None, |data| creation(data, password)).await? {
            row.against.insert(0, if houses.mode == Mode::Dev { Against::Echo } else { Against::Hash });
            row.reach = match (row.users == Some(seed::SMALL), houses.mode) {
                (true, Mode::Dev) => "0.20",
                (true, Mode::Serve) => "",
                (false, _) => "1.5 x the small pool",
            };
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Users whose names and addresses lie anywhere among those of the others.
pub fn creation(data: &Seeded, password: Option<&'static str>) -> Work {
    let (pool, users) = (data.pool.clone(), data.users);
    Arc::new(move |turn: Turn<'_>| {
        let near = seed::username(turn.random.below(users));
        let username = format!("{near}-{}", CREATED.fetch_add(1, Ordering::Relaxed));
        let mut body = json!({
            "UserPoolId": pool,
            "Username": username,
            "UserAttributes": seed::attributes(&username),
            "MessageAction": "SUPPRESS",
        });
        if let Some(password) = password {
            body["TemporaryPassword"] = password.into();
        }
        Call { operation: "AdminCreateUser", body: body.to_string(), expected: format!("\"Username\":\"{username}\"") }
    })
}
