//! Codes that verify a changed address.

use cognate_crypto::{random, seal};
use cognate_delivery as delivery;
use cognate_domain::attribute_rules::Change;
use cognate_domain::{Pool, User};
use cognate_model::DeliveryMediumType;
use cognate_store::Tx;
use cognate_store::codes::{self, Code};

use crate::outbox::{self, Message, Posted};
use crate::{Context, Error, OpenPool};

/// How long such a code is good, in seconds.
const LIFETIME: i64 = 86_400;

/// A code on its way to an address.
pub(crate) struct Verification {
    purpose: String,
    code: Code,
    posted: Posted,
}

/// The codes that a change of attributes asks for.
pub(crate) fn verifications(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    change: &Change,
) -> Result<Vec<Verification>, Error> {
    change.to_verify.iter().map(|(attribute, address)| verification(cx, pool, user, attribute, address)).collect()
}

fn verification(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    attribute: &str,
    address: &str,
) -> Result<Verification, Error> {
    let medium = if attribute == "email" { DeliveryMediumType::Email } else { DeliveryMediumType::Sms };
    let text = random::digits(cx.random(), 6);
    let now = cx.now();
    let purpose = format!("Verify:{attribute}");
    let context = seal::context(&[&purpose, &user.sub(), address, &text]);
    let code = Code {
        hash: pool.codes.mac(&context).to_vec(),
        attribute: attribute.to_owned(),
        wrong: 0,
        created: now.micros(),
        expires: now.plus_seconds(LIFETIME).micros(),
    };
    let written = delivery::attribute_verification(pool, medium, &text);
    let message = Message {
        pool_id: pool.id().to_owned(),
        username: user.username.clone(),
        medium: medium.to_string(),
        destination: address.to_owned(),
        purpose: "UpdateUserAttribute".to_owned(),
        code: Some(text),
        temporary_password: None,
        subject: written.subject,
        body: written.body,
        created_at: outbox::seconds(now),
    };
    let posted = outbox::seal_message(cx, pool, user, &message)?;
    Ok(Verification { purpose, code, posted })
}

impl Verification {
    /// Writes code and message.
    pub(crate) fn insert(&self, tx: &mut dyn Tx, pool: &Pool, user: &User) -> Result<(), Error> {
        codes::put(tx, pool.id(), &user.id, &self.purpose, &self.code)?;
        self.posted.insert(tx)
    }

    /// Prints the message in `dev`, after the commit.
    pub(crate) fn announce(&self) {
        self.posted.announce();
    }
}
