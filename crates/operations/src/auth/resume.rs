//! Going on with a sign-in: whose session it is, and whether it still holds.

use cognate_model::ChallengeNameType;

use super::course::Course;
use super::flow::SignIn;
use super::session::Session;
use super::{Parameters, device, secret_hash};
use crate::verifier::stranger_id;
use crate::{Context, Error, directory, risk};

/// Who goes on.
pub(super) enum Resumed<'a> {
    /// A user.
    User(Box<Course<'a>>, Box<Session>),
    /// A name that nobody has.
    Stranger(Box<Session>),
}

impl Resumed<'_> {
    /// The session that was answered.
    pub(super) fn session(&self) -> &Session {
        match self {
            Self::User(_, session) | Self::Stranger(session) => session,
        }
    }
}

/// Opens the session of an answer to a challenge.
pub(super) async fn resume<'a>(
    cx: &Context,
    sign_in: &'a SignIn<'a>,
    name: ChallengeNameType,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Resumed<'a>, Error> {
    check_client(sign_in, parameters)?;
    let session = Session::open_for(cx, sign_in.pool, sign_in.client, name, session)?;
    go_on(cx, sign_in, session, parameters).await
}

/// The same, for a session that a secret block carried.
pub(super) async fn resume_session<'a>(
    cx: &Context,
    sign_in: &'a SignIn<'a>,
    name: ChallengeNameType,
    session: Session,
    parameters: &Parameters,
) -> Result<Resumed<'a>, Error> {
    check_client(sign_in, parameters)?;
    session.check_for(cx, sign_in.client, name)?;
    go_on(cx, sign_in, session, parameters).await
}

fn check_client(sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<(), Error> {
    let names = [parameters.require("USERNAME")?];
    let given = parameters.get("SECRET_HASH");
    secret_hash::check(sign_in.pool, sign_in.client, &names, given, secret_hash::Wording::Flow)
}

async fn go_on<'a>(
    cx: &Context,
    sign_in: &'a SignIn<'a>,
    session: Session,
    parameters: &Parameters,
) -> Result<Resumed<'a>, Error> {
    let (pool, username) = (sign_in.pool, parameters.require("USERNAME")?);
    let found = cx
        .read(|tx| {
            session.check_unused(tx, pool.id())?;
            directory::find(tx, pool, username)
        })
        .await?;
    if risk::is_blocked_range(cx, sign_in).await? {
        return Err(cognate_domain::risk::blocked().into());
    }
    let known = found.as_ref().map(|user| user.id).filter(|id| *id == session.user);
    device::check(cx, pool, known.as_ref(), parameters).await?;
    if session.is_stranger {
        // The name of the request, or the id that the challenge gave it.
        let id = cognate_domain::usernames::parse_sub(username).unwrap_or_else(|| stranger_id(pool, username));
        let same = id == session.user || stranger_id(pool, username) == session.user;
        return if same { Ok(Resumed::Stranger(Box::new(session))) } else { Err(invalid()) };
    }
    let user = found.filter(|user| user.id == session.user).ok_or_else(invalid)?;
    session.check_password(&user)?;
    if !user.enabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    let mut course = Course::resume(cx, sign_in, user, &session);
    if let Some(key) = parameters.get("DEVICE_KEY") {
        course.device = Some(key.to_owned());
    }
    Ok(Resumed::User(Box::new(course), Box::new(session)))
}

fn invalid() -> Error {
    cognate_domain::sign_in::out_of_order().into()
}
