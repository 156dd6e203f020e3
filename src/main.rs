//! Parse, run, exit.
//!
//! The C library calls this `main` itself. What Rust does before a `main` of its own takes a tenth of a short
//! run; the two parts of it that matter here are in [`ipcctl::sys::start`]. See `docs/decisions/0004`.
#![no_main]

// SAFETY: this is the `main` that the C library calls, with a signature that it allows, and the only one.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    ipcctl::sys::start::prepare();
    let arguments: Vec<_> = std::env::args_os().collect();
    let status = ipcctl::compat::main(&arguments);
    status.unwrap_or_else(|| ipcctl::commands::main(arguments)).into()
}
