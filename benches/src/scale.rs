//! `make scale`: what many users cost, and whether an operation costs more among them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::bulk::{self, GROUP, WAITING};
use crate::connection::Call;
use crate::load::{self, Load};
use crate::process::{Mode, Server};
use crate::seed::{self, Seeded};
use crate::{Bench, Failure};

/// How many calls of an operation are measured.
const CALLS: usize = 2_000;
/// How many of those that hash a password.
const HASHED: usize = 24;
const PASSWORD: &str = "Signed-In-1!";

/// Fills a folder for each number of users, asks for everything, and prints tables.
pub async fn run(bench: &Bench, counts: &[usize], keeps: bool) -> Result<(), Failure> {
    for users in counts {
        let folder = bench.folder.join(users.to_string());
        let (data, done) = bulk::fill(bench, &folder, *users).await?;
        println!("{}\n{}\n", bulk::HEAD, done.line("import"));
        let server = Server::start(bench, Mode::Serve, &data.folder)?;
        let ready = server.ready_after.as_secs_f64() * 1e3;
        let fresh = server.resident()?;
        let rows = Asking { server: &server, data: &data }.all().await?;
        let used = server.resident()?;
        server.stop()?;
        let size = match std::env::var("COGNATE_DATABASE_URL") {
            Ok(url) => size_of_database(&url)?,
            Err(_) => size(&data.folder)?,
        };
        println!(
            "{users} users: {:.0} MiB on disk, {:.0} bytes a user; ready after {ready:.0} ms; resident memory \
             {fresh:.0} MiB, {used:.0} MiB after these:\n",
            size / f64::from(1 << 20),
            size / *users as f64
        );
        println!("| operation | calls | CPU µs | p50 µs | p99 µs |\n| --- | --- | --- | --- | --- |");
        for (name, calls, load) in rows {
            let times = load.times.ok_or("no times")?;
            println!("| {name} | {calls} | {:.0} | {} | {} |", load.cpu * 1e3, times.p50, times.p99);
        }
        println!();
        if !keeps {
            std::fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
    }
    Ok(())
}

/// The bytes of the files of a folder.
fn size(folder: &Path) -> Result<f64, Failure> {
    let mut bytes = 0.0;
    for entry in std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))? {
        bytes += entry.and_then(|entry| entry.metadata()).map_err(|e| e.to_string())?.len() as f64;
    }
    Ok(bytes)
}

/// The bytes of a database with its indexes, as PostgreSQL counts them.
fn size_of_database(url: &str) -> Result<f64, Failure> {
    let query = "SELECT pg_database_size(current_database())";
    let answer =
        Command::new("psql").args(["-qAt", "-d", url, "-c", query]).output().map_err(|e| format!("psql: {e}"))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    text.trim().parse().map_err(|e| format!("psql printed {text:?}: {e}"))
}

/// A row: the operation, how many calls of it, and what they came to.
type Measured = (&'static str, usize, Load);

struct Asking<'a> {
    server: &'a Server,
    data: &'a Seeded,
}

impl Asking<'_> {
    /// Every operation, in an order in which each finds what it needs.
    async fn all(&self) -> Result<Vec<Measured>, Failure> {
        let few = self.users(0, HASHED);
        // What can be done again is done as often in a small pool, so that its CPU time can be read.
        let some: Vec<String> = self.users(0, CALLS).into_iter().cycle().take(CALLS).collect();
        let (members, gone) = (self.users(CALLS, CALLS), self.users(2 * CALLS, CALLS));
        let waiting: Vec<String> = (0..WAITING).map(bulk::waiting).collect();
        let new: Vec<String> = few.iter().map(|name| format!("{name}-new")).collect();
        let mut rows = Vec::new();
        rows.push(self.each("AdminGetUser", &some, |_| json!({})).await?);
        let email = |name: &str| format!("email = \"{name}@example.com\"");
        rows.push(self.list("ListUsers, email =", &some, |name| json!({ "Filter": email(name) })).await?);
        // All but the last digit: ten users, in a small pool and in a large one.
        let ten = |name: &str| format!("email ^= \"{}\"", name.get(..name.len() - 1).unwrap_or_default());
        rows.push(self.list("ListUsers, email ^=", &some, |name| json!({ "Filter": ten(name), "Limit": 10 })).await?);
        rows.push(self.list("ListUsers, a page of 60", &few, |_| json!({ "Limit": 60 })).await?);
        rows.push(
            self.list("ListUsersInGroup, a page of 60", &few, |_| json!({ "GroupName": GROUP, "Limit": 60 })).await?,
        );
        let created = |name: &str| {
            json!({
                "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS",
                "UserAttributes": [{ "Name": "email", "Value": format!("{name}@example.com") }],
            })
        };
        rows.push(self.each("AdminCreateUser", &new, created).await?);
        rows.push(self.each("AdminConfirmSignUp", &waiting, |_| json!({})).await?);
        rows.push(self.each("AdminDisableUser", &some, |_| json!({})).await?);
        rows.push(self.each("AdminEnableUser", &some, |_| json!({})).await?);
        let named = json!({ "UserAttributes": [{ "Name": "given_name", "Value": "Another" }] });
        rows.push(self.each("AdminUpdateUserAttributes", &some, |_| named.clone()).await?);
        let names = json!({ "UserAttributeNames": ["given_name"] });
        rows.push(self.each("AdminDeleteUserAttributes", &some, |_| names.clone()).await?);
        let group = json!({ "GroupName": GROUP });
        rows.push(self.each("AdminAddUserToGroup", &members, |_| group.clone()).await?);
        rows.push(self.each("AdminListGroupsForUser", &members, |_| json!({})).await?);
        rows.push(self.each("AdminRemoveUserFromGroup", &members, |_| group.clone()).await?);
        let off = json!({ "SoftwareTokenMfaSettings": { "Enabled": false } });
        rows.push(self.each("AdminSetUserMFAPreference", &some, |_| off.clone()).await?);
        rows.push(self.each("AdminUserGlobalSignOut", &some, |_| json!({})).await?);
        let password = json!({ "Password": PASSWORD, "Permanent": false });
        rows.push(self.each("AdminSetUserPassword", &few, |_| password.clone()).await?);
        rows.extend(self.sign_in(&few).await?);
        rows.push(self.each("AdminSetUserSettings", &some, |_| json!({ "MFAOptions": [] })).await?);
        rows.extend(self.events(&few).await?);
        rows.push(self.each("AdminResetUserPassword", &few, |_| json!({})).await?);
        rows.push(self.each("AdminDeleteUser", &gone, |_| json!({})).await?);
        Ok(rows)
    }

    /// Users from all over the pool; in a small one the same are taken again.
    fn users(&self, from: usize, count: usize) -> Vec<String> {
        let users = self.data.users;
        let turns = from..from + count.min(users / 4);
        turns.map(|turn| seed::username(turn * 7_919 * 101 % users)).collect()
    }

    async fn each(
        &self,
        name: &'static str,
        usernames: &[String],
        members: impl Fn(&str) -> Value,
    ) -> Result<Measured, Failure> {
        let call = |username: &String| {
            let mut body = members(username);
            body["Username"] = json!(username);
            self.call(name, body)
        };
        let (load, _) = load::each(self.server, usernames.iter().map(call).collect()).await?;
        Ok((name, usernames.len(), load))
    }

    /// A listing, in which a user is looked for, or a page of everybody.
    async fn list(
        &self,
        name: &'static str,
        usernames: &[String],
        members: impl Fn(&str) -> Value,
    ) -> Result<Measured, Failure> {
        let operation = name.split(',').next().unwrap_or_default();
        let call = |username: &String| Call {
            expected: "\"Username\":\"user-".to_owned(),
            ..self.call(operation, members(username))
        };
        let (load, _) = load::each(self.server, usernames.iter().map(call).collect()).await?;
        Ok((name, usernames.len(), load))
    }

    /// With a temporary password, which is asked for a new one.
    async fn sign_in(&self, usernames: &[String]) -> Result<[Measured; 2], Failure> {
        let begin = |username: &String| {
            let body = json!({
                "ClientId": self.data.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                "AuthParameters": { "USERNAME": username, "PASSWORD": PASSWORD },
            });
            Call { expected: "NEW_PASSWORD_REQUIRED".to_owned(), ..self.call("AdminInitiateAuth", body) }
        };
        let (begun, asked) = load::each(self.server, usernames.iter().map(begin).collect()).await?;
        let answer = |(asked, username): (&String, &String)| {
            let asked: Value = serde_json::from_str(asked).map_err(|e| e.to_string())?;
            let body = json!({
                "ClientId": self.data.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"],
                "ChallengeResponses": { "USERNAME": username, "NEW_PASSWORD": format!("{PASSWORD}2") },
            });
            let expected = "\"AccessToken\":\"".to_owned();
            Ok::<_, Failure>(Call { expected, ..self.call("AdminRespondToAuthChallenge", body) })
        };
        let answers = asked.iter().zip(usernames).map(answer).collect::<Result<Vec<_>, _>>()?;
        let (answered, _) = load::each(self.server, answers).await?;
        let count = usernames.len();
        Ok([("AdminInitiateAuth", count, begun), ("AdminRespondToAuthChallenge", count, answered)])
    }

    /// The sign-ins so far, and a word about each user's last.
    async fn events(&self, usernames: &[String]) -> Result<[Measured; 2], Failure> {
        let list = |username| self.call("AdminListUserAuthEvents", json!({ "Username": username }));
        let (listed, events) = load::each(self.server, usernames.iter().map(list).collect()).await?;
        let judge = |(events, username): (&String, &String)| {
            let events: Value = serde_json::from_str(events).map_err(|e| e.to_string())?;
            let event = &events["AuthEvents"][0]["EventId"];
            let body = json!({ "Username": username, "EventId": event, "FeedbackValue": "Valid" });
            Ok::<_, Failure>(self.call("AdminUpdateAuthEventFeedback", body))
        };
        let judged = events.iter().zip(usernames).map(judge).collect::<Result<Vec<_>, _>>()?;
        let (judged, _) = load::each(self.server, judged).await?;
        let count = usernames.len();
        Ok([("AdminListUserAuthEvents", count, listed), ("AdminUpdateAuthEventFeedback", count, judged)])
    }

    fn call(&self, operation: &'static str, mut body: Value) -> Call {
        body["UserPoolId"] = json!(self.data.pool);
        Call { operation, body: body.to_string(), expected: String::new() }
    }
}
