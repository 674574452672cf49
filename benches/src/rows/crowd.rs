//! Reading while others sign in: password hashes have threads of their own, which give way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use super::sign_in::{self, PASSWORD};
use super::{Against, Figure, House, Row, say, users};
use crate::connection::{Call, Connection, Turn, once};
use crate::load::{self, Job, Work};
use crate::process::Mode;
use crate::{Bench, Failure, seed};

/// How many sign-ins are under way at any time.
const SIGN_INS: usize = 64;
pub const ALONE: &str = "AdminGetUser, nobody signing in";

/// AdminGetUser alone, then beside sign-ins at full cost.
pub async fn rows(bench: &Bench, mode: Mode, house: &House) -> Result<Vec<Row>, Failure> {
    if mode == Mode::Dev {
        return Ok(Vec::new());
    }
    say(&format!("{}: reading beside {SIGN_INS} sign-ins ({})", mode.name(), house.server.id()));
    for number in 0..SIGN_INS {
        sign_in::set_password(house, number).await?;
        once(&house.server, &sign_in::by_password(&house.data, number, PASSWORD)).await?;
    }
    let reads = || [Job::Requests(&house.server, users::one(&house.data))];
    let alone = load::run(bench.length, &reads()).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut crowd = JoinSet::new();
    for number in 0..SIGN_INS {
        let mut connection = Connection::open(&house.server, number).await?;
        let (work, stop) = (sign_ins(house), Arc::clone(&stop));
        crowd.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                connection.work(&*work).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    let beside = load::run(bench.length, &reads()).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(done) = crowd.join_next().await {
        done.map_err(|e| e.to_string())??;
    }
    let data = Some(house.data.users);
    let row = |name, loads: Vec<load::Load>| {
        let times = loads.into_iter().next().and_then(|load| load.times);
        let figure = Figure::Delay(times.map_or(0.0, |times| f64::from(times.p99)));
        Row { times, ..Row::new(mode, name, data, figure) }
    };
    Ok(vec![
        row(ALONE, alone),
        row("AdminGetUser beside 64 sign-ins", beside?).against(&[Against::Alone]).reach("2 x the p99 alone"),
    ])
}

/// Each connection signs in a user of its own.
fn sign_ins(house: &House) -> Work {
    let data = house.data.clone();
    Arc::new(move |turn: Turn<'_>| -> Call { sign_in::by_password(&data, turn.connection % seed::SMALL, PASSWORD) })
}
