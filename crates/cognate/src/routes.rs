//! Which path is answered by whom.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use cognate_crypto::random;
use cognate_hosted::{Confirmation, Page};
use cognate_model::Timestamp;
use cognate_operations::audit::Actor;
use cognate_operations::imports::upload;
use cognate_operations::{Caller, Context, Error, declare, outbox};
use cognate_protocol::{Answer, Answered, FrontDoor, Incoming, names_this_machine};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming as HyperBody};
use hyper::{Method, Request, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::metrics::Metrics;
use crate::{Limits, access_log, traces, uploads};

/// Up to this many bytes a body is small, as nearly every request's is.
const SMALL_BODY: u64 = 16 << 10;
/// How many larger bodies are read at once.
const LARGE_BODIES: usize = 64;

pub(crate) struct Routes {
    front_door: FrontDoor,
    has_controls: bool,
    limits: Limits,
    address: SocketAddr,
    running: Semaphore,
    large_bodies: Semaphore,
    metrics: Arc<Metrics>,
}

/// `POST /_cognate/clock`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MoveClock {
    advance_seconds: Option<f64>,
    set_to: Option<serde_json::Value>,
}

impl Routes {
    pub(crate) fn new(front_door: FrontDoor, has_controls: bool, limits: Limits, address: SocketAddr) -> Self {
        let running = Semaphore::new(limits.requests);
        let large_bodies = Semaphore::new(LARGE_BODIES);
        Self { front_door, has_controls, limits, address, running, large_bodies, metrics: Arc::new(Metrics::new()) }
    }

    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    pub(crate) async fn metrics_text(&self) -> String {
        self.metrics.text(self.front_door.services()).await
    }

    pub(crate) async fn answer(&self, request: Request<HyperBody>, peer: SocketAddr) -> Response<Full<Bytes>> {
        // On a listener for both families an IPv4 address comes in the clothes of IPv6.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let (parts, body) = request.into_parts();
        if parts.method == Method::PUT
            && let Some(place) = parts.uri.path().strip_prefix(upload::PATH)
        {
            let place = place.to_owned();
            return respond(self.upload(&place, &parts, body).await);
        }
        let body = match self.read(body).await {
            Ok(body) => body,
            Err(answer) => return respond(self.front_door.finish(answer, &parts.method, &parts.headers)),
        };
        // Whoever asks whether this program lives must not take it for dead because it is busy, and end it.
        let _running = match self.running.try_acquire() {
            Ok(running) => Some(running),
            Err(_) if parts.uri.path() == "/health" => None,
            Err(_) => return respond(self.front_door.finish(self.shed(), &parts.method, &parts.headers)),
        };
        let (begun, mut source) = (Instant::now(), peer.ip());
        let path = parts.uri.path();
        let answered = if path == "/" || parts.method == Method::OPTIONS {
            let incoming = Incoming {
                method: &parts.method,
                path,
                query: parts.uri.query().unwrap_or_default(),
                headers: &parts.headers,
                body: &body,
            };
            let caller = self.caller(&parts, peer);
            source = caller.address.unwrap_or(source);
            let span = traces::of_request(&parts.headers);
            let answered = self.front_door.answer(incoming, caller).instrument(span.clone()).await;
            traces::answered(&span, &answered);
            answered
        } else {
            Answered::page(self.page(&parts, &body, peer).await)
        };
        let took = begun.elapsed();
        self.metrics.answered(answered.operation, answered.answer.status.as_u16(), took);
        access_log::write(&answered, source, took);
        respond(answered.answer)
    }

    fn caller(&self, parts: &hyper::http::request::Parts, peer: SocketAddr) -> Caller {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let address = Some(self.limits.trusted_proxies.caller(peer.ip(), &parts.headers));
        Caller { address, agent: agent.map(str::to_owned), base: Some(self.base(parts)) }
    }

    fn shed(&self) -> Answer {
        self.metrics.shed();
        Answer::exception("TooManyRequestsException", 400, "Too many requests")
    }

    /// The whole body, within the limits of size and time. Small bodies are read as they come; of large ones, and of
    /// those that do not say how large they are, only some at a time, so that slow senders cannot fill the memory.
    async fn read(&self, body: HyperBody) -> Result<Bytes, Answer> {
        let limit = self.limits.body_bytes;
        let hint = body.size_hint();
        if hint.lower() > limit as u64 {
            self.metrics.turned_away();
            return Err(Answer::too_large(limit));
        }
        let is_small = hint.upper().is_some_and(|most| most <= SMALL_BODY);
        let _large = if is_small { None } else { Some(self.large_bodies.try_acquire().map_err(|_| self.shed())?) };
        let whole = Limited::new(body, limit).collect();
        let read = tokio::time::timeout(self.limits.body_time(), whole).await;
        if !matches!(read, Ok(Ok(_))) {
            self.metrics.turned_away();
        }
        match read {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Answer::too_large(limit)),
            Ok(Err(_)) => Err(Answer::serialization(None)),
            Err(_) => Err(Answer::exception("RequestTimeoutException", 408, "The body took too long to arrive.")),
        }
    }

    /// Takes a file for an import job, of which only a part is in memory at a time.
    async fn upload(&self, place: &str, parts: &hyper::http::request::Parts, body: HyperBody) -> Answer {
        let Ok(_large) = self.large_bodies.try_acquire() else { return self.shed() };
        let cx = Context::new(Arc::clone(self.front_door.services()), Caller::default());
        uploads::take(&cx, place, parts, body, self.limits.body_time()).await
    }

    async fn page(&self, parts: &hyper::http::request::Parts, body: &[u8], peer: SocketAddr) -> Answer {
        let services = self.front_door.services();
        let cx = Context::new(Arc::clone(services), self.caller(parts, peer));
        let path = parts.uri.path();
        if let Some(control) = path.strip_prefix("/_cognate/") {
            return self.control(&cx, control, parts, body, peer).await;
        }
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return Answer::bad_request();
        }
        match path {
            "/health" => Answer::text(StatusCode::OK, "ok\n"),
            "/ready" => match services.store.read(|tx| cognate_store::settings::get(tx, "ready")).await {
                Ok(_) => Answer::text(StatusCode::OK, "ready\n"),
                Err(_) => Answer::text(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
            },
            // Counts tell an outsider how busy the house is, so only the machine itself reads them.
            "/metrics" if peer.ip().is_loopback() => Answer::text(StatusCode::OK, self.metrics_text().await),
            "/confirmUser" if parts.method == Method::GET => {
                if !self.front_door.admits(cx.caller.address) {
                    return self.shed();
                }
                let page = Confirmation::of(&cx, parts.uri.query().unwrap_or_default()).await;
                let status = StatusCode::from_u16(page.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Answer::html(status, page.html())
            }
            _ => match Page::read(path) {
                Some(page) => match page.document(&cx, &self.base(parts)).await {
                    Ok(document) => Answer::document(&document).for_browsers(),
                    Err(Error::Refused(refusal)) => Answer::exception(refusal.exception.name(), 400, &refusal.message),
                    Err(error) => {
                        tracing::error!(%error, path, "a page failed");
                        Answer::exception("InternalErrorException", 500, "Internal server error.")
                    }
                },
                None => Answer::bad_request(),
            },
        }
    }

    /// The URL under which the client reached this server.
    fn base(&self, parts: &hyper::http::request::Parts) -> String {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_plain =
            |host: &&str| host.len() < 256 && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
        match host.filter(is_plain) {
            Some(host) => format!("http://{host}"),
            None => format!("http://{}", self.address),
        }
    }

    /// The controls of `dev`: for this machine only, and not for pages that a browser happens to show.
    async fn control(
        &self,
        cx: &Context,
        control: &str,
        parts: &hyper::http::request::Parts,
        body: &[u8],
        peer: SocketAddr,
    ) -> Answer {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_called_from_here = peer.ip().is_loopback() && host.is_some_and(names_this_machine);
        if !self.has_controls || !is_called_from_here || parts.headers.contains_key(header::ORIGIN) {
            return Answer::bad_request();
        }
        match (&parts.method, control) {
            (&Method::GET, "outbox") => self.outbox(cx, parts.uri.query().unwrap_or_default()).await,
            (&Method::POST, "clock") => move_clock(cx, body),
            (&Method::GET, "clock") => clock(cx),
            (&Method::POST, "reset") => {
                // A task of its own, so that a caller who hangs up does not leave it half done.
                let id = random::format_uuid(&random::uuid_v4(cx.random()));
                let cx = cx.clone().acting_as(Actor::Development(String::new()), id);
                match tokio::spawn(async move { reset(&cx).await }).await {
                    Ok(Ok(())) => Answer::document(&json!({})),
                    Ok(Err(error)) => Answer::exception("InternalErrorException", 500, &error.to_string()),
                    Err(error) => Answer::exception("InternalErrorException", 500, &error.to_string()),
                }
            }
            _ => Answer::bad_request(),
        }
    }

    async fn outbox(&self, cx: &Context, query: &str) -> Answer {
        let named = |wanted: &str| {
            form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let (pool, username) = (named("poolId"), named("username"));
        match outbox::list_readable(cx, pool.as_deref(), username.as_deref()).await {
            Ok(messages) => Answer::document(&json!({ "messages": messages })),
            Err(Error::Refused(refusal)) => Answer::exception(refusal.exception.name(), 400, &refusal.message),
            Err(error) => Answer::exception("InternalErrorException", 500, &error.to_string()),
        }
    }
}

fn clock(cx: &Context) -> Answer {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since the epoch are far below 2^53")]
    let now = cx.now().millis() as f64 / 1_000.0;
    Answer::document(&json!({ "now": now }))
}

fn move_clock(cx: &Context, body: &[u8]) -> Answer {
    let refused = || {
        let message = "Send {\"advanceSeconds\": 600} or {\"setTo\": <seconds since the epoch, or an ISO 8601 date>}, \
                       within the years 1970 to 9999.";
        Answer::exception("InvalidParameterException", 400, message)
    };
    let Ok(wanted) = serde_json::from_slice::<MoveClock>(body) else { return refused() };
    match (wanted.advance_seconds, wanted.set_to) {
        (Some(seconds), None) => {
            #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
            let micros = (seconds * 1_000_000.0).round() as i64;
            if !is_a_date(cx.now().micros().saturating_add(micros)) {
                return refused();
            }
            cx.clock.advance_micros(micros);
        }
        (None, Some(moment)) => match moment_of(&moment) {
            Some(moment) if is_a_date(moment.micros()) => cx.clock.set(moment),
            _ => return refused(),
        },
        _ => return refused(),
    }
    clock(cx)
}

/// Whether microseconds since the epoch have a date: what lies beyond is milliseconds taken for seconds, most likely.
fn is_a_date(micros: i64) -> bool {
    micros >= 0 && jiff::Timestamp::from_microsecond(micros).is_ok()
}

/// Seconds as a number, or a date and time, of UTC unless it says otherwise.
fn moment_of(value: &serde_json::Value) -> Option<Timestamp> {
    let Some(text) = value.as_str() else { return serde_json::from_value(value.clone()).ok() };
    let of_utc = || jiff::tz::Offset::UTC.to_timestamp(text.parse().ok()?).ok();
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(of_utc)?;
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

/// Removes every pool and declares anew what was declared, as if the data folder were new; the root key and the access
/// keys stay.
async fn reset(cx: &Context) -> Result<(), Error> {
    // An entry of the time that it was: those that are there already come before it.
    let recorded = cx.recording("Reset", "", None);
    cx.clock.reset();
    let removed = recorded.write(|tx| {
        loop {
            let pools = cognate_store::user_pools::list(tx, "", 100)?;
            if pools.is_empty() {
                return Ok(());
            }
            for stored in pools {
                cognate_store::user_pools::delete(tx, stored.pool.id())?;
            }
        }
    });
    removed.await?;
    cx.forget_caches();
    declare::again(cx).await
}

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
