//! Pagination tokens: sealed, bound to the question that they continue, good for an hour.

use cognate_crypto::digest::sha256;
use cognate_crypto::sealed_token;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Context, Error, OpenPool};

/// How long a token may be used, in seconds ("Amazon Cognito user pools API: `ListUsers`").
const LIFETIME: i64 = 3_600;

/// The largest page of every listing, and the size of a page when the caller names none.
pub(crate) const LARGEST: i32 = 60;

#[derive(Serialize, Deserialize)]
struct Sealed<P> {
    question: Vec<u8>,
    issued: i64,
    place: P,
}

/// The size of a page; 0 and absent mean the largest.
pub(crate) fn size(limit: Option<i32>) -> i64 {
    match limit {
        None | Some(0) => i64::from(LARGEST),
        Some(limit) => i64::from(limit.clamp(1, LARGEST)),
    }
}

/// Seals the place where a page ended. `question` is what the next request has to ask again.
pub(crate) fn seal<P: Serialize>(cx: &Context, pool: &OpenPool, question: &[&str], place: P) -> Result<String, Error> {
    let sealed = Sealed { question: fingerprint(question), issued: cx.now().seconds(), place };
    let payload = serde_json::to_vec(&sealed).map_err(|e| Error::internal(e.to_string()))?;
    Ok(sealed_token::seal_text(&pool.pages, "page", &payload, cx.random()))
}

/// Opens a token; none for the first page.
pub(crate) fn open<P: DeserializeOwned>(
    cx: &Context,
    pool: &OpenPool,
    question: &[&str],
    token: Option<&str>,
) -> Result<Option<P>, Error> {
    let Some(token) = token else { return Ok(None) };
    let invalid = || Error::invalid("Invalid pagination token given.");
    let payload = sealed_token::open_text(&pool.pages, "page", token).map_err(|_| invalid())?;
    let sealed: Sealed<P> = serde_json::from_slice(&payload).map_err(|_| invalid())?;
    let age = cx.now().seconds() - sealed.issued;
    if sealed.question != fingerprint(question) || !(-LIFETIME..=LIFETIME).contains(&age) {
        return Err(invalid());
    }
    Ok(Some(sealed.place))
}

fn fingerprint(question: &[&str]) -> Vec<u8> {
    let joined = cognate_crypto::seal::context(question);
    sha256(&joined).iter().take(16).copied().collect()
}

/// Cuts a page out of what was read: one more than the page tells whether there is a next one.
pub(crate) fn cut<T>(mut found: Vec<T>, size: i64) -> (Vec<T>, bool) {
    let size = usize::try_from(size).unwrap_or(0);
    let more = found.len() > size;
    found.truncate(size);
    (found, more)
}
