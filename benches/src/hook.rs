//! A webhook for triggers: it answers every event as it came, which changes nothing.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::Failure;

/// The function that stands for it in a pool.
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:bench";

/// Serves for as long as the program runs; where it listens.
pub async fn serve() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(
        async move { axum::serve(listener, Router::new().route("/", post(async |event: Bytes| event))).await },
    );
    Ok(address)
}

/// The part of the server's configuration that names it.
pub fn settings(address: SocketAddr) -> String {
    let secret = "whsec_YmVuY2ggc2VjcmV0IG9mIDI0IGJ5dGVz";
    format!("[triggers.functions.\"{FUNCTION}\"]\nwebhook = \"http://{address}/\"\nsecret = \"{secret}\"\n")
}
