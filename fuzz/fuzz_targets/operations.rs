//! A body that passes the checks of the interface model is run: every operation, on a real store with a declared pool.
//! No operation panics, and none ends in a failure of ours.
#![no_main]

mod house;

use cognate_model::{OPERATIONS, decode, validate};
use cognate_operations::{Error, dispatch};
use libfuzzer_sys::fuzz_target;

use house::HOUSE;

fuzz_target!(|data: &[u8]| {
    let Some((pick, body)) = data.split_first() else { return };
    let info = &OPERATIONS[usize::from(*pick) % OPERATIONS.len()];
    let Ok(input) = decode(body, info.input) else { return };
    if validate(&input, info.input).is_err() {
        return;
    }
    let (runtime, cx) = &*HOUSE;
    let answer = runtime.block_on(dispatch(cx, info.operation, input));
    if let Err(Error::Internal(detail)) = answer {
        panic!("{}: {detail}", info.name);
    }
});
