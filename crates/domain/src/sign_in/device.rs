//! What a known device changes about a sign-in.

use crate::Pool;

/// The device that a request comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// None was named, or the user does not know it.
    #[default]
    Unknown,
    /// Confirmed by the user, and remembered.
    Remembered,
}

/// Whether a remembered device is asked for in the place of the second factor: `ChallengeRequiredOnNewDevice`
/// (`DeviceConfigurationType`, API Reference).
pub fn takes_the_place_of_second_factors(pool: &Pool) -> bool {
    let config = pool.config.device_configuration.as_ref();
    config.is_some_and(|config| config.challenge_required_on_new_device == Some(true))
}
