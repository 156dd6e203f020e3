//! Parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    ipcctl::compat::main(&arguments).unwrap_or_else(|| ipcctl::commands::main(arguments))
}
