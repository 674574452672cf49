//! The HTTP server: our accept loop around hyper, with bounds on everything that a client decides.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cognate_operations::outbox::Deliveries;
use cognate_operations::{Services, imports};
use cognate_protocol::{AccessKeys, FrontDoor, Trust};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use crate::metrics::Metrics;
use crate::patient_stream::PatientStream;
use crate::routes::Routes;
use crate::{Limits, metrics_listener};

/// Whom the server believes, and what it offers beside the API.
#[derive(Clone)]
pub enum Door {
    /// Signatures are verified; nothing but the API.
    Serve {
        /// The root access key id.
        root_id: String,
        /// Its secret.
        root_secret: zeroize::Zeroizing<String>,
    },
    /// Any well-formed credentials; outbox, clock and reset at hand.
    Dev,
    /// Signatures are verified as in `Serve`, with outbox, clock and reset at hand.
    DevVerified {
        /// The root access key id.
        root_id: String,
        /// Its secret.
        root_secret: zeroize::Zeroizing<String>,
    },
}

/// Why the server does not run.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The listener is unusable.
    #[error("{0}")]
    Listener(#[from] std::io::Error),
    /// The data cannot be read or written.
    #[error("{0}")]
    Data(String),
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    routes: Arc<Routes>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    deliveries: Deliveries,
    _imports: imports::Keeper,
}

impl Server {
    pub(crate) fn start(
        services: Arc<Services>,
        listener: TcpListener,
        door: &Door,
        limits: Limits,
    ) -> Result<Self, ServerError> {
        let address = listener.local_addr()?;
        imports::end_interrupted(&services).map_err(|error| ServerError::Data(error.to_string()))?;
        let (trust, has_controls) = match door {
            Door::Dev => (Trust::WellFormed, true),
            Door::DevVerified { root_id, root_secret } => {
                (Trust::Verified(AccessKeys::new(&services, root_id, root_secret)), true)
            }
            Door::Serve { root_id, root_secret } => {
                (Trust::Verified(AccessKeys::new(&services, root_id, root_secret)), false)
            }
        };
        let deliveries = Deliveries::start(Arc::clone(&services));
        let imports = imports::Keeper::start(&services);
        if has_controls {
            // Behind a proxy, `serve` cannot know its own name.
            services.reachable_at(&format!("http://{address}"));
        }
        let front_door = FrontDoor::new(services, trust, limits.rates());
        let routes = Arc::new(Routes::new(front_door, has_controls, limits.clone(), address));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, Arc::clone(&routes), limits, stopped));
        Ok(Self { address, routes, stop, task, deliveries, _imports: imports })
    }

    /// Answers `/metrics` on a listener of its own as well, to whoever reaches it.
    pub fn expose_metrics(&self, listener: TcpListener) {
        tokio::spawn(metrics_listener::serve(listener, Arc::clone(&self.routes), self.stop.subscribe()));
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for an SDK's `endpoint_url`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more connections, lets running requests finish, and returns.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
        self.deliveries.stop().await;
    }

    /// Runs until something else ends it.
    pub async fn join(self) {
        let _ = self.task.await;
    }
}

async fn accept(listener: TcpListener, routes: Arc<Routes>, limits: Limits, mut stopped: watch::Receiver<bool>) {
    let connections = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    loop {
        // Waiting for a free place or for somebody to take it, and for the end in either case.
        let accepted = tokio::select! {
            accepted = next(&listener, &connections) => accepted,
            _ = stopped.changed() => break,
        };
        match accepted {
            Ok((stream, peer, permit)) => serve_connection(stream, peer, permit, &routes, &limits, &graceful),
            Err(error) => {
                // Out of file descriptors, most likely: wait for some to be freed rather than spin.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_time(), graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    routes: &Arc<Routes>,
    limits: &Limits,
    graceful: &GracefulShutdown,
) {
    let _ = stream.set_nodelay(true);
    let routes = Arc::clone(routes);
    let metrics: Arc<Metrics> = Arc::clone(routes.metrics());
    let service = service_fn(move |request| {
        let routes = Arc::clone(&routes);
        async move { Ok::<_, std::convert::Infallible>(routes.answer(request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time())
        .max_buf_size(32 << 10)
        .serve_connection(TokioIo::new(PatientStream::new(stream, limits.answer_time())), service);
    let watched = graceful.watch(connection);
    metrics.connections.fetch_add(1, Ordering::Relaxed);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, %peer, "a connection ended early");
        }
        metrics.connections.fetch_sub(1, Ordering::Relaxed);
        drop(permit);
    });
}
