//! Random walks over all configurations: no path leads to tokens that skips a required factor.

use cognate_model::{
    AuthFactorType, DeviceConfigurationType, EmailMfaConfigType, SignInPolicyType, SmsConfigurationType,
    SoftwareTokenMfaConfigType, UserPoolMfaType, WebAuthnConfigurationType, WebAuthnFactorConfigurationType,
};
use proptest::prelude::*;

use super::*;
use crate::fixtures::{plain_pool, user_with};

use ChallengeNameType as C;

/// A pool, a user and the circumstances, drawn from all that matters to the machine.
#[derive(Debug, Clone)]
struct Case {
    pool: Pool,
    user: User,
    flow: Flow,
    device: Device,
    demand: Demand,
    means: Means,
}

prop_compose! {
    fn pools()(
        required in prop_oneof![Just(UserPoolMfaType::Off), Just(UserPoolMfaType::Optional), Just(UserPoolMfaType::On)],
        factors: [bool; 3],
        devices in prop_oneof![Just(None), any::<bool>().prop_map(Some)],
        first: [bool; 3],
        both: bool,
        lenient: bool,
    ) -> Pool {
        let mut pool = plain_pool();
        pool.config.mfa_configuration = Some(required);
        let [sms, token, email] = factors;
        pool.config.sms_configuration = sms.then(SmsConfigurationType::default);
        pool.software_token_mfa = Some(SoftwareTokenMfaConfigType { enabled: Some(token) });
        pool.email_mfa = email.then(EmailMfaConfigType::default);
        pool.config.device_configuration = devices.map(|challenge| DeviceConfigurationType {
            challenge_required_on_new_device: Some(challenge),
            ..DeviceConfigurationType::default()
        });
        let others = [AuthFactorType::EmailOtp, AuthFactorType::SmsOtp, AuthFactorType::WebAuthn];
        let allowed = others.into_iter().zip(first).filter_map(|(factor, on)| on.then_some(factor));
        let allowed = std::iter::once(AuthFactorType::Password).chain(allowed).collect();
        pool.config.policies.get_or_insert_default().sign_in_policy =
            Some(SignInPolicyType { allowed_first_auth_factors: Some(allowed) });
        pool.web_authn = both.then(|| WebAuthnConfigurationType {
            factor_configuration: Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification),
            ..WebAuthnConfigurationType::default()
        });
        pool.leniencies.mfa_preference_before_enrolment = lenient;
        pool
    }
}

prop_compose! {
    fn users()(
        status in prop_oneof![
            6 => Just(UserStatusType::Confirmed),
            2 => Just(UserStatusType::ForceChangePassword),
            1 => Just(UserStatusType::ResetRequired),
            1 => Just(UserStatusType::Unconfirmed),
        ],
        enabled in prop::bool::weighted(0.9),
        addresses: [bool; 2],
        verified: [bool; 2],
        on: [bool; 3],
        token: bool,
        password in prop::bool::weighted(0.9),
        preferred in 0..4_usize,
        both: bool,
    ) -> User {
        let mut user = user_with("maria", &[]);
        for ((name, value), (has, verified)) in
            [("email", "maria@example.com"), ("phone_number", "+12065550100")].into_iter().zip(addresses.into_iter().zip(verified))
        {
            if has {
                user.attributes.insert(name.to_owned(), value.to_owned());
                user.attributes.insert(format!("{name}_verified"), verified.to_string());
            }
        }
        (user.status, user.enabled) = (status, enabled);
        let mfa = &mut user.hidden.mfa;
        [mfa.sms, mfa.software_token, mfa.email] = on;
        mfa.web_authn = both;
        mfa.totp_secret = token.then(|| vec![1]);
        mfa.preferred = ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"].get(preferred).map(|name| (*name).to_owned());
        user.hidden.password.hash = password.then(|| "hash".to_owned());
        user
    }
}

prop_compose! {
    fn cases()(
        pool in pools(),
        user in users(),
        flow in prop_oneof![Just(Flow::Password), Just(Flow::Choice), Just(Flow::Custom)],
        device in prop_oneof![Just(Device::Unknown), Just(Device::Remembered)],
        demand in prop_oneof![3 => Just(Demand::Nothing), 1 => Just(Demand::IfConfigured), 1 => Just(Demand::Required)],
        passkey: bool,
    ) -> Case {
        Case { pool, user, flow, device, demand, means: Means { passkey } }
    }
}

const FACTORS: [C; 3] = [C::SmsMfa, C::SoftwareTokenMfa, C::EmailOtp];

/// Every input that there is.
fn inputs() -> Vec<Input> {
    let mut inputs = vec![
        Input::First(First::Password),
        Input::First(First::Email),
        Input::First(First::Sms),
        Input::First(First::Passkey { user_verified: true }),
        Input::First(First::Passkey { user_verified: false }),
        Input::NewPassword,
        Input::AddressGiven,
        Input::DeviceNamed,
        Input::DeviceProved,
        Input::CustomAnswer,
        Input::Granted,
    ];
    for challenge in [C::PasswordSrp, C::EmailOtp, C::SmsOtp, C::WebAuthn] {
        inputs.push(Input::FirstChosen(challenge));
    }
    for factor in FACTORS {
        inputs.extend([Input::SecondChosen(factor), Input::Second(factor), Input::Enrolled(factor)]);
    }
    for demanded in [C::CustomChallenge, C::PasswordVerifier, C::SmsMfa, C::SoftwareTokenMfa, C::DeviceSrpAuth] {
        inputs.push(Input::Demanded(demanded));
    }
    inputs
}

/// What the walker gave, for the walls of the court: nothing of the machine's own state.
fn satisfies(case: &Case, given: &[Input]) -> Result<(), String> {
    let has = |input: Input| given.contains(&input);
    let (pool, user) = (&case.pool, &case.user);
    if !user.enabled || user.status == UserStatusType::Unconfirmed {
        return Err("the account may not sign in".to_owned());
    }
    if case.device == Device::Remembered && !has(Input::DeviceProved) {
        return Err("the device was not proved".to_owned());
    }
    let password = has(Input::First(First::Password));
    if case.flow == Flow::Custom {
        if !has(Input::Granted) {
            return Err("the trigger did not let the user in".to_owned());
        }
        if !password {
            return Ok(());
        }
    } else if user.status != UserStatusType::Confirmed {
        return Err(format!("the status is {}", user.status));
    }
    let code = has(Input::First(First::Email)) || has(Input::First(First::Sms));
    let verified_passkey = has(Input::First(First::Passkey { user_verified: true }));
    let passkey = verified_passkey || has(Input::First(First::Passkey { user_verified: false }));
    if !password && !code && !passkey {
        return Err("no first factor".to_owned());
    }
    let mfa = &user.hidden.mfa;
    let on = [mfa.sms, mfa.software_token, mfa.email].contains(&true);
    let needed = match pool.config.mfa_configuration.unwrap() {
        UserPoolMfaType::On => true,
        UserPoolMfaType::Optional => on || case.demand == Demand::Required,
        UserPoolMfaType::Off => case.demand == Demand::Required,
    };
    let second = FACTORS.iter().any(|factor| has(Input::Second(*factor)) || has(Input::Enrolled(*factor)));
    let by_device = has(Input::DeviceProved) && takes_the_place_of_second_factors(pool) && case.flow != Flow::Custom;
    let by_passkey = verified_passkey && pool.web_authn.is_some() && mfa.web_authn;
    if needed && !(second || by_device || by_passkey) {
        return Err("a second factor was needed".to_owned());
    }
    if password && second || !needed || by_device || by_passkey {
        return Ok(());
    }
    Err("a code or a passkey alone".to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn no_path_to_tokens_skips_a_required_factor(
        case in cases(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let mut case = case;
        let mut given = Vec::new();
        let (mut stage, mut shown) = (None, Shown::default());
        let inputs = inputs();
        if case.flow == Flow::Choice {
            stage = Some(Stage::FirstChoice(available(&case.pool, &case.user, case.means)));
        }
        for pick in picks {
            let input = *pick.get(&inputs);
            let before = case.user.clone();
            if input == Input::NewPassword && stage == Some(Stage::NewPassword) {
                // The new password is stored before the machine goes on.
                case.user.status = UserStatusType::Confirmed;
            }
            let situation = Situation {
                pool: &case.pool, user: &case.user, flow: case.flow, device: case.device, demand: case.demand,
                now: Timestamp::default(),
            };
            let Ok(step) = step(&situation, stage.as_ref(), shown, input) else {
                case.user = before;
                continue;
            };
            given.push(input);
            shown = step.shown;
            match step.next {
                Next::Ask(next) => stage = Some(next),
                Next::Consult => stage = None,
                Next::Tokens => {
                    let verdict = satisfies(&case, &given);
                    prop_assert_eq!(verdict, Ok(()), "{:?}", given);
                    return Ok(());
                }
            }
            apply(&step.effects, &mut case.user);
        }
    }

    // The session of a sign-up begins at its code. Walks seldom get from there to a second factor, so every case does.
    #[test]
    fn the_code_of_a_sign_up_signs_in_alone_or_not_at_all(case in cases()) {
        let case = Case { flow: Flow::Choice, ..case };
        let situation = Situation {
            pool: &case.pool, user: &case.user, flow: case.flow, device: case.device, demand: case.demand,
            now: Timestamp::default(),
        };
        for (code, first) in [(C::EmailOtp, First::Email), (C::SmsOtp, First::Sms)] {
            let input = Input::First(first);
            match step(&situation, Some(&Stage::FirstCode(code)), Shown::default(), input).map(|step| step.next) {
                Ok(Next::Tokens) => prop_assert_eq!(satisfies(&case, &[input]), Ok(())),
                Ok(next) => prop_assert_eq!(next, Next::Ask(Stage::Device)),
                Err(refusal) => prop_assert!(!refusal.message.is_empty()),
            }
        }
    }

    #[test]
    fn every_user_who_may_sign_in_finds_a_way_or_hears_why(case in cases()) {
        let situation = Situation {
            pool: &case.pool, user: &case.user, flow: Flow::Password, device: case.device, demand: case.demand,
            now: Timestamp::default(),
        };
        match step(&situation, None, Shown::default(), Input::First(First::Password)) {
            Ok(step) => prop_assert!(step.shown.first == Some(First::Password)),
            Err(refusal) => prop_assert!(!refusal.message.is_empty()),
        }
    }
}

#[test]
fn an_input_that_was_not_asked_for_is_refused() {
    let (pool, user) = (plain_pool(), user_with("maria", &[]));
    let situation = Situation {
        pool: &pool,
        user: &user,
        flow: Flow::Password,
        device: Device::Unknown,
        demand: Demand::Nothing,
        now: Timestamp::default(),
    };
    for input in inputs().into_iter().filter(|input| *input != Input::First(First::Password)) {
        assert_eq!(step(&situation, None, Shown::default(), input), Err(out_of_order()), "{input:?}");
    }
    let shown = Shown { first: Some(First::Password), ..Shown::default() };
    for stage in [Stage::Second(C::SmsMfa), Stage::NewPassword, Stage::Device, Stage::SetUp(vec![C::EmailOtp])] {
        for input in [Input::First(First::Password), Input::Second(C::SoftwareTokenMfa), Input::Granted] {
            assert_eq!(step(&situation, Some(&stage), shown, input), Err(out_of_order()), "{stage:?} {input:?}");
        }
    }
}

#[test]
fn a_code_that_arrived_verifies_its_address() {
    let (pool, user) = (plain_pool(), user_with("maria", &[("phone_number", "+12065550100")]));
    let situation = Situation {
        pool: &pool,
        user: &user,
        flow: Flow::Password,
        device: Device::Unknown,
        demand: Demand::Nothing,
        now: Timestamp::default(),
    };
    let shown = Shown { first: Some(First::Password), ..Shown::default() };
    let step = step(&situation, Some(&Stage::Second(C::SmsMfa)), shown, Input::Second(C::SmsMfa)).unwrap();
    assert_eq!((step.next, step.effects.clone()), (Next::Tokens, vec![Effect::Verified("phone_number")]));
    let mut user = user.clone();
    apply(&step.effects, &mut user);
    assert!(user.is_verified("phone_number"));
}

#[test]
fn a_password_can_be_left_out_where_a_code_reaches_the_user() {
    let of = |pairs: &[(&str, &str)]| user_with("maria", pairs).attributes;
    let (email, phone) = (of(&[("email", "maria@example.com")]), of(&[("phone_number", "+12065550100")]));
    let mut pool = plain_pool();
    assert!(!codes_suffice(&pool, &email), "only passwords are allowed unless told otherwise");
    pool.config.policies.get_or_insert_default().sign_in_policy = Some(SignInPolicyType {
        allowed_first_auth_factors: Some(vec![AuthFactorType::Password, AuthFactorType::EmailOtp]),
    });
    assert!(codes_suffice(&pool, &email));
    assert!(!codes_suffice(&pool, &phone), "no code goes there");
    assert!(!codes_suffice(&pool, &of(&[("email", "")])));
    pool.config.mfa_configuration = Some(UserPoolMfaType::On);
    assert!(!codes_suffice(&pool, &email), "a code alone would not do");
}
