//! POSIX named semaphores.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::odd::path_of;
use crate::makers::{holder, posix};

crate::cases![
    value_and_file_are_told,
    a_created_semaphore_is_one_for_every_program,
    without_a_value_it_starts_at_zero,
    a_value_above_the_highest_is_refused_and_named,
    a_value_is_set_up_and_down,
    setting_a_value_wakes_the_waiters,
    a_waiter_is_told_as_a_hint,
    looking_changes_no_value,
    a_semaphore_that_may_not_be_read_has_an_unknown_value,
    a_read_only_semaphore_can_still_be_looked_at,
    rm_unused_leaves_an_open_semaphore_alone,
    a_semaphore_is_no_shared_memory_and_its_address_is_hinted_at,
    an_index_is_for_sets_alone,
    one_that_a_program_of_32_bits_made_is_a_semaphore
];

fn value_and_file_are_told() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 3, 0o640);
    let file = fs::metadata("/dev/shm/sem.gate").unwrap();
    let object = env.show("sem:/gate");
    for (key, expected) in [
        ("value", json!(3)),
        ("waiters", json!(0)),
        ("content", json!("value 3")),
        ("name", json!("/gate")),
        ("inode", json!(file.ino())),
        ("mode", json!("0640")),
    ] {
        assert_eq!(object[key], expected, "{key}: {object}");
    }
    assert!(object["created"].is_string(), "{object}");
}

fn a_created_semaphore_is_one_for_every_program() {
    let env = TestEnv::new();
    env.run(["create", "sem:/gate", "--value", "5"]).ok().prints("sem:/gate\n");
    assert_eq!(posix::semaphore_value("/gate"), 5);
    // No temporary file of its making stays behind.
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 1);
}

fn without_a_value_it_starts_at_zero() {
    let env = TestEnv::new();
    env.run(["create", "sem:/gate"]).ok();
    assert_eq!(posix::semaphore_value("/gate"), 0);
}

fn a_value_above_the_highest_is_refused_and_named() {
    let env = TestEnv::new();
    for value in ["2147483648", "4294967296", "4294967297"] {
        let (_, output) = env.run(["create", "sem:/gate", "--value", value]).any_code(&[2, 7]);
        output.prints("").says("2147483647").says(value);
    }
    env.run(["create", "sem:/gate", "--value", "-1"]).code(2);
    env.run(["show", "sem:/gate"]).code(3);
    env.run(["create", "sem:/gate", "--value", "2147483647"]).ok();
    assert_eq!(env.show("sem:/gate")["value"], i32::MAX);
}

fn a_value_is_set_up_and_down() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 3, 0o600);
    for value in [0, 1, 5000, 7, 7] {
        env.run(["set", "sem:/gate", "--value", &value.to_string()]).ok().prints("");
        assert_eq!(posix::semaphore_value("/gate"), value);
    }
}

// Writing the number into the file would leave them asleep.
fn setting_a_value_wakes_the_waiters() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 0, 0o600);
    posix::semaphore("/done", 0, 0o600);
    let _waiters = [0, 1].map(|_| {
        holder::blocking(
            || (),
            || {
                posix::wait("/gate");
                posix::post("/done");
                holder::pause();
            },
        )
    });
    env.run(["set", "sem:/gate", "--value", "2"]).code(0);
    posix::expect_post("/done");
    posix::expect_post("/done");
}

fn a_waiter_is_told_as_a_hint() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 0, 0o600);
    let _waiter = holder::blocking(|| (), || posix::wait("/gate"));
    let object = env.show("sem:/gate");
    assert_eq!((&object["value"], &object["waiters"]), (&json!(0), &json!(1)));
}

fn looking_changes_no_value() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 2, 0o600);
    env.run(["list", "sem"]).ok();
    env.run(["show", "sem:/gate"]).ok();
    assert_eq!(posix::semaphore_value("/gate"), 2);
}

fn a_semaphore_that_may_not_be_read_has_an_unknown_value() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 2, 0o200);
    let run = |arguments: &[&str]| env.command(arguments).unprivileged().run().code(0);
    let object = run(&["show", "sem:/gate", "--json"]).only();
    assert_eq!((&object["value"], &object["waiters"]), (&Value::Null, &Value::Null));
    run(&["show", "sem:/gate"]).shows("permission denied");
    let listed = run(&["list", "sem", "--json", "-o", "address,content"]);
    assert_eq!(listed.only()["content"], Value::Null);
    let row = run(&["list", "sem", "--format", "plain", "-o", "address,content"]);
    row.prints("sem:/gate\t-\n");
}

// Opening one as a semaphore takes permission to write; reading its value does not.
fn a_read_only_semaphore_can_still_be_looked_at() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 2, 0o400);
    let output =
        env.command(["list", "sem", "--json", "-o", "+value"]).unprivileged().run().code(0);
    assert_eq!(output.only()["value"], 2, "{}", output.report());
}

fn rm_unused_leaves_an_open_semaphore_alone() {
    let env = TestEnv::new();
    posix::semaphore("/held", 0, 0o600);
    posix::semaphore("/free", 0, 0o600);
    let _holder = holder::holding(|| {
        posix::open_semaphore("/held");
    });
    env.run(["rm", "--unused", "sem:/held", "sem:/free"])
        .code(1)
        .says("sem:/held")
        .says_not("sem:/free");
    assert!(fs::exists(path_of(b"sem.held")).unwrap());
    assert!(!fs::exists(path_of(b"sem.free")).unwrap());
}

fn a_semaphore_is_no_shared_memory_and_its_address_is_hinted_at() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 0, 0o600);
    assert_eq!(env.run(["list", "shm", "--json"]).ok().addresses(), [""; 0]);
    for verb in ["show", "rm"] {
        env.run([verb, "shm:/sem.gate"]).code(3).says("sem:/gate");
    }
    assert!(fs::exists("/dev/shm/sem.gate").unwrap());
}

fn an_index_is_for_sets_alone() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 1, 0o600);
    env.run(["set", "sem:/gate", "--value", "5", "--index", "0"])
        .code(2)
        .says("--index")
        .says("sysv-sem");
    assert_eq!(posix::semaphore_value("/gate"), 1);
}

// Sixteen bytes: the value shifted by one, whether it is shared, a word that is not used, and how many wait.
fn one_that_a_program_of_32_bits_made_is_a_semaphore() {
    let env = TestEnv::new();
    let words = [3u32 << 1 | 1, 128, 0, 2].map(u32::to_ne_bytes).concat();
    fs::write("/dev/shm/sem.narrow", &words).unwrap();
    let object = env.show("sem:/narrow");
    assert_eq!((&object["value"], &object["waiters"]), (&json!(3), &json!(2)), "{object}");
    env.run(["list", "shm", "--format", "plain"]).ok().prints("");
    env.run(["list", "sem", "--format", "plain", "-o", "address"]).ok().prints("sem:/narrow\n");
    for verb in [&["post"][..], &["wait", "--nonblock"], &["set", "--value", "5"]] {
        let run = env.run([verb[0], "sem:/narrow"].iter().chain(&verb[1..])).code(1);
        run.says("a program of 32 bits made it");
    }
    assert_eq!(fs::read("/dev/shm/sem.narrow").unwrap(), words);
    env.run(["set", "sem:/narrow", "--mode", "0640"]).ok();
    assert_eq!(env.show("sem:/narrow")["mode"], "0640");
    env.run(["rm", "sem:/narrow"]).ok();
    assert!(!fs::exists("/dev/shm/sem.narrow").unwrap());
}
