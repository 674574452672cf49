//! A user directory in memory, written from the documented rules: what the real one is compared with.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{Refusal, refused};

/// How the users of a pool sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By user name; case matters.
    Names,
    /// By user name or verified e-mail address; case does not matter.
    Alias,
    /// By e-mail address; the user name is the `sub`, and case does not matter.
    Email,
}

/// A user as answers show them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    pub sub: String,
    pub username: String,
    pub enabled: bool,
    pub status: String,
    /// Without `sub`.
    pub attributes: BTreeMap<String, String>,
}

/// A filter of `ListUsers`.
#[derive(Clone, Debug)]
pub struct Filter {
    pub attribute: &'static str,
    pub is_prefix: bool,
    pub value: String,
}

/// Users and groups of one pool.
pub struct Model {
    pub kind: Kind,
    people: Vec<Person>,
    groups: BTreeMap<&'static str, BTreeSet<String>>,
}

fn no_user() -> Refusal {
    refused("UserNotFoundException", "User does not exist.")
}

fn no_group() -> Refusal {
    refused("ResourceNotFoundException", "Group not found.")
}

fn invalid(message: &str) -> Refusal {
    refused("InvalidParameterException", message)
}

fn is_email(text: &str) -> bool {
    text.contains('@')
}

impl Person {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn is_verified(&self) -> bool {
        self.attribute("email_verified") == Some("true")
    }

    fn passes(&self, filter: &Filter, kind: Kind) -> bool {
        let (value, wanted) = match filter.attribute {
            "username" if kind == Kind::Names => (self.username.clone(), filter.value.clone()),
            "username" => (self.username.clone(), filter.value.to_lowercase()),
            name => match self.attribute(name) {
                Some(value) => (value.to_lowercase(), filter.value.to_lowercase()),
                None => return false,
            },
        };
        if filter.is_prefix { value.starts_with(&wanted) } else { value == wanted }
    }
}

impl Model {
    pub fn new(kind: Kind) -> Self {
        Self { kind, people: Vec::new(), groups: BTreeMap::new() }
    }

    /// The nth user, counted round.
    pub fn sub_of(&self, position: usize) -> Option<String> {
        self.people.get(position.checked_rem(self.people.len())?).map(|person| person.sub.clone())
    }

    pub fn count(&self) -> usize {
        self.people.len()
    }

    fn folded(&self, text: &str) -> String {
        if self.kind == Kind::Names { text.to_owned() } else { text.to_lowercase() }
    }

    /// The address under which a user is found, if there is one.
    fn handle(&self, person: &Person) -> Option<String> {
        let counts = match self.kind {
            Kind::Names => false,
            Kind::Alias => person.is_verified(),
            Kind::Email => true,
        };
        person.attribute("email").filter(|_| counts).map(|address| self.folded(address))
    }

    fn position(&self, typed: &str) -> Option<usize> {
        let folded = self.folded(typed);
        let by_name = self.people.iter().position(|person| self.folded(&person.username) == folded);
        let by_address = || self.people.iter().position(|person| self.handle(person).as_ref() == Some(&folded));
        by_name.or_else(by_address).or_else(|| self.people.iter().position(|person| person.sub == typed))
    }

    fn find(&mut self, typed: &str) -> Result<&mut Person, Refusal> {
        let position = self.position(typed).ok_or_else(no_user)?;
        Ok(&mut self.people[position])
    }

    pub fn get(&self, typed: &str) -> Result<Person, Refusal> {
        self.position(typed).map(|position| self.people[position].clone()).ok_or_else(no_user)
    }

    /// What a create answers; `sub` is the one that the real directory drew, if it created anybody.
    pub fn create(
        &mut self,
        name: &str,
        given: &[(&'static str, String)],
        force: bool,
        sub: Option<String>,
    ) -> Result<Person, Refusal> {
        match self.kind {
            Kind::Email if !is_email(name) => return Err(invalid("Username should be an email.")),
            Kind::Alias if is_email(name) => {
                return Err(invalid(
                    "Username cannot be of email format, since user pool is configured for email alias.",
                ));
            }
            _ => {}
        }
        let mut attributes: BTreeMap<String, String> =
            given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        if attributes.get("email").is_some_and(|address| !address.is_empty() && !is_email(address)) {
            return Err(invalid("Invalid email address format."));
        }
        if self.kind == Kind::Email {
            attributes.insert("email".to_owned(), name.to_owned());
        }
        attributes.retain(|_, value| !value.is_empty());
        if attributes.get("email_verified").is_some_and(|flag| flag == "true") && !attributes.contains_key("email") {
            return Err(invalid("Email is required to verify/un-verify an email"));
        }
        let sub = sub.unwrap_or_default();
        let username = if self.kind == Kind::Email { sub.clone() } else { self.folded(name) };
        let person = Person { sub, username, enabled: true, status: "FORCE_CHANGE_PASSWORD".to_owned(), attributes };
        if self.kind != Kind::Email && self.people.iter().any(|other| other.username == person.username) {
            return Err(refused("UsernameExistsException", "User account already exists"));
        }
        if let Some(owner) = self.owner_of(&person) {
            match self.kind {
                Kind::Alias if force => self.dispossess(owner),
                Kind::Alias => {
                    return Err(refused("UsernameExistsException", "An account with the email already exists."));
                }
                _ => {
                    return Err(refused("UsernameExistsException", "An account with the given email already exists."));
                }
            }
        }
        self.people.push(person.clone());
        Ok(person)
    }

    /// Another user who has this user's address as a handle.
    fn owner_of(&self, person: &Person) -> Option<usize> {
        let handle = self.handle(person)?;
        let has_it = |other: &Person| other.sub != person.sub && self.handle(other).as_ref() == Some(&handle);
        self.people.iter().position(has_it)
    }

    fn dispossess(&mut self, position: usize) {
        self.people[position].attributes.insert("email_verified".to_owned(), "false".to_owned());
    }

    pub fn update(&mut self, typed: &str, given: &[(&'static str, String)]) -> Result<(), Refusal> {
        let mut person = self.get(typed)?;
        let value = |name: &str| given.iter().find(|(have, _)| *have == name).map(|(_, value)| value.as_str());
        let (address, is_vouched_for) = (value("email"), value("email_verified") == Some("true"));
        if address.is_some_and(|address| !address.is_empty() && !is_email(address)) {
            return Err(invalid("Invalid email address format."));
        }
        if is_vouched_for && address.or(person.attribute("email")).is_none_or(str::is_empty) {
            return Err(invalid("Email is required to verify/un-verify an email"));
        }
        let is_changed = address.is_some_and(|address| person.attribute("email") != Some(address));
        let mut values: BTreeMap<&str, &str> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match address {
            Some("") => values.insert("email_verified", ""),
            Some(_) if is_changed && !is_vouched_for => values.insert("email_verified", "false"),
            _ => None,
        };
        for (name, value) in values {
            match value {
                "" => person.attributes.remove(name),
                value => person.attributes.insert(name.to_owned(), value.to_owned()),
            };
        }
        self.replace(person)
    }

    pub fn delete_attributes(&mut self, typed: &str, names: &[&str]) -> Result<(), Refusal> {
        let mut person = self.get(typed)?;
        for name in names {
            person.attributes.remove(*name);
            if *name == "email" {
                person.attributes.remove("email_verified");
            }
        }
        self.replace(person)
    }

    /// Writes a changed user; an administrator's claim to a verified address moves it.
    fn replace(&mut self, person: Person) -> Result<(), Refusal> {
        if let Some(owner) = self.owner_of(&person) {
            if self.kind == Kind::Email {
                return Err(refused("AliasExistsException", "An account with the given email already exists."));
            }
            self.dispossess(owner);
        }
        let sub = person.sub.clone();
        *self.find(&sub)? = person;
        Ok(())
    }

    pub fn set_enabled(&mut self, typed: &str, enabled: bool) -> Result<(), Refusal> {
        self.find(typed)?.enabled = enabled;
        Ok(())
    }

    pub fn delete(&mut self, typed: &str) -> Result<(), Refusal> {
        let position = self.position(typed).ok_or_else(no_user)?;
        let gone = self.people.remove(position);
        for members in self.groups.values_mut() {
            members.remove(&gone.sub);
        }
        Ok(())
    }

    /// Everybody whom the filter finds, in the order of `sub`.
    pub fn list(&self, filter: Option<&Filter>) -> Vec<Person> {
        let mut found: Vec<Person> = self
            .people
            .iter()
            .filter(|person| filter.is_none_or(|filter| person.passes(filter, self.kind)))
            .cloned()
            .collect();
        found.sort();
        found
    }

    pub fn create_group(&mut self, name: &'static str) -> Result<(), Refusal> {
        if self.groups.contains_key(name) {
            return Err(refused("GroupExistsException", "A group with the name already exists."));
        }
        self.groups.insert(name, BTreeSet::new());
        Ok(())
    }

    pub fn delete_group(&mut self, name: &str) -> Result<(), Refusal> {
        self.groups.remove(name).map(|_| ()).ok_or_else(no_group)
    }

    pub fn join(&mut self, typed: &str, group: &str) -> Result<(), Refusal> {
        let sub = self.get(typed)?.sub;
        self.groups.get_mut(group).ok_or_else(no_group)?.insert(sub);
        Ok(())
    }

    pub fn leave(&mut self, typed: &str, group: &str) -> Result<(), Refusal> {
        let sub = self.get(typed)?.sub;
        self.groups.get_mut(group).ok_or_else(no_group)?.remove(&sub);
        Ok(())
    }

    /// The groups of a user, in the order of names.
    pub fn groups_of(&self, typed: &str) -> Result<Vec<String>, Refusal> {
        let sub = self.get(typed)?.sub;
        let joined = self.groups.iter().filter(|(_, members)| members.contains(&sub));
        Ok(joined.map(|(name, _)| (*name).to_owned()).collect())
    }

    /// The members of a group, in the order of `sub`.
    pub fn members(&self, group: &str) -> Result<Vec<Person>, Refusal> {
        let members = self.groups.get(group).ok_or_else(no_group)?;
        Ok(self.list(None).into_iter().filter(|person| members.contains(&person.sub)).collect())
    }
}
