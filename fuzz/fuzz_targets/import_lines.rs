//! Files of `cognate import`, into a pool of a real store: whatever the lines say, each is taken, passed over or refused
//! with a reason, and the pool has as many users as were said to be taken.
#![no_main]

mod house;

use std::io::Cursor;
use std::sync::Mutex;

use cognate_model::Operation;
use cognate_operations::transfer::{self, Options};
use cognate_operations::{Context, Reply, dispatch};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

use house::HOUSE;

const POOL: &str = "us-east-1_example123";

/// How many users there should be.
static USERS: Mutex<Option<i64>> = Mutex::new(None);

async fn count(cx: &Context) -> i64 {
    let described = dispatch(cx, Operation::DescribeUserPool, json!({"UserPoolId": POOL})).await;
    let Ok(Reply::Json(body)) = described else { panic!("{described:?}") };
    let body: Value = serde_json::from_slice(&body).expect("the answer is JSON");
    body["UserPool"]["EstimatedNumberOfUsers"].as_i64().expect("users are counted")
}

fuzz_target!(|data: &[u8]| {
    let (runtime, cx) = &*HOUSE;
    let mut users = USERS.lock().unwrap();
    runtime.block_on(async {
        let before = match *users {
            Some(users) => users,
            None => count(cx).await,
        };
        let options = Options { into: Some(POOL.to_owned()), keeps_going: true, ..Options::default() };
        let (report, ended) = transfer::import(cx, Cursor::new(data.to_vec()), &options, &mut |_, fault| {
            assert!(fault.is_none_or(|(line, reason)| line > 0 && !reason.is_empty()));
        })
        .await;
        if let Err(stopped) = ended {
            assert!(!stopped.reason.is_empty());
        }
        let after = before + i64::try_from(report.users).expect("few users");
        assert_eq!(count(cx).await, after);
        *users = Some(after);
    });
});
