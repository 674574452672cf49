//! A store with a declared pool, made anew for each process, and the runtime that works on it.

use std::sync::{Arc, LazyLock};

use cognate_crypto::password::HashCost;
use cognate_crypto::seal::MasterKey;
use cognate_operations::declare::{self, DeclaredPools};
use cognate_operations::{Caller, Context, Services, Settings};
use cognate_store::Store;
use tokio::runtime::Runtime;

const POOLS: &str = include_str!("../../../examples/pools.toml");

pub static HOUSE: LazyLock<(Runtime, Context)> = LazyLock::new(|| {
    let memory = std::path::Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    let folder = parent.join(format!("cognate-fuzz-{}", std::process::id()));
    let store = Store::open(&folder).expect("the store opens");
    let settings = Settings { hash_cost: HashCost::DEV, ..Settings::default() };
    let services = Services::new(store, settings, MasterKey::from_bytes(&[7; 32]));
    let cx = Context::new(Arc::new(services), Caller::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let pools = DeclaredPools::parse(POOLS).expect("the example is sound");
    runtime.block_on(declare::apply(&cx, &pools)).expect("the example applies");
    (runtime, cx)
});
