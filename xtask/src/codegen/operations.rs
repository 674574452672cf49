//! The operation table.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::exceptions::variant;
use super::model::Api;
use super::names::{constant, literal};

pub fn generate(api: &Api, sources: &mut BTreeMap<String, String>) {
    let mut out = String::from(
        "//! The operation table: who may call what, with which constraints and errors.\n\n\
         use crate::generated::{Exception, schema};\nuse crate::operation::{Answer, Authorization, OperationInfo};\n\n\
         /// An operation of the interface model.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum Operation {\n",
    );
    for name in api.operations.keys() {
        let _ = writeln!(out, "/// `{name}`.\n{name},");
    }
    out.push_str("}\n\n/// One row an operation, in the order of [`Operation`], which is the order of names.\n");
    let _ = writeln!(out, "pub static OPERATIONS: [OperationInfo; {}] = [", api.operations.len());
    for (name, operation) in &api.operations {
        let authorization = match operation.auth_class.as_str() {
            "iam" => "Iam",
            "iam|client" => "IamOrClient",
            "public" => "Anyone",
            "accessToken" => "AccessToken",
            "accessToken|session" => "AccessTokenOrSession",
            "refreshToken" => "RefreshToken",
            _ => "Session",
        };
        let answer = if operation.output.is_some() { "Json" } else { "Empty" };
        let errors: Vec<String> = operation.errors.iter().map(|e| format!("Exception::{}", variant(e))).collect();
        let _ = writeln!(
            out,
            "OperationInfo {{ operation: Operation::{name}, name: {}, input: &schema::{}, answer: Answer::{answer}, \
             authorization: Authorization::{authorization}, paginated: {}, errors: &[{}] }},",
            literal(name),
            constant(&operation.input),
            api.paginated.contains(name),
            errors.join(", ")
        );
    }
    out.push_str("];\n");
    sources.insert("operation_table.rs".into(), out);
}
