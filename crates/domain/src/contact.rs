//! The addresses of a user that a code can verify: `email` and `phone_number`.

use cognate_model::{DeliveryMediumType, VerifiedAttributeType};

use crate::user_status::Destination;
use crate::{Refusal, User};

/// The address that a request names by its attribute.
pub fn named(attribute: &str) -> Result<VerifiedAttributeType, Refusal> {
    VerifiedAttributeType::parse(attribute)
        .ok_or_else(|| Refusal::invalid("Invalid attribute name. Only phone_number and email can be verified."))
}

/// Where a code goes that verifies this address.
pub fn destination(attribute: VerifiedAttributeType, address: &str) -> Destination {
    let medium = match attribute {
        VerifiedAttributeType::PhoneNumber => DeliveryMediumType::Sms,
        VerifiedAttributeType::Email => DeliveryMediumType::Email,
    };
    Destination { medium, attribute: attribute.as_str(), value: address.to_owned() }
}

/// What a code would verify now: the address that waits for its code, else the one in force.
pub fn to_verify(user: &User, attribute: VerifiedAttributeType) -> Option<Destination> {
    let name = attribute.as_str();
    let waiting = user.hidden.pending_attributes.get(name).map(String::as_str);
    waiting.or(user.attribute(name)).map(|address| destination(attribute, address))
}

/// The refusal to verify an address that is not there.
pub fn none_registered(attribute: VerifiedAttributeType) -> Refusal {
    Refusal::invalid(match attribute {
        VerifiedAttributeType::PhoneNumber => "User does not have a valid registered phone number",
        VerifiedAttributeType::Email => "User does not have a valid registered email",
    })
}

/// The code was right: the address is verified, and in force if it waited.
pub fn verified(user: &mut User, proved: &Destination) {
    user.hidden.pending_attributes.remove(proved.attribute);
    user.attributes.insert(proved.attribute.to_owned(), proved.value.clone());
    user.attributes.insert(format!("{}_verified", proved.attribute), "true".to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::user_with;

    #[test]
    fn an_address_that_waits_comes_before_the_one_in_force() {
        let mut user = user_with("maria", &[("email", "old@example.com"), ("email_verified", "true")]);
        assert_eq!(to_verify(&user, VerifiedAttributeType::Email).unwrap().value, "old@example.com");
        user.hidden.pending_attributes.insert("email".to_owned(), "new@example.com".to_owned());
        let waiting = to_verify(&user, VerifiedAttributeType::Email).unwrap();
        assert_eq!(waiting, destination(VerifiedAttributeType::Email, "new@example.com"));
        verified(&mut user, &waiting);
        assert_eq!(user.attribute("email"), Some("new@example.com"));
        assert!(user.is_verified("email") && user.hidden.pending_attributes.is_empty());
    }

    #[test]
    fn a_number_is_verified_by_text_message() {
        let mut user = user_with("maria", &[("phone_number", "+12065550100")]);
        let number = to_verify(&user, VerifiedAttributeType::PhoneNumber).unwrap();
        assert_eq!(number.medium, DeliveryMediumType::Sms);
        verified(&mut user, &number);
        assert!(user.is_verified("phone_number") && user.attribute("phone_number") == Some("+12065550100"));
    }

    #[test]
    fn only_addresses_are_verified_and_only_where_there_is_one() {
        assert_eq!(
            named("given_name").unwrap_err().to_string(),
            "InvalidParameterException: Invalid attribute name. Only phone_number and email can be verified."
        );
        assert_eq!(to_verify(&user_with("maria", &[]), named("email").unwrap()), None);
        assert!(none_registered(VerifiedAttributeType::PhoneNumber).message.ends_with("phone number"));
    }
}
