//! What a session calls the device that it was used on: operating system and browser or program, as the user agent
//! tells them (`SessionDescriptionType`, API Reference; the exact words are not recorded).

use crate::user_agent::UserAgent;

/// What stands where nothing is known.
const UNKNOWN: &str = "unknown";

/// The longest name of a program that is taken over.
const LONGEST: usize = 64;

/// `Linux, Firefox`; one of the two where the other is not told; `unknown` where neither is.
pub fn describe(agent: Option<&str>) -> String {
    let read = UserAgent::read(agent);
    let program = read.browser().or_else(|| product(agent.unwrap_or_default()));
    match (read.system(), program) {
        (Some(system), Some(program)) => format!("{system}, {program}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => UNKNOWN.to_owned(),
    }
}

/// The first product of an agent that is no browser: `Boto3` of `Boto3/1.44.5 …`.
fn product(agent: &str) -> Option<&str> {
    let name = agent.split(['/', ' ']).next()?;
    let is_plain = name.len() <= LONGEST && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._".contains(&c));
    (!name.is_empty() && is_plain && name != "Mozilla").then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::describe;

    #[test]
    fn browsers_and_programs_are_told_apart() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 \
                 Safari/537.36",
                "Windows, Chrome",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 \
                 Safari/537.36 Edg/142.0",
                "Windows, Edge",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Mobile/15E148 Safari/604.1",
                "iOS, Safari",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Linux, Firefox"),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile \
                 Safari/537.36",
                "Android, Chrome",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Safari/605.1.15",
                "macOS, Safari",
            ),
            ("Boto3/1.44.5 md/Botocore#1.44.8 ua/2.1 os/linux#6.1 md/arch#x86_64", "Linux, Boto3"),
            ("aws-sdk-js/3.1169.0 ua/2.1 os/macos#24.1 lang/js md/nodejs#22", "macOS, aws-sdk-js"),
            ("curl/8.5.0", "curl"),
            ("Microsoft-CryptoAPI/10.0", "Microsoft-CryptoAPI"),
        ] {
            assert_eq!(describe(Some(agent)), expected, "{agent}");
        }
    }

    #[test]
    fn what_is_not_told_is_unknown() {
        for agent in [None, Some(""), Some("Mozilla/5.0"), Some("<script>/1.0"), Some("/")] {
            assert_eq!(describe(agent), "unknown", "{agent:?}");
        }
    }

    proptest! {
        #[test]
        fn any_agent_is_described_shortly(agent in "\\PC{0,300}") {
            prop_assert!((1..=100).contains(&describe(Some(&agent)).len()));
        }
    }
}
