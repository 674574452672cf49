//! One line a request of the API, under the target `access`: who asked for what, and how it ended. No name or attribute
//! of a user, and no secret.

use std::net::IpAddr;
use std::time::Duration;

use cognate_protocol::Answered;

/// Writes the line, if anybody wants to read it.
pub(crate) fn write(answered: &Answered, source: IpAddr, took: Duration) {
    let Some(request_id) = answered.request_id.as_deref() else { return };
    if !tracing::enabled!(target: "access", tracing::Level::INFO) {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a request are far below 2^53")]
    let ms = took.as_micros() as f64 / 1_000.0;
    tracing::info!(
        target: "access",
        request_id,
        operation = answered.operation.map(cognate_model::Operation::name),
        outcome = answered.answer.error().unwrap_or("ok"),
        status = answered.answer.status.as_u16(),
        ms,
        key = answered.key.as_deref(),
        %source,
        pool = answered.pool.as_deref(),
        client = answered.client.as_deref(),
    );
}
