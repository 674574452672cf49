//! A body that passes the checks of the interface model is run: every operation, on a real store with a declared pool.
//! No operation panics, and none ends in a failure of ours.
#![no_main]

use std::sync::{Arc, LazyLock};

use cognate_crypto::password::HashCost;
use cognate_crypto::seal::MasterKey;
use cognate_model::{OPERATIONS, decode, validate};
use cognate_operations::declare::{self, DeclaredPools};
use cognate_operations::{Caller, Context, Error, Services, Settings, dispatch};
use cognate_store::Store;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

const POOLS: &str = include_str!("../../examples/pools.toml");

static HOUSE: LazyLock<(Runtime, Context)> = LazyLock::new(|| {
    let memory = std::path::Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    let folder = parent.join(format!("cognate-fuzz-{}", std::process::id()));
    let store = Store::open(&folder).expect("the store opens");
    let settings = Settings { hash_cost: HashCost::DEV, ..Settings::default() };
    let services = Services::new(store, settings, MasterKey::from_bytes(&[7; 32]));
    let cx = Context::new(Arc::new(services), Caller::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let pools = DeclaredPools::parse(POOLS).expect("the example is sound");
    runtime.block_on(declare::apply(&cx, &pools)).expect("the example applies");
    (runtime, cx)
});

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
