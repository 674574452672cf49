//! Calling operations: in-process, and over the wire as a client of `dev` does.

use std::net::SocketAddr;

use cognate::{Error, Request, UserPools};
use serde_json::{Value, json};

use crate::http::{Answer, Connection, headers};

/// The name of an exception and its message.
pub type Refusal = (String, String);

/// The text that `dev` accepts as proof of who calls.
pub const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/cognito-idp/aws4_request, \
                             SignedHeaders=host, \
                             Signature=0000000000000000000000000000000000000000000000000000000000000000";

/// Runs an operation in-process.
pub async fn send<R: Request>(pools: &UserPools, members: Value) -> Result<R::Response, Refusal> {
    let request: R = serde_json::from_value(members).expect("the members are those of the request");
    pools.send(request).await.map_err(|error| refusal(&error))
}

pub fn refusal(error: &Error) -> Refusal {
    match error {
        Error::Refused(refusal) => (refusal.exception.name().to_owned(), refusal.message.to_string()),
        other => panic!("not a modelled exception: {other}"),
    }
}

/// A refusal from literals.
pub fn refused(exception: &str, message: &str) -> Refusal {
    (exception.to_owned(), message.to_owned())
}

/// A new pool; gives its id.
pub async fn create_pool(pools: &UserPools, mut members: Value) -> String {
    members["PoolName"] = json!("employees");
    let created = send::<cognate::model::CreateUserPoolRequest>(pools, members).await.unwrap();
    created.user_pool.unwrap().id.unwrap()
}

/// A client of a server in `dev`, on one connection.
pub struct DevClient {
    connection: Connection,
}

impl DevClient {
    pub async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { connection: Connection::open(address).await? })
    }

    /// The outer error is the connection's, the inner one the operation's.
    pub async fn call(&mut self, operation: &str, members: &Value) -> std::io::Result<Result<Value, Refusal>> {
        let answer = self.post(operation, members.to_string().as_bytes()).await?;
        Ok(if answer.status == 200 { Ok(answer.json()) } else { Err(answer.exception()) })
    }

    /// The whole answer to a body.
    pub async fn post(&mut self, operation: &str, body: &[u8]) -> std::io::Result<Answer> {
        let target = format!("{}.{operation}", cognate::model::TARGET_PREFIX);
        let headers = headers(&[
            ("host", "localhost"),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", &target),
            ("authorization", AUTHORIZATION),
        ]);
        self.connection.send("POST /", &headers, body).await
    }
}
