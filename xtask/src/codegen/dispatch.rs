//! The dispatch table: each built operation names its handler, so a missing file does not compile.

use std::fmt::Write;

use super::model::Api;
use super::names::snake;

pub fn generate(api: &Api) -> Result<String, String> {
    let mut out = String::from(
        "//! Which handler answers which operation.\n\nuse cognate_model as model;\nuse serde_json::Value;\n\n\
         use crate::{Context, Error, Request, Reply, call};\n\n",
    );
    for (name, operation) in &api.operations {
        let response = operation.output.as_ref().map_or_else(|| "()".to_owned(), |output| format!("model::{output}"));
        let handler = api.handlers.get(name).map_or_else(
            || format!("Err(Error::not_built(model::Operation::{name}))"),
            |module| format!("crate::{module}::{}::handle(cx, self).await", snake(name)),
        );
        let cx = if api.handlers.contains_key(name) { "cx" } else { "_cx" };
        let asynchronous = format!(
            "impl Request for model::{} {{\ntype Response = {response};\nconst OPERATION: model::Operation = model::Operation::{name};\n\n\
             async fn handle(self, {cx}: &Context) -> Result<Self::Response, Error> {{\n{handler}\n}}\n}}\n\n",
            operation.input
        );
        out.push_str(&asynchronous);
    }
    out.push_str(
        "/// Runs the operation on a decoded and validated request.\npub async fn dispatch(cx: &Context, operation: model::Operation, input: Value) -> Result<Reply, Error> {\nmatch operation {\n",
    );
    for (name, operation) in &api.operations {
        let _ =
            writeln!(out, "model::Operation::{name} => Box::pin(call::<model::{}>(cx, input)).await,", operation.input);
    }
    out.push_str("}\n}\n");
    Ok(out)
}
