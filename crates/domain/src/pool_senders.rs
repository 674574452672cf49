//! Whom a pool may send e-mail as, and which functions it may call.
//!
//! The messages are recorded from the live service.

use cognate_model::{EmailConfigurationType, EmailSendingAccountType, LambdaConfigType};

use crate::Refusal;

/// The Regions whose Amazon SES every pool may use ("Email settings for Amazon Cognito user pools").
const SES_REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "us-west-2"];

/// Whether the identity may be used at all is the owner's matter: there is no SES behind this server.
pub(crate) fn check_email(email: Option<&EmailConfigurationType>, region: &str) -> Result<(), Refusal> {
    let Some(email) = email else {
        return Ok(());
    };
    if email.email_sending_account == Some(EmailSendingAccountType::Developer) && email.source_arn.is_none() {
        return Err(Refusal::invalid("Source ARN is required to use DEVELOPER email sending owner"));
    }
    if let Some(arn) = &email.source_arn {
        check_source(arn, region)?;
    }
    if email.from.as_deref().is_some_and(|from| !is_sender(from)) {
        return Err(Refusal::invalid("Provided From email address is invalid"));
    }
    Ok(())
}

/// Checks whom messages about risky sign-ins are sent as.
pub(crate) fn check_notifier(source_arn: &str, from: Option<&str>, region: &str) -> Result<(), Refusal> {
    check_source(source_arn, region)?;
    if from.is_some_and(|from| !is_sender(from)) {
        return Err(Refusal::invalid("Provided From email address is invalid"));
    }
    Ok(())
}

fn check_source(arn: &str, region: &str) -> Result<(), Refusal> {
    let mut allowed = SES_REGIONS.to_vec();
    if !allowed.contains(&region) {
        allowed.push(region);
        allowed.sort_unstable();
    }
    if arn.split(':').nth(3).is_some_and(|source| allowed.contains(&source)) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "Provided SourceArn must be in one of the following SES regions: {}.",
        allowed.join(", ")
    )))
}

/// `maria@example.com` or `Maria <maria@example.com>`.
fn is_sender(from: &str) -> bool {
    let address = match from.trim().strip_suffix('>') {
        Some(named) => named.rsplit_once('<').map_or("", |(_, address)| address),
        None => from.trim(),
    };
    address.split_once('@').is_some_and(|(local, domain)| {
        let is_clean =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "@<>,;".contains(c));
        is_clean(local) && is_clean(domain)
    })
}

/// Functions of other accounts are fine, of other Regions not.
pub(crate) fn check_lambda(config: &LambdaConfigType, region: &str) -> Result<(), Refusal> {
    if let (Some(plain), Some(versioned)) = (&config.pre_token_generation, &config.pre_token_generation_config)
        && *plain != versioned.lambda_arn
    {
        return Err(Refusal::invalid(
            "Cannot use PreTokenGenerationLambda and PreTokenGeneration with different Lambda function ARN's",
        ));
    }
    if functions(config).any(|arn| is_elsewhere(arn, region)) {
        return Err(Refusal::invalid("Cross-region lambda functions are not supported"));
    }
    if (config.custom_sms_sender.is_some() || config.custom_email_sender.is_some()) && config.kms_key_id.is_none() {
        return Err(Refusal::invalid("KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used."));
    }
    Ok(())
}

fn functions(config: &LambdaConfigType) -> impl Iterator<Item = &str> {
    let plain = [
        &config.pre_sign_up,
        &config.custom_message,
        &config.post_confirmation,
        &config.pre_authentication,
        &config.post_authentication,
        &config.define_auth_challenge,
        &config.create_auth_challenge,
        &config.verify_auth_challenge_response,
        &config.pre_token_generation,
        &config.user_migration,
    ];
    let versioned = [
        config.pre_token_generation_config.as_ref().map(|function| &function.lambda_arn),
        config.custom_sms_sender.as_ref().map(|function| &function.lambda_arn),
        config.custom_email_sender.as_ref().map(|function| &function.lambda_arn),
        config.inbound_federation.as_ref().map(|function| &function.lambda_arn),
    ];
    plain.into_iter().filter_map(Option::as_deref).chain(versioned.into_iter().flatten().map(String::as_str))
}

fn is_elsewhere(arn: &str, region: &str) -> bool {
    let mut parts = arn.split(':').skip(2);
    parts.next() == Some("lambda") && parts.next().is_some_and(|given| given != region)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn email(json: Value, region: &str) -> Result<(), String> {
        let email = serde_json::from_value(json).unwrap();
        check_email(Some(&email), region).map_err(|refusal| refusal.message.into_owned())
    }

    fn lambda(json: Value) -> Result<(), String> {
        let config = serde_json::from_value(json).unwrap();
        check_lambda(&config, "eu-west-1").map_err(|refusal| refusal.message.into_owned())
    }

    fn function(region: &str, name: &str) -> String {
        format!("arn:aws:lambda:{region}:210987654321:function:{name}")
    }

    #[test]
    fn an_own_sender_needs_its_identity() {
        assert_eq!(
            email(json!({"EmailSendingAccount": "DEVELOPER"}), "eu-west-1").unwrap_err(),
            "Source ARN is required to use DEVELOPER email sending owner"
        );
    }

    #[test]
    fn an_identity_lives_in_an_allowed_region() {
        let source = |region| json!({"SourceArn": format!("arn:aws:ses:{region}:123456789012:identity/example.com")});
        assert_eq!(
            email(source("eu-central-1"), "us-east-1").unwrap_err(),
            "Provided SourceArn must be in one of the following SES regions: eu-west-1, us-east-1, us-west-2."
        );
        assert_eq!(email(source("eu-central-1"), "eu-central-1"), Ok(()));
        assert_eq!(email(source("us-east-1"), "eu-central-1"), Ok(()));
    }

    #[test]
    fn the_sender_is_an_address_with_or_without_a_name() {
        for from in ["maria@example.com", "Maria <maria@example.com>"] {
            assert_eq!(email(json!({"From": from}), "eu-west-1"), Ok(()), "{from}");
        }
        for from in ["maria", "maria@", "Maria <maria>", "maria@example.com>", "a b@example.com", ""] {
            let refusal = email(json!({"From": from}), "eu-west-1").unwrap_err();
            assert_eq!(refusal, "Provided From email address is invalid", "{from}");
        }
    }

    #[test]
    fn the_two_pre_token_members_name_one_function() {
        let both = |plain: &str| {
            json!({"PreTokenGeneration": function("eu-west-1", plain),
                "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": function("eu-west-1", "f")}})
        };
        assert_eq!(
            lambda(both("g")).unwrap_err(),
            "Cannot use PreTokenGenerationLambda and PreTokenGeneration with different Lambda function ARN's"
        );
        assert_eq!(lambda(both("f")), Ok(()));
    }

    #[test]
    fn functions_live_in_the_pools_region() {
        let refusal = lambda(json!({"PreSignUp": function("us-east-1", "f")})).unwrap_err();
        assert_eq!(refusal, "Cross-region lambda functions are not supported");
        assert_eq!(lambda(json!({"PreSignUp": function("eu-west-1", "f")})), Ok(()));
    }

    #[test]
    fn custom_senders_need_a_key() {
        let sender = json!({"LambdaVersion": "V1_0", "LambdaArn": function("eu-west-1", "f")});
        assert_eq!(
            lambda(json!({"CustomEmailSender": sender})).unwrap_err(),
            "KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used."
        );
    }
}
