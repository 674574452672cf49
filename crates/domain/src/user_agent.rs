//! What a user agent tells of a device: its operating system and its browser.

/// Names in user agents and what they stand for. The first that occurs counts: newer browsers carry the names of older
/// ones, and telephones those of desktops.
const BROWSERS: [(&str, &str); 11] = [
    ("edg/", "Edge"),
    ("edga/", "Edge"),
    ("edgios/", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser/", "Samsung Internet"),
    ("firefox/", "Firefox"),
    ("fxios/", "Firefox"),
    ("crios/", "Chrome"),
    ("chromium/", "Chromium"),
    ("chrome/", "Chrome"),
    ("trident/", "IE"),
];

const SYSTEMS: [(&str, &str); 11] = [
    ("windows", "Windows"),
    ("android", "Android"),
    ("iphone", "iOS"),
    ("ipad", "iOS"),
    ("os/ios", "iOS"),
    ("cros ", "ChromeOS"),
    ("macintosh", "macOS"),
    ("mac os", "macOS"),
    ("os/macos", "macOS"),
    ("darwin", "macOS"),
    ("linux", "Linux"),
];

/// The longest agent that is looked at.
const LONGEST: usize = 1_024;

/// A user agent, in lower case.
pub(crate) struct UserAgent(String);

impl UserAgent {
    /// Reads the header.
    pub(crate) fn read(agent: Option<&str>) -> Self {
        Self(agent.unwrap_or_default().chars().take(LONGEST).map(|letter| letter.to_ascii_lowercase()).collect())
    }

    /// `Firefox`; none of a program that is no browser.
    pub(crate) fn browser(&self) -> Option<&'static str> {
        // Most browsers call themselves Safari too, but without the version.
        let safari = || (self.0.contains("safari/") && self.0.contains("version/")).then_some("Safari");
        self.find(&BROWSERS).or_else(safari)
    }

    /// `Linux`.
    pub(crate) fn system(&self) -> Option<&'static str> {
        self.find(&SYSTEMS)
    }

    fn find(&self, names: &[(&str, &'static str)]) -> Option<&'static str> {
        names.iter().find(|(name, _)| self.0.contains(name)).map(|(_, meaning)| *meaning)
    }
}
