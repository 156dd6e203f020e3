//! `set`: what no single kind owns.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::env::TestEnv;
use crate::makers::{posix, sysv};
use crate::subjects::SUBJECTS;

crate::cases![
    nothing_to_change_is_exit_2,
    several_objects_of_several_kinds_are_changed_alike,
    a_missing_one_does_not_stop_the_rest,
    a_mode_that_is_none_changes_nothing,
    an_option_that_one_kind_lacks_changes_none_of_them,
    a_facility_is_no_address,
    an_owner_that_is_nobody_is_exit_2,
    an_object_without_any_permission_can_be_mended_by_its_owner
];

fn nothing_to_change_is_exit_2() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        env.run(["set", &subject.made(&env)]).code(2).prints("").says("nothing to change");
    }
    env.run(["set", "--mode", "600"]).code(2);
    env.run(["set"]).code(2);
}

fn several_objects_of_several_kinds_are_changed_alike() {
    let env = TestEnv::new();
    let made: Vec<String> = SUBJECTS.iter().map(|subject| subject.made(&env)).collect();
    env.run(["set", "--mode", "0644"].into_iter().chain(made.iter().map(String::as_str)))
        .ok()
        .prints("");
    for (subject, address) in SUBJECTS.iter().zip(&made) {
        assert_eq!(subject.state(address).unwrap().mode, 0o644, "{address}");
    }
}

fn a_missing_one_does_not_stop_the_rest() {
    let env = TestEnv::new();
    for name in ["/a", "/b"] {
        posix::shared_memory(name, 1, 0o600);
    }
    let output = env.run(["set", "shm:/a", "shm:/none", "shm:/b", "--mode", "640"]).code(3);
    output.says("shm:/none").says_not("shm:/a").says_not("shm:/b");
    for name in ["a", "b"] {
        assert_eq!(fs::metadata(format!("/dev/shm/{name}")).unwrap().mode() & 0o777, 0o640);
    }
}

fn a_mode_that_is_none_changes_nothing() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let address = subject.made(&env);
        let before = subject.state(&address);
        for mode in ["999", "07777", "u+w", ""] {
            env.run(["set", &address, &format!("--mode={mode}")]).code(2).prints("").says("--mode");
        }
        assert_eq!(subject.state(&address), before);
    }
}

fn an_option_that_one_kind_lacks_changes_none_of_them() {
    let env = TestEnv::new();
    posix::shared_memory("/grow", 1, 0o600);
    let id = sysv::segment(env.key(), 1, 0o600);
    let output =
        env.run(["set", "shm:/grow", &format!("shm:{id}"), "--size", "9", "--mode", "666"]).code(2);
    output.says("--size").says("posix-shm");
    let file = fs::metadata("/dev/shm/grow").unwrap();
    assert_eq!((file.len(), file.mode() & 0o777), (1, 0o600), "nothing was attempted");
}

fn a_facility_is_no_address() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 1, 0o600);
    env.run(["set", "shm", "--mode", "666"]).code(2);
    assert_eq!(sysv::segment_status(id).unwrap().shm_perm.mode & 0o777, 0o600);
}

fn an_owner_that_is_nobody_is_exit_2() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    for (option, value) in
        [("--owner", "no-such-user"), ("--group", "no-such-group"), ("--owner", "4294967295")]
    {
        env.run(["set", "shm:/x", option, value]).code(2).prints("").says(value);
    }
}

// Mode 0000 denies even reading its state, which a change of one part of it has to keep the rest of.
fn an_object_without_any_permission_can_be_mended_by_its_owner() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let address = subject.made_with(&env, 0);
        env.command(["set", &address, "--mode", "0600"]).unprivileged().run().ok();
        assert_eq!(subject.state(&address).unwrap().mode, 0o600, "{address}");
    }
}
