//! Devices: confirming, listing, forgetting, and what they mean for refreshing. Their proofs are in the JavaScript suite,
//! where the official client makes them.

use cognate_testkit::aws_sdk_cognitoidentityprovider::operation::confirm_device::builders::ConfirmDeviceFluentBuilder;
use cognate_testkit::aws_sdk_cognitoidentityprovider::types::{
    AuthFlowType, AuthenticationResultType, ChallengeNameType, DeviceConfigurationType, DeviceRememberedStatusType,
    DeviceSecretVerifierConfigType, DeviceType,
};
use data_encoding::BASE64;

use crate::fixtures::{PASSWORD, Pool, a_pool, a_pool_with, claims, map};
use crate::refusals::{BAD_TOKEN, INVALID_ACCESS_TOKEN, INVALID_REFRESH_TOKEN, NO_POOL, NO_USER, refused};

const NO_DEVICE: &str = "ResourceNotFoundException: Device does not exist.";
const NOT_TRACKED: &str = "InvalidUserPoolConfigurationException: Device tracking is not enabled for the user pool.";
const NO_USER_HERE: &str = "ResourceNotFoundException: User does not exist.";
const NO_STATUS: &str = "InvalidParameterException: Missing required parameter DeviceRememberedStatus";
const REMEMBERED: DeviceRememberedStatusType = DeviceRememberedStatusType::Remembered;
const NOT_REMEMBERED: DeviceRememberedStatusType = DeviceRememberedStatusType::NotRemembered;

/// A pool that tracks devices, with a user `maria`.
async fn a_tracking_pool() -> Pool {
    a_pool_tracking(DeviceConfigurationType::builder().build()).await
}

/// The same, where users say which devices are remembered.
async fn a_pool_that_asks() -> Pool {
    a_pool_tracking(DeviceConfigurationType::builder().device_only_remembered_on_user_prompt(true).build()).await
}

async fn a_pool_tracking(config: DeviceConfigurationType) -> Pool {
    let pool = a_pool_with(|pool| pool.device_configuration(config)).await;
    pool.user("maria").await;
    pool
}

/// A sign-in with a device.
struct Signed {
    access: String,
    refresh: String,
    key: String,
    result: AuthenticationResultType,
}

impl Signed {
    async fn on(pool: &Pool) -> Self {
        Self::of(pool.public_sign_in("maria", PASSWORD).send().await.unwrap().authentication_result.unwrap())
    }

    fn of(result: AuthenticationResultType) -> Self {
        let access = result.access_token.clone().unwrap();
        Self {
            refresh: result.refresh_token.clone().unwrap(),
            key: claims(&access)["device_key"].as_str().unwrap().to_owned(),
            access,
            result,
        }
    }

    fn confirm(&self, pool: &Pool) -> ConfirmDeviceFluentBuilder {
        let request = pool.sdk.confirm_device().access_token(&self.access).device_key(&self.key);
        request.device_secret_verifier_config(verifier(&[7; 16], &[9; 384]))
    }

    /// A sign-in whose device is confirmed.
    async fn confirmed_on(pool: &Pool) -> Self {
        let signed = Self::on(pool).await;
        signed.confirm(pool).send().await.unwrap();
        signed
    }
}

fn verifier(salt: &[u8], verifier: &[u8]) -> DeviceSecretVerifierConfigType {
    let (salt, verifier) = (BASE64.encode(salt), BASE64.encode(verifier));
    DeviceSecretVerifierConfigType::builder().salt(salt).password_verifier(verifier).build()
}

async fn listed(pool: &Pool) -> Vec<DeviceType> {
    pool.admin_list_devices("maria").send().await.unwrap().devices.unwrap()
}

fn keys(devices: &[DeviceType]) -> Vec<&str> {
    devices.iter().map(|device| device.device_key().unwrap()).collect()
}

#[tokio::test]
async fn a_sign_in_without_a_known_device_is_given_a_key() {
    let pool = a_tracking_pool().await;
    let (first, second) = (Signed::on(&pool).await, Signed::on(&pool).await);
    let metadata = first.result.new_device_metadata().unwrap();
    assert_eq!(metadata.device_key(), Some(&*first.key));
    assert!(first.key.starts_with("us-east-1_"));
    let group = metadata.device_group_key().unwrap();
    assert!(group.len() == 9 && group.starts_with('-'), "{group}");
    assert_eq!(second.result.new_device_metadata().unwrap().device_group_key(), Some(group));
    assert_ne!(first.key, second.key);
}

#[tokio::test]
async fn a_pool_that_tracks_nothing_gives_no_key_and_hears_none() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let request = pool.public_sign_in("maria", PASSWORD).auth_parameters("DEVICE_KEY", "us-east-1_nothing");
    let result = request.send().await.unwrap().authentication_result.unwrap();
    assert!(result.new_device_metadata().is_none());
    assert!(claims(result.access_token().unwrap()).get("device_key").is_none());
}

#[tokio::test]
async fn confirm_device_remembers_at_once_where_nobody_is_asked() {
    let pool = a_tracking_pool().await;
    let signed = Signed::on(&pool).await;
    let answer = signed.confirm(&pool).device_name("Maria's telephone").send().await.unwrap();
    assert!(!answer.user_confirmation_necessary);
    let device = listed(&pool).await.remove(0);
    let attributes = map(device.device_attributes());
    let owner = format!("maria.{}", pool.id);
    assert_eq!(attributes["device_status"], "valid");
    assert_eq!(attributes["device_name"], "Maria's telephone");
    assert_eq!(attributes["last_ip_used"], "127.0.0.1");
    assert_eq!(attributes["dev:device_remembered_status"], "remembered");
    assert_eq!(attributes["dev:device_owner"], owner);
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:owner/{owner}/device/{}", signed.key);
    assert_eq!(attributes["dev:device_arn"], arn);
    assert_eq!(device.device_last_authenticated_date().unwrap().subsec_nanos(), 0);
    assert!(device.device_create_date().is_some() && device.device_last_modified_date().is_some());
}

#[tokio::test]
async fn confirm_device_waits_for_its_user_where_the_pool_asks() {
    let pool = a_pool_that_asks().await;
    let signed = Signed::on(&pool).await;
    assert!(signed.confirm(&pool).send().await.unwrap().user_confirmation_necessary);
    let attributes = map(listed(&pool).await[0].device_attributes());
    assert_eq!(attributes["dev:device_remembered_status"], "not_remembered");
    let own = pool.sdk.list_devices().access_token(&signed.access).send().await.unwrap();
    assert!(own.devices().is_empty(), "users see what is remembered");
    let request = pool.sdk.update_device_status().access_token(&signed.access).device_key(&signed.key);
    request.device_remembered_status(REMEMBERED).send().await.unwrap();
    let own = pool.sdk.list_devices().access_token(&signed.access).send().await.unwrap();
    assert_eq!(keys(own.devices()), [&*signed.key]);
}

#[tokio::test]
async fn confirm_device_takes_only_the_key_of_its_access_token() {
    let pool = a_tracking_pool().await;
    let (first, second) = (Signed::on(&pool).await, Signed::on(&pool).await);
    for key in [&*second.key, "us-east-1_0-0"] {
        let request = first.confirm(&pool).device_key(key);
        refused(request.send().await, "InvalidParameterException: Invalid device key given.");
    }
    assert!(listed(&pool).await.is_empty());
}

#[tokio::test]
async fn confirm_device_is_done_once() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    refused(signed.confirm(&pool).send().await, "DeviceKeyExistsException: Device already exists.");
}

#[tokio::test]
async fn confirm_device_refuses_what_is_no_verifier() {
    let pool = a_tracking_pool().await;
    let signed = Signed::on(&pool).await;
    let invalid = |name: &str| format!("InvalidParameterException: Invalid {name} given.");
    let missing = |name: &str| format!("InvalidParameterException: Missing required parameter {name}");
    let malformed = DeviceSecretVerifierConfigType::builder().salt("no base64!").password_verifier("AAAA").build();
    for (config, expected) in [
        (verifier(&[7; 16], &[0; 384]), invalid("PasswordVerifier")),
        (verifier(&[7; 16], &[9; 400]), invalid("PasswordVerifier")),
        (verifier(&[7; 65], &[9; 384]), invalid("Salt")),
        (malformed, invalid("Salt")),
        (verifier(&[], &[9; 384]), missing("Salt")),
        (verifier(&[7; 16], &[]), missing("PasswordVerifier")),
    ] {
        let request = signed.confirm(&pool).device_secret_verifier_config(config);
        refused(request.send().await, &expected);
    }
    let request = pool.sdk.confirm_device().access_token(&signed.access).device_key(&signed.key);
    refused(request.send().await, &missing("DeviceSecretVerifierConfig"));
}

#[tokio::test]
async fn a_remembered_device_is_asked_to_prove_itself() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    for request in [pool.public_sign_in("maria", PASSWORD), pool.public_sign_in("maria", PASSWORD)] {
        let answer = request.auth_parameters("DEVICE_KEY", &signed.key).send().await.unwrap();
        assert_eq!(answer.challenge_name, Some(ChallengeNameType::DeviceSrpAuth));
        assert!(answer.session.is_some() && answer.authentication_result.is_none());
    }
    let admin = pool.admin_sign_in("maria", PASSWORD).auth_parameters("DEVICE_KEY", &signed.key);
    assert_eq!(admin.send().await.unwrap().challenge_name, Some(ChallengeNameType::DeviceSrpAuth));
}

#[tokio::test]
async fn a_device_that_is_not_remembered_signs_in_without_a_proof() {
    let pool = a_pool_that_asks().await;
    let signed = Signed::confirmed_on(&pool).await;
    pool.wait(3_600);
    let request = pool.public_sign_in("maria", PASSWORD).auth_parameters("DEVICE_KEY", &signed.key);
    let again = Signed::of(request.send().await.unwrap().authentication_result.unwrap());
    assert!(again.result.new_device_metadata().is_none(), "the device is known");
    assert_eq!(again.key, signed.key);
    let device = listed(&pool).await.remove(0);
    let (created, used) = (device.device_create_date().unwrap(), device.device_last_authenticated_date().unwrap());
    assert!(used.secs() - created.secs() >= 3_600);
}

#[tokio::test]
async fn an_unknown_device_is_told_before_anything_is_judged() {
    let pool = a_tracking_pool().await;
    for password in [PASSWORD, "Wrong-password-1"] {
        let request = pool.public_sign_in("maria", password).auth_parameters("DEVICE_KEY", "us-east-1_0-0");
        refused(request.send().await, NO_DEVICE);
    }
    let other = Signed::confirmed_on(&pool).await;
    pool.user("john").await;
    let request = pool.public_sign_in("john", PASSWORD).auth_parameters("DEVICE_KEY", &other.key);
    refused(request.send().await, NO_DEVICE);
}

#[tokio::test]
async fn an_unknown_device_uses_no_session_up() {
    let pool = a_tracking_pool().await;
    pool.invite("john").await;
    let session = pool.session_of("john").await;
    let request = pool.answer_new_password("john", &session).challenge_responses("DEVICE_KEY", "us-east-1_0-0");
    refused(request.send().await, NO_DEVICE);
    pool.answer_new_password("john", &session).send().await.unwrap();
}

#[tokio::test]
async fn a_refresh_needs_its_confirmed_device() {
    let pool = a_tracking_pool().await;
    let (unconfirmed, signed) = (Signed::on(&pool).await, Signed::confirmed_on(&pool).await);
    refused(pool.refresh(&signed.refresh).send().await, INVALID_REFRESH_TOKEN);
    let named = |refresh: &str, key: &str| pool.refresh(refresh).auth_parameters("DEVICE_KEY", key).send();
    refused(named(&signed.refresh, &unconfirmed.key).await, INVALID_REFRESH_TOKEN);
    refused(named(&unconfirmed.refresh, &unconfirmed.key).await, INVALID_REFRESH_TOKEN);
    refused(named(&unconfirmed.refresh, &signed.key).await, INVALID_REFRESH_TOKEN);
    let result = named(&signed.refresh, &signed.key).await.unwrap().authentication_result.unwrap();
    assert_eq!(claims(result.access_token().unwrap())["device_key"], *signed.key);
    assert!(result.new_device_metadata().is_none());
}

#[tokio::test]
async fn a_forgotten_device_ends_the_refreshes_of_its_sessions() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    pool.sdk.forget_device().access_token(&signed.access).device_key(&signed.key).send().await.unwrap();
    let request = pool.refresh(&signed.refresh).auth_parameters("DEVICE_KEY", &signed.key);
    refused(request.send().await, INVALID_REFRESH_TOKEN);
    refused(signed_in_with(&pool, &signed.key).await, NO_DEVICE);
}

async fn signed_in_with(
    pool: &Pool,
    key: &str,
) -> Result<
    cognate_testkit::aws_sdk_cognitoidentityprovider::operation::initiate_auth::InitiateAuthOutput,
    cognate_testkit::aws_sdk_cognitoidentityprovider::error::SdkError<
        cognate_testkit::aws_sdk_cognitoidentityprovider::operation::initiate_auth::InitiateAuthError,
    >,
> {
    pool.public_sign_in("maria", PASSWORD).auth_parameters("DEVICE_KEY", key).send().await
}

#[tokio::test]
async fn list_devices_goes_page_by_page() {
    let pool = a_tracking_pool().await;
    let mut expected = Vec::new();
    let mut access = String::new();
    for _ in 0..5 {
        let signed = Signed::confirmed_on(&pool).await;
        pool.wait(1);
        expected.push(signed.key);
        access = signed.access;
    }
    let (mut own, mut seen, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let request = pool.sdk.list_devices().access_token(&access).limit(2).set_pagination_token(token);
        let page = request.send().await.unwrap();
        assert!(page.devices().len() <= 2);
        own.extend(keys(page.devices()).into_iter().map(str::to_owned));
        token = page.pagination_token;
        if token.is_none() {
            break;
        }
    }
    loop {
        let request = pool.admin_list_devices("maria").limit(3).set_pagination_token(token);
        let page = request.send().await.unwrap();
        seen.extend(keys(page.devices()).into_iter().map(str::to_owned));
        token = page.pagination_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((&own, &seen), (&expected, &expected));
    let request = pool.sdk.list_devices().access_token(&access).pagination_token("made-up");
    refused(request.send().await, BAD_TOKEN);
    refused(pool.admin_list_devices("maria").pagination_token("made-up").send().await, BAD_TOKEN);
}

#[tokio::test]
async fn get_device_shows_users_no_more_than_theirs() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    let get = |access: &str, key: &str| pool.sdk.get_device().access_token(access).device_key(key).send();
    let device = get(&signed.access, &signed.key).await.unwrap().device.unwrap();
    assert_eq!(device.device_key(), Some(&*signed.key));
    assert!(map(device.device_attributes()).keys().all(|name| !name.starts_with("dev:")));
    refused(get(&signed.access, "us-east-1_0-0").await, NO_DEVICE);
    refused(get("nonsense", &signed.key).await, INVALID_ACCESS_TOKEN);
    refused(
        pool.sdk.get_device().device_key(&signed.key).send().await,
        "InvalidParameterException: Missing required parameter AccessToken",
    );
    pool.user("john").await;
    let john = pool.tokens_of("john").await.access;
    refused(get(&john, &signed.key).await, NO_DEVICE);
}

#[tokio::test]
async fn forget_device_forgets_one_of_the_users_own() {
    let pool = a_tracking_pool().await;
    let (first, second) = (Signed::confirmed_on(&pool).await, Signed::confirmed_on(&pool).await);
    let forget = |key: &str| pool.sdk.forget_device().access_token(&second.access).device_key(key).send();
    forget(&first.key).await.unwrap();
    assert_eq!(keys(&listed(&pool).await), [&*second.key]);
    refused(forget(&first.key).await, NO_DEVICE);
    refused(
        pool.sdk.forget_device().access_token("nonsense").device_key(&second.key).send().await,
        INVALID_ACCESS_TOKEN,
    );
}

#[tokio::test]
async fn update_device_status_is_shown_and_moves_the_date() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    pool.wait(60);
    let update = |key: &str| pool.sdk.update_device_status().access_token(&signed.access).device_key(key);
    update(&signed.key).device_remembered_status(NOT_REMEMBERED).send().await.unwrap();
    let device = listed(&pool).await.remove(0);
    assert_eq!(map(device.device_attributes())["dev:device_remembered_status"], "not_remembered");
    let moved = device.device_last_modified_date().unwrap().secs() - device.device_create_date().unwrap().secs();
    assert!(moved >= 60);
    refused(update("us-east-1_0-0").device_remembered_status(REMEMBERED).send().await, NO_DEVICE);
    refused(update(&signed.key).send().await, NO_STATUS);
}

#[tokio::test]
async fn admin_get_device_shows_one_device() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    let device = pool.admin_get_device("maria").device_key(&signed.key).send().await.unwrap().device;
    assert_eq!(device.as_ref(), listed(&pool).await.first());
    refused(pool.admin_get_device("maria").device_key("us-east-1_0-0").send().await, NO_DEVICE);
    refused(pool.admin_get_device("nobody").device_key(&signed.key).send().await, NO_USER_HERE);
    refused(pool.nowhere().admin_get_device("maria").device_key(&signed.key).send().await, NO_POOL);
    refused(pool.admin_list_devices("nobody").send().await, NO_USER_HERE);
    refused(pool.nowhere().admin_list_devices("maria").send().await, NO_POOL);
}

#[tokio::test]
async fn admin_forget_device_forgets_a_device() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    let forget = |pool: &Pool, username: &str| pool.admin_forget_device(username).device_key(&signed.key).send();
    refused(forget(&pool, "nobody").await, NO_USER);
    refused(forget(&pool.nowhere(), "maria").await, NO_POOL);
    forget(&pool, "maria").await.unwrap();
    refused(forget(&pool, "maria").await, NO_DEVICE);
    assert!(listed(&pool).await.is_empty());
}

#[tokio::test]
async fn admin_update_device_status_decides_whether_a_proof_is_asked_for() {
    let pool = a_pool_that_asks().await;
    let signed = Signed::confirmed_on(&pool).await;
    let update = |pool: &Pool, username: &str| pool.admin_update_device_status(username).device_key(&signed.key);
    update(&pool, "maria").device_remembered_status(REMEMBERED).send().await.unwrap();
    assert_eq!(
        signed_in_with(&pool, &signed.key).await.unwrap().challenge_name,
        Some(ChallengeNameType::DeviceSrpAuth)
    );
    update(&pool, "maria").device_remembered_status(NOT_REMEMBERED).send().await.unwrap();
    assert!(signed_in_with(&pool, &signed.key).await.unwrap().authentication_result.is_some());
    refused(update(&pool, "maria").send().await, NO_STATUS);
    let request = pool.admin_update_device_status("maria").device_key("us-east-1_0-0");
    refused(request.device_remembered_status(REMEMBERED).send().await, NO_DEVICE);
    refused(update(&pool, "nobody").device_remembered_status(REMEMBERED).send().await, NO_USER);
    refused(update(&pool.nowhere(), "maria").device_remembered_status(REMEMBERED).send().await, NO_POOL);
}

#[tokio::test]
async fn a_pool_that_does_not_track_devices_says_so() {
    let pool = a_pool().await;
    pool.user("maria").await;
    let access = pool.tokens_of("maria").await.access;
    let key = "us-east-1_0-0";
    let (sdk, config) = (&pool.sdk, verifier(&[7; 16], &[9; 384]));
    let confirm = sdk.confirm_device().access_token(&access).device_key(key).device_secret_verifier_config(config);
    refused(confirm.send().await, NOT_TRACKED);
    refused(sdk.list_devices().access_token(&access).send().await, NOT_TRACKED);
    refused(sdk.get_device().access_token(&access).device_key(key).send().await, NOT_TRACKED);
    refused(sdk.forget_device().access_token(&access).device_key(key).send().await, NOT_TRACKED);
    let update = sdk.update_device_status().access_token(&access).device_key(key);
    refused(update.device_remembered_status(REMEMBERED).send().await, NOT_TRACKED);
    refused(pool.admin_list_devices("maria").send().await, NOT_TRACKED);
    refused(pool.admin_get_device("maria").device_key(key).send().await, NOT_TRACKED);
    refused(pool.admin_forget_device("maria").device_key(key).send().await, NOT_TRACKED);
    let update = pool.admin_update_device_status("maria").device_key(key);
    refused(update.device_remembered_status(REMEMBERED).send().await, NOT_TRACKED);
}

#[tokio::test]
async fn devices_of_a_deleted_user_are_gone() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    pool.admin_delete_user("maria").send().await.unwrap();
    pool.user("maria").await;
    assert!(listed(&pool).await.is_empty());
    refused(signed_in_with(&pool, &signed.key).await, NO_DEVICE);
}

#[tokio::test]
async fn a_proof_of_a_device_is_refused_without_what_it_needs() {
    let pool = a_tracking_pool().await;
    let signed = Signed::confirmed_on(&pool).await;
    let answer = |name: ChallengeNameType, parameters: &[(&str, &str)]| {
        let mut request = pool.sdk.respond_to_auth_challenge().client_id(&pool.client).challenge_name(name);
        for (name, value) in parameters {
            request = request.challenge_responses(*name, *value);
        }
        request
    };
    let name = || ChallengeNameType::DeviceSrpAuth;
    let missing = |name: &str| format!("InvalidParameterException: Missing required parameter {name}");
    refused(answer(name(), &[("USERNAME", "maria")]).send().await, &missing("DEVICE_KEY"));
    let with_key = [("USERNAME", "maria"), ("DEVICE_KEY", &*signed.key)];
    refused(answer(name(), &with_key).send().await, &missing("SRP_A"));
    let whole = [("USERNAME", "maria"), ("DEVICE_KEY", &*signed.key), ("SRP_A", "abc")];
    refused(answer(name(), &whole).send().await, &missing("Session"));
    let zero = [("USERNAME", "maria"), ("DEVICE_KEY", &*signed.key), ("SRP_A", "0")];
    refused(answer(name(), &zero).send().await, "InvalidParameterException: SRP_A must not be zero modulo N.");
    let unknown = [("USERNAME", "maria"), ("DEVICE_KEY", "us-east-1_0-0"), ("SRP_A", "abc")];
    refused(answer(name(), &unknown).send().await, NO_DEVICE);
    let nobody = [("USERNAME", "nobody"), ("DEVICE_KEY", &*signed.key), ("SRP_A", "abc")];
    refused(answer(name(), &nobody).send().await, NO_DEVICE);
    let proof = [
        ("USERNAME", "maria"),
        ("DEVICE_KEY", &*signed.key),
        ("PASSWORD_CLAIM_SIGNATURE", "AAAA"),
        ("PASSWORD_CLAIM_SECRET_BLOCK", "AAAA"),
        ("TIMESTAMP", "Fri Feb 9 07:05:03 UTC 2024"),
    ];
    refused(
        answer(ChallengeNameType::DevicePasswordVerifier, &proof).send().await,
        "NotAuthorizedException: Incorrect username or password.",
    );
    let request = pool.initiate_auth().auth_flow(AuthFlowType::UserPasswordAuth).auth_parameters("USERNAME", "maria");
    let request = request.auth_parameters("PASSWORD", PASSWORD).auth_parameters("DEVICE_KEY", &signed.key);
    let session = request.send().await.unwrap().session.unwrap();
    let other = Signed::confirmed_on(&pool).await;
    let swapped = [("USERNAME", "maria"), ("DEVICE_KEY", &*other.key), ("SRP_A", "abc")];
    refused(
        answer(name(), &swapped).session(session).send().await,
        "NotAuthorizedException: Invalid session for the user.",
    );
}
