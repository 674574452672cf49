//! Before a user is created: the function may refuse, and may confirm the user and verify addresses.

use cognate_domain::User;
use cognate_domain::trigger::{Answer, Trigger, passed, with};
use cognate_domain::user_status;
use cognate_model::AttributeType;
use serde_json::{Map, Value, json};

use super::{Happening, Occasion, Passed, call};
use crate::{Context, Error};

/// What a function is told besides the user's attributes.
pub(crate) struct Given<'a> {
    /// `ValidationData`.
    pub(crate) validation: Option<&'a [AttributeType]>,
    /// `ClientMetadata`.
    pub(crate) metadata: Option<&'a Passed>,
}

/// What the function decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    /// `autoConfirmUser`.
    pub(crate) confirms: bool,
    verifies_email: bool,
    verifies_phone: bool,
}

/// Asks before a user is created. The events have no `sub` and no status, because there is no user yet.
pub(crate) async fn ask(
    cx: &Context,
    occasion: Occasion<'_>,
    source: &str,
    attributes: &std::collections::BTreeMap<String, String>,
    given: Given<'_>,
) -> Result<Decision, Error> {
    let request = Map::from_iter([("userAttributes".to_owned(), json!(attributes))]);
    let request = with(request, "validationData", given.validation.map(pairs));
    let happening = Happening {
        trigger: Trigger::PreSignUp,
        source,
        version: "1",
        request: with(request, "clientMetadata", passed(given.metadata)),
        response: json!({"autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false}),
    };
    let Some(answer) = call(cx, occasion, happening).await? else { return Ok(Decision::default()) };
    Decision::read(&answer)
}

/// A list of names and values as a map.
fn pairs(list: &[AttributeType]) -> Value {
    let pairs = list.iter().map(|pair| (pair.name.clone(), json!(pair.value.as_deref().unwrap_or_default())));
    Value::Object(pairs.collect())
}

impl Decision {
    fn read(answer: &Answer) -> Result<Self, Error> {
        Ok(Self {
            confirms: answer.flag("autoConfirmUser")?,
            verifies_email: answer.flag("autoVerifyEmail")?,
            verifies_phone: answer.flag("autoVerifyPhone")?,
        })
    }

    /// Whether an address was verified: it moves to this user from whoever had it.
    pub(crate) fn verifies(self) -> bool {
        self.verifies_email || self.verifies_phone
    }

    /// Changes a user who signs up.
    pub(crate) fn apply(self, user: &mut User) -> Result<(), Error> {
        for (verifies, attribute) in [(self.verifies_email, "email"), (self.verifies_phone, "phone_number")] {
            if !verifies {
                continue;
            }
            if user.attribute(attribute).is_none_or(str::is_empty) {
                // Documented as an error without its text.
                let message = format!("PreSignUp verifies the attribute {attribute}, which the user does not have.");
                return Err(Error::refused(cognate_model::Exception::InvalidLambdaResponse, message));
            }
            user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        }
        if self.confirms {
            user_status::confirm_sign_up(user)?;
        }
        Ok(())
    }
}
