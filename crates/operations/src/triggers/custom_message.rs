//! What a message says: the function's texts instead of the pool's.

use cognate_delivery::{CODE, NAME, Texts, has_link};
use cognate_domain::User;
use cognate_domain::trigger::{Answer, Trigger, passed, user_attributes, with};
use cognate_model::Exception;
use serde_json::{Map, json};

use super::{Happening, Occasion, call};
use crate::messages::Cause;
use crate::{Context, Error};

/// The longest texts, in characters ("Custom message Lambda trigger").
const LONGEST_SMS: usize = 140;
const LONGEST_EMAIL: usize = 20_000;
const LONGEST_SUBJECT: usize = 140;

/// What stands for a link, where the pool sends links.
const LINK: &str = "{##Click Here##}";

/// Asks for texts.
pub(crate) async fn ask(
    cx: &Context,
    occasion: Occasion<'_>,
    user: &User,
    cause: Cause<'_>,
    is_linked: bool,
) -> Result<Texts, Error> {
    let invites = cause.occasion.invites();
    let mut request = Map::from_iter([
        ("userAttributes".to_owned(), json!(user_attributes(occasion.pool, user))),
        ("codeParameter".to_owned(), json!(CODE)),
        ("usernameParameter".to_owned(), json!(invites.then_some(NAME))),
    ]);
    if is_linked {
        request.insert("linkParameter".to_owned(), json!(LINK));
    }
    let source = format!("CustomMessage_{}", cause.occasion.name());
    let happening = Happening {
        trigger: Trigger::CustomMessage,
        source: &source,
        version: "1",
        request: with(request, "clientMetadata", passed(cause.metadata)),
        response: json!({"smsMessage": null, "emailMessage": null, "emailSubject": null}),
    };
    match call(cx, occasion, happening).await? {
        Some(answer) => read(&answer, invites),
        None => Ok(Texts::default()),
    }
}

fn read(answer: &Answer, invites: bool) -> Result<Texts, Error> {
    let text = |name: &str, longest: usize| -> Result<Option<String>, Error> {
        let Some(text) = answer.text(name)? else { return Ok(None) };
        if text.chars().count() > longest {
            return Err(unusable(&format!("{name} is longer than {longest} characters")));
        }
        Ok(Some(text.to_owned()))
    };
    let body = |name: &str, longest: usize| -> Result<Option<String>, Error> {
        let Some(text) = text(name, longest)? else { return Ok(None) };
        if !text.contains(CODE) && !has_link(&text) {
            return Err(unusable(&format!("{name} does not hold the code parameter {CODE}")));
        }
        if invites && !text.contains(NAME) {
            return Err(unusable(&format!("{name} does not hold the username parameter {NAME}")));
        }
        Ok(Some(text))
    };
    Ok(Texts {
        sms: body("smsMessage", LONGEST_SMS)?,
        email: body("emailMessage", LONGEST_EMAIL)?,
        subject: text("emailSubject", LONGEST_SUBJECT)?,
    })
}

/// The rules are documented, the texts of their errors are not.
fn unusable(what: &str) -> Error {
    Error::refused(Exception::InvalidLambdaResponse, format!("CustomMessage: {what}."))
}
