//! Parse, run, exit.
//!
//! The C library calls this `main` itself. What Rust does before a `main` of its own takes a tenth of a short
//! run; the two parts of it that matter here are in [`ipcctl::sys::start`]. See `docs/decisions/0004`.
#![no_main]

use std::ffi::{c_char, c_int};

// SAFETY: this is the `main` that the C library calls, with a signature that it allows, and the only one.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, values: *const *const c_char) -> c_int {
    ipcctl::sys::start::prepare();
    // SAFETY: the two are what the C library gives to `main`.
    let arguments = unsafe { ipcctl::sys::start::arguments(count, values) };
    let status = ipcctl::compat::main(&arguments);
    status.unwrap_or_else(|| ipcctl::commands::main(arguments)).into()
}
