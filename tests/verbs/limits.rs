//! `limits`: every limit, what is used of it, and the knob.

use std::fs;

use serde_json::Value;

use crate::env::TestEnv;
use crate::makers::{posix, sysv};

crate::cases![
    every_limit_is_there_with_its_knob,
    limits_are_those_that_the_kernel_has,
    what_is_used_is_counted,
    pages_are_counted_as_the_kernel_counts_them,
    the_users_queue_bytes_are_what_the_kernel_charges,
    the_table_is_for_people,
    a_limit_without_use_has_no_percentage,
    fail_above_a_share_that_is_not_reached_is_exit_0,
    a_share_that_is_none_is_exit_2,
    the_formats_are_those_of_a_listing;
    Limits: commands_set_what_is_and_can_be_pasted,
    fail_above_names_what_is_above_and_is_exit_1,
    limits_of_the_own_namespace_are_shown
];

/// The limits, by name.
fn limit(env: &TestEnv, name: &str) -> Value {
    let document = env.run(["limits", "--json"]).ok().json();
    let limits =
        document["limits"].as_array().unwrap_or_else(|| panic!("no \"limits\" in {document}"));
    let one = limits.iter().find(|one| one["name"] == name);
    one.unwrap_or_else(|| panic!("no {name} in {document}")).clone()
}

fn every_limit_is_there_with_its_knob() {
    let env = TestEnv::new();
    for (name, knob) in [
        ("SHMMNI", "kernel.shmmni"),
        ("SHMMAX", "kernel.shmmax"),
        ("SHMALL", "kernel.shmall"),
        ("SEMMSL", "kernel.sem"),
        ("SEMMNS", "kernel.sem"),
        ("SEMOPM", "kernel.sem"),
        ("SEMMNI", "kernel.sem"),
        ("SEMVMX", ""),
        ("MSGMNI", "kernel.msgmni"),
        ("MSGMAX", "kernel.msgmax"),
        ("MSGMNB", "kernel.msgmnb"),
        ("MQ_QUEUES_MAX", "fs.mqueue.queues_max"),
        ("MQ_MSG_MAX", "fs.mqueue.msg_max"),
        ("MQ_MSGSIZE_MAX", "fs.mqueue.msgsize_max"),
        ("MQ_MSG_DEFAULT", "fs.mqueue.msg_default"),
        ("MQ_MSGSIZE_DEFAULT", "fs.mqueue.msgsize_default"),
        ("RLIMIT_MSGQUEUE", "ulimit -q"),
        ("SHM_SPACE", "/dev/shm"),
        ("PIPE_MAX_SIZE", "fs.pipe-max-size"),
        ("PIPE_USER_PAGES_SOFT", "fs.pipe-user-pages-soft"),
        ("PIPE_USER_PAGES_HARD", "fs.pipe-user-pages-hard"),
        ("SHM_RMID_FORCED", "kernel.shm_rmid_forced"),
    ] {
        let limit = limit(&env, name);
        assert!(limit["knob"].as_str().is_some_and(|text| text.contains(knob)), "{limit}");
    }
}

fn limits_are_those_that_the_kernel_has() {
    let env = TestEnv::new();
    for (name, file) in [
        ("SHMMNI", "kernel/shmmni"),
        ("MSGMNI", "kernel/msgmni"),
        ("MSGMAX", "kernel/msgmax"),
        ("MSGMNB", "kernel/msgmnb"),
        ("MQ_QUEUES_MAX", "fs/mqueue/queues_max"),
        ("MQ_MSG_MAX", "fs/mqueue/msg_max"),
        ("MQ_MSGSIZE_DEFAULT", "fs/mqueue/msgsize_default"),
        ("PIPE_MAX_SIZE", "fs/pipe-max-size"),
    ] {
        let text = fs::read_to_string(format!("/proc/sys/{file}")).unwrap();
        assert_eq!(limit(&env, name)["limit"], text.trim().parse::<u64>().unwrap(), "{name}");
    }
    let sem = fs::read_to_string("/proc/sys/kernel/sem").unwrap();
    let sem: Vec<u64> = sem.split_whitespace().map(|word| word.parse().unwrap()).collect();
    for (at, name) in ["SEMMSL", "SEMMNS", "SEMOPM", "SEMMNI"].into_iter().enumerate() {
        assert_eq!(limit(&env, name)["limit"], sem[at], "{name}");
    }
    assert_eq!(limit(&env, "SEMVMX")["limit"], 32767);
    let output = env.command(["limits", "--json"]).limit(libc::RLIMIT_MSGQUEUE, 12345).run().ok();
    assert!(output.stdout().contains("12345"), "{}", output.report());
}

fn what_is_used_is_counted() {
    let env = TestEnv::new();
    for _ in 0..3 {
        sysv::segment(env.key(), 1, 0o600);
    }
    sysv::queue(env.key(), 0o600);
    sysv::set(env.key(), 5, 0o600);
    sysv::set(env.key(), 2, 0o600);
    posix::message_queue("/jobs", 2, 16, 0o600);
    for (name, used) in
        [("SHMMNI", 3), ("MSGMNI", 1), ("SEMMNI", 2), ("SEMMNS", 7), ("MQ_QUEUES_MAX", 1)]
    {
        assert_eq!(limit(&env, name)["used"], used, "{name}");
    }
    fs::write("/dev/shm/filled", vec![1; 1 << 20]).unwrap();
    let space = limit(&env, "SHM_SPACE");
    assert_eq!(space["limit"], 64 << 20, "the size that the test mounted");
    assert!(
        space["used"].as_u64().is_some_and(|used| (1 << 20..2 << 20).contains(&used)),
        "{space}"
    );
}

// Bytes over the size of a page is what another tool prints: one page for two segments of one.
fn pages_are_counted_as_the_kernel_counts_them() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 4096, 0o600);
    sysv::segment(env.key(), 1, 0o600);
    assert_eq!(limit(&env, "SHMALL")["used"], 2);
}

fn the_users_queue_bytes_are_what_the_kernel_charges() {
    let env = TestEnv::new();
    assert_eq!(limit(&env, "RLIMIT_MSGQUEUE")["used"], 0);
    posix::message_queue("/a", 3, 100, 0o600);
    posix::message_queue("/b", 1, 10, 0o600);
    assert_eq!(limit(&env, "RLIMIT_MSGQUEUE")["used"], 3 * (100 + 96) + 10 + 96);
}

fn the_table_is_for_people() {
    let env = TestEnv::new();
    let output = env.run(["limits"]).ok();
    let lines = output.lines();
    assert!(lines[0].contains("LIMIT") && lines[0].contains("USED"), "{}", output.report());
    assert!(
        lines.iter().any(|line| line.starts_with("SHMMNI") && line.contains("kernel.shmmni")),
        "{}",
        output.report()
    );
    output.is_safe_on_a_terminal();
    env.run(["limits", "--no-headings"]).ok().hides("USED");
}

fn a_limit_without_use_has_no_percentage() {
    let env = TestEnv::new();
    assert_eq!(limit(&env, "SHMMAX")["percent"], Value::Null);
    assert_eq!(limit(&env, "SHMMAX")["used"], Value::Null);
    assert_eq!(limit(&env, "SHMMNI")["percent"].as_f64(), Some(0.0));
}

fn fail_above_a_share_that_is_not_reached_is_exit_0() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 1, 0o600);
    env.run(["limits", "--fail-above", "99"]).ok();
}

fn a_share_that_is_none_is_exit_2() {
    let env = TestEnv::new();
    for share in ["most", "-1", "", "101%x"] {
        env.run(["limits", &format!("--fail-above={share}")])
            .code(2)
            .prints("")
            .says("--fail-above");
    }
}

fn the_formats_are_those_of_a_listing() {
    let env = TestEnv::new();
    let plain = env.run(["limits", "--format", "plain"]).ok();
    let widths: Vec<usize> = plain.lines().iter().map(|line| line.split('\t').count()).collect();
    assert!(
        widths.len() >= 20 && widths.iter().all(|width| *width == widths[0]),
        "{}",
        plain.report()
    );
    let jsonl = env.run(["limits", "--format", "jsonl"]).ok();
    assert_eq!(jsonl.lines().len(), widths.len());
    for line in jsonl.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["name"].is_string(), "{line}");
    }
    let csv = env.run(["limits", "--format", "csv"]).ok();
    let mut reader = csv::Reader::from_reader(csv.raw());
    assert_eq!(reader.records().map(Result::unwrap).count(), widths.len());
}

fn fail_above_names_what_is_above_and_is_exit_1() {
    let env = TestEnv::new();
    env.set_limit("kernel.shmmni", "10");
    for _ in 0..9 {
        sysv::segment(env.key(), 1, 0o600);
    }
    let output = env.run(["limits", "--fail-above", "80"]).code(1);
    output.says("SHMMNI").says("90").says_not("MSGMNI");
    env.run(["limits", "--fail-above", "90"]).ok();
}

fn limits_of_the_own_namespace_are_shown() {
    let env = TestEnv::new();
    env.set_limit("kernel.msgmni", "77");
    env.set_limit("fs.mqueue.msg_max", "33");
    assert_eq!(limit(&env, "MSGMNI")["limit"], 77);
    assert_eq!(limit(&env, "MQ_MSG_MAX")["limit"], 33);
}

fn commands_set_what_is_and_can_be_pasted() {
    let env = TestEnv::new();
    env.set_limit("kernel.shmmni", "77");
    env.set_limit("kernel.sem", "100 2000 30 40");
    let output = env.run(["limits", "--commands"]).ok();
    let lines: Vec<String> = output.lines().into_iter().map(str::to_owned).collect();
    assert!(lines.contains(&"sysctl -w kernel.shmmni=77".to_owned()), "{lines:?}");
    assert!(lines.contains(&"mount -o remount,size=67108864 /dev/shm".to_owned()), "{lines:?}");
    let of_sets: Vec<_> = lines.iter().filter(|line| line.contains("kernel.sem=")).collect();
    assert_eq!(of_sets, ["sysctl -w kernel.sem='100 2000 30 40'"]);
    env.set_limit("kernel.shmmni", "4096");
    env.set_limit("kernel.sem", "250 32000 32 128");
    // A shell takes them as they are; what stands for sysctl(8) does what it does.
    let sysctl =
        "sysctl() { printf '%s' \"${2#*=}\" > /proc/sys/$(printf '%s' \"${2%%=*}\" | tr . /); }";
    let ours = lines.iter().filter(|line| line.contains("shmmni") || line.contains("kernel.sem="));
    let script = [sysctl].into_iter().chain(ours.map(String::as_str)).collect::<Vec<_>>();
    env.tool("/bin/sh", ["-ec", &script.join("\n")]).run().ok();
    assert_eq!(limit(&env, "SHMMNI")["limit"], 77);
    assert_eq!(limit(&env, "SEMMNI")["limit"], 40);
    env.run(["limits", "semvmx", "--commands"]).code(1).says("no command sets SEMVMX");
    for more in [&["--json"][..], &["-o", "name"]] {
        let run = env.run(["limits", "--commands"].iter().chain(more));
        run.code(2).prints("").says("no other format");
    }
}
