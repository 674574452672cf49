//! Tasks of the workspace: `cargo xtask codegen [--check]`, `cargo xtask check-layers`, and `cargo xtask people COUNT` for
//! users to import.

mod codegen;
mod layers;
mod people;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["codegen"] => codegen::write(&root()),
        ["codegen", "--check"] => codegen::check(&root()),
        ["check-layers"] => layers::check(&root()),
        ["people", count] => match count.parse() {
            // The lines alone go to standard output.
            Ok(count) => return finish(people::write(count)),
            Err(_) => Err(format!("{count} is no number of users")),
        },
        _ => Err("usage: cargo xtask codegen [--check] | check-layers | people COUNT".to_owned()),
    };
    match outcome {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn finish(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}
