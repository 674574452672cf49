//! Which resource a request is about, for policies and for the text of a denial.

use cognate_model::Operation;
use cognate_operations::Settings;
use serde_json::Value;

/// The ARN of the pool or the resource that the request names; `*` when it names none.
pub fn resource_of(settings: &Settings, operation: Operation, input: &Value) -> String {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    match operation {
        Operation::TagResource | Operation::UntagResource | Operation::ListTagsForResource => {
            text("ResourceArn").unwrap_or("*").to_owned()
        }
        _ => text("UserPoolId").map_or_else(|| "*".to_owned(), |pool| settings.pool_arn(pool)),
    }
}
