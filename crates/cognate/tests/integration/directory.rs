//! The directory against a model of it, under random operations: the same results and the same errors.

use std::collections::BTreeMap;

use cognate::UserPools;
use cognate::model::{
    AdminAddUserToGroupRequest, AdminCreateUserRequest, AdminDeleteUserAttributesRequest, AdminDeleteUserRequest,
    AdminDisableUserRequest, AdminEnableUserRequest, AdminGetUserRequest, AdminListGroupsForUserRequest,
    AdminRemoveUserFromGroupRequest, AdminUpdateUserAttributesRequest, AttributeType, CreateGroupRequest,
    DeleteGroupRequest, DescribeUserPoolRequest, ListUsersInGroupRequest, ListUsersRequest, UserStatusType, UserType,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config as Cases, TestRunner};
use serde_json::{Value, json};

use crate::api::{Refusal, create_pool, send};
use crate::directory_model::{Filter, Kind, Model, Person};

const NAMES: [&str; 4] = ["ada", "Ada", "bob", "adam"];
const ADDRESSES: [&str; 4] = ["ada@example.com", "ADA@example.com", "adam@example.com", "bob@example.org"];
/// What no address is, and what deletes one.
const NO_ADDRESSES: [&str; 2] = ["broken", ""];
const DISPLAYED: [&str; 5] = ["Ada", "ada lovelace", "ÉVA", "Bob", ""];
const GROUPS: [&str; 4] = ["admins", "editors", "readers", "Admins"];

/// How a request names a user.
#[derive(Clone, Debug)]
enum Who {
    Typed(&'static str),
    /// By `sub`: the nth user.
    Sub(usize),
}

type Values = Vec<(&'static str, String)>;

#[derive(Clone, Debug)]
enum Step {
    Create { name: &'static str, attributes: Values, force: bool },
    Get(Who),
    Update(Who, Values),
    DeleteAttributes(Who, Vec<&'static str>),
    SetEnabled(Who, bool),
    Delete(Who),
    List { filter: Option<Filter>, limit: i32 },
    CreateGroup(&'static str),
    DeleteGroup(&'static str),
    Join(Who, &'static str),
    Leave(Who, &'static str),
    GroupsOf(Who, i32),
    Members(&'static str, i32),
}

/// A user name of a new user, mostly of the form that the pool asks for.
fn name(kind: Kind) -> impl Strategy<Value = &'static str> {
    let (fitting, other) = if kind == Kind::Email { (&ADDRESSES, &NAMES) } else { (&NAMES, &ADDRESSES) };
    prop_oneof![9 => select(&fitting[..]), 1 => select(&other[..])]
}

fn who(kind: Kind) -> impl Strategy<Value = Who> {
    prop_oneof![
        3 => name(kind).prop_map(Who::Typed),
        1 => select(&ADDRESSES[..]).prop_map(Who::Typed),
        2 => (0..4_usize).prop_map(Who::Sub),
    ]
}

/// Attributes of a request, each named once.
fn values() -> impl Strategy<Value = Values> {
    let verified = select(&ADDRESSES[..]).prop_map(|address| vec![("email", address), ("email_verified", "true")]);
    let one = prop_oneof![
        3 => (Just("email"), select(&ADDRESSES[..])),
        1 => (Just("email"), select(&NO_ADDRESSES[..])),
        1 => (Just("email_verified"), select(vec!["true", "false", ""])),
        2 => (Just("name"), select(&DISPLAYED[..])),
        1 => (Just("nickname"), select(&DISPLAYED[..])),
    ];
    let list = prop_oneof![verified, vec(one, 1..4)];
    let named_once = list.prop_map(|list| list.into_iter().collect::<BTreeMap<_, _>>());
    named_once.prop_map(|map| map.into_iter().map(|(name, value)| (name, value.to_owned())).collect())
}

fn filter() -> impl Strategy<Value = Filter> {
    // The beginning of a value, or all of it.
    let text = |texts: &'static [&'static str]| {
        (select(texts), 0..16_usize).prop_map(|(text, length)| text.chars().take(length).collect::<String>())
    };
    let searched = prop_oneof![
        (Just("username"), text(&NAMES)),
        (Just("email"), text(&ADDRESSES)),
        (Just("name"), text(&DISPLAYED)),
    ];
    (searched, any::<bool>()).prop_map(|((attribute, value), is_prefix)| Filter { attribute, is_prefix, value })
}

fn step(kind: Kind) -> impl Strategy<Value = Step> {
    let group = || select(&GROUPS[..]);
    let attributes = subsequence(vec!["email", "name", "nickname", "email_verified"], 1..3);
    prop_oneof![
        12 => (name(kind), values(), any::<bool>())
            .prop_map(|(name, attributes, force)| Step::Create { name, attributes, force }),
        3 => who(kind).prop_map(Step::Get),
        6 => (who(kind), values()).prop_map(|(who, values)| Step::Update(who, values)),
        1 => (who(kind), attributes).prop_map(|(who, names)| Step::DeleteAttributes(who, names)),
        2 => (who(kind), any::<bool>()).prop_map(|(who, enabled)| Step::SetEnabled(who, enabled)),
        3 => who(kind).prop_map(Step::Delete),
        6 => (option::of(filter()), 0..4).prop_map(|(filter, limit)| Step::List { filter, limit }),
        2 => group().prop_map(Step::CreateGroup),
        1 => group().prop_map(Step::DeleteGroup),
        4 => (who(kind), group()).prop_map(|(who, group)| Step::Join(who, group)),
        2 => (who(kind), group()).prop_map(|(who, group)| Step::Leave(who, group)),
        2 => (who(kind), 1..3).prop_map(|(who, limit)| Step::GroupsOf(who, limit)),
        2 => (group(), 1..3).prop_map(|(group, limit)| Step::Members(group, limit)),
    ]
}

/// The real directory and its model, side by side.
struct Pair<'a> {
    pools: &'a UserPools,
    pool: String,
    model: Model,
}

fn person(
    username: String,
    attributes: Vec<AttributeType>,
    enabled: Option<bool>,
    status: Option<UserStatusType>,
) -> Person {
    let mut attributes: BTreeMap<_, _> =
        attributes.into_iter().map(|attribute| (attribute.name, attribute.value.unwrap())).collect();
    Person {
        sub: attributes.remove("sub").expect("every user has a sub"),
        username,
        enabled: enabled.unwrap(),
        status: status.unwrap().to_string(),
        attributes,
    }
}

fn listed(users: Option<Vec<UserType>>) -> Vec<Person> {
    let view =
        |user: UserType| person(user.username.unwrap(), user.attributes.unwrap(), user.enabled, user.user_status);
    users.expect("a list is answered").into_iter().map(view).collect()
}

fn attribute_list(values: &Values) -> Value {
    values.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect()
}

fn filter_text(filter: &Filter) -> String {
    format!("{} {} \"{}\"", filter.attribute, if filter.is_prefix { "^=" } else { "=" }, filter.value)
}

/// Says what differs, so that a failing sequence reads well.
macro_rules! same {
    ($step:expr, $real:expr, $model:expr) => {{
        let (real, model) = ($real, $model);
        prop_assert_eq!(real, model, "after {:?} (real left, model right)", $step);
    }};
}

impl Pair<'_> {
    fn members(&self, who: &Who) -> (String, Value) {
        let typed = match who {
            Who::Typed(name) => (*name).to_owned(),
            Who::Sub(position) => {
                self.model.sub_of(*position).unwrap_or_else(|| "00000000-0000-7000-8000-000000000000".to_owned())
            }
        };
        let members = json!({"UserPoolId": self.pool, "Username": typed});
        (typed, members)
    }

    fn with(&self, who: &Who, member: &str, value: Value) -> (String, Value) {
        let (typed, mut members) = self.members(who);
        members[member] = value;
        (typed, members)
    }

    async fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Create { name, attributes, force } => self.create(step, name, attributes, *force).await?,
            Step::Get(who) => {
                let (typed, members) = self.members(who);
                let real = send::<AdminGetUserRequest>(self.pools, members)
                    .await
                    .map(|user| person(user.username, user.user_attributes.unwrap(), user.enabled, user.user_status));
                same!(step, real, self.model.get(&typed));
            }
            Step::Update(who, values) => {
                let (typed, members) = self.with(who, "UserAttributes", attribute_list(values));
                let real = send::<AdminUpdateUserAttributesRequest>(self.pools, members).await.map(|_| ());
                same!(step, real, self.model.update(&typed, values));
            }
            Step::DeleteAttributes(who, names) => {
                let (typed, members) = self.with(who, "UserAttributeNames", json!(names));
                let real = send::<AdminDeleteUserAttributesRequest>(self.pools, members).await.map(|_| ());
                same!(step, real, self.model.delete_attributes(&typed, names));
            }
            Step::SetEnabled(who, true) => {
                let (typed, members) = self.members(who);
                let real = send::<AdminEnableUserRequest>(self.pools, members).await.map(|_| ());
                same!(step, real, self.model.set_enabled(&typed, true));
            }
            Step::SetEnabled(who, false) => {
                let (typed, members) = self.members(who);
                let real = send::<AdminDisableUserRequest>(self.pools, members).await.map(|_| ());
                same!(step, real, self.model.set_enabled(&typed, false));
            }
            Step::Delete(who) => {
                let (typed, members) = self.members(who);
                same!(step, send::<AdminDeleteUserRequest>(self.pools, members).await, self.model.delete(&typed));
            }
            Step::List { filter, limit } => {
                let mut real = self.list(filter.as_ref(), *limit).await?;
                real.sort();
                same!(step, real, self.model.list(filter.as_ref()));
            }
            Step::CreateGroup(name) => {
                let members = json!({"UserPoolId": self.pool, "GroupName": name});
                let real = send::<CreateGroupRequest>(self.pools, members).await.map(|_| ());
                same!(step, real, self.model.create_group(name));
            }
            Step::DeleteGroup(name) => {
                let members = json!({"UserPoolId": self.pool, "GroupName": name});
                same!(step, send::<DeleteGroupRequest>(self.pools, members).await, self.model.delete_group(name));
            }
            Step::Join(who, group) => {
                let (typed, members) = self.with(who, "GroupName", json!(group));
                let real = send::<AdminAddUserToGroupRequest>(self.pools, members).await;
                same!(step, real, self.model.join(&typed, group));
            }
            Step::Leave(who, group) => {
                let (typed, members) = self.with(who, "GroupName", json!(group));
                let real = send::<AdminRemoveUserFromGroupRequest>(self.pools, members).await;
                same!(step, real, self.model.leave(&typed, group));
            }
            Step::GroupsOf(who, limit) => {
                let (typed, members) = self.members(who);
                same!(step, self.groups_of(members, *limit).await?, self.model.groups_of(&typed));
            }
            Step::Members(group, limit) => {
                let real = self.members_of(group, *limit).await?;
                same!(step, real.map(sorted), self.model.members(group));
            }
        }
        Ok(())
    }

    async fn create(&mut self, step: &Step, name: &str, attributes: &Values, force: bool) -> Result<(), TestCaseError> {
        let members = json!({
            "UserPoolId": self.pool, "Username": name, "UserAttributes": attribute_list(attributes),
            "ForceAliasCreation": force, "MessageAction": "SUPPRESS",
        });
        let created = send::<AdminCreateUserRequest>(self.pools, members).await;
        let real = created.map(|answer| listed(answer.user.map(|user| vec![user])).remove(0));
        let sub = real.as_ref().ok().map(|person| person.sub.clone());
        same!(step, real, self.model.create(name, attributes, force, sub));
        Ok(())
    }

    /// Every page of a listing; 0 stands for the largest page.
    async fn list(&self, filter: Option<&Filter>, limit: i32) -> Result<Vec<Person>, TestCaseError> {
        let mut members = json!({"UserPoolId": self.pool, "Limit": limit, "Filter": filter.map(filter_text)});
        let mut found = Vec::new();
        loop {
            let page = send::<ListUsersRequest>(self.pools, members.clone()).await.map_err(unexpected)?;
            let users = listed(page.users);
            prop_assert!(limit == 0 || users.len() <= usize::try_from(limit).unwrap(), "a page is too long");
            found.extend(users);
            let Some(token) = page.pagination_token else { return Ok(found) };
            members["PaginationToken"] = json!(token);
        }
    }

    async fn groups_of(&self, mut members: Value, limit: i32) -> Result<Result<Vec<String>, Refusal>, TestCaseError> {
        members["Limit"] = json!(limit);
        let mut found = Vec::new();
        loop {
            let page = match send::<AdminListGroupsForUserRequest>(self.pools, members.clone()).await {
                Ok(page) => page,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let groups = page.groups.unwrap();
            prop_assert!(groups.len() <= usize::try_from(limit).unwrap(), "a page is too long");
            found.extend(groups.into_iter().map(|group| group.group_name.unwrap()));
            let Some(token) = page.next_token else { return Ok(Ok(found)) };
            members["NextToken"] = json!(token);
        }
    }

    async fn members_of(&self, group: &str, limit: i32) -> Result<Result<Vec<Person>, Refusal>, TestCaseError> {
        let mut members = json!({"UserPoolId": self.pool, "GroupName": group, "Limit": limit});
        let mut found = Vec::new();
        loop {
            let page = match send::<ListUsersInGroupRequest>(self.pools, members.clone()).await {
                Ok(page) => page,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let users = listed(page.users);
            prop_assert!(users.len() <= usize::try_from(limit).unwrap(), "a page is too long");
            found.extend(users);
            let Some(token) = page.next_token else { return Ok(Ok(found)) };
            members["NextToken"] = json!(token);
        }
    }

    /// In the end the whole directory is as the model has it.
    async fn compare_all(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(sorted(self.list(None, 2).await?), self.model.list(None));
        let members = json!({"UserPoolId": self.pool});
        let described = send::<DescribeUserPoolRequest>(self.pools, members).await.map_err(unexpected)?;
        let counted = described.user_pool.unwrap().estimated_number_of_users.unwrap();
        prop_assert_eq!(usize::try_from(counted).unwrap(), self.model.count());
        Ok(())
    }
}

fn sorted(mut people: Vec<Person>) -> Vec<Person> {
    people.sort();
    people
}

fn unexpected((exception, message): Refusal) -> TestCaseError {
    TestCaseError::fail(format!("{exception}: {message}"))
}

fn directory_agrees_with_its_model(kind: Kind, pool: &Value, cases: u32) {
    let folder = tempfile::tempdir().unwrap();
    let pools = UserPools::open(crate::engine::development(folder.path())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Cases { failure_persistence: None, max_shrink_iters: 400, ..Cases::with_cases(cases) };
    let outcome = TestRunner::new(config).run(&vec(step(kind), 40), |steps| {
        runtime.block_on(async {
            let pool = create_pool(&pools, pool.clone()).await;
            let mut pair = Pair { pools: &pools, pool, model: Model::new(kind) };
            for step in &steps {
                pair.take(step).await?;
            }
            pair.compare_all().await
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_pool_of_user_names_agrees_with_its_model() {
    directory_agrees_with_its_model(Kind::Names, &json!({}), 32);
}

#[test]
fn a_pool_with_address_aliases_agrees_with_its_model() {
    let pool = json!({"AliasAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": false}});
    directory_agrees_with_its_model(Kind::Alias, &pool, 32);
}

#[test]
fn a_pool_of_addresses_agrees_with_its_model() {
    let pool = json!({"UsernameAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": false}});
    directory_agrees_with_its_model(Kind::Email, &pool, 32);
}
