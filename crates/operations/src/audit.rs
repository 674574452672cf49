//! The audit trail: who changed what, from where, and who was refused.
//!
//! An operation that changes something as an administrator carries a [`Trail`] in its context. The first transaction that
//! it keeps appends the entry, so that neither is there without the other. What an entry holds names users by their `sub`
//! and members of requests by their names: no value of an attribute, no password, code or token, and nothing else that
//! would outlive a deleted user.

mod listing;
mod refusals;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cognate_crypto::random;
use cognate_model::{Authorization, Exception, Operation};
use cognate_store::{DbError, Param, Rows, Subject, Tx, audit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use listing::{Entry, Filter, list, of_user};
pub use refusals::Refusals;

use crate::{Context, Error, directory};

/// The most members of a request, and the most characters of a text, that an entry holds.
const MOST_FIELDS: usize = 64;
const LONGEST: usize = 256;
/// How many entries are removed in one transaction.
const PRUNED: i64 = 500;
/// Members that say what an operation is about, and are no secret and nothing about a user.
const RESOURCES: [&str; 9] = [
    "GroupName",
    "ClientId",
    "ClientSecretId",
    "JobId",
    "ResourceArn",
    "ProviderName",
    "Identifier",
    "Domain",
    "RegionName",
];

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(tag = "kind", content = "id", rename_all = "kebab-case")]
pub enum Actor {
    /// The holder of the root access key.
    Root(String),
    /// The holder of an access key.
    AccessKey(String),
    /// Whoever calls `cognate dev`, under the access key id that the request names: nobody verified it.
    Development(String),
    /// Somebody who is not known: the access key id that the request names, if it names one.
    Unverified(String),
    /// An administrator in the console.
    Console(String),
    /// The command line, run by this user of the system.
    CommandLine(String),
    /// The file with declared pools.
    Declaration,
    /// A program that embeds Cognate.
    #[default]
    Embedded,
}

/// In whose name a request acts.
#[derive(Debug)]
pub(crate) struct Origin {
    actor: Actor,
    /// The id of the request.
    request: String,
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It happened.
    Done,
    /// The caller may not do it, and nothing happened.
    Refused,
    /// It failed after a part of it had happened, of which another entry tells.
    Failed,
}

/// What an entry says, besides its time, its pool and its operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// How it ended.
    pub outcome: Outcome,
    /// The exception, unless it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who.
    pub actor: Actor,
    /// The `sub` of the user whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What else it is about, by the names of members: `GroupName`, `ClientId`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resource: BTreeMap<String, String>,
    /// Which members the request had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The id of the request.
    pub request_id: String,
    /// How many refused attempts before this one have no entry, because there were too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this form")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Whether an operation is an administrative change. Sign-ins on behalf of users are not: they have events of their own.
pub fn is_change(operation: Operation) -> bool {
    let info = operation.info();
    let reads = ["AdminGet", "AdminList", "Describe", "Get", "List"];
    info.authorization == Authorization::Iam
        && !reads.iter().any(|reads| info.name.starts_with(reads))
        && !matches!(operation, Operation::AdminInitiateAuth | Operation::AdminRespondToAuthChallenge)
}

/// What a change is, and what is found out about it while it happens.
pub(crate) struct Trail {
    id: [u8; 16],
    operation: &'static str,
    record: Record,
    noted: Mutex<Noted>,
    /// Whether an entry is kept.
    is_written: AtomicBool,
}

#[derive(Default)]
struct Noted {
    pool: Option<String>,
    user: Option<[u8; 16]>,
    new: BTreeMap<String, String>,
}

impl Trail {
    fn new(cx: &Context, operation: &'static str, pool: &str) -> Self {
        let record = Record {
            outcome: Outcome::Done,
            error: None,
            actor: cx.origin.as_ref().map(|origin| origin.actor.clone()).unwrap_or_default(),
            user: None,
            resource: BTreeMap::new(),
            fields: Vec::new(),
            address: cx.caller.address.map(|address| address.to_string()),
            agent: cx.caller.agent.as_deref().map(short),
            request_id: cx.request_id(),
            omitted: 0,
        };
        let pool = (!pool.is_empty()).then(|| pool.to_owned());
        Self {
            id: random::uuid_v7(cx.random(), cx.now().micros()),
            operation,
            record,
            noted: Mutex::new(Noted { pool, ..Noted::default() }),
            is_written: AtomicBool::new(false),
        }
    }

    /// Of a request.
    fn of(cx: &Context, operation: Operation, input: &Value) -> Self {
        let text = |member: &str| input.get(member).and_then(Value::as_str);
        let of_arn = || text("ResourceArn")?.rsplit_once("userpool/").map(|(_, pool)| pool);
        let mut trail = Self::new(cx, operation.name(), text("UserPoolId").or_else(of_arn).unwrap_or_default());
        let resources = RESOURCES.iter().filter_map(|member| Some(((*member).to_owned(), short(text(member)?))));
        trail.record.resource = resources.collect();
        trail.record.fields = fields(input);
        trail
    }

    pub(crate) fn is_written(&self) -> bool {
        self.is_written.load(Ordering::Relaxed)
    }

    pub(crate) fn written(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }

    /// Adds the entry of what happened to its transaction.
    pub(crate) fn append(&self, tx: &mut dyn Tx) -> Result<(), DbError> {
        self.append_as(tx, &self.id, Outcome::Done, None, 0)
    }

    fn append_as(
        &self,
        tx: &mut dyn Tx,
        id: &[u8; 16],
        outcome: Outcome,
        error: Option<&str>,
        omitted: u64,
    ) -> Result<(), DbError> {
        let mut record = Record { outcome, error: error.map(str::to_owned), omitted, ..self.record.clone() };
        let pool = {
            let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            record.user = noted.user.as_ref().map(random::format_uuid);
            record.resource.extend(noted.new.clone());
            noted.pool.clone().unwrap_or_default()
        };
        let text = serde_json::to_string(&record).map_err(|error| DbError::Corrupt(error.to_string()))?;
        audit::append(tx, id, &pool, self.operation, &text)
    }

    fn note(&self, subject: Subject<'_>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        match subject {
            Subject::Pool(id) => noted.pool = Some(id.to_owned()),
            Subject::User(id) => noted.user = Some(*id),
            Subject::New(kind, id) => {
                noted.new.insert(kind.to_owned(), id.to_owned());
            }
        }
    }
}

/// The members of a request that are given; of attributes their names as well.
fn fields(input: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    for (member, value) in input.as_object().into_iter().flatten() {
        let names: Vec<&str> = match (member.as_str(), value) {
            (_, Value::Null) | ("UserPoolId" | "Username", _) => continue,
            ("UserAttributes" | "CustomAttributes", Value::Array(items)) => {
                items.iter().filter_map(|item| item.get("Name")?.as_str()).collect()
            }
            ("UserAttributeNames", Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if names.is_empty() {
            fields.push(member.clone());
        }
        // What looks like no name of an attribute may be anything.
        let is_name =
            |name: &&str| name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:-".contains(c));
        fields.extend(names.into_iter().filter(is_name).map(|name| format!("{member}.{name}")));
    }
    fields.truncate(MOST_FIELDS);
    fields
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// A transaction whose subject is noted in a trail.
pub(crate) struct Noting<'a> {
    pub(crate) tx: &'a mut dyn Tx,
    pub(crate) trail: &'a Trail,
}

impl Tx for Noting<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, DbError> {
        self.tx.execute(sql, params)
    }

    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Rows, DbError> {
        self.tx.query(sql, params)
    }

    fn writes_many_at_once(&self) -> bool {
        self.tx.writes_many_at_once()
    }

    fn note(&mut self, subject: Subject<'_>) {
        self.trail.note(subject);
    }
}

impl Context {
    /// The same on behalf of somebody, for a request of this id.
    #[must_use]
    pub fn acting_as(mut self, actor: Actor, request: impl Into<String>) -> Self {
        self.origin = Some(Arc::new(Origin { actor, request: request.into() }));
        self
    }

    pub(crate) fn request_id(&self) -> String {
        let made_up = || random::format_uuid(&random::uuid_v4(self.random()));
        self.origin.as_ref().map_or_else(made_up, |origin| origin.request.clone())
    }

    /// The same with a trail for what a request changes; none if it changes nothing as an administrator.
    pub(crate) fn on_record(&self, operation: Operation, input: &Value) -> Option<Self> {
        is_change(operation).then(|| self.with_trail(Trail::of(self, operation, input)))
    }

    /// The same for a change that is no operation of the API.
    #[must_use]
    pub fn recording(&self, operation: &'static str, pool: &str, resource: Option<(&'static str, &str)>) -> Self {
        let trail = Trail::new(self, operation, pool);
        if let Some((kind, id)) = resource {
            trail.note(Subject::New(kind, &short(id)));
        }
        self.with_trail(trail)
    }

    fn with_trail(&self, trail: Trail) -> Self {
        let mut cx = self.clone();
        cx.trail = Some(Arc::new(trail));
        cx
    }

    /// Completes the trail of an operation that has ended: what wrote nothing and succeeded gets its entry now, and so
    /// does what the caller may not do, and what failed half-way.
    pub(crate) async fn settle(&self, operation: Operation, error: Option<&Error>) {
        let Some(trail) = &self.trail else { return };
        let (outcome, error) = match error {
            None if trail.is_written() => return,
            None => (Outcome::Done, None),
            Some(error) => match error.answer(operation).0 {
                exception if trail.is_written() => (Outcome::Failed, Some(exception.name())),
                exception @ (Exception::NotAuthorized | Exception::AccessDenied | Exception::Forbidden) => {
                    (Outcome::Refused, Some(exception.name()))
                }
                _ => return,
            },
        };
        self.append(trail, None, outcome, error).await;
    }

    /// Records that a change was refused before it began. There are entries for some of many such attempts.
    pub async fn refuse(&self, operation: Operation, input: Option<&Value>, error: &'static str) {
        if !is_change(operation) {
            return;
        }
        let mut trail = Trail::of(self, operation, input.unwrap_or(&Value::Null));
        // Whoever may not do it may have put anything there.
        trail.record.fields.retain(|field| !field.contains('.'));
        let cx = self.with_trail(trail);
        if let Some(trail) = &cx.trail {
            cx.append(trail, input, Outcome::Refused, Some(error)).await;
        }
    }

    /// Adds an entry by itself. Boxed, so that it is compiled here alone (`request::Handling`).
    fn append<'a>(
        &'a self,
        trail: &'a Arc<Trail>,
        input: Option<&'a Value>,
        outcome: Outcome,
        error: Option<&'static str>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.append_alone(trail, input, outcome, error))
    }

    async fn append_alone(
        &self,
        trail: &Arc<Trail>,
        input: Option<&Value>,
        outcome: Outcome,
        error: Option<&'static str>,
    ) {
        let mut omitted = 0;
        if outcome == Outcome::Refused {
            let Some(others) = self.refusals.admit() else { return };
            omitted = others;
            self.find_user(input).await;
        }
        let id = if trail.is_written() { random::uuid_v7(self.random(), self.now().micros()) } else { trail.id };
        let of_entry = Arc::clone(trail);
        let written =
            self.store.write(move |tx| Ok::<_, Error>(of_entry.append_as(tx, &id, outcome, error, omitted)?)).await;
        match written {
            Ok(()) => trail.written(),
            Err(error) => tracing::error!(%error, operation = trail.operation, "an audit entry was not written"),
        }
    }

    /// Notes whom a request is about that did not come as far as to read that.
    async fn find_user(&self, input: Option<&Value>) {
        let text = |member: &str| input?.get(member)?.as_str();
        if let (Some(pool), Some(name)) = (text("UserPoolId"), text("Username"))
            && let Ok(pool) = self.pool(pool).await
        {
            let _ = self.read(|tx| directory::find(tx, &pool, name)).await;
        }
    }
}

/// Removes what was kept for as long as the operator wants.
pub(crate) async fn prune(cx: &Context) -> Result<(), Error> {
    let before = listing::id_at(cx.now().plus_seconds(-i64::from(cx.settings.audit_days) * 86_400).micros());
    while cx.write(move |tx| Ok(audit::prune(tx, &before, PRUNED)?)).await? >= PRUNED.unsigned_abs() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use cognate_model::OPERATIONS;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_reads_or_signs_in_is_no_change() {
        let changes = |name: &str| Operation::from_name(name).is_some_and(is_change);
        for name in ["AdminCreateUser", "DeleteUserPool", "TagResource", "SetRiskConfiguration", "StartUserImportJob"] {
            assert!(changes(name), "{name}");
        }
        for name in ["AdminGetUser", "ListUsers", "GetCSVHeader", "AdminInitiateAuth", "SignUp", "ChangePassword"] {
            assert!(!changes(name), "{name}");
        }
        let count = OPERATIONS.iter().filter(|info| is_change(info.operation)).count();
        assert_eq!(count, 63, "a new operation: is it a change?");
    }

    #[test]
    fn fields_are_names_and_never_values() {
        let input = json!({
            "UserPoolId": "us-east-1_A", "Username": "maria", "TemporaryPassword": "Secret-1", "MessageAction": null,
            "UserAttributes": [{"Name": "email", "Value": "maria@example.com"}, {"Name": "maria@example.com"}],
        });
        assert_eq!(fields(&input), ["TemporaryPassword", "UserAttributes.email"]);
        assert_eq!(fields(&json!({"UserAttributeNames": ["name"]})), ["UserAttributeNames.name"]);
        assert_eq!(fields(&json!({"UserAttributes": []})), ["UserAttributes"]);
        assert_eq!(fields(&Value::Null), [""; 0]);
    }
}
