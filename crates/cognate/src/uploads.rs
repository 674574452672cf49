//! Files for import jobs: `PUT` at a signed address, answered as the live service's storage answers.

use std::time::Duration;

use cognate_operations::Context;
use cognate_operations::imports::upload::{Upload, UploadError};
use cognate_protocol::Answer;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Incoming;

/// How much is kept at once.
const PART: usize = 1 << 20;
/// What uploads to the live service must say, because its addresses are signed for it.
const ENCRYPTION: (&str, &str) = ("x-amz-server-side-encryption", "aws:kms");

/// Takes a file in. Between two pieces of it `patience` may pass.
pub(crate) async fn take(
    cx: &Context,
    place: &str,
    parts: &hyper::http::request::Parts,
    body: Incoming,
    patience: Duration,
) -> Answer {
    let (name, value) = ENCRYPTION;
    if parts.headers.get(name).is_none_or(|given| given != value) {
        return refused(
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            &format!("The request needs the header {name}: {value}."),
        );
    }
    let query = parts.uri.query().unwrap_or_default();
    let taken = match Upload::begin(cx, place, query).await {
        Ok(upload) => receive(upload, body, patience).await,
        Err(error) => Err(error),
    };
    match taken {
        Ok(true) => Answer::text(StatusCode::OK, ""),
        Ok(false) => {
            refused(StatusCode::BAD_REQUEST, "RequestTimeout", "The body took too long to arrive, or broke off.")
        }
        Err(UploadError::Forged) => refused(
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            "The address was not made for this user import job.",
        ),
        Err(UploadError::Expired) => refused(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"),
        Err(UploadError::Started) => {
            refused(StatusCode::FORBIDDEN, "AccessDenied", "The user import job does not wait for a file.")
        }
        Err(UploadError::TooLarge) => {
            refused(StatusCode::BAD_REQUEST, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        }
        Err(UploadError::Internal(error)) => {
            tracing::error!(%error, "a file was not taken");
            refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "We encountered an internal error.")
        }
    }
}

/// Keeps a body; says whether all of it came. Of half a file nothing stays.
async fn receive(mut upload: Upload, body: Incoming, patience: Duration) -> Result<bool, UploadError> {
    let received = receive_parts(&mut upload, body, patience).await;
    if !matches!(received, Ok(true))
        && let Err(UploadError::Internal(error)) = upload.abandon().await
    {
        tracing::warn!(%error, "half a file stays for a day");
    }
    received
}

async fn receive_parts(upload: &mut Upload, mut body: Incoming, patience: Duration) -> Result<bool, UploadError> {
    let mut part = Vec::with_capacity(PART);
    loop {
        match tokio::time::timeout(patience, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    part.extend_from_slice(&data);
                }
            }
            Ok(Some(Err(_))) | Err(_) => return Ok(false),
        }
        if part.len() >= PART {
            upload.part(std::mem::replace(&mut part, Vec::with_capacity(PART))).await?;
        }
    }
    if !part.is_empty() {
        upload.part(part).await?;
    }
    upload.finish().await?;
    Ok(true)
}

fn refused(status: StatusCode, code: &str, message: &str) -> Answer {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer::text(status, text)
}
