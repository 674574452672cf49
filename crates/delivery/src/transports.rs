//! The ways out of an installation.

use cognate_model::DeliveryMediumType;
use cognate_outbound::Outbound;

use crate::{Outgoing, Setback, Sms, Smtp};

/// What delivers messages; nothing where the operator configured nothing.
#[derive(Debug, Default)]
pub struct Transports {
    /// E-mail.
    pub email: Option<Smtp>,
    /// Text messages.
    pub sms: Option<Sms>,
}

/// What sending needs besides the message.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// The way to other services.
    pub outbound: &'a Outbound,
    /// Seconds since the epoch, of the real clock.
    pub wall: i64,
}

impl Transports {
    /// Whether there is a way for messages of this medium.
    pub fn reach(&self, medium: DeliveryMediumType) -> bool {
        match medium {
            DeliveryMediumType::Email => self.email.is_some(),
            DeliveryMediumType::Sms => self.sms.is_some(),
        }
    }

    /// Whether there is no way at all.
    pub fn are_none(&self) -> bool {
        self.email.is_none() && self.sms.is_none()
    }

    /// Sends a message. A success means that the other side took it over.
    pub async fn send(
        &self,
        medium: DeliveryMediumType,
        message: &Outgoing<'_>,
        means: Means<'_>,
    ) -> Result<(), Setback> {
        match (medium, &self.email, &self.sms) {
            (DeliveryMediumType::Email, Some(smtp), _) => smtp.send(message).await,
            (DeliveryMediumType::Sms, _, Some(sms)) => sms.send(message, means).await,
            // It was configured when the message was written, and may be again.
            (medium, ..) => Err(Setback::Later(format!("nothing delivers {medium} at present"))),
        }
    }
}
