//! `/confirmUser`: where the link of a message leads ("Verifying contact information at sign-up").
//!
//! Whoever opens the link has the message, and with it the address. What is wrong with a link is not told in detail:
//! the page is for people, and for nobody who tries names.

use cognate_operations::{Context, Error, confirm_by_link};

/// The longest parameter that a link of ours could have, in bytes.
const LONGEST: usize = 2_048;

/// What the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// The user is confirmed.
    Confirmed,
    /// The link is not, or no longer, one that confirms anybody.
    Refused,
    /// Our failure.
    Failed,
}

impl Confirmation {
    /// Confirms the user of a link.
    pub async fn of(cx: &Context, query: &str) -> Self {
        let value = |wanted: &str| {
            let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted)?.1.into_owned();
            (1..=LONGEST).contains(&found.len()).then_some(found)
        };
        let (client, name, code) = (value("client_id"), value("user_name"), value("confirmation_code"));
        let (Some(client), Some(name), Some(code)) = (client, name, code) else { return Self::Refused };
        match confirm_by_link(cx, &client, name, code).await {
            Ok(()) => Self::Confirmed,
            Err(Error::Internal(detail)) => {
                tracing::error!(%detail, "a link could not be followed");
                Self::Failed
            }
            Err(_) => Self::Refused,
        }
    }

    /// The status code.
    pub fn status(self) -> u16 {
        match self {
            Self::Confirmed => 200,
            Self::Refused => 400,
            Self::Failed => 500,
        }
    }

    /// The page.
    pub fn html(self) -> String {
        let (title, text) = match self {
            Self::Confirmed => ("Your registration has been confirmed", "You can close this page and sign in."),
            Self::Refused => ("This link is not valid", "It was used already, or it is too old. Ask for another one."),
            Self::Failed => ("Something went wrong", "Please open the link again in a moment."),
        };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n\
             <body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
        )
    }
}
