//! The least that a JSON service over HTTP can do: decode a request into a structure, and encode it again.

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::Failure;

/// As small as the requests that it is compared with.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Echo {
    user_pool_id: String,
    username: String,
}

async fn echo(body: Bytes) -> Result<impl IntoResponse, StatusCode> {
    let echo: Echo = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let body = serde_json::to_vec(&echo).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(([(header::CONTENT_TYPE, "application/x-amz-json-1.1")], body))
}

/// Serves until it is killed.
pub fn serve() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
        println!("{}", listener.local_addr().map_err(|e| e.to_string())?);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, Router::new().route("/", post(echo))).await.map_err(|e| e.to_string())
    })
}
