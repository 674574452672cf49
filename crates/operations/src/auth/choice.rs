//! `USER_AUTH`: the user chooses how to sign in.

use cognate_domain::sign_in::{self, First, Flow, Input, Stage, out_of_order};
use cognate_domain::{User, client_rules};
use cognate_model::{ChallengeNameType, EventType};

use super::course::Course;
use super::custom::Rounds;
use super::flow::SignIn;
use super::judgement::{ask_beforehand, find, judge, look_up, wrong};
use super::resume::{Resumed, resume};
use super::session::{Held, Session, Spent};
use super::{
    Outcome, Parameters, attempt_ends, challenge, device, passkey, pretence, secret_hash, sign_up_session, simulated,
    srp,
};
use crate::events::Attempt;
use crate::verifier::stranger_id;
use crate::{Context, Error, hashing};

/// Begins: with the session of a sign-up, with the preferred challenge if the user has it, else with a choice.
pub(super) async fn begin(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let name = parameters.require("USERNAME")?;
    let given = parameters.get("SECRET_HASH");
    secret_hash::check(sign_in.pool, sign_in.client, &[name], given, secret_hash::Wording::Flow)?;
    let preferred = preferred(parameters)?;
    let found = find(cx, sign_in, name).await?;
    ask_beforehand(cx, sign_in, name, found.as_ref()).await?;
    device::check(cx, sign_in.pool, found.as_ref().map(|user| &user.id), parameters).await?;
    let Some(user) = found else {
        if session.is_some() {
            return Err(out_of_order().into());
        }
        return begin_for_stranger(cx, sign_in, name, preferred, parameters, None).await;
    };
    let discreet = client_rules::prevents_user_existence_errors(sign_in.client);
    if let Err(refusal) = sign_in::check_account(&user) {
        // Where nothing may be told about the user, they look like nobody until a password was right.
        if discreet && session.is_some() {
            return Err(out_of_order().into());
        }
        if discreet {
            return begin_for_stranger(cx, sign_in, name, preferred, parameters, None).await;
        }
        let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
        return Err(attempt_ends::unseen(cx, sign_in, &user, attempt, refusal.into()).await);
    }
    if let Some(session) = session {
        return sign_up_session::sign_in(cx, sign_in, user, session, parameters).await;
    }
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let course = Course::begin(sign_in, user, Flow::Choice, attempt, parameters);
    let offered = available(cx, &course).await?;
    match preferred.filter(|preferred| offered.contains(preferred)) {
        Some(preferred) => go_on(cx, course, &Stage::FirstChoice(offered), preferred, parameters).await,
        None => course.ask(cx, Stage::FirstChoice(offered)).await,
    }
}

fn preferred(parameters: &Parameters) -> Result<Option<ChallengeNameType>, Error> {
    let Some(text) = parameters.get("PREFERRED_CHALLENGE") else { return Ok(None) };
    match ChallengeNameType::parse(text) {
        Some(
            name @ (ChallengeNameType::Password
            | ChallengeNameType::PasswordSrp
            | ChallengeNameType::EmailOtp
            | ChallengeNameType::SmsOtp
            | ChallengeNameType::WebAuthn),
        ) => Ok(Some(name)),
        // The values are documented, the text is not recorded.
        _ => Err(Error::invalid("Unsupported preferred challenge")),
    }
}

/// What the user can choose from.
pub(super) async fn available(cx: &Context, course: &Course<'_>) -> Result<Vec<ChallengeNameType>, Error> {
    let means = passkey::means(cx, course.sign_in.pool, &course.user).await?;
    Ok(sign_in::available(course.sign_in.pool, &course.user, means))
}

/// `SELECT_CHALLENGE`, and its choices answered by their own names.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: ChallengeNameType,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let chosen = match name {
        ChallengeNameType::SelectChallenge => ChallengeNameType::parse(parameters.require("ANSWER")?),
        name => Some(name),
    };
    let resumed = resume(cx, sign_in, name, session, parameters).await?;
    let stage = &resumed.session().stage;
    let chosen = chosen.filter(|chosen| stage.takes(*chosen) && *chosen != ChallengeNameType::SelectChallenge);
    // The rule follows from the challenge, the text is not recorded.
    let chosen = chosen.ok_or_else(|| Error::invalid("The selected challenge is not available to the user."))?;
    match resumed {
        Resumed::User(course, session) => go_on(cx, *course, &session.stage, chosen, parameters).await,
        Resumed::Stranger(session) => {
            let (name, spent) = (parameters.require("USERNAME")?, Some(session.spent()));
            begin_for_stranger(cx, sign_in, name, Some(chosen), parameters, spent).await
        }
    }
}

/// Goes on with a first factor, in one round where the parameters hold its proof already.
async fn go_on(
    cx: &Context,
    course: Course<'_>,
    stage: &Stage,
    chosen: ChallengeNameType,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    match chosen {
        ChallengeNameType::Password => {
            let mut course = course;
            (course.user, course.attempt) = judge_password(cx, &course, parameters).await?;
            course.advance(cx, Some(stage), Input::First(First::Password)).await
        }
        ChallengeNameType::PasswordSrp => prove_by_srp(cx, course, parameters).await,
        ChallengeNameType::WebAuthn if parameters.get("CREDENTIAL").is_some() => {
            // A signature needs a challenge that came before it.
            Err(out_of_order().into())
        }
        other => course.advance(cx, Some(stage), Input::FirstChosen(other)).await,
    }
}

async fn judge_password(cx: &Context, course: &Course<'_>, parameters: &Parameters) -> Result<(User, Attempt), Error> {
    let password = parameters.require("PASSWORD")?;
    let (sign_in, id) = (course.sign_in, course.user.id);
    let user = judge(cx, sign_in, &course.user.username, Some(&id), &course.attempt, async |user| {
        hashing::verify(cx, password, user.and_then(|user| user.hidden.password.hash.as_deref())).await
    })
    .await?;
    let attempt = look_up(cx, sign_in, &user, password, course.attempt.clone().password_right()).await?;
    Ok((user, attempt))
}

/// The exchange is in the secret block; the session only says that there is one.
async fn prove_by_srp(cx: &Context, course: Course<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let value = srp::client_value(parameters)?;
    let (sign_in, event) = (course.sign_in, course.attempt.id);
    let available = available(cx, &course).await?;
    let user = Some(&course.user);
    let mut outcome = srp::challenge(cx, sign_in, Flow::Choice, &course.user.username, user, &value, event).await?;
    if let Outcome::Challenge { session, available: list, .. } = &mut outcome {
        *session = Some(challenge::session(cx, &course, Stage::PasswordProof, Held::Nothing)?);
        *list = Some(available);
    }
    Ok(outcome)
}

/// What a name that nobody has is asked: what a user with a password and verified addresses would be.
async fn begin_for_stranger(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    chosen: Option<ChallengeNameType>,
    parameters: &Parameters,
    spent: Option<Spent>,
) -> Result<Outcome, Error> {
    let pool = sign_in.pool;
    let of_stranger = |stage, held| {
        let id = stranger_id(pool, name);
        let session = Session::of_stranger(cx, sign_in.client, id, Flow::Choice, stage, held, Rounds::default());
        session.seal(cx, pool)
    };
    let offered = sign_in::offered_to_strangers(pool);
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let chosen = chosen.filter(|chosen| offered.contains(chosen));
    match chosen {
        Some(ChallengeNameType::Password) => {
            let password = parameters.require("PASSWORD")?;
            judge(cx, sign_in, name, None, &attempt, async |_| hashing::verify(cx, password, None).await).await?;
            return Err(wrong());
        }
        Some(ChallengeNameType::PasswordSrp) => {
            let value = srp::client_value(parameters)?;
            let mut outcome = srp::challenge(cx, sign_in, Flow::Choice, name, None, &value, attempt.id).await?;
            if let Outcome::Challenge { session, available, .. } = &mut outcome {
                *session = Some(of_stranger(Stage::PasswordProof, Held::Nothing)?);
                *available = Some(offered);
            }
            return Ok(outcome);
        }
        _ => {}
    }
    let code = chosen.filter(|chosen| matches!(chosen, ChallengeNameType::EmailOtp | ChallengeNameType::SmsOtp));
    pretence::go_on(cx, pool, name, spent, code).await?;
    let (stage, held, parameters) = match chosen {
        Some(code @ (ChallengeNameType::EmailOtp | ChallengeNameType::SmsOtp)) => {
            let details = simulated(pool, name);
            let shown = [
                ("CODE_DELIVERY_DELIVERY_MEDIUM".to_owned(), challenge::medium(code).to_string()),
                ("CODE_DELIVERY_DESTINATION".to_owned(), details.destination.unwrap_or_default()),
                ("USER_ID_FOR_SRP".to_owned(), pretence::username(pool, name)),
            ];
            // The hash of no code.
            let held = Held::Code { hash: vec![0; 32], address: None };
            (Stage::FirstCode(code), held, shown.into())
        }
        _ => (Stage::FirstChoice(offered.clone()), Held::Nothing, std::collections::BTreeMap::new()),
    };
    let name_of = stage.challenge();
    let session = Some(of_stranger(stage, held)?);
    Ok(Outcome::Challenge { name: name_of, session, parameters, available: Some(offered) })
}
