//! `list`: sources that are missing, masked, or lie. The queues' own are in `kinds::mq_posix`.

use std::fs;

use serde_json::Value;

use crate::env::TestEnv;
use crate::isolation;
use crate::makers::{self, posix, sysv};
use crate::output::Output;

crate::cases![
    an_empty_sysvipc_table_ends_and_hides_nothing_in_silence,
    a_masked_sysvipc_table_ends_and_hides_nothing_in_silence,
    an_unreadable_sysvipc_table_ends_and_hides_nothing_in_silence,
    a_fact_of_the_table_is_unknown_when_it_is_masked,
    sparse_ids_are_all_found,
    many_objects_are_listed_once_and_in_order_with_a_second_thread_and_without,
    another_root_for_proc_may_be_empty,
    a_missing_shm_directory_is_a_warning_and_exit_1,
    a_process_file_system_without_processes_takes_nothing_from_the_listing;
    SeveralUsers: an_ordinary_user_sees_every_object_and_unknown_for_what_may_not_be_read,
    an_owner_above_65535_takes_nothing_from_the_listing
];

const TABLES: [&str; 3] = ["shm", "msg", "sem"];

/// Many objects, most of them gone again: the listing has every reason to read the tables, and has shown one of each
/// kind before it knows.
fn sparse_objects() -> Vec<String> {
    let mut left = Vec::new();
    for round in 0..300 {
        let (segment, queue, set) = (
            sysv::segment(sysv::PRIVATE, 1, 0o600),
            sysv::queue(sysv::PRIVATE, 0o600),
            sysv::set(sysv::PRIVATE, 1, 0o600),
        );
        left.push((round, segment, queue, set));
    }
    let mut addresses = Vec::new();
    for (round, segment, queue, set) in left {
        if round % 100 == 50 {
            addresses.extend([
                format!("shm:{segment}"),
                format!("mq:{queue}"),
                format!("sem:{set}"),
            ]);
        } else {
            sysv::mark_for_removal(segment);
            sysv::remove_queue(queue);
            sysv::remove_set(set);
        }
    }
    addresses.sort();
    addresses
}

/// Everything is listed, or what may be missing is told in words, in JSON and by the exit status.
fn hides_nothing_in_silence(output: &Output, code: i32, expected: &[String]) {
    let mut found = output.addresses();
    found.sort();
    if code == 0 {
        assert_eq!(found, expected, "{}", output.report());
    } else {
        output.says("warning");
        assert!(!output.warnings().is_empty(), "{}", output.report());
    }
}

fn list_with_masked_tables(env: &TestEnv, mask: &str) {
    let expected = sparse_objects();
    for table in TABLES {
        isolation::cover(mask, &format!("/proc/sysvipc/{table}"));
    }
    for more in [[].as_slice(), &["-o", "+resident"]] {
        let arguments = ["list", "shm", "mq", "sem", "--json"];
        let (code, output) = env.command(arguments.iter().chain(more)).run().any_code(&[0, 1]);
        hides_nothing_in_silence(&output, code, &expected);
    }
    env.run(["show", &expected[0]]).ok();
}

// The tool that this one replaces spins for ever when it meets an empty table.
fn an_empty_sysvipc_table_ends_and_hides_nothing_in_silence() {
    let env = TestEnv::new();
    fs::write(env.path("empty"), "").unwrap();
    list_with_masked_tables(&env, &env.path("empty"));
}

fn a_masked_sysvipc_table_ends_and_hides_nothing_in_silence() {
    list_with_masked_tables(&TestEnv::new(), "/dev/null");
}

fn an_unreadable_sysvipc_table_ends_and_hides_nothing_in_silence() {
    let env = TestEnv::new();
    let expected = sparse_objects();
    fs::write(env.path("closed"), "closed").unwrap();
    fs::set_permissions(env.path("closed"), std::os::unix::fs::PermissionsExt::from_mode(0o000))
        .unwrap();
    for table in TABLES {
        isolation::cover(&env.path("closed"), &format!("/proc/sysvipc/{table}"));
    }
    let run = env.command(["list", "shm", "mq", "sem", "--json"]).unprivileged().run();
    let (code, output) = run.any_code(&[0, 1]);
    hides_nothing_in_silence(&output, code, &expected);
}

fn a_fact_of_the_table_is_unknown_when_it_is_masked() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    isolation::cover("/dev/null", "/proc/sysvipc/shm");
    let (_, output) = env.run(["show", &format!("shm:{id}"), "--json"]).any_code(&[0, 1]);
    assert_eq!(
        (&output.only()["resident"], &output.only()["swapped"]),
        (&Value::Null, &Value::Null)
    );
    env.run(["show", &format!("shm:{id}")]).any_code(&[0, 1]).1.shows("/proc/sysvipc/shm");
}

fn sparse_ids_are_all_found() {
    let env = TestEnv::new();
    let expected = sparse_objects();
    let mut found = env.run(["list", "shm", "mq", "sem", "--json"]).ok().addresses();
    found.sort();
    assert_eq!(found, expected);
}

fn many_objects_are_listed_once_and_in_order_with_a_second_thread_and_without() {
    let env = TestEnv::new();
    // More than a kind has before its slots are asked for ahead; some of them are empty.
    let sets: Vec<_> = (0..1500).map(|_| sysv::set(sysv::PRIVATE, 1, 0o600)).collect();
    sets.iter().step_by(7).for_each(|set| sysv::remove_set(*set));
    let left = sets.iter().enumerate().filter(|(at, _)| at % 7 > 0);
    let expected: Vec<_> = left.map(|(_, set)| format!("sem:{set}")).collect();
    let list = || env.command(["list", "sem", "--json"]);
    assert_eq!(list().run().ok().addresses(), expected);
    // No address space has a stack of that size: the thread cannot be started.
    let without = list().env("RUST_MIN_STACK", (1u64 << 50).to_string());
    assert_eq!(without.run().ok().addresses(), expected);
}

fn another_root_for_proc_may_be_empty() {
    let env = TestEnv::new();
    let expected = sparse_objects();
    fs::create_dir(env.path("proc")).unwrap();
    for arguments in
        [vec!["list", "shm", "mq", "sem", "--json"], vec!["list", "--family", "sysv", "--json"]]
    {
        let run = env.command(arguments).env("IPCCTL_PROC", env.path("proc")).run();
        let (code, output) = run.any_code(&[0, 1]);
        hides_nothing_in_silence(&output, code, &expected);
    }
}

fn a_missing_shm_directory_is_a_warning_and_exit_1() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 1, 0o600);
    isolation::replace_dev(&["program"]);
    let output = env.run(["list", "shm", "sem", "--json"]).code(1);
    output.says("/dev/shm");
    assert_eq!(output.addresses(), [format!("shm:{id}")]);
    assert!(!output.warnings().is_empty(), "{}", output.report());
}

fn a_process_file_system_without_processes_takes_nothing_from_the_listing() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    fs::create_dir(env.path("proc")).unwrap();
    let run = env.command(["list", "shm", "--json"]).env("IPCCTL_PROC", env.path("proc")).run();
    let (_, output) = run.any_code(&[0]);
    assert_eq!(output.addresses(), ["shm:/x"]);
}

fn an_ordinary_user_sees_every_object_and_unknown_for_what_may_not_be_read() {
    let env = TestEnv::new();
    let mut expected = vec![
        format!("shm:{}", sysv::segment(env.key(), 1, 0o600)),
        format!("mq:{}", sysv::queue(env.key(), 0o600)),
        format!("sem:{}", sysv::set(env.key(), 2, 0o600)),
    ];
    posix::shared_memory("/memory", 1, 0o600);
    posix::semaphore("/gate", 3, 0o600);
    posix::message_queue("/jobs", 2, 16, 0o600);
    expected.extend(["shm:/memory", "sem:/gate", "mq:/jobs"].map(str::to_owned));
    let output = env.command(["list", "shm", "mq", "sem", "--json"]).by_user(65534).run().ok();
    let mut found = output.addresses();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let object =
        |address: &str| output.objects().into_iter().find(|one| one["address"] == address).unwrap();
    for address in ["sem:/gate", "mq:/jobs"] {
        assert_eq!(object(address)["content"], Value::Null, "{}", output.report());
    }
    // FIFOs are a best effort: processes of others cannot be read, which is a note and no failure.
    env.command(["list"])
        .by_user(65534)
        .run()
        .code(0)
        .says("could not be read")
        .says_not("warning");
    // And of each of them, what may be known is shown.
    for address in &expected {
        env.command(["show", address]).by_user(65534).run().code(0).shows("root");
    }
}

// One such owner made a whole listing fail in a library that took user ids for 16-bit numbers.
fn an_owner_above_65535_takes_nothing_from_the_listing() {
    let env = TestEnv::new();
    let ids = [0, 1].map(|_| sysv::segment(env.key(), 1, 0o600));
    sysv::give_segment_away(ids[0], 70000);
    sysv::give_segment_away(ids[1], 4_000_000_000);
    posix::shared_memory("/x", 1, 0o600);
    makers::give_away("/dev/shm/x", 70000);
    let output = env.run(["list", "shm", "-o", "uid,owner", "--format", "plain"]).ok();
    output.prints("70000\t70000\n4000000000\t4000000000\n70000\t70000\n");
}
