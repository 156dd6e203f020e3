//! Any bytes where the kernel's text should be: no panic, no endless loop.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ipcctl::kinds::fuzzing::parse(bytes));
