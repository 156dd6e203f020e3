//! `rm`: what no single kind owns.

use std::fs;

use crate::env::TestEnv;
use crate::makers::{self, posix, sysv};
use crate::subjects::SUBJECTS;

crate::cases![
    without_an_address_nothing_is_removed,
    a_facility_is_no_address_and_nothing_is_removed,
    one_bad_address_and_nothing_is_attempted,
    objects_of_all_kinds_are_removed_together,
    a_key_removes_its_object,
    the_same_address_twice_is_missing_the_second_time,
    addresses_from_a_listing_can_be_piped_in,
    blank_lines_and_a_last_line_without_newline_are_read,
    a_bad_line_of_standard_input_is_named_and_the_rest_is_removed,
    a_line_too_long_to_be_an_address_is_refused_with_its_tail,
    an_empty_standard_input_is_nothing_to_do,
    if_exists_still_fails_for_other_reasons,
    unused_takes_what_is_certainly_unused_and_nothing_else;
    SeveralUsers: different_failures_are_exit_1_and_each_is_told,
    the_owner_is_hinted_at
];

fn left() -> usize {
    fs::read_dir("/dev/shm").unwrap().count()
}

fn without_an_address_nothing_is_removed() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    env.run(["rm"]).code(2).prints("");
    assert_eq!(left(), 1);
}

fn a_facility_is_no_address_and_nothing_is_removed() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    let id = sysv::segment(env.key(), 1, 0o600);
    for word in ["shm", "all", "*", "shm:*"] {
        env.run(["rm", word]).code(2).prints("");
    }
    assert_eq!(left(), 1);
    assert!(sysv::segment_status(id).is_ok());
}

fn one_bad_address_and_nothing_is_attempted() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    env.run(["rm", "shm:/x", "shm:-1"]).code(2).prints("").says("-1 is neither");
    assert_eq!(left(), 1);
}

fn objects_of_all_kinds_are_removed_together() {
    let env = TestEnv::new();
    let made: Vec<String> = SUBJECTS.iter().map(|subject| subject.made(&env)).collect();
    env.run(["rm"].into_iter().chain(made.iter().map(String::as_str))).ok();
    for (subject, address) in SUBJECTS.iter().zip(&made) {
        assert_eq!(subject.state(address), None, "{address}");
    }
}

fn a_key_removes_its_object() {
    let env = TestEnv::new();
    let (one, other) = (sysv::segment(0x1, 1, 0o600), sysv::segment(0x2, 1, 0o600));
    env.run(["rm", "shm:0x2"]).ok();
    assert!(sysv::segment_status(other).is_err());
    assert!(sysv::segment_status(one).is_ok());
}

fn the_same_address_twice_is_missing_the_second_time() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    env.run(["rm", "shm:/x", "shm:/x"]).code(3).says("shm:/x");
    assert_eq!(left(), 0);
}

fn addresses_from_a_listing_can_be_piped_in() {
    let env = TestEnv::new();
    makers::odd::hostile_names();
    posix::semaphore("/a b\n%20", 0, 0o600);
    posix::shared_memory("/%", 1, 0o600);
    let listing = env.run(["list", "shm", "sem", "-o", "address", "--format", "plain"]).ok();
    env.command(["rm", "-"]).input(listing.raw()).run().ok();
    assert_eq!(left(), 0, "{}", listing.report());
}

fn blank_lines_and_a_last_line_without_newline_are_read() {
    let env = TestEnv::new();
    for name in ["/a", "/b"] {
        posix::shared_memory(name, 1, 0o600);
    }
    env.command(["rm", "-"]).input("\nshm:/a\n\n\nshm:/b").run().ok();
    assert_eq!(left(), 0);
}

fn a_bad_line_of_standard_input_is_named_and_the_rest_is_removed() {
    let env = TestEnv::new();
    for name in ["/a", "/b"] {
        posix::shared_memory(name, 1, 0o600);
    }
    let (code, output) =
        env.command(["rm", "-"]).input("shm:/a\nshm:-1\nshm:/b\n").run().any_code(&[1, 2]);
    output.says("-1 is neither").says("line 2");
    // Either all lines are read first and nothing is attempted, or the bad one is passed over.
    assert_eq!(left(), if code == 2 { 2 } else { 0 }, "{}", output.report());
}

// Read in pieces, its tail could pass for the address of something that nobody named.
fn a_line_too_long_to_be_an_address_is_refused_with_its_tail() {
    let env = TestEnv::new();
    posix::shared_memory("/victim", 1, 0o600);
    for length in (12_000..13_000).chain([65_536 - 5, 1 << 20]) {
        let line = format!("fifo:/{}shm:/victim\n", "x".repeat(length));
        // Whatever length the pieces would have, one of these lines is cut just before the tail.
        let (code, _) = env.command(["rm", "-"]).input(line).run().any_code(&[1, 2, 3]);
        assert!(code != 0 && left() == 1, "{length}: the tail of a line was taken for an address");
    }
}

fn an_empty_standard_input_is_nothing_to_do() {
    let env = TestEnv::new();
    env.command(["rm", "-"]).input("").run().ok().prints("");
}

fn if_exists_still_fails_for_other_reasons() {
    let env = TestEnv::new();
    fs::create_dir("/dev/shm/directory").unwrap();
    env.run(["rm", "--if-exists", "shm:-1"]).code(2);
    fs::write(env.path("file"), "").unwrap();
    fs::set_permissions(env.directory(), std::os::unix::fs::PermissionsExt::from_mode(0o555))
        .unwrap();
    makers::fifo::fifo(env.path("a/pipe"), 0o600);
    fs::set_permissions(env.path("a"), std::os::unix::fs::PermissionsExt::from_mode(0o555))
        .unwrap();
    let address = format!("fifo:{}", env.path("a/pipe"));
    env.command(["rm", "--if-exists", &address]).unprivileged().run().code(4).says(&address);
}

fn unused_takes_what_is_certainly_unused_and_nothing_else() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let address = subject.made(&env);
        let (code, output) = env.run(["rm", "--unused", &address]).any_code(&[0, 1]);
        // Nobody holds any of them. Of a queue, a set and a FIFO the kernel cannot tell, and that is no proof.
        assert_eq!(subject.state(&address).is_some(), code == 1, "{}", output.report());
        let certain = ["sysv-shm", "posix-shm", "posix-mq", "posix-sem"].contains(&subject.kind);
        // Where every process can be looked at, it is certain that nobody has the FIFO.
        assert!(code == 0 || !certain, "{}", output.report());
        assert!(code == 1 || certain || subject.kind == "fifo", "{}", output.report());
        if code == 1 {
            output.says(&address);
        }
    }
}

fn different_failures_are_exit_1_and_each_is_told() {
    let env = TestEnv::new();
    posix::shared_memory("/closed", 1, 0o600);
    posix::shared_memory("/mine", 1, 0o600);
    makers::give_away("/dev/shm/mine", 65534);
    let output =
        env.command(["rm", "shm:/none", "shm:/closed", "shm:/mine"]).by_user(65534).run().code(1);
    output
        .says("cannot remove shm:/none: no such object")
        .says("cannot remove shm:/closed: permission denied");
    assert_eq!(left(), 1);
}

fn the_owner_is_hinted_at() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 1, 0o600);
    sysv::give_segment_away(id, 65534);
    let output = env.command(["rm", &format!("shm:{id}")]).by_user(70000).run().code(4);
    output.says(&format!("ipcctl: cannot remove shm:{id}: permission denied"));
    output.says("hint: ").says("nobody");
}
