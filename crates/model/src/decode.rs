//! From the bytes of a request to a JSON value that has the request's shape.
//!
//! Types are checked while reading, with the messages of the live service; members that the model does not know
//! are skipped without being kept, so a hostile body costs no more memory than its own length.

use std::cell::RefCell;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::shape::Shape;

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Not JSON, or not an object: answered without a message.
    Malformed,
    /// JSON of the wrong type, with the live service's message.
    Mismatch(String),
}

/// Reads the body of a request. Null members, of structures and of maps, count as absent; an absent primitive takes its default.
pub fn decode(body: &[u8], shape: &'static Shape) -> Result<Value, DecodeError> {
    let mismatch = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let seed = Seed { shape, mismatch: &mismatch };
    let read = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Value::Object(members)) => Ok(Value::Object(members)),
        Ok(_) => Err(DecodeError::Malformed),
        Err(_) => {
            let message = mismatch.into_inner();
            // A scalar where the request itself stands has no message.
            let bare = !body.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| matches!(b, b'{' | b'['));
            match message {
                Some(message) if !bare => Err(DecodeError::Mismatch(message)),
                _ => Err(DecodeError::Malformed),
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    shape: &'static Shape,
    mismatch: &'a RefCell<Option<String>>,
}

impl Seed<'_> {
    fn refuse<E: Error>(&self, message: String) -> E {
        self.mismatch.borrow_mut().get_or_insert(message);
        E::custom("type mismatch")
    }

    /// The message for a scalar (`STRING_VALUE`, `NUMBER_VALUE`, `TRUE_VALUE`…) in the wrong place.
    fn wrong_scalar<E: Error>(&self, token: &str) -> E {
        let message = match self.shape {
            Shape::List(_) => "Expected list or null".to_owned(),
            Shape::Map(_) | Shape::Structure(_) => "Expected map or null".to_owned(),
            Shape::Integer(_) => format!("{token} can not be converted to an Integer"),
            Shape::Long(_) => format!("{token} can not be converted to a Long"),
            Shape::Boolean => format!("{token} can not be converted to a Boolean"),
            Shape::Timestamp => format!("{token} can not be converted to a Timestamp"),
            Shape::Blob { .. } => format!("{token} can not be converted to a Blob"),
            Shape::String(_) | Shape::Document => format!("{token} can not be converted to a String"),
        };
        self.refuse(message)
    }

    fn number<E: Error>(&self, whole: Option<i64>, number: Number) -> Result<Value, E> {
        match (self.shape, whole) {
            (Shape::Integer(_), Some(whole)) if i32::try_from(whole).is_ok() => Ok(Value::from(whole)),
            (Shape::Long(_), Some(whole)) => Ok(Value::from(whole)),
            (Shape::Timestamp | Shape::Document, _) => Ok(Value::Number(number)),
            _ => Err(self.wrong_scalar("NUMBER_VALUE")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if matches!(self.shape, Shape::Document) {
            return serde::Deserialize::deserialize(deserializer);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a value of the request's shape")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        match self.shape {
            Shape::Boolean => Ok(Value::Bool(value)),
            _ => Err(self.wrong_scalar(if value { "TRUE_VALUE" } else { "FALSE_VALUE" })),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.number(Some(value), Number::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.number(i64::try_from(value).ok(), Number::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // A fraction is cut off, as Java's narrowing does.
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and the range is checked")]
        let whole = value.trunc() as i64;
        let number = Number::from_f64(value).unwrap_or_else(|| Number::from(0));
        self.number(Some(whole), number)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        match self.shape {
            Shape::String(_) => Ok(Value::String(value)),
            Shape::Blob { .. } if data_encoding::BASE64.decode(value.as_bytes()).is_ok() => Ok(Value::String(value)),
            _ => Err(self.wrong_scalar("STRING_VALUE")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let Shape::List(shape) = self.shape else {
            return Err(self.refuse("Start of list found where not expected".to_owned()));
        };
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(Seed { shape: shape.member, mismatch: self.mismatch })? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        match self.shape {
            Shape::Map(shape) => {
                while let Some(key) = map.next_key::<String>()? {
                    let value = map.next_value_seed(Seed { shape: shape.value, mismatch: self.mismatch })?;
                    // The official client for browsers sends `"DEVICE_KEY": null` with every refresh.
                    if value.is_null() {
                        members.remove(&key);
                    } else {
                        members.insert(key, value);
                    }
                }
            }
            Shape::Structure(shape) => {
                while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                    let Some(member) = shape.members.iter().find(|member| member.name == key) else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    let value = map.next_value_seed(Seed { shape: member.shape, mismatch: self.mismatch })?;
                    if value.is_null() {
                        members.remove(member.name);
                    } else {
                        members.insert(member.name.to_owned(), value);
                    }
                }
                for member in shape.members {
                    if let Some(default) = member.default
                        && !members.contains_key(member.name)
                    {
                        members.insert(member.name.to_owned(), Value::from(default));
                    }
                }
            }
            _ => return Err(self.refuse("Start of structure or map found where not expected.".to_owned())),
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::schema::{
        ADMIN_CREATE_USER_REQUEST, LIST_USER_POOLS_REQUEST, LIST_USERS_REQUEST, SET_UI_CUSTOMIZATION_REQUEST,
    };

    fn mismatch(body: &str, shape: &'static Shape) -> String {
        match decode(body.as_bytes(), shape) {
            Err(DecodeError::Mismatch(message)) => message,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn wrong_types_have_the_messages_of_the_live_service() {
        let shape = &ADMIN_CREATE_USER_REQUEST;
        assert_eq!(mismatch(r#"{"Username": 5}"#, shape), "NUMBER_VALUE can not be converted to a String");
        assert_eq!(mismatch(r#"{"Username": true}"#, shape), "TRUE_VALUE can not be converted to a String");
        assert_eq!(mismatch(r#"{"Username": []}"#, shape), "Start of list found where not expected");
        assert_eq!(mismatch(r#"{"Username": {}}"#, shape), "Start of structure or map found where not expected.");
        assert_eq!(mismatch(r#"{"UserAttributes": "x"}"#, shape), "Expected list or null");
        assert_eq!(mismatch(r#"{"ClientMetadata": "x"}"#, shape), "Expected map or null");
        assert_eq!(
            mismatch(r#"{"ForceAliasCreation": "yes"}"#, shape),
            "STRING_VALUE can not be converted to a Boolean"
        );
        assert_eq!(
            mismatch(r#"{"Limit": "3"}"#, &LIST_USERS_REQUEST),
            "STRING_VALUE can not be converted to an Integer"
        );
        assert_eq!(mismatch("[]", shape), "Start of list found where not expected");
    }

    #[test]
    fn what_is_not_an_object_has_no_message() {
        for body in ["", "null", "5", "\"x\"", "{", "{\"Username\": \"a\",}", "{} x", "a=b"] {
            assert_eq!(decode(body.as_bytes(), &ADMIN_CREATE_USER_REQUEST), Err(DecodeError::Malformed), "{body}");
        }
    }

    #[test]
    fn unknown_members_are_skipped_and_null_is_absent() {
        let read = decode(br#"{"Nope": {"deep": [1, {}]}, "Username": null}"#, &ADMIN_CREATE_USER_REQUEST);
        assert_eq!(read, Ok(Value::Object(Map::new())));
    }

    #[test]
    fn what_is_no_base64_is_no_blob() {
        let shape = &SET_UI_CUSTOMIZATION_REQUEST;
        assert_eq!(mismatch(r#"{"ImageFile": "!!!!"}"#, shape), "STRING_VALUE can not be converted to a Blob");
        assert!(decode(br#"{"ImageFile": "AQID"}"#, shape).is_ok());
    }

    #[test]
    fn a_null_in_a_map_is_absent() {
        let read = decode(br#"{"ClientMetadata": {"a": "1", "b": null}}"#, &ADMIN_CREATE_USER_REQUEST).unwrap();
        assert_eq!(read, serde_json::json!({"ClientMetadata": {"a": "1"}}));
    }

    #[test]
    fn integers_lose_their_fraction_and_primitives_default_to_zero() {
        let read = decode(br#"{"Limit": 1.9}"#, &LIST_USERS_REQUEST).unwrap();
        assert_eq!(read, serde_json::json!({"Limit": 1}));
        let read = decode(b"{}", &LIST_USER_POOLS_REQUEST).unwrap();
        assert_eq!(read, serde_json::json!({"MaxResults": 0}));
    }
}
