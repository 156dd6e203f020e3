//! `create --if-missing` and `--ensure`: an object that exists against what is asked for; and what `create` does where an
//! object would not last, or not have the memory that it is to have.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::isolation;
use crate::makers::{holder, posix, sysv};
use crate::subjects::SUBJECTS;

crate::cases![
    a_mode_that_differs_is_said_and_ensured_for_every_kind,
    what_is_as_requested_is_left_alone_by_ensure,
    ensure_makes_what_is_missing,
    a_size_that_differs_is_said_and_ensured,
    what_cannot_be_changed_is_not_ensured_and_nothing_else_is_changed,
    every_number_of_a_kind_is_compared,
    values_are_compared_until_somebody_uses_the_set,
    a_value_that_somebody_has_taken_is_no_difference,
    a_value_above_the_one_requested_is_a_difference,
    memory_that_is_in_use_is_not_ensured_to_be_smaller,
    both_options_at_once_are_a_usage_error,
    what_exists_is_refused_with_the_way_to_accept_it,
    the_report_names_what_was_changed,
    a_full_directory_is_a_warning,
    reserved_memory_is_allocated,
    what_cannot_be_reserved_is_taken_back,
    a_reservation_that_is_interrupted_is_taken_back;
    SeveralUsers: the_group_of_a_directory_is_no_difference,
    an_object_of_another_user_is_not_taken_for_ones_own,
    ensure_of_another_users_object_is_denied_to_others;
    Limits: a_segment_that_would_not_last_is_refused
];

/// `create` with these words must say that it exists and differs in these ways, and change nothing.
#[track_caller]
fn differs(env: &TestEnv, words: &[&str], sayings: &[&str]) {
    let words = ["create"].iter().chain(words).chain(&["--if-missing"]);
    let output = env.run(words).code(6);
    output.prints("").says(": it exists, and its ");
    for saying in sayings {
        output.says(saying);
    }
}

fn a_mode_that_differs_is_said_and_ensured_for_every_kind() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let fresh = (subject.fresh)(&env);
        let address = (subject.make)(&fresh, 0o666);
        let before = subject.state(&address).unwrap();
        let mut words = subject.create_arguments(&fresh);
        words.push("--if-missing".to_owned());
        env.run(&words).code(6).says("its mode is 0666, not 0600").says("hint: --ensure makes it");
        assert_eq!(subject.state(&address).as_ref(), Some(&before), "{address}");
        *words.last_mut().unwrap() = "--ensure".to_owned();
        env.run(&words).ok().prints(&format!("{address}\n"));
        let after = subject.state(&address).unwrap();
        assert_eq!((after.mode, after.identity), (0o600, before.identity), "{address}");
    }
}

fn what_is_as_requested_is_left_alone_by_ensure() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let fresh = (subject.fresh)(&env);
        let address = (subject.make)(&fresh, 0o600);
        let before = subject.state(&address);
        let mut words = subject.create_arguments(&fresh);
        words.extend(["--ensure".to_owned(), "--json".to_owned()]);
        assert_eq!(env.run(&words).ok().only()["result"], "existed", "{address}");
        assert_eq!(subject.state(&address), before);
    }
}

fn ensure_makes_what_is_missing() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let mut words = subject.create_arguments(&(subject.fresh)(&env));
        words.extend(["--ensure".to_owned(), "--json".to_owned()]);
        let made = env.run(&words).ok().only();
        assert_eq!((&made["result"], &made["differs"]), (&json!("created"), &Value::Null));
        assert!(subject.state(made["address"].as_str().unwrap()).is_some());
    }
}

fn an_object_of_another_user_is_not_taken_for_ones_own() {
    let env = TestEnv::new();
    crate::makers::give_away(env.directory(), 70000);
    for subject in &SUBJECTS {
        let fresh = (subject.fresh)(&env);
        holder::as_user(70000, || {
            (subject.make)(&fresh, 0o600);
        });
        let mut words = subject.create_arguments(&fresh);
        words.push("--if-missing".to_owned());
        let output = env.run(&words).code(6);
        output.says("its owner is 70000, not root").says("its group is").says_not("its mode");
        *words.last_mut().unwrap() = "--ensure".to_owned();
        let address = env.run(&words).ok().stdout().trim_end().to_owned();
        let state = subject.state(&address).unwrap();
        assert_eq!((state.uid, state.gid, state.mode), (0, 0, 0o600), "{address}");
    }
}

fn ensure_of_another_users_object_is_denied_to_others() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let fresh = (subject.fresh)(&env);
        let address = (subject.make)(&fresh, 0o666);
        let before = subject.state(&address);
        let mut words = subject.create_arguments(&fresh);
        words.extend(["--ensure", "--mode", "0666"].map(str::to_owned));
        let output = env.command(&words).by_user(65534).run().code(4);
        output.prints("").says("permission denied");
        assert_eq!(subject.state(&address), before);
    }
}

fn a_size_that_differs_is_said_and_ensured() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 8192, 0o600);
    differs(&env, &["shm:/m", "--size", "4096"], &["its size is 8192 bytes, not 4096"]);
    differs(&env, &["shm:/m", "--size", "16K"], &["its size is 8192 bytes, not 16384"]);
    for size in [16384, 4096] {
        env.run(["create", "shm:/m", "--size", &size.to_string(), "--ensure"]).ok();
        assert_eq!(fs::metadata("/dev/shm/m").unwrap().len(), size);
    }
}

fn what_cannot_be_changed_is_not_ensured_and_nothing_else_is_changed() {
    let env = TestEnv::new();
    let id = sysv::segment(0x5, 4096, 0o666);
    let output = env.run(["create", "shm:0x5", "--size", "8192", "--ensure"]).code(6);
    output.says("its size is 4096 bytes, not 8192").says_not("its mode");
    output.says(&format!("hint: that cannot be changed: ipcctl rm shm:{id} removes it"));
    assert_eq!(u32::from(sysv::segment_status(id).unwrap().shm_perm.mode) & 0o777, 0o666);
    differs(&env, &["shm:0x5", "--size", "8192"], &["its mode is 0666, not 0600", "its size is"]);
}

fn every_number_of_a_kind_is_compared() {
    let env = TestEnv::new();
    posix::message_queue("/q", 3, 32, 0o600);
    differs(&env, &["mq:/q", "--max-messages", "4"], &["its max-messages is 3, not 4"]);
    differs(&env, &["mq:/q", "--message-size", "64"], &["its message-size is 32 bytes, not 64"]);
    env.run(["create", "mq:/q", "--max-messages", "4", "--ensure"]).code(6).says("max-messages");
    // What was not requested is as it pleases.
    env.run(["create", "mq:/q", "--if-missing"]).ok();
    sysv::queue(0x5, 0o600);
    differs(&env, &["mq:0x5", "--max-bytes", "100"], &["its max-bytes is", "bytes, not 100"]);
    env.run(["create", "mq:0x5", "--max-bytes", "100", "--ensure"]).ok();
    assert_eq!(env.show("mq:0x5")["max_bytes"], 100);
    sysv::set(0x5, 3, 0o600);
    differs(&env, &["sem:0x5"], &["its number of semaphores is 3, not 1"]);
    differs(&env, &["sem:0x5", "--values", "1,2"], &["its number of semaphores is 3, not 2"]);
    env.run(["create", "sem:0x5", "--count", "4", "--ensure"]).code(6).says("cannot be changed");
}

fn values_are_compared_until_somebody_uses_the_set() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5, &[3, 4], 0o600);
    differs(&env, &["sem:0x5", "--values", "1,4"], &["its values is 3, 4, not 1, 4"]);
    differs(&env, &["sem:0x5", "--count", "2", "--value", "3"], &["its value is 3, 4, not 3, 3"]);
    env.run(["create", "sem:0x5", "--values", "1,4", "--ensure"]).ok();
    assert_eq!(sysv::values(id), [1, 4]);
    // From here on the values are those of its users.
    sysv::operate(id, 0, -1);
    env.run(["create", "sem:0x5", "--values", "1,4", "--if-missing"]).ok();
    env.run(["create", "sem:0x5", "--values", "1,4", "--ensure"]).ok();
    assert_eq!(sysv::values(id), [0, 4]);
}

fn a_value_that_somebody_has_taken_is_no_difference() {
    let env = TestEnv::new();
    posix::semaphore("/s", 0, 0o600);
    differs(&env, &["sem:/s", "--value", "1"], &["its value is 0, not 1"]);
    let holder = holder::holding(|| {
        posix::open_semaphore("/s");
    });
    env.run(["create", "sem:/s", "--value", "1", "--if-missing"]).ok();
    env.run(["create", "sem:/s", "--value", "1", "--ensure"]).ok();
    assert_eq!(posix::semaphore_value("/s"), 0);
    drop(holder);
}

fn a_value_above_the_one_requested_is_a_difference() {
    let env = TestEnv::new();
    posix::semaphore("/s", 3, 0o600);
    let holder = holder::holding(|| {
        posix::open_semaphore("/s");
    });
    differs(&env, &["sem:/s", "--value", "1"], &["its value is 3, not 1"]);
    env.run(["create", "sem:/s", "--value", "1", "--ensure"]).code(6).says("its value is 3, not 1");
    drop(holder);
    env.run(["create", "sem:/s", "--value", "1", "--ensure"]).ok();
    assert_eq!(posix::semaphore_value("/s"), 1);
}

fn memory_that_is_in_use_is_not_ensured_to_be_smaller() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 8192, 0o666);
    let _holder = holder::holding(|| posix::map("/m"));
    let output = env.run(["create", "shm:/m", "--size", "4096", "--ensure"]).code(1);
    output.prints("").says("a process has it open or mapped");
    let facts = fs::metadata("/dev/shm/m").unwrap();
    assert_eq!((facts.len(), facts.mode() & 0o777), (8192, 0o666));
}

fn both_options_at_once_are_a_usage_error() {
    let env = TestEnv::new();
    env.run(["create", "sem:/s", "--if-missing", "--ensure"]).code(2).prints("");
}

fn what_exists_is_refused_with_the_way_to_accept_it() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let fresh = (subject.fresh)(&env);
        (subject.make)(&fresh, 0o600);
        let output = env.run(subject.create_arguments(&fresh)).code(6);
        output
            .says("it exists already")
            .says("hint: --if-missing accepts it if it is as requested");
    }
}

fn the_report_names_what_was_changed() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 1, 0o666);
    let words = ["create", "shm:/m", "--size", "2", "--ensure", "--json"];
    let one = env.run(words).ok().only();
    assert_eq!((&one["result"], &one["differs"]), (&json!("changed"), &json!(["mode", "size"])));
}

// Files in such a directory get its group, and a second run must find them as the first one made them.
fn the_group_of_a_directory_is_no_difference() {
    let env = TestEnv::new();
    let directory = env.path("set-group-id");
    fs::create_dir(&directory).unwrap();
    crate::makers::give_away(&directory, 70000);
    fs::set_permissions(&directory, std::os::unix::fs::PermissionsExt::from_mode(0o2755)).unwrap();
    let address = format!("fifo:{directory}/pipe");
    env.run(["create", &address, "--if-missing"]).ok();
    env.run(["create", &address, "--if-missing"]).ok();
}

fn a_full_directory_is_a_warning() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/dev/shm", "size=1M");
    let output = env.run(["create", "shm:/m", "--size", "2M"]).code(0);
    output.prints("shm:/m\n").says("warning: shm:/m: /dev/shm has 1048576 bytes free");
    output.says("fewer than 2097152").says("SIGBUS");
    let output = env.run(["create", "shm:/n", "--size", "2M", "--json"]).code(0);
    assert!(output.warnings()[0].as_str().unwrap().starts_with("shm:/n: /dev/shm has"));
    env.run(["create", "shm:/o", "--size", "1M"]).ok();
    // It is no news of one that exists.
    env.run(["create", "shm:/m", "--size", "2M", "--if-missing"]).ok();
}

fn reserved_memory_is_allocated() {
    let env = TestEnv::new();
    env.run(["create", "shm:/m", "--size", "20M", "--reserve"]).ok();
    assert_eq!(env.show("shm:/m")["allocated"], 20 << 20);
    env.run(["create", "shm:/m", "--size", "20M", "--reserve", "--if-missing"]).ok();
    posix::shared_memory("/n", 1 << 20, 0o600);
    differs(
        &env,
        &["shm:/n", "--size", "1M", "--reserve"],
        &["its allocated memory is 0 bytes, not 1048576"],
    );
    env.run(["create", "shm:/n", "--size", "1M", "--reserve", "--ensure"]).ok();
    assert_eq!(env.show("shm:/n")["allocated"], 1 << 20);
    posix::shared_memory("/o", 1 << 20, 0o600);
    env.run(["set", "shm:/o", "--reserve"]).ok();
    assert_eq!(env.show("shm:/o")["allocated"], 1 << 20);
}

fn what_cannot_be_reserved_is_taken_back() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/dev/shm", "size=1M");
    let output = env.run(["create", "shm:/m", "--size", "2M", "--reserve"]).code(7);
    output.prints("").says("/dev/shm").says("full");
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 0);
}

fn a_reservation_that_is_interrupted_is_taken_back() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/dev/shm", "size=90%");
    let running = env.command(["create", "shm:/m", "--size", "512M", "--reserve"]).start();
    while !running.has_ended() && !fs::metadata("/dev/shm/m").is_ok_and(|facts| facts.blocks() > 0)
    {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    running.send(libc::SIGTERM);
    let (_, output) = running.end().any_code(&[0, 128 + libc::SIGTERM]);
    if output.stdout().is_empty() {
        assert!(fs::metadata("/dev/shm/m").is_err(), "{}", output.report());
    }
}

fn a_segment_that_would_not_last_is_refused() {
    let env = TestEnv::new();
    let id = sysv::segment(0x5, 4096, 0o600);
    env.set_limit("kernel.shm_rmid_forced", "1");
    for what in ["shm", "shm:0x6"] {
        let output = env.run(["create", what, "--size", "4096"]).code(1);
        output.prints("").says("kernel.shm_rmid_forced is 1").says("hint: POSIX shared memory");
    }
    env.run(["create", "shm:0x5", "--size", "4096"]).code(6).says("it exists already");
    let output = env.run(["create", "shm:0x5", "--size", "4096", "--if-missing"]).ok();
    output.prints(&format!("shm:{id}\n"));
    env.run(["create", "shm:/m", "--size", "4096"]).ok();
    assert!(sysv::segment_status(id).is_ok());
}
