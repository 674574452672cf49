//! What an event calls the device: browser and operating system, as the user agent tells them. The form is the live
//! service's, `Other, Other` where neither is known.
//!
//! Versions are left out, so that an update does not make a known device a new one.

use crate::user_agent::UserAgent;

/// What stands for what is not known.
const OTHER: &str = "Other";

/// `Firefox, Linux`.
pub fn describe(agent: Option<&str>) -> String {
    let read = UserAgent::read(agent);
    // Programs name systems too; without a browser the system alone tells one device from another no better.
    let Some(browser) = read.browser() else { return format!("{OTHER}, {OTHER}") };
    let system = match read.system() {
        None => OTHER,
        // As the live service spells them here.
        Some("macOS") => "Mac OS X",
        Some("ChromeOS") => "Chrome OS",
        Some(system) => system,
    };
    format!("{browser}, {system}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::describe;

    #[test]
    fn browsers_and_systems_are_told_apart() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 \
                 Safari/537.36",
                "Chrome, Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 \
                 Safari/537.36 Edg/142.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari, iOS",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox, Linux"),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile \
                 Safari/537.36",
                "Chrome, Android",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Safari/605.1.15",
                "Safari, Mac OS X",
            ),
            ("Mozilla/5.0 (Macintosh) Firefox/126.0", "Firefox, Mac OS X"),
            ("Mozilla/5.0 (Unknown) Firefox/1.0", "Firefox, Other"),
        ] {
            assert_eq!(describe(Some(agent)), expected, "{agent}");
        }
    }

    #[test]
    fn an_update_does_not_make_a_new_device() {
        let agent = |version: &str| format!("Mozilla/5.0 (Windows NT 10.0) Chrome/{version} Safari/537.36");
        assert_eq!(describe(Some(&agent("126.0"))), describe(Some(&agent("127.0"))));
    }

    #[test]
    fn programs_are_other() {
        for agent in [None, Some(""), Some("test"), Some("Boto3/1.44.5 os/linux#6.1"), Some("Mozilla/5.0")] {
            assert_eq!(describe(agent), "Other, Other", "{agent:?}");
        }
    }

    proptest! {
        #[test]
        fn any_agent_is_described_shortly(agent in "\\PC{0,300}") {
            prop_assert!((1..=40).contains(&describe(Some(&agent)).len()));
        }
    }
}
