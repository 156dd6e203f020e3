//! Addresses that are none, for every verb that takes one: exit 2, the broken rule named, nothing done.

use std::fs;

use crate::env::TestEnv;
use crate::makers::{posix, sysv};

crate::cases![
    an_id_out_of_range_is_refused_and_the_range_named,
    a_key_out_of_range_is_refused_and_the_range_named,
    the_private_key_names_nothing,
    a_name_with_a_second_slash_is_refused_and_the_rule_named,
    a_name_without_a_slash_is_refused_and_the_forms_named,
    an_empty_locator_is_refused,
    an_unknown_facility_is_refused_and_those_there_are_named,
    a_nul_byte_is_refused,
    bytes_that_are_no_text_are_refused_safely,
    a_number_is_never_cut_down_to_one_that_exists
];

/// Every verb with this address is exit 2, says this, and changes nothing.
fn refused(address: &str, words: &[&str]) {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    let id = sysv::segment(0x1, 1, 0o600);
    for arguments in [
        vec!["list", address],
        vec!["show", address],
        vec!["create", address, "--size", "1"],
        vec!["set", address, "--mode", "0666"],
        vec!["rm", address],
        vec!["rm", "--if-exists", address],
    ] {
        let output = env.run(&arguments).code(2);
        output.prints("").is_safe_on_a_terminal();
        for word in words {
            output.says(word);
        }
    }
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 1);
    assert_eq!(sysv::segment_status(id).unwrap().shm_perm.mode & 0o777, 0o600);
}

fn an_id_out_of_range_is_refused_and_the_range_named() {
    for address in
        ["shm:-1", "shm:4294967296", "shm:2147483648", "mq:4294967296", "sem:99999999999999999999"]
    {
        refused(address, &["2147483647"]);
    }
}

fn a_key_out_of_range_is_refused_and_the_range_named() {
    for address in ["shm:0x100000001", "mq:0x100000000", "sem:0x", "shm:0xg", "shm:0x-1"] {
        refused(address, &["key", "0xffffffff"]);
    }
}

fn the_private_key_names_nothing() {
    for address in ["shm:0x0", "mq:0x00000000", "sem:0x0"] {
        refused(address, &["IPC_PRIVATE"]);
    }
}

fn a_name_with_a_second_slash_is_refused_and_the_rule_named() {
    for address in ["sem:/a/b", "shm:/../etc/passwd", "mq:/a/", "shm://x"] {
        refused(address, &["slash"]);
    }
}

fn a_name_without_a_slash_is_refused_and_the_forms_named() {
    for address in ["mq:noslash", "shm:x", "sem:a b"] {
        refused(address, &["/NAME"]);
    }
}

fn an_empty_locator_is_refused() {
    for (address, word) in
        [("fifo:", "path"), ("shm:", "locator"), ("mq:", "locator"), ("sem:/", "character")]
    {
        refused(address, &[word]);
    }
}

fn an_unknown_facility_is_refused_and_those_there_are_named() {
    for address in ["tube:/x", ":/x", "SHM:0", "shm :0"] {
        refused(address, &["shm", "mq", "sem", "fifo"]);
    }
}

fn a_nul_byte_is_refused() {
    for address in ["shm:/a%00b", "fifo:/tmp/%00", "mq:/%00"] {
        refused(address, &["NUL"]);
    }
}

fn bytes_that_are_no_text_are_refused_safely() {
    let env = TestEnv::new();
    let address: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\x1b[31m:/x");
    for verb in ["list", "show", "rm"] {
        env.run([verb.as_ref(), address]).code(2).prints("").is_safe_on_a_terminal();
    }
}

// These removed the objects with id 0 and key 1 in the tool that this one replaces.
fn a_number_is_never_cut_down_to_one_that_exists() {
    let env = TestEnv::new();
    assert_eq!(sysv::segment(0x1, 1, 0o600), 0);
    for address in
        ["shm:4294967296", "shm:0x100000001", "shm:-4294967296", "shm:18446744073709551616"]
    {
        env.run(["rm", address]).code(2);
    }
    assert!(sysv::segment_status(0).is_ok());
}
