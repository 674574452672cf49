//! A function's answer: the event that it was given, with `response` filled in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

/// The answer has not the form that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unrecognizable;

/// The `response` of an answer, or an object in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer(Map<String, Value>);

/// What is read of an answer; everything else is passed over without being kept.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    version: String,
    trigger_source: String,
    region: String,
    user_pool_id: String,
    user_name: String,
    caller_context: BTreeMap<String, String>,
    #[serde(rename = "request")]
    #[expect(clippy::zero_sized_map_values, reason = "an object, of whose members nothing is kept")]
    _request: BTreeMap<String, IgnoredAny>,
    response: Map<String, Value>,
}

impl Answer {
    /// Reads what a function made of an event. Members that it added besides are of no meaning.
    pub fn read(event: &Value, body: &[u8]) -> Result<Self, Unrecognizable> {
        let answered: Answered = serde_json::from_slice(body).map_err(|_| Unrecognizable)?;
        let is_kept = |(name, value): (&str, &str)| event.get(name).and_then(Value::as_str) == Some(value);
        let texts = [
            ("version", answered.version.as_str()),
            ("triggerSource", &answered.trigger_source),
            ("region", &answered.region),
            ("userPoolId", &answered.user_pool_id),
            ("userName", &answered.user_name),
        ];
        if !texts.into_iter().all(is_kept) || event.get("callerContext") != Some(&json!(answered.caller_context)) {
            return Err(Unrecognizable);
        }
        Ok(Self(answered.response))
    }

    /// A switch; off where it is absent or null.
    pub fn flag(&self, name: &str) -> Result<bool, Unrecognizable> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(Unrecognizable),
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Unrecognizable> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Unrecognizable),
        }
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Unrecognizable> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned).ok_or(Unrecognizable));
                texts.collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(Unrecognizable),
        }
    }

    /// A map of texts.
    pub fn map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, Unrecognizable> {
        let Some(object) = self.object(name)? else { return Ok(None) };
        let texts = object.0.into_iter().map(|(name, value)| match value {
            Value::String(value) => Ok((name, value)),
            _ => Err(Unrecognizable),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// An object.
    pub fn object(&self, name: &str) -> Result<Option<Self>, Unrecognizable> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self(members.clone()))),
            Some(_) => Err(Unrecognizable),
        }
    }

    /// Whether a member is there, were it null.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The members, as they are.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNCHANGED: [&str; 6] = ["version", "triggerSource", "region", "userPoolId", "userName", "callerContext"];

    fn event() -> Value {
        json!({
            "version": "1", "triggerSource": "PreSignUp_SignUp", "region": "us-east-1", "userPoolId": "us-east-1_a",
            "userName": "maria", "callerContext": {"awsSdkVersion": "x", "clientId": "c"},
            "request": {"userAttributes": {}}, "response": {"autoConfirmUser": false},
        })
    }

    fn read(answer: &Value) -> Result<Answer, Unrecognizable> {
        Answer::read(&event(), answer.to_string().as_bytes())
    }

    #[test]
    fn an_answer_is_the_event_with_its_response() {
        let mut answer = event();
        answer["response"] = json!({"autoConfirmUser": true, "autoVerifyEmail": null});
        answer["request"]["userAttributes"]["mine"] = json!(1);
        answer["more"] = json!([]);
        let answer = read(&answer).unwrap();
        assert_eq!(answer.flag("autoConfirmUser"), Ok(true));
        assert_eq!(answer.flag("autoVerifyEmail"), Ok(false));
        assert_eq!(answer.flag("autoVerifyPhone"), Ok(false));
    }

    #[test]
    fn what_was_sent_comes_back_unchanged() {
        for name in UNCHANGED {
            for value in [None, Some(Value::Null), Some(json!("other"))] {
                let mut answer = event();
                let members = answer.as_object_mut().unwrap();
                match value {
                    None => drop(members.remove(name)),
                    Some(value) => drop(members.insert(name.to_owned(), value)),
                }
                assert_eq!(read(&answer), Err(Unrecognizable), "{name}");
            }
        }
        for name in ["request", "response"] {
            for value in [Value::Null, json!("text"), json!([])] {
                let mut answer = event();
                answer[name] = value;
                assert_eq!(read(&answer), Err(Unrecognizable), "{name}");
            }
        }
        for body in ["", "null", "true", "\"done\"", "[]", "{}", "{\"response\":{}}", "{"] {
            assert_eq!(Answer::read(&event(), body.as_bytes()), Err(Unrecognizable), "{body}");
        }
    }

    #[test]
    fn members_have_their_types() {
        let answer = Answer(
            json!({"flag": "true", "text": 1, "texts": ["a", 1], "map": {"a": 1}, "object": []})
                .as_object()
                .unwrap()
                .clone(),
        );
        assert_eq!(answer.flag("flag"), Err(Unrecognizable));
        assert_eq!(answer.text("text"), Err(Unrecognizable));
        assert_eq!(answer.texts("texts"), Err(Unrecognizable));
        assert_eq!(answer.map("map"), Err(Unrecognizable));
        assert_eq!(answer.object("object"), Err(Unrecognizable));
    }
}
