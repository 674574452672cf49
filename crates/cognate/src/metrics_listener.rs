//! A listener of its own for `/metrics`: whoever reaches it reads the counts, and nothing else.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::patient_stream::PatientStream;
use crate::routes::Routes;

/// How many connections are open at once.
const CONNECTIONS: usize = 16;
/// How long a client may take for its request, or leave the answer unread.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers until the server stops.
pub(crate) async fn serve(listener: TcpListener, routes: Arc<Routes>, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let routes = Arc::clone(&routes);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let routes = Arc::clone(&routes);
                async move { Ok::<_, Infallible>(answer(&routes, &request).await) }
            });
            let stream = TokioIo::new(PatientStream::new(stream, PATIENCE));
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .max_buf_size(16 << 10)
                .serve_connection(stream, service)
                .await;
            drop(place);
        });
    }
}

async fn answer(routes: &Routes, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    if !is_read || request.uri().path() != "/metrics" {
        let mut nothing = Response::new(Full::default());
        *nothing.status_mut() = StatusCode::NOT_FOUND;
        return nothing;
    }
    let mut response = Response::new(Full::new(Bytes::from(routes.metrics_text().await)));
    let plain = header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
