//! Writing a message: the pool's text or its function's, with code, name and link filled in.

use cognate_delivery::{self as delivery, Filling, Kind, Texts, Written};
use cognate_domain::trigger::Trigger;
use cognate_domain::{Client, User};
use cognate_model::{DefaultEmailOptionType, DeliveryMediumType, Exception};

use crate::triggers::{Occasion as For, Passed, custom_message, custom_sender};
use crate::{Context, Error, OpenPool};

/// On which occasion a message is sent: the second half of `triggerSource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// `SignUp`.
    SignUp,
    /// `AdminCreateUser`.
    AdminCreateUser,
    /// `ResendConfirmationCode`.
    ResendCode,
    /// `ForgotPassword`, `AdminResetUserPassword`.
    ForgotPassword,
    /// A changed address.
    UpdateUserAttribute,
    /// `GetUserAttributeVerificationCode`.
    VerifyUserAttribute,
    /// A code to sign in with.
    Authentication,
}

impl Occasion {
    /// Its name in events.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignUp => "SignUp",
            Self::AdminCreateUser => "AdminCreateUser",
            Self::ResendCode => "ResendCode",
            Self::ForgotPassword => "ForgotPassword",
            Self::UpdateUserAttribute => "UpdateUserAttribute",
            Self::VerifyUserAttribute => "VerifyUserAttribute",
            Self::Authentication => "Authentication",
        }
    }

    /// Whether the message tells a user name and a temporary password.
    pub(crate) fn invites(self) -> bool {
        self == Self::AdminCreateUser
    }

    fn kind(self) -> Kind {
        match self {
            Self::AdminCreateUser => Kind::Invitation,
            Self::Authentication => Kind::SignIn,
            _ => Kind::Verification,
        }
    }

    /// Whether a link does what the code does. Links confirm who signs up; other codes are typed where the user is
    /// signed in, or together with a new password.
    fn takes_link(self) -> bool {
        matches!(self, Self::SignUp | Self::ResendCode)
    }
}

/// Why a message is sent, as functions hear it.
#[derive(Clone, Copy)]
pub(crate) struct Cause<'a> {
    /// The occasion.
    pub(crate) occasion: Occasion,
    /// The app client, of operations that have one.
    pub(crate) client: Option<&'a Client>,
    /// `ClientMetadata`.
    pub(crate) metadata: Option<&'a Passed>,
}

/// Messages to a user on one occasion: the function is asked once, however many there are.
pub(crate) struct Writer<'a> {
    pool: &'a OpenPool,
    cause: Cause<'a>,
    texts: Texts,
    /// Where links lead; none where codes are sent.
    links: Option<String>,
}

impl<'a> Writer<'a> {
    /// Gets ready to write to a user.
    pub(crate) async fn new(cx: &Context, pool: &'a OpenPool, user: &User, cause: Cause<'a>) -> Result<Self, Error> {
        let links = links(cx, pool, cause)?;
        let texts = if Trigger::CustomMessage.function(pool).is_some() {
            let occasion = For { pool, client: cause.client, user_name: &user.username };
            custom_message::ask(cx, occasion, user, cause, links.is_some()).await?
        } else {
            Texts::default()
        };
        Ok(Self { pool, cause, texts, links })
    }

    /// Writes to nobody: no function is asked.
    pub(crate) fn unasked(pool: &'a OpenPool, cause: Cause<'a>) -> Self {
        Self { pool, cause, texts: Texts::default(), links: None }
    }

    /// On which occasion it writes.
    pub(crate) fn occasion(&self) -> Occasion {
        self.cause.occasion
    }

    /// What the pool's custom sender is told of a message, where it has one.
    pub(crate) fn event(&self, cx: &Context, user: &User, medium: DeliveryMediumType) -> Option<serde_json::Value> {
        let Cause { occasion, client, metadata } = self.cause;
        custom_sender::event_of(cx, self.pool, user, medium, occasion.name(), client, metadata)
    }

    /// Writes a message. `name` is what the user signs in with, `code` what the message carries.
    pub(crate) fn write(&self, medium: DeliveryMediumType, user: &User, name: &str, code: &str) -> Written {
        let link = self.links.as_ref().map(|base| {
            let client = self.cause.client.map_or("", Client::id);
            delivery::confirmation_link(base, client, &user.username, code)
        });
        let filling = Filling { name, code, link: link.as_deref() };
        delivery::write(self.pool, self.cause.occasion.kind(), medium, &self.texts, &filling)
    }
}

/// The page behind the links of a message that is to have one.
fn links(cx: &Context, pool: &OpenPool, cause: Cause<'_>) -> Result<Option<String>, Error> {
    let template = pool.config.verification_message_template.as_ref();
    let wanted = template.and_then(|template| template.default_email_option);
    if wanted != Some(DefaultEmailOptionType::ConfirmWithLink) || !cause.occasion.takes_link() {
        return Ok(None);
    }
    cx.public_url().map(Some).ok_or_else(|| {
        // The live service needs a domain for its links.
        let message = "Links need the address of this server: set public_url in its configuration.";
        Error::refused(Exception::CodeDeliveryFailure, message)
    })
}
