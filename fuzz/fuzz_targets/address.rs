//! Any bytes are an address that prints and parses back, or a sentence without control characters.
#![no_main]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use ipcctl::model::{Address, Encoded, Selector, decode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    assert_eq!(decode(Encoded(bytes).to_string().as_bytes()), bytes);
    match Selector::parse(OsStr::from_bytes(bytes)) {
        Ok(Selector::Address(address)) => {
            let printed = address.to_string();
            assert!(!printed.chars().any(|c| c.is_control() || c.is_whitespace()));
            assert_eq!(Address::parse(OsStr::new(&printed)), Ok(address));
        }
        Ok(Selector::Facility(_)) => {}
        Err(sentence) => assert!(!sentence.chars().any(char::is_control)),
    }
});
