//! `AuthParameters` and `ChallengeResponses`: maps of texts, read by name.

use std::collections::BTreeMap;

use crate::Error;

/// The parameters of a step.
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// The parameters; an absent map has none.
    pub(crate) fn new(map: Option<BTreeMap<String, String>>) -> Self {
        Self(map.unwrap_or_default())
    }

    /// A parameter that may be missing. An empty one counts as missing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that the step cannot do without.
    pub(crate) fn require(&self, name: &str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| Error::invalid(format!("Missing required parameter {name}")))
    }

    /// The values of parameters that begin with a prefix, by the rest of their names.
    pub(crate) fn with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))).collect()
    }
}

impl Drop for Parameters {
    /// The map holds passwords.
    fn drop(&mut self) {
        self.0.values_mut().for_each(zeroize::Zeroize::zeroize);
    }
}
