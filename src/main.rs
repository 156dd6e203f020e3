//! Parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    ipcctl::commands::main(std::env::args_os())
}
