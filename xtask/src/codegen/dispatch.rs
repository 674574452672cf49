//! The dispatch table: each built operation names its handler, so a missing file does not compile.

use std::fmt::Write;

use super::model::Api;
use super::names::snake;

pub fn generate(api: &Api) -> Result<String, String> {
    let mut out = String::from(
        "//! Which handler answers which operation.\n\nuse cognate_model as model;\nuse serde_json::Value;\n\n\
         use crate::{Context, Error, Handling, Request, Reply, call};\n\n",
    );
    for (name, operation) in &api.operations {
        let response = operation.output.as_ref().map_or_else(|| "()".to_owned(), |output| format!("model::{output}"));
        let handler = api.handlers.get(name).map_or_else(
            || format!("Box::pin(async {{ Err(Error::not_built(model::Operation::{name})) }})"),
            |module| format!("Box::pin(crate::{module}::{}::handle(cx, self))", snake(name)),
        );
        let cx = if api.handlers.contains_key(name) { "cx" } else { "_cx" };
        let implementation = format!(
            "impl Request for model::{} {{\ntype Response = {response};\nconst OPERATION: model::Operation = model::Operation::{name};\n\n\
             fn handle(self, {cx}: &Context) -> Handling<'_, Self::Response> {{\n{handler}\n}}\n}}\n\n",
            operation.input
        );
        out.push_str(&implementation);
    }
    out.push_str(
        "/// Runs the operation on a decoded and validated request.\npub fn dispatch(cx: &Context, operation: model::Operation, input: Value) -> Handling<'_, Reply> {\nmatch operation {\n",
    );
    for (name, operation) in &api.operations {
        let _ = writeln!(out, "model::Operation::{name} => Box::pin(call::<model::{}>(cx, input)),", operation.input);
    }
    out.push_str("}\n}\n");
    Ok(out)
}
