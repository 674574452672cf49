//! Names: from the model's spelling to Rust's.

const KEYWORDS: [&str; 6] = ["type", "match", "ref", "use", "self", "enum"];

/// `SMSMfaSettings` to `sms_mfa_settings`, `CallbackURLs` to `callback_urls`.
pub fn snake(name: &str) -> String {
    let name = name.replace("URLs", "Urls").replace("OAuth", "Oauth");
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).map(|j| letters[j]);
        let after = letters.get(i + 1);
        let starts_word = c.is_uppercase()
            && before.is_some_and(|b| !b.is_uppercase() || after.is_some_and(|a| a.is_lowercase()))
            && before != Some('_');
        if starts_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    if KEYWORDS.contains(&out.as_str()) { format!("r#{out}") } else { out }
}

/// `FORCE_CHANGE_PASSWORD` and `COGNITO_DEFAULT` to camel case; already camel-cased names stay.
pub fn variant(value: &str) -> String {
    value
        .split(['_', '-'])
        .map(|word| {
            let shouting = word.chars().all(|c| !c.is_lowercase());
            let mut letters = word.chars();
            let Some(first) = letters.next() else { return String::new() };
            let rest: String = if shouting { letters.as_str().to_lowercase() } else { letters.as_str().to_owned() };
            format!("{}{rest}", first.to_uppercase())
        })
        .collect()
}

/// `UserPoolIdType` to `USER_POOL_ID_TYPE`.
pub fn constant(name: &str) -> String {
    snake(name).trim_start_matches("r#").to_uppercase()
}

/// The name of a member in a validation message: first letter lower-cased.
pub fn path(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_lowercase(), letters.as_str()))
}

/// A Rust string literal.
pub fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// What `#[serde(rename_all = "PascalCase")]` makes of a field name.
pub fn pascal(field: &str) -> String {
    field
        .trim_start_matches("r#")
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
        })
        .collect()
}

/// The iteration order of a Java `HashSet<String>`, in which the live service prints enum values: three
/// recorded messages (`[OPTIONAL, OFF, ON]`, `[phone_number, email]`, `[BLOCK, NO_ACTION]`) agree with it.
pub fn java_set_order(values: &[String]) -> Vec<String> {
    let mut buckets = 16_u32;
    while values.len() as f64 > f64::from(buckets) * 0.75 {
        buckets *= 2;
    }
    let mut ordered: Vec<(u32, &String)> = values
        .iter()
        .map(|value| {
            let hash = value.encode_utf16().fold(0_u32, |h, c| h.wrapping_mul(31).wrapping_add(u32::from(c)));
            ((hash ^ (hash >> 16)) & (buckets - 1), value)
        })
        .collect();
    ordered.sort_by_key(|(bucket, _)| *bucket);
    ordered.into_iter().map(|(_, value)| value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enum_sets_are_printed_in_the_recorded_order() {
        let set = |values: &[&str]| java_set_order(&values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>());
        assert_eq!(set(&["OFF", "ON", "OPTIONAL"]), ["OPTIONAL", "OFF", "ON"]);
        assert_eq!(set(&["email", "phone_number"]), ["phone_number", "email"]);
        assert_eq!(set(&["NO_ACTION", "BLOCK"]), ["BLOCK", "NO_ACTION"]);
    }

    #[test]
    fn names_follow_rust_habits() {
        assert_eq!(snake("SMSMfaSettings"), "sms_mfa_settings");
        assert_eq!(snake("UserMFASettingList"), "user_mfa_setting_list");
        assert_eq!(snake("AllowedOAuthFlowsUserPoolClient"), "allowed_oauth_flows_user_pool_client");
        assert_eq!(variant("FORCE_CHANGE_PASSWORD"), "ForceChangePassword");
    }
}
