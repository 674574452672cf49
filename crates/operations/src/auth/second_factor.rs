//! Choosing a second factor, and setting one up during the sign-in.

use std::sync::Arc;

use cognate_domain::sign_in::{Input, Stage, out_of_order};
use cognate_domain::{User, attribute_rules, sign_in, software_token};
use cognate_model::ChallengeNameType;
use cognate_store::users;

use super::flow::SignIn;
use super::resume::{Resumed, resume};
use super::session::{Held, Session, token_mark};
use super::{Outcome, Parameters};
use crate::{Context, Error, OpenPool};

/// `SELECT_MFA_TYPE`: the user chooses among what was offered.
pub(super) async fn choose(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let answer = parameters.require("ANSWER")?;
    let name = ChallengeNameType::SelectMfaType;
    let Resumed::User(course, session) = resume(cx, sign_in, name, session, parameters).await? else {
        return Err(out_of_order().into());
    };
    // The developer guide also calls codes by e-mail EMAIL_MFA.
    let answer = if answer == "EMAIL_MFA" { "EMAIL_OTP" } else { answer };
    let chosen = ChallengeNameType::parse(answer);
    let offered =
        matches!(&session.stage, Stage::SecondChoice(offered) if chosen.is_some_and(|c| offered.contains(&c)));
    match chosen {
        Some(chosen) if offered => course.advance(cx, Some(&session.stage), Input::SecondChosen(chosen)).await,
        // The rule follows from the challenge, the text is not recorded.
        _ => Err(Error::invalid("The selected MFA type is not available to the user.")),
    }
}

/// `MFA_SETUP`: the session of a verified software token ends the sign-in; an address is sent a code first.
pub(super) async fn set_up(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let name = ChallengeNameType::MfaSetup;
    let Resumed::User(mut course, session) = resume(cx, sign_in, name, session, parameters).await? else {
        return Err(out_of_order().into());
    };
    if let Held::Token(mark) = session.held {
        course.commit.token = Some(mark);
        course.attempt = course.attempt.mfa_right();
        let input = Input::Enrolled(ChallengeNameType::SoftwareTokenMfa);
        return course.advance(cx, Some(&session.stage), input).await;
    }
    // The official web client sends the first spelling, the developer guide shows the second.
    let Some(address) = parameters.get("EMAIL").or_else(|| parameters.get("email")) else {
        return Err(out_of_order().into());
    };
    attribute_rules::check_email(address)?;
    course.address = Some(address.to_owned());
    course.advance(cx, Some(&session.stage), Input::AddressGiven).await
}

/// The session of somebody who sets up a software token before they are signed in.
pub(crate) struct SettingUp {
    session: Session,
    /// The pool.
    pub(crate) pool: Arc<OpenPool>,
    /// The user.
    pub(crate) user: User,
}

impl SettingUp {
    /// Opens the session: the sign-in must have asked for a second factor to be set up, a software token among them.
    pub(crate) async fn open(cx: &Context, text: &str) -> Result<Self, Error> {
        let id = Session::pool_of(text).ok_or_else(out_of_order)?;
        let pool = match cx.pool(&id).await {
            Err(Error::Refused(_)) => return Err(out_of_order().into()),
            other => other?,
        };
        let session = Session::read(&pool, text)?;
        session.check_time(cx)?;
        match &session.stage {
            Stage::SetUp(offered) if offered.contains(&ChallengeNameType::SoftwareTokenMfa) => {}
            Stage::SetUp(_) => return Err(software_token::not_offered().into()),
            _ => return Err(out_of_order().into()),
        }
        let user = cx
            .read(|tx| {
                session.check_unused(tx, pool.id())?;
                Ok(users::by_id(tx, pool.id(), &session.user)?)
            })
            .await?;
        let user = user.ok_or_else(out_of_order)?;
        session.check_password(&user)?;
        sign_in::check_account(&user)?;
        if !sign_in::may_set_up(&pool, &user) {
            return Err(out_of_order().into());
        }
        Ok(Self { session, pool, user })
    }

    /// The session that goes on, while the token waits for its first code.
    pub(crate) async fn waiting(&self, cx: &Context) -> Result<String, Error> {
        self.renewed(cx, Held::Nothing).await
    }

    /// The session that ends the sign-in, once the first code was right. The one before is used up.
    pub(crate) async fn verified(&self, cx: &Context) -> Result<String, Error> {
        let user =
            cx.read(|tx| Ok(users::by_id(tx, self.pool.id(), &self.user.id)?)).await?.ok_or_else(out_of_order)?;
        let mark = token_mark(&user).ok_or_else(out_of_order)?;
        let (spent, pool, now) = (self.session.spent(), Arc::clone(&self.pool), cx.now().micros());
        cx.write(move |tx| spent.record(tx, pool.id(), now)).await?;
        self.renewed(cx, Held::Token(mark)).await
    }

    async fn renewed(&self, cx: &Context, held: Held) -> Result<String, Error> {
        let client = cx.client_of(self.pool.id(), self.session.client()).await.map_err(|_| out_of_order())?;
        self.session.renewed(cx, &client, held).seal(cx, &self.pool)
    }
}
