//! Running an operation, from the wire and from a Rust program.

use std::pin::Pin;

use cognate_model::{Answer, Operation, validate};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Context, Error};

/// A request of the user pools API. Each one names its operation and its response.
pub trait Request: Serialize + DeserializeOwned + Send {
    /// What a success answers; `()` for operations without an output shape.
    type Response: Serialize + Send;
    /// The operation.
    const OPERATION: Operation;

    /// Runs the operation. The request has been checked against the interface model.
    fn handle(self, cx: &Context) -> Handling<'_, Self::Response>;
}

/// An operation on its way. The body of an `async fn` is compiled anew in every crate that awaits it, and all that it
/// awaits with it; what gives this is compiled in its own, once. So callers' futures stay small as well, whatever the
/// operation keeps across its awaits.
pub type Handling<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The body of a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// No body at all.
    Empty,
    /// A JSON object.
    Json(Vec<u8>),
}

/// Runs an operation on a decoded and validated request.
pub async fn call<R: Request>(cx: &Context, input: Value) -> Result<Reply, Error> {
    let recorded = cx.on_record(R::OPERATION, &input);
    let cx = recorded.as_ref().unwrap_or(cx);
    let request: R =
        serde_json::from_value(input).map_err(|e| Error::internal(format!("{}: {e}", R::OPERATION.name())))?;
    let ended = request.handle(cx).await.map_err(|error| error.into_modelled_by(R::OPERATION));
    if recorded.is_some() {
        cx.settle(R::OPERATION, ended.as_ref().err()).await;
    }
    let response = ended?;
    match R::OPERATION.info().answer {
        Answer::Empty => Ok(Reply::Empty),
        Answer::Json => serde_json::to_vec(&response).map(Reply::Json).map_err(|e| Error::internal(e.to_string())),
    }
}

/// Runs an operation for a Rust program: the same validation and errors as over the wire.
pub async fn send<R: Request>(cx: &Context, request: R) -> Result<R::Response, Error> {
    let input = serde_json::to_value(&request).map_err(|e| Error::internal(e.to_string()))?;
    validate(&input, R::OPERATION.info().input).map_err(|violations| Error::invalid(violations.to_string()))?;
    let recorded = cx.on_record(R::OPERATION, &input);
    let cx = recorded.as_ref().unwrap_or(cx);
    let ended = request.handle(cx).await.map_err(|error| error.into_modelled_by(R::OPERATION));
    if recorded.is_some() {
        cx.settle(R::OPERATION, ended.as_ref().err()).await;
    }
    ended
}
