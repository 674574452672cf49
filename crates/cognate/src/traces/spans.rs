//! The span of a request, with what is known of it in the end: no name of a user, no attribute, no secret.

use cognate_model::Operation;
use cognate_protocol::Answered;
use hyper::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Begins the span of a request, below the one of the caller if its headers name one (`traceparent`).
pub(crate) fn of_request(headers: &HeaderMap) -> Span {
    let span = tracing::trace_span!(
        target: "traces",
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system = "aws-api",
        rpc.method = Empty,
        http.response.status_code = Empty,
        "error.type" = Empty,
        aws.request_id = Empty,
        cognate.pool = Empty,
    );
    if !span.is_disabled() {
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        if caller.span().span_context().is_valid() {
            let _ = span.set_parent(caller);
        }
    }
    span
}

/// Writes into it how the request ended.
pub(crate) fn answered(span: &Span, answered: &Answered) {
    if span.is_disabled() {
        return;
    }
    let status = answered.answer.status.as_u16();
    if let Some(operation) = answered.operation.map(Operation::name) {
        span.context().span().update_name(operation);
        span.record("rpc.method", operation);
    }
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
    for (field, value) in [
        ("error.type", answered.answer.error()),
        ("aws.request_id", answered.request_id.as_deref()),
        ("cognate.pool", answered.pool.as_deref()),
    ] {
        if let Some(value) = value {
            span.record(field, value);
        }
    }
}
