//! POSIX message queues, with and without `/dev/mqueue`.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::isolation;
use crate::makers::{holder, posix};

crate::cases![
    geometry_messages_and_bytes_are_told,
    a_created_queue_has_the_geometry_that_was_asked_for,
    what_is_not_asked_for_of_the_geometry_is_left_to_the_kernel,
    a_queue_of_another_geometry_does_not_fit,
    a_registered_process_is_told_and_stays_registered,
    a_queue_without_a_registered_process_has_none,
    a_queue_that_may_not_be_read_is_listed_with_unknown_content,
    looking_takes_no_message_and_leaves_no_trace_of_use,
    without_a_mount_a_privileged_listing_shows_the_queues,
    without_the_directory_a_privileged_listing_shows_the_queues,
    without_a_mount_and_privilege_the_listing_is_incomplete_and_says_so,
    without_a_mount_a_queue_is_still_reached_by_its_name,
    a_mount_of_another_namespace_is_noticed,
    a_mount_of_another_namespace_shows_an_ordinary_user_no_foreign_queue,
    more_messages_than_allowed_are_exit_7_and_name_the_limit,
    longer_messages_than_allowed_are_exit_7_and_name_the_limit,
    no_messages_are_refused,
    the_users_limit_is_exit_7_with_its_arithmetic,
    rm_unused_leaves_an_open_queue_alone,
    a_hostile_name_is_listed_safely_and_its_address_removes_it;
    Limits: a_full_namespace_is_exit_7_and_names_the_limit
];

fn geometry_messages_and_bytes_are_told() {
    let env = TestEnv::new();
    posix::message_queue("/jobs", 5, 64, 0o640);
    posix::send("/jobs", 0, b"hello");
    posix::send("/jobs", 9, b"");
    let file = fs::metadata("/dev/mqueue/jobs").unwrap();
    let object = env.show("mq:/jobs");
    for (key, expected) in [
        ("max_messages", json!(5)),
        ("message_size", json!(64)),
        ("messages", json!(2)),
        ("bytes", json!(5)),
        ("content", json!("2/5 msgs")),
        ("inode", json!(file.ino())),
        ("mode", json!("0640")),
        ("name", json!("/jobs")),
    ] {
        assert_eq!(object[key], expected, "{key}: {object}");
    }
}

fn a_created_queue_has_the_geometry_that_was_asked_for() {
    let env = TestEnv::new();
    env.run(["create", "mq:/jobs", "--max-messages", "3", "--message-size", "1K"])
        .ok()
        .prints("mq:/jobs\n");
    let attributes = posix::queue_attributes("/jobs");
    assert_eq!((attributes.mq_maxmsg, attributes.mq_msgsize), (3, 1024));
}

fn what_is_not_asked_for_of_the_geometry_is_left_to_the_kernel() {
    let env = TestEnv::new();
    let default = |name| {
        fs::read_to_string(format!("/proc/sys/fs/mqueue/{name}")).unwrap().trim().parse().unwrap()
    };
    env.run(["create", "mq:/size", "--message-size", "16"]).ok();
    let attributes = posix::queue_attributes("/size");
    assert_eq!((attributes.mq_maxmsg, attributes.mq_msgsize), (default("msg_default"), 16));
    env.run(["create", "mq:/messages", "--max-messages", "1"]).ok();
    let attributes = posix::queue_attributes("/messages");
    assert_eq!((attributes.mq_maxmsg, attributes.mq_msgsize), (1, default("msgsize_default")));
    env.run(["create", "mq:/neither"]).ok();
    let attributes = posix::queue_attributes("/neither");
    assert_eq!(
        (attributes.mq_maxmsg, attributes.mq_msgsize),
        (default("msg_default"), default("msgsize_default"))
    );
}

fn a_queue_of_another_geometry_does_not_fit() {
    let env = TestEnv::new();
    posix::message_queue("/jobs", 5, 64, 0o600);
    let create =
        |options: &[&str]| env.run(["create", "mq:/jobs", "--if-missing"].iter().chain(options));
    create(&[]).ok().prints("mq:/jobs\n");
    create(&["--max-messages", "5"]).ok().prints("mq:/jobs\n");
    create(&["--max-messages", "6"]).code(6).prints("").says("5");
    create(&["--message-size", "65"]).code(6).prints("").says("64");
    assert_eq!(posix::queue_attributes("/jobs").mq_maxmsg, 5);
}

// Opening, reading and closing a queue ends the registration of whoever does it: it must be another process.
fn a_registered_process_is_told_and_stays_registered() {
    let env = TestEnv::new();
    posix::message_queue("/jobs", 2, 16, 0o600);
    let registered = holder::holding(|| posix::ask_for_signal("/jobs", libc::SIGURG));
    for _ in 0..2 {
        let object = env.show("mq:/jobs");
        assert_eq!(
            (&object["notify_pid"], &object["notify"]),
            (&registered.pid().into(), &json!("signal"))
        );
        assert_eq!(object["notify_signal"], libc::SIGURG);
        assert!(object["notify_command"].is_string(), "{object}");
    }
}

fn a_queue_without_a_registered_process_has_none() {
    let env = TestEnv::new();
    posix::message_queue("/jobs", 2, 16, 0o600);
    let object = env.show("mq:/jobs");
    for key in ["notify", "notify_pid", "notify_signal", "notify_command"] {
        assert_eq!(object[key], Value::Null, "{key}: {object}");
    }
}

// A tool that did not look at the result of its open printed 94220704872256 messages here.
fn a_queue_that_may_not_be_read_is_listed_with_unknown_content() {
    let env = TestEnv::new();
    posix::message_queue("/closed", 2, 16, 0o000);
    posix::message_queue("/open", 2, 16, 0o600);
    let run = |arguments: &[&str]| env.command(arguments).unprivileged().run().code(0);
    let objects = run(&["list", "mq", "--json"]).objects();
    assert_eq!(
        (&objects[0]["address"], &objects[1]["address"]),
        (&json!("mq:/closed"), &json!("mq:/open"))
    );
    for key in ["messages", "max_messages", "message_size", "size", "content"] {
        assert_eq!(objects[0][key], Value::Null, "{key}: {}", objects[0]);
        assert_ne!(objects[1][key], Value::Null, "{key}: {}", objects[1]);
    }
    run(&["show", "mq:/closed"]).shows("permission denied").shows("0000");
}

fn looking_takes_no_message_and_leaves_no_trace_of_use() {
    let env = TestEnv::new();
    posix::message_queue("/jobs", 2, 16, 0o600);
    posix::send("/jobs", 0, b"keep");
    let before = fs::metadata("/dev/mqueue/jobs").unwrap();
    env.run(["list", "mq"]).ok();
    env.run(["show", "mq:/jobs"]).ok();
    let after = fs::metadata("/dev/mqueue/jobs").unwrap();
    assert_eq!((after.mtime(), after.mtime_nsec()), (before.mtime(), before.mtime_nsec()));
    assert_eq!(posix::queue_attributes("/jobs").mq_curmsgs, 1);
}

fn without_a_mount_a_privileged_listing_shows_the_queues() {
    let env = TestEnv::without_mqueue();
    posix::message_queue("/jobs", 2, 16, 0o600);
    assert_eq!(env.run(["list", "mq", "--json"]).ok().addresses(), ["mq:/jobs"]);
    assert_eq!(fs::read_dir("/dev/mqueue").unwrap().count(), 0, "the look left a mount behind");
}

fn without_the_directory_a_privileged_listing_shows_the_queues() {
    let env = TestEnv::without_mqueue();
    isolation::replace_dev(&["program", "shm"]);
    assert!(!fs::exists("/dev/mqueue").unwrap());
    posix::message_queue("/jobs", 2, 16, 0o600);
    assert_eq!(env.run(["list", "mq", "--json"]).ok().addresses(), ["mq:/jobs"]);
}

fn without_a_mount_and_privilege_the_listing_is_incomplete_and_says_so() {
    let env = TestEnv::without_mqueue();
    posix::message_queue("/jobs", 2, 16, 0o600);
    let run = |arguments: &[&str]| env.command(arguments).unprivileged().run().code(1);
    let table = run(&["list", "mq"]);
    table.says("warning").says("/dev/mqueue").says("mount").hides("mq:/jobs").shows("ADDRESS");
    let document = run(&["list", "mq", "--json"]);
    assert_eq!(document.json()["objects"], json!([]));
    assert!(document.warnings()[0].to_string().contains("/dev/mqueue"), "{}", document.report());
    // Everything else is listed all the same.
    posix::shared_memory("/frames", 1, 0o600);
    run(&["list"]).says("/dev/mqueue").shows("shm:/frames");
    // Who did not ask for queues is not bothered.
    env.command(["list", "shm"]).unprivileged().run().ok();
}

fn without_a_mount_a_queue_is_still_reached_by_its_name() {
    let env = TestEnv::without_mqueue();
    let run = |arguments: &[&str]| env.command(arguments).unprivileged().run().ok();
    run(&["create", "mq:/jobs", "--max-messages", "2", "--message-size", "16"])
        .prints("mq:/jobs\n");
    run(&["set", "mq:/jobs", "--mode", "0640"]);
    let object = run(&["show", "mq:/jobs", "--json"]).only();
    assert_eq!((&object["mode"], &object["max_messages"]), (&json!("0640"), &json!(2)));
    run(&["rm", "mq:/jobs"]);
    env.run(["show", "mq:/jobs"]).code(3);
}

fn a_mount_of_another_namespace_is_noticed() {
    let env = TestEnv::new();
    posix::message_queue("/foreign", 2, 16, 0o600);
    isolation::leave_ipc_namespace();
    posix::message_queue("/own", 2, 16, 0o600);
    let output = env.run(["list", "mq", "--json"]).code(0);
    output.says("/dev/mqueue").says("namespace");
    assert_eq!(output.addresses(), ["mq:/own"]);
}

fn a_mount_of_another_namespace_shows_an_ordinary_user_no_foreign_queue() {
    let env = TestEnv::new();
    posix::message_queue("/foreign", 2, 16, 0o600);
    posix::message_queue("/both", 2, 16, 0o600);
    isolation::leave_ipc_namespace();
    // The same name here must not be taken for the queue over there.
    posix::message_queue("/both", 3, 16, 0o600);
    let output = env.command(["list", "mq", "--json"]).unprivileged().run().code(1);
    output.says("/dev/mqueue").says("namespace");
    assert!(!output.addresses().contains(&"mq:/foreign".to_owned()), "{}", output.report());
}

fn more_messages_than_allowed_are_exit_7_and_name_the_limit() {
    let env = TestEnv::new();
    let most = fs::read_to_string("/proc/sys/fs/mqueue/msg_max").unwrap();
    let create = |messages: &str| {
        let arguments = ["create", "mq:/jobs", "--max-messages", messages, "--message-size", "1"];
        env.command(arguments).unprivileged().run()
    };
    for messages in ["100000", "9223372036854775808"] {
        create(messages)
            .code(7)
            .prints("")
            .says("msg_max")
            .says(most.trim())
            .says("fs.mqueue.msg_max");
    }
    env.run(["show", "mq:/jobs"]).code(3);
}

fn longer_messages_than_allowed_are_exit_7_and_name_the_limit() {
    let env = TestEnv::new();
    let most = fs::read_to_string("/proc/sys/fs/mqueue/msgsize_max").unwrap();
    let arguments = ["create", "mq:/jobs", "--max-messages", "1", "--message-size", "1G"];
    let output = env.command(arguments).unprivileged().run().code(7);
    output.says("msgsize_max").says(most.trim()).says("fs.mqueue.msgsize_max");
}

fn no_messages_are_refused() {
    let env = TestEnv::new();
    env.run(["create", "mq:/jobs", "--max-messages", "0"]).code(2).prints("");
    env.run(["create", "mq:/jobs", "--message-size", "0"]).code(2).prints("");
    env.run(["show", "mq:/jobs"]).code(3);
}

// EMFILE, "too many open files", is what the kernel says; the user has hardly any file open.
fn the_users_limit_is_exit_7_with_its_arithmetic() {
    let env = TestEnv::new();
    let arguments = ["create", "mq:/jobs", "--max-messages", "4", "--message-size", "1000"];
    let output =
        env.command(arguments).unprivileged().limit(libc::RLIMIT_MSGQUEUE, 4000).run().code(7);
    output
        .prints("")
        .says("RLIMIT_MSGQUEUE")
        .says("4000")
        .says("4384")
        .says("ulimit -q")
        .says_not("open files");
}

fn rm_unused_leaves_an_open_queue_alone() {
    let env = TestEnv::new();
    posix::message_queue("/held", 2, 16, 0o600);
    posix::message_queue("/free", 2, 16, 0o600);
    let _holder = holder::holding(|| {
        posix::open_queue("/held", libc::O_RDONLY);
    });
    env.run(["rm", "--unused", "mq:/held", "mq:/free"])
        .code(1)
        .says("mq:/held")
        .says_not("mq:/free");
    assert!(fs::exists("/dev/mqueue/held").unwrap());
    assert!(!fs::exists("/dev/mqueue/free").unwrap());
}

fn a_hostile_name_is_listed_safely_and_its_address_removes_it() {
    let env = TestEnv::new();
    posix::message_queue("/a\nb\t%41\x1b[1m", 2, 16, 0o600);
    let output = env.run(["list", "mq"]).ok();
    output.is_safe_on_a_terminal().shows("mq:/a%0Ab%09%2541%1B");
    let address = env.run(["list", "mq", "--json"]).ok().addresses().remove(0);
    env.run(["show", &address]).ok().is_safe_on_a_terminal();
    env.run(["rm", &address]).ok();
    assert_eq!(fs::read_dir("/dev/mqueue").unwrap().count(), 0);
}

fn a_full_namespace_is_exit_7_and_names_the_limit() {
    let env = TestEnv::new();
    env.set_limit("fs.mqueue.queues_max", "1");
    posix::message_queue("/one", 2, 16, 0o600);
    let arguments = ["create", "mq:/two", "--max-messages", "2", "--message-size", "16"];
    let output = env.command(arguments).unprivileged().run().code(7);
    output
        .prints("")
        .says("queues_max")
        .says("1")
        .says("fs.mqueue.queues_max")
        .says_not("no space left");
}
