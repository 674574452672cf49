//! Operations without a handler yet answer a modelled error that says so.

use cognate::model::shape::{Shape, StringShape};
use cognate::model::{Exception, Operation, validate};
use serde_json::{Map, Value, json};

use crate::api::DevClient;
use crate::served::Served;

/// Texts of which one fits every pattern of the model.
const TEXTS: [&str; 13] = [
    "a",
    "us-east-1_Abc123",
    "123456",
    "abcdefghijklmnopqrstuvwxyz",
    "login.example.com",
    "https://example.com/",
    "arn:aws:iam::123456789012:role/importer",
    "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
    "us-east-1_017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
    "tkn0123456789abcdefghijklmno",
    "terms-of-use",
    "import-1",
    "Password123!",
];

fn text(shape: &StringShape) -> &'static str {
    let fits = |text: &&str| {
        let length = text.len() as u64;
        shape.min.is_none_or(|min| length >= min)
            && shape.max.is_none_or(|max| length <= max)
            && shape.pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
    };
    shape.values.first().copied().or_else(|| TEXTS.into_iter().find(fits)).unwrap_or_else(|| panic!("{shape:?}"))
}

/// The smallest value that the model lets pass.
fn smallest(shape: &'static Shape) -> Value {
    match shape {
        Shape::String(shape) => json!(text(shape)),
        Shape::Integer(shape) | Shape::Long(shape) => json!(shape.min.unwrap_or(0)),
        Shape::Boolean => json!(false),
        Shape::Timestamp => json!(0),
        Shape::Blob { .. } => json!("AAAA"),
        Shape::List(shape) => (0..shape.min.unwrap_or(0)).map(|_| smallest(shape.member)).collect(),
        Shape::Map(shape) => match shape.min {
            Some(1..) => json!({smallest(shape.key).as_str().unwrap(): smallest(shape.value)}),
            _ => json!({}),
        },
        Shape::Structure(shape) => {
            // An absent integer that counts as 0 must be there as well where 0 is not allowed.
            let required = shape.members.iter().filter(|member| member.required || member.default.is_some());
            Value::Object(
                required.map(|member| (member.name.to_owned(), smallest(member.shape))).collect::<Map<_, _>>(),
            )
        }
        Shape::Document => json!({}),
    }
}

fn not_built() -> impl Iterator<Item = Operation> {
    let names = include_str!("../../../../api/not_built.txt").lines();
    let names = names.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    names.map(|name| Operation::from_name(name).unwrap_or_else(|| panic!("there is no operation {name}")))
}

#[tokio::test]
async fn every_operation_without_a_handler_names_itself() {
    let served = Served::dev().await;
    let mut client = DevClient::connect(served.server.address()).await.unwrap();
    for operation in not_built() {
        let info = operation.info();
        let input = smallest(info.input);
        validate(&input, info.input).unwrap_or_else(|violations| panic!("{}: {violations}", info.name));
        let answer = client.post(info.name, input.to_string().as_bytes()).await.unwrap();
        let (exception, message) = answer.exception();
        assert_eq!(message, format!("{} is not supported by this version of Cognate.", info.name));
        assert_eq!(answer.status, 400, "{}", info.name);
        let is_modelled = |modelled: &Exception| modelled.name() == exception;
        assert!(info.errors.iter().any(is_modelled), "the model of {} has no {exception}", info.name);
    }
}
