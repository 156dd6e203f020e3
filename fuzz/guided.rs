//! A target under libFuzzer, which looks for inputs that reach new code: `IPCCTL_FUZZ=NAME cargo +nightly fuzz run guided`.
#![no_main]

use std::sync::OnceLock;

use ipcctl_fuzz::{Target, find};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static TARGET: OnceLock<Target> = OnceLock::new();
    let (_, act) = TARGET.get_or_init(|| {
        let name = std::env::var("IPCCTL_FUZZ").expect("IPCCTL_FUZZ names a target");
        find(&name).unwrap_or_else(|| panic!("there is no target {name}"))
    });
    act(bytes);
});
