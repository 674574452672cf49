//! The last use of a session, as a request shows it.

use std::net::IpAddr;

use cognate_domain::device_type;
use cognate_store::refresh_tokens::Activity;

use crate::Context;

/// A use of a session now. `stated` is the address that a trusted server says the user has.
pub(crate) fn activity(cx: &Context, stated: Option<&str>) -> Activity {
    let stated = stated.and_then(|address| address.parse::<IpAddr>().ok());
    let address = stated.or(cx.caller.address).map(|address| address.to_string());
    Activity {
        // Rounded to milliseconds, as answers show it.
        at: cx.now().millis() * 1_000,
        address: address.unwrap_or_default(),
        device_type: device_type::describe(cx.caller.agent.as_deref()),
    }
}
