//! Weighing an attempt: once in a sign-in, as soon as the first factor was right.

use std::net::IpAddr;

use cognate_domain::User;
use cognate_domain::risk::configuration::{self, Exception};
use cognate_domain::risk::engine::{self, History, Trace};
use cognate_domain::risk::learning::{Kind, Mark};
use cognate_domain::risk::places::Point;
use cognate_domain::risk::{self, Mode};
use cognate_domain::sign_in::{Demand, Flow};
use cognate_model::{RiskDecisionType, Timestamp};
use cognate_store::{auth_events, risk_marks};

use super::{effective, notice};
use crate::auth::SignIn;
use crate::events::{self, Attempt};
use crate::{Context, Error};

/// How many events are looked at for failed attempts.
const RECENT: i64 = 20;

/// Weighs an attempt and writes the outcome into it. Answers what it has to show besides; none where it is blocked.
pub(crate) async fn assess(
    cx: &Context,
    sign_in: &SignIn<'_>,
    user: &User,
    flow: Flow,
    is_own_device: bool,
    attempt: &mut Attempt,
) -> Result<Option<Demand>, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    let Some(mode) = risk::mode_of(pool, flow) else { return Ok(Some(Demand::Nothing)) };
    let oldest = events::oldest(cx.now());
    let (config, marks, recent) = cx
        .read(|tx| {
            let config = effective(tx, pool.id(), client.id())?;
            let marks = risk_marks::of_user(tx, pool.id(), &user.id)?;
            let recent = auth_events::list(tx, pool.id(), &user.id, None, &oldest, RECENT)?;
            Ok((config, marks, recent))
        })
        .await?;
    let address = attempt.address();
    match configuration::exception(&config, address) {
        Exception::Blocked if mode == Mode::Enforced => {
            attempt.weigh(RiskDecisionType::Block, None);
            return Ok(None);
        }
        Exception::Skipped => {
            attempt.weigh(RiskDecisionType::NoRisk, None);
            return Ok(Some(Demand::Nothing));
        }
        Exception::Blocked | Exception::None => {}
    }
    let trace = Trace {
        address,
        device: attempt.device_name(),
        is_own_device,
        country: attempt.country(),
        point: address.and_then(|address| point(cx, address)),
        now: cx.now(),
    };
    let history = History { marks: &marks, last: last(cx, &marks), recent: &recent };
    let Some(level) = engine::level(&engine::signals(&trace, &history)) else {
        attempt.weigh(RiskDecisionType::NoRisk, None);
        return Ok(Some(Demand::Nothing));
    };
    attempt.weigh(RiskDecisionType::AccountTakeover, Some(level));
    if mode == Mode::Audit {
        return Ok(Some(Demand::Nothing));
    }
    let response = configuration::response(&config, level);
    if response.demand.is_none() {
        attempt.weigh(RiskDecisionType::Block, Some(level));
    }
    if let Some(kind) = response.notice {
        notice::send(cx, pool, user, configuration::notifier(&config), kind, attempt).await?;
    }
    Ok(response.demand)
}

/// Whether a request comes from a range that is always blocked.
pub(crate) async fn is_blocked_range(cx: &Context, sign_in: &SignIn<'_>) -> Result<bool, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    if risk::mode(pool) != Some(Mode::Enforced) {
        return Ok(false);
    }
    let config = cx.read(|tx| effective(tx, pool.id(), client.id())).await?;
    Ok(configuration::exception(&config, events::address_of(cx, sign_in)) == Exception::Blocked)
}

fn point(cx: &Context, address: IpAddr) -> Option<Point> {
    cx.knowledge.places.as_ref()?.find(address)?.point
}

/// When and where the last sign-in was, as far as the table of places knows.
fn last(cx: &Context, marks: &[Mark]) -> Option<(Timestamp, Point)> {
    let addresses = marks.iter().filter(|mark| mark.kind == Kind::Address && mark.last != 0);
    let newest = addresses.max_by_key(|mark| mark.last)?;
    Some((Timestamp::from_micros(newest.last), point(cx, newest.value.parse().ok()?)?))
}
