//! `docs/sign-in.md` is made from the sign-in machine: this test fails where the two differ, and writes the page anew
//! with `UPDATE_DOCS=1`.

use std::fmt::Write as _;

use cognate_domain::sign_in::{Demand, Device, First, Flow, Input, Next, Shown, Situation, Stage, step};
use cognate_domain::user::Hidden;
use cognate_domain::{Pool, User};
use cognate_model::ChallengeNameType as C;
use cognate_model::{
    DeviceConfigurationType, EmailMfaConfigType, SmsConfigurationType, SoftwareTokenMfaConfigType, Timestamp,
    UserPoolMfaType, UserStatusType,
};

const HEAD: &str = "\
# Signing in, as a table

Made by `crates/domain/tests/sign_in_table.rs` from the machine in `crates/domain/src/sign_in.rs`; do not edit. After a
change of the machine: `UPDATE_DOCS=1 cargo test -p cognate-domain --test sign_in_table`.

";

fn pool(required: UserPoolMfaType) -> Pool {
    let mut pool = Pool::default();
    pool.config.id = Some("us-east-1_Abc123".to_owned());
    pool.config.mfa_configuration = Some(required);
    pool.config.sms_configuration = Some(SmsConfigurationType::default());
    pool.software_token_mfa = Some(SoftwareTokenMfaConfigType { enabled: Some(true) });
    pool.email_mfa = Some(EmailMfaConfigType::default());
    pool
}

fn user() -> User {
    User { username: "maria".to_owned(), hidden: Hidden::default(), ..User::nobody([7; 16]) }
}

fn with_phone(mut user: User) -> User {
    user.attributes.insert("phone_number".to_owned(), "+12065550100".to_owned());
    user
}

fn with_token(mut user: User) -> User {
    user.hidden.mfa.totp_secret = Some(vec![1]);
    user.hidden.mfa.software_token = true;
    user
}

fn outcome(pool: &Pool, user: &User, at: &Situation<'_>, stage: Option<&Stage>, shown: Shown, input: Input) -> String {
    let situation = Situation { pool, user, ..*at };
    match step(&situation, stage, shown, input) {
        Ok(step) => match step.next {
            Next::Tokens => "tokens".to_owned(),
            Next::Consult => "the trigger decides".to_owned(),
            Next::Ask(stage) => describe(&stage),
        },
        Err(refusal) => format!("refused: {refusal}"),
    }
}

fn describe(stage: &Stage) -> String {
    let list = |names: &[C]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match stage {
        Stage::FirstChoice(offered) | Stage::SecondChoice(offered) | Stage::SetUp(offered) => {
            format!("`{}` of {}", stage.challenge(), list(offered))
        }
        other => format!("`{}`", other.challenge()),
    }
}

/// Who signs in, and what follows the right password.
fn after_the_password() -> String {
    let temporary = User { status: UserStatusType::ForceChangePassword, ..user() };
    let mut expired = temporary.clone();
    expired.hidden.password.temporary_until = Some(-1);
    let rows = [
        ("a disabled user", UserPoolMfaType::Off, User { enabled: false, ..user() }),
        ("an unconfirmed user", UserPoolMfaType::Off, User { status: UserStatusType::Unconfirmed, ..user() }),
        (
            "a user whose password was reset",
            UserPoolMfaType::Off,
            User { status: UserStatusType::ResetRequired, ..user() },
        ),
        ("a temporary password", UserPoolMfaType::On, temporary),
        ("a temporary password whose time is over", UserPoolMfaType::Off, expired),
        ("no second factor", UserPoolMfaType::Off, with_token(with_phone(user()))),
        ("second factors optional, none on", UserPoolMfaType::Optional, with_phone(user())),
        ("second factors optional, a token on", UserPoolMfaType::Optional, with_token(user())),
        ("second factors required, a telephone", UserPoolMfaType::On, with_phone(user())),
        ("second factors required, a token", UserPoolMfaType::On, with_token(user())),
        ("second factors required, both", UserPoolMfaType::On, {
            let mut user = with_token(with_phone(user()));
            user.hidden.mfa.sms = true;
            user
        }),
        ("second factors required, neither", UserPoolMfaType::On, user()),
    ];
    let mut out = String::from(
        "## After the right password\n\n| the account | new device | remembered device | the same, which replaces second \
         factors |\n| --- | --- | --- | --- |\n",
    );
    for (name, required, user) in rows {
        let plain = pool(required);
        let mut replacing = plain.clone();
        replacing.config.device_configuration = Some(DeviceConfigurationType {
            challenge_required_on_new_device: Some(true),
            ..DeviceConfigurationType::default()
        });
        let cell = |pool: &Pool, device| {
            let at = situation(pool, &user, Flow::Password, device);
            outcome(pool, &user, &at, None, Shown::default(), Input::First(First::Password))
        };
        let cells =
            [cell(&plain, Device::Unknown), cell(&plain, Device::Remembered), cell(&replacing, Device::Remembered)];
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
    out
}

fn situation<'a>(pool: &'a Pool, user: &'a User, flow: Flow, device: Device) -> Situation<'a> {
    Situation { pool, user, flow, device, demand: Demand::Nothing, now: Timestamp::default() }
}

fn stages() -> Vec<Stage> {
    vec![
        Stage::FirstChoice(vec![C::PasswordSrp, C::Password, C::EmailOtp, C::SmsOtp, C::WebAuthn]),
        Stage::PasswordProof,
        Stage::FirstCode(C::EmailOtp),
        Stage::FirstCode(C::SmsOtp),
        Stage::Passkey,
        Stage::Custom,
        Stage::NewPassword,
        Stage::SecondChoice(vec![C::SmsMfa, C::SoftwareTokenMfa, C::EmailOtp]),
        Stage::Second(C::SmsMfa),
        Stage::Second(C::SoftwareTokenMfa),
        Stage::Second(C::EmailOtp),
        Stage::SetUp(vec![C::SoftwareTokenMfa, C::EmailOtp]),
        Stage::EnrolByCode,
        Stage::Device,
        Stage::DeviceProof,
    ]
}

fn inputs() -> Vec<(&'static str, Input)> {
    let mut inputs = vec![
        ("the password, in clear or by SRP", Input::First(First::Password)),
        ("the code", Input::First(First::Email)),
        ("the code", Input::First(First::Sms)),
        ("a signature", Input::First(First::Passkey { user_verified: false })),
        ("a signature with the user verified", Input::First(First::Passkey { user_verified: true })),
        ("an answer, right or wrong", Input::CustomAnswer),
        ("a new password", Input::NewPassword),
        ("the session of a verified token", Input::Enrolled(C::SoftwareTokenMfa)),
        ("an address", Input::AddressGiven),
        ("its key and public value", Input::DeviceNamed),
        ("its proof", Input::DeviceProved),
    ];
    for name in [C::PasswordSrp, C::EmailOtp, C::SmsOtp, C::WebAuthn] {
        inputs.push((name.as_str(), Input::FirstChosen(name)));
    }
    for name in [C::SmsMfa, C::SoftwareTokenMfa, C::EmailOtp] {
        inputs.push((name.as_str(), Input::SecondChosen(name)));
        inputs.push(("the code", Input::Second(name)));
    }
    inputs
}

/// Every answer that a challenge takes, for a user who needs no more than it.
fn answers() -> String {
    let mut out = String::from(
        "## What each challenge takes\n\nFor a confirmed user in a pool with optional second factors, who needs no more \
         than what the challenge asks. Every other answer is refused: `NotAuthorizedException: Invalid session for the \
         user.`\n\n| challenge | answer | what follows |\n| --- | --- | --- |\n",
    );
    let (pool, user) = (pool(UserPoolMfaType::Optional), with_phone(user()));
    for stage in stages() {
        for (name, input) in inputs() {
            let flow = if stage == Stage::Custom { Flow::Custom } else { Flow::Password };
            let at = situation(&pool, &user, flow, Device::Unknown);
            let first = match stage {
                Stage::FirstChoice(_) | Stage::PasswordProof | Stage::FirstCode(_) | Stage::Passkey => None,
                _ => Some(First::Password),
            };
            let shown = Shown { first: first.filter(|_| flow != Flow::Custom), ..Shown::default() };
            let follows = outcome(&pool, &user, &at, Some(&stage), shown, input);
            if !follows.starts_with("refused") {
                let _ = writeln!(out, "| {} | {name} | {follows} |", describe(&stage));
            }
        }
    }
    out
}

/// What a pool's triggers may decide.
fn custom() -> String {
    let mut out = String::from(
        "## What the trigger of `CUSTOM_AUTH` may decide\n\n| decision | before a password | after a password, with a \
         token on | after both |\n| --- | --- | --- | --- |\n",
    );
    let (pool, user) = (pool(UserPoolMfaType::Optional), with_token(user()));
    let at = situation(&pool, &user, Flow::Custom, Device::Unknown);
    let password = Shown { first: Some(First::Password), ..Shown::default() };
    let both = Shown { second: Some(C::SoftwareTokenMfa), ..password };
    let decisions = [
        ("`issueTokens`", Input::Granted),
        ("`CUSTOM_CHALLENGE`", Input::Demanded(C::CustomChallenge)),
        ("`PASSWORD_VERIFIER`", Input::Demanded(C::PasswordVerifier)),
        ("`SOFTWARE_TOKEN_MFA`", Input::Demanded(C::SoftwareTokenMfa)),
        ("`SMS_MFA`, without a telephone", Input::Demanded(C::SmsMfa)),
    ];
    for (name, input) in decisions {
        let cells = [Shown::default(), password, both].map(|shown| outcome(&pool, &user, &at, None, shown, input));
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
    out
}

#[test]
fn the_page_shows_the_machine() {
    let page = format!("{HEAD}{}\n{}\n{}", after_the_password(), answers(), custom());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sign-in.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/sign-in.md is out of date: run with UPDATE_DOCS=1");
}
