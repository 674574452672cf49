//! Custom senders: a function sends the message, instead of us. It is told the code under a key of the pool's own, as
//! the AWS Encryption SDK writes it; what comes of it is not looked at ("Custom sender Lambda triggers").

use cognate_crypto::encryption_sdk::{WrappedDataKey, encrypt};
use cognate_crypto::random;
use cognate_delivery::escape;
use cognate_domain::trigger::{Common, Trigger, event, passed, user_attributes, with};
use cognate_domain::{Client, Pool, User};
use cognate_model::DeliveryMediumType;
use cognate_triggers::InvokeError;
use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::Passed;
use crate::Context;
use crate::outbox::Message;

/// The trigger that sends messages of a medium, where the pool has one.
pub(crate) fn of(pool: &Pool, medium: DeliveryMediumType) -> Option<Trigger> {
    let trigger = match medium {
        DeliveryMediumType::Email => Trigger::CustomEmailSender,
        DeliveryMediumType::Sms => Trigger::CustomSmsSender,
    };
    trigger.function(pool).map(|_| trigger)
}

/// The event of a message, but for its code; none where the pool has no sender for it.
pub(crate) fn event_of(
    cx: &Context,
    pool: &Pool,
    user: &User,
    medium: DeliveryMediumType,
    occasion: &str,
    client: Option<&Client>,
    metadata: Option<&Passed>,
) -> Option<Value> {
    let trigger = of(pool, medium)?;
    let kind = match trigger {
        Trigger::CustomSmsSender => "customSMSSenderRequestV1",
        _ => "customEmailSenderRequestV1",
    };
    let request = Map::from_iter([
        ("type".to_owned(), json!(kind)),
        ("userAttributes".to_owned(), json!(user_attributes(pool, user))),
    ]);
    let request = with(request, "clientMetadata", passed(metadata));
    let common = Common {
        version: "1",
        source: &format!("{}_{occasion}", trigger.name()),
        region: pool.id().rsplit_once('_').map_or(pool.id(), |(region, _)| region),
        pool: pool.id(),
        user_name: &user.username,
        agent: cx.caller.agent.as_deref(),
        client: client.map(Client::id),
    };
    Some(event(common, &Value::Object(request), &json!({})))
}

/// Hands a message over to its sender.
pub(crate) async fn send(cx: &Context, pool: &Pool, id: &str, message: &Message) -> Result<(), InvokeError> {
    let not_made = |reason: &str| InvokeError::NotInvoked(reason.to_owned());
    let medium = DeliveryMediumType::parse(&message.medium).ok_or_else(|| not_made("it has no medium"))?;
    let trigger = of(pool, medium).ok_or_else(|| not_made("the pool has no sender any more"))?;
    let function = trigger.function(pool).ok_or_else(|| not_made("the pool has no sender any more"))?;
    let mut event = message.event.clone().ok_or_else(|| not_made("it has no event"))?;
    if let Some(request) = event.get_mut("request").and_then(Value::as_object_mut) {
        request.insert("code".to_owned(), json!(sealed(cx, pool, message).await?));
    }
    let body = serde_json::to_vec(&event).map_err(|error| not_made(&error.to_string()))?.into();
    let call = cognate_triggers::Event { function, id, body: &body, now: cx.clock.wall().seconds() };
    if super::is_foreign(pool, function) {
        return Err(not_made("AccessDeniedException"));
    }
    match cx.functions.hand_over(call).await {
        Err(InvokeError::Function(_)) => {
            // What it says stays with it: it knows the code.
            tracing::warn!(pool = pool.id(), "a custom sender failed; its errors are ignored");
            Ok(())
        }
        other => other,
    }
}

/// What the message tells, encrypted under the pool's key.
async fn sealed(cx: &Context, pool: &Pool, message: &Message) -> Result<String, InvokeError> {
    let not_made = |reason: &str| InvokeError::NotInvoked(reason.to_owned());
    let key = pool.config.lambda_config.as_ref().and_then(|config| config.kms_key_id.as_deref());
    let key = key.ok_or_else(|| not_made("the pool has no KMSKeyID"))?;
    let data_key = cx.functions.data_key(key, cx.clock.wall().seconds()).await?;
    let wrapped =
        WrappedDataKey { plain: &data_key.plain, provider: "aws-kms", key: &data_key.key, wrapped: &data_key.wrapped };
    // A temporary password goes into an e-mail's HTML (documented); a notice has no code but its text.
    let text = match (&message.temporary_password, &message.code) {
        (Some(password), _) => zeroize::Zeroizing::new(escape(password)),
        (None, Some(code)) => zeroize::Zeroizing::new(code.clone()),
        (None, None) => zeroize::Zeroizing::new(message.body.clone()),
    };
    let message = encrypt(text.as_bytes(), &wrapped, &random::bytes(cx.random()));
    message.map(|message| BASE64.encode(&message)).map_err(|error| not_made(&error.to_string()))
}
