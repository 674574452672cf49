//! A user who is elsewhere so far: the function knows them, and they move in.

use cognate_domain::trigger::{Answer, Trigger, Unrecognizable, passed, with};
use cognate_model::{AttributeType, DeliveryMediumType, Exception, MessageActionType, UserStatusType};
use serde_json::{Map, json};

use super::{Happening, Occasion, Passed, call};
use crate::{Context, Error};

/// What a function is asked.
pub(crate) enum Question<'a> {
    /// Whether the password is right.
    Authentication {
        /// The password that was typed.
        password: &'a str,
        /// `ClientMetadata` of the request.
        validation: Option<&'a Passed>,
    },
    /// Whether there is such a user.
    ForgotPassword {
        /// `ClientMetadata` of the request.
        metadata: Option<&'a Passed>,
    },
}

/// A user as the function knows them.
#[derive(Debug)]
pub(crate) struct Newcomer {
    /// `username` among the attributes: their name, where what was typed is another.
    pub(crate) username: Option<String>,
    /// The other attributes.
    pub(crate) attributes: Vec<AttributeType>,
    /// `finalUserStatus`.
    pub(crate) status: UserStatusType,
    /// `forceAliasCreation`.
    pub(crate) takes_aliases: bool,
    /// `enableSMSMFA`.
    pub(crate) has_sms_mfa: bool,
}

/// Asks for a user. None where the function does not know them, or says that something is wrong: that is told like a
/// name that nobody has.
pub(crate) async fn ask(
    cx: &Context,
    occasion: Occasion<'_>,
    question: Question<'_>,
) -> Result<Option<Newcomer>, Error> {
    let (source, request) = match question {
        Question::Authentication { password, validation } => {
            let request = Map::from_iter([("password".to_owned(), json!(password))]);
            ("UserMigration_Authentication", with(request, "validationData", passed(validation)))
        }
        Question::ForgotPassword { metadata } => {
            ("UserMigration_ForgotPassword", with(Map::default(), "clientMetadata", passed(metadata)))
        }
    };
    let happening = Happening {
        trigger: Trigger::UserMigration,
        source,
        version: "1",
        request,
        response: json!({
            "userAttributes": null, "forceAliasCreation": null, "enableSMSMFA": null, "finalUserStatus": null,
            "messageAction": null, "desiredDeliveryMediums": null,
        }),
    };
    match call(cx, occasion, happening).await {
        Ok(Some(answer)) => Ok(read(&answer)?),
        Ok(None) => Ok(None),
        Err(Error::Refused(refusal)) if refusal.exception == Exception::UserLambdaValidation => {
            // What it says stays with it: it knows the password.
            tracing::info!(pool = occasion.pool.id(), "a user does not move in: the function says no");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn read(answer: &Answer) -> Result<Option<Newcomer>, Unrecognizable> {
    let Some(mut attributes) = answer.map("userAttributes")? else { return Ok(None) };
    let status = match answer.text("finalUserStatus")? {
        None | Some("RESET_REQUIRED") => UserStatusType::ResetRequired,
        Some("CONFIRMED") => UserStatusType::Confirmed,
        Some(_) => return Err(Unrecognizable),
    };
    // No message is sent, because it would carry the user's own password; what is asked for must still make sense.
    answer.text("messageAction")?.map(|action| MessageActionType::parse(action).ok_or(Unrecognizable)).transpose()?;
    let mediums = answer.texts("desiredDeliveryMediums")?.unwrap_or_default();
    if mediums.iter().any(|medium| DeliveryMediumType::parse(medium).is_none()) {
        return Err(Unrecognizable);
    }
    Ok(Some(Newcomer {
        username: attributes.remove("username"),
        attributes: attributes.into_iter().map(|(name, value)| AttributeType { name, value: Some(value) }).collect(),
        status,
        takes_aliases: answer.flag("forceAliasCreation")?,
        has_sms_mfa: answer.flag("enableSMSMFA")?,
    }))
}
