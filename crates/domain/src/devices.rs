//! Devices that a pool tracks: what is known of one, and how it is shown.
//!
//! "Working with user devices in your user pool" in the developer guide; the attributes were taken from its samples.

use cognate_model::{AttributeType, DeviceType, Timestamp};

use crate::Pool;

/// A device that its user confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedDevice {
    /// `<region>_<uuid>`.
    pub key: String,
    /// What its application calls it.
    pub name: Option<String>,
    /// Whether it stands for its user: it is asked to prove itself, and may replace the second factor.
    pub remembered: bool,
    /// When it was confirmed.
    pub created: Timestamp,
    /// When its status last changed.
    pub modified: Timestamp,
    /// When the user last signed in with it.
    pub authenticated: Timestamp,
    /// From which address; empty where that is not known.
    pub address: String,
}

/// Who owns a device, as its developer-only attributes name them.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The partition, region and account of the installation's ARNs: `arn:aws:cognito-idp:us-east-1:123456789012`.
    pub arn: &'a str,
    /// The pool.
    pub pool: &'a str,
    /// The user's name.
    pub username: &'a str,
}

/// Whether the pool tracks devices: it does as soon as it says how.
pub fn are_tracked(pool: &Pool) -> bool {
    pool.config.device_configuration.is_some()
}

/// Whether a device is remembered only once its user says so (`DeviceOnlyRememberedOnUserPrompt`).
pub fn are_remembered_on_request(pool: &Pool) -> bool {
    let config = pool.config.device_configuration.as_ref();
    config.is_some_and(|config| config.device_only_remembered_on_user_prompt == Some(true))
}

/// The key of a new device: the region of the pool and an id.
pub fn new_key(pool: &Pool, id: &str) -> String {
    let region = pool.id().rsplit_once('_').map_or("", |(region, _)| region);
    format!("{region}_{id}")
}

impl TrackedDevice {
    /// As its user sees it.
    pub fn for_user(&self) -> DeviceType {
        self.shown(self.common().collect())
    }

    /// As an administrator sees it.
    pub fn for_administrator(&self, owner: &Owner<'_>) -> DeviceType {
        let owned_by = format!("{}.{}", owner.username, owner.pool);
        let status = if self.remembered { "remembered" } else { "not_remembered" };
        let developer_only = [
            ("dev:device_arn", format!("{}:owner/{owned_by}/device/{}", owner.arn, self.key)),
            ("dev:device_owner", owned_by),
            ("dev:device_remembered_status", status.to_owned()),
            ("dev:device_sdk", "aws-sdk".to_owned()),
        ];
        self.shown(self.common().chain(developer_only).collect())
    }

    fn common(&self) -> impl Iterator<Item = (&'static str, String)> {
        let address = Some(&self.address).filter(|address| !address.is_empty());
        std::iter::once(("device_status", "valid".to_owned()))
            .chain(self.name.iter().map(|name| ("device_name", name.clone())))
            .chain(address.map(|address| ("last_ip_used", address.clone())))
    }

    fn shown(&self, attributes: Vec<(&str, String)>) -> DeviceType {
        let attributes = attributes.into_iter();
        DeviceType {
            device_key: Some(self.key.clone()),
            device_attributes: Some(
                attributes.map(|(name, value)| AttributeType { name: name.to_owned(), value: Some(value) }).collect(),
            ),
            device_create_date: Some(self.created),
            device_last_modified_date: Some(self.modified),
            // Whole seconds, as in the samples.
            device_last_authenticated_date: Some(Timestamp::from_micros(self.authenticated.seconds() * 1_000_000)),
        }
    }
}

#[cfg(test)]
mod tests {
    use cognate_model::DeviceConfigurationType;

    use super::*;
    use crate::fixtures::plain_pool;

    fn phone() -> TrackedDevice {
        TrackedDevice {
            key: "us-east-1_1".to_owned(),
            name: Some("phone".to_owned()),
            remembered: true,
            created: Timestamp::from_micros(1_700_000_000_022_000),
            modified: Timestamp::from_micros(1_700_000_001_167_000),
            authenticated: Timestamp::from_micros(1_700_000_000_900_000),
            address: "192.0.2.1".to_owned(),
        }
    }

    fn names(shown: &DeviceType) -> Vec<&str> {
        shown.device_attributes.iter().flatten().map(|attribute| attribute.name.as_str()).collect()
    }

    #[test]
    fn a_user_sees_nothing_that_is_for_developers() {
        assert_eq!(names(&phone().for_user()), ["device_status", "device_name", "last_ip_used"]);
    }

    #[test]
    fn an_administrator_sees_owner_and_status() {
        let arn = "arn:aws:cognito-idp:us-east-1:123456789012";
        let owner = Owner { arn, pool: "us-east-1_Abc", username: "maria" };
        let shown = phone().for_administrator(&owner);
        let value = |name: &str| {
            let found = shown.device_attributes.iter().flatten().find(|attribute| attribute.name == name);
            found.and_then(|attribute| attribute.value.clone()).unwrap()
        };
        assert_eq!(value("dev:device_arn"), format!("{arn}:owner/maria.us-east-1_Abc/device/us-east-1_1"));
        assert_eq!(value("dev:device_owner"), "maria.us-east-1_Abc");
        assert_eq!(value("dev:device_remembered_status"), "remembered");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let device = TrackedDevice { name: None, address: String::new(), ..phone() };
        assert_eq!(names(&device.for_user()), ["device_status"]);
    }

    #[test]
    fn the_last_sign_in_is_told_to_the_second() {
        let shown = phone().for_user();
        assert_eq!(shown.device_last_authenticated_date.unwrap().micros(), 1_700_000_000_000_000);
        assert_eq!(shown.device_create_date.unwrap().micros(), 1_700_000_000_022_000);
    }

    #[test]
    fn a_pool_tracks_devices_once_it_says_how() {
        let mut pool = plain_pool();
        assert!(!are_tracked(&pool) && !are_remembered_on_request(&pool));
        pool.config.device_configuration = Some(DeviceConfigurationType::default());
        assert!(are_tracked(&pool) && !are_remembered_on_request(&pool));
        pool.config.device_configuration = Some(DeviceConfigurationType {
            device_only_remembered_on_user_prompt: Some(true),
            ..DeviceConfigurationType::default()
        });
        assert!(are_remembered_on_request(&pool));
    }

    #[test]
    fn a_key_names_the_region_of_its_pool() {
        assert_eq!(new_key(&plain_pool(), "0-1"), "us-east-1_0-1");
    }
}
