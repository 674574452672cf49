//! A message on its way out, and how the way may end before its goal.

use cognate_domain::Pool;
use thiserror::Error;

/// A message that is to go out now.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The same at every attempt, so that the other side can tell a message that comes twice.
    pub id: &'a str,
    /// The pool in whose name it goes.
    pub pool: &'a Pool,
    /// The user's name.
    pub username: &'a str,
    /// The address or number.
    pub destination: &'a str,
    /// What it is for, such as `ForgotPassword`.
    pub purpose: &'a str,
    /// The subject of an e-mail.
    pub subject: Option<&'a str>,
    /// The text.
    pub body: &'a str,
    /// The text of an e-mail as HTML, where it is another.
    pub html: Option<&'a str>,
}

/// Why a message did not go out. The text is for operators.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Setback {
    /// It may go out another time.
    #[error("{0}")]
    Later(String),
    /// It never will.
    #[error("{0}")]
    Never(String),
}

impl Setback {
    /// What an answer of HTTP comes to: too many and too late may pass, what else is refused stays refused.
    pub(crate) fn of_status(status: u16, what: String) -> Result<(), Self> {
        match status {
            200..=299 => Ok(()),
            408 | 429 => Err(Self::Later(what)),
            400..=499 => Err(Self::Never(what)),
            _ => Err(Self::Later(what)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_stays_refused_and_the_rest_is_tried_again() {
        let of = |status| Setback::of_status(status, String::new());
        assert_eq!((of(200), of(204)), (Ok(()), Ok(())));
        for status in [400, 401, 404, 422] {
            assert!(matches!(of(status), Err(Setback::Never(_))), "{status}");
        }
        for status in [100, 302, 408, 429, 500, 503] {
            assert!(matches!(of(status), Err(Setback::Later(_))), "{status}");
        }
    }
}
