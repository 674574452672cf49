//! The command line of Cognate.

mod cli;

use std::process::ExitCode;

/// Chosen by measurement: a request makes some fifty small allocations, often freed on another thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            #[expect(clippy::print_stderr, reason = "the command line speaks to its user")]
            {
                eprintln!("cognate: {reason}");
            }
            ExitCode::FAILURE
        }
    }
}
