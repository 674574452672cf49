//! Getting back in: a code sent to a verified address, by request of the user or of an administrator.

use cognate_domain::user_status::Destination;
use cognate_domain::{Client, User, masking};
use cognate_model::CodeDeliveryDetailsType;

use crate::codes::{self, FORGOT_PASSWORD, Issued};
use crate::messages::{Cause, Occasion};
use crate::triggers::Passed;
use crate::{Context, Error, OpenPool};

/// Makes the code with which a user sets a new password.
pub(crate) async fn start_recovery(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    target: &Destination,
    client: Option<&Client>,
    metadata: Option<&Passed>,
) -> Result<Issued, Error> {
    let cause = Cause { occasion: Occasion::ForgotPassword, client, metadata };
    codes::issue(cx, pool, user, &FORGOT_PASSWORD, target, cause).await
}

/// Where a code would go for a user who does not exist, where the client hides that.
pub(crate) fn simulated(pool: &OpenPool, name: &str) -> CodeDeliveryDetailsType {
    use cognate_model::DeliveryMediumType::{Email, Sms};
    let by_phone = name.starts_with('+');
    let (medium, attribute) = if by_phone { (Sms, "phone_number") } else { (Email, "email") };
    // An address is masked as it was typed; for a plain name the letters are made up, the same every time.
    let shown = if by_phone || name.contains('@') {
        name.to_owned()
    } else {
        let letters: Vec<char> =
            pool.codes.mac(name.as_bytes()).iter().map(|byte| char::from(b'a' + byte % 26)).take(2).collect();
        format!("{}@{}", letters.first().unwrap_or(&'a'), letters.last().unwrap_or(&'a'))
    };
    CodeDeliveryDetailsType {
        destination: Some(masking::destination(attribute, &shown)),
        delivery_medium: Some(medium),
        attribute_name: Some(attribute.to_owned()),
    }
}
