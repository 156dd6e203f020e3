//! Messages about limits: what was in use before the call, of what, and how much more was needed; and queues that count
//! although they have no name.

use std::fs;

use serde_json::json;

use crate::endpoints::script;
use crate::env::TestEnv;
use crate::isolation;
use crate::makers::{fifo, holder, posix, sysv};

crate::cases![
    a_full_directory_of_memory_says_what_was_free_before,
    a_directory_without_room_for_another_file_says_so,
    more_memory_than_the_machine_has_is_refused_with_its_size,
    the_users_bytes_are_what_can_be_seen_of_them,
    a_queue_that_lost_its_name_counts,
    a_full_queue_says_how_full_it_is,
    a_full_fifo_says_how_full_it_is,
    a_full_fifo_is_no_failure_where_all_was_sent,
    what_is_left_is_told,
    a_limit_can_be_chosen_by_its_name,
    a_name_that_is_none_is_exit_2,
    no_limit_is_no_number;
    Limits: the_number_of_segments_is_told_as_it_was_before,
    pages_are_told_in_pages,
    semaphores_in_all_sets_are_told,
    the_number_of_sets_and_of_queues_is_told,
    the_number_of_posix_queues_is_told_with_nameless_ones;
    SeveralUsers: who_uses_most_is_told,
    root_sees_what_other_users_queues_are_charged
];

fn limit(env: &TestEnv, name: &str) -> serde_json::Value {
    let document = env.run(["limits", name, "--json"]).ok().json();
    document["limits"][0].clone()
}

fn the_number_of_segments_is_told_as_it_was_before() {
    let env = TestEnv::new();
    env.set_limit("kernel.shmmni", "2");
    sysv::segment(env.key(), 1, 0o600);
    sysv::segment(env.key(), 1, 0o600);
    let output = env.run(["create", "shm", "--size", "4096"]).code(7);
    output.says("cannot create shm: SHMMNI is reached: 2 of 2 in use, 1 more is needed\n");
    output.says("hint: remove leftovers (ipcctl clean shm), or raise kernel.shmmni");
}

fn pages_are_told_in_pages() {
    let env = TestEnv::new();
    env.set_limit("kernel.shmall", "10");
    sysv::segment(env.key(), 6 * 4096, 0o600);
    let output = env.run(["create", "shm", "--size", "20K"]).code(7);
    output.says("SHMALL is reached: 6 of 10 pages in use, 5 more are needed\n");
    // Four are left.
    env.run(["create", "shm", "--size", "16K"]).ok();
}

fn semaphores_in_all_sets_are_told() {
    let env = TestEnv::new();
    env.set_limit("kernel.sem", "10\t12\t10\t10");
    sysv::set(env.key(), 8, 0o600);
    let output = env.run(["create", "sem", "--count", "5"]).code(7);
    output.says("SEMMNS is reached: 8 of 12 semaphores in use, 5 more are needed\n");
    output.says("raise the second number of kernel.sem");
}

fn the_number_of_sets_and_of_queues_is_told() {
    let env = TestEnv::new();
    env.set_limit("kernel.sem", "10\t100\t10\t1");
    env.set_limit("kernel.msgmni", "1");
    sysv::set(env.key(), 1, 0o600);
    sysv::queue(env.key(), 0o600);
    env.run(["create", "sem"]).code(7).says("SEMMNI is reached: 1 of 1 in use, 1 more is needed\n");
    env.run(["create", "mq"]).code(7).says("MSGMNI is reached: 1 of 1 in use, 1 more is needed\n");
}

fn the_number_of_posix_queues_is_told_with_nameless_ones() {
    let env = TestEnv::new();
    env.set_limit("fs.mqueue.queues_max", "2");
    posix::message_queue("/named", 1, 1, 0o600);
    let _holder = holder::holding(|| {
        posix::message_queue("/gone", 1, 1, 0o600);
        posix::open_queue("/gone", libc::O_RDONLY);
        posix::remove_queue("/gone");
    });
    let words = ["create", "mq:/new", "--max-messages", "1", "--message-size", "1"];
    // Who cannot look at the holder does not see the queue without a name.
    let output = env.command(words).unprivileged().run().code(7);
    output.says("queues_max is reached: at least 1 of 2 in use, 1 more is needed\n");
    // Whoever has CAP_SYS_RESOURCE may go beyond.
    if let (7, output) = env.run(words).any_code(&[0, 7]) {
        output.says(" 2 of 2 in use, 1 more is needed\n");
    }
}

fn a_full_directory_of_memory_says_what_was_free_before() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/dev/shm", "size=1M");
    fs::write("/dev/shm/other", vec![1; 256 << 10]).unwrap();
    let output = env.run(["create", "shm:/m", "--size", "1M", "--reserve"]).code(7);
    output.says(
        "/dev/shm is full (SHM_SPACE): 262144 of 1048576 bytes in use, 1048576 more are needed",
    );
    posix::shared_memory("/n", 2 << 20, 0o600);
    fs::write("/dev/shm/rest", vec![1; 768 << 10]).unwrap();
    let output = env.run(["write", "shm:/n", "--data", "x"]).code(7);
    output.says("/dev/shm is full (SHM_SPACE): 1048576 of 1048576 bytes in use, 1 more is needed");
}

fn a_directory_without_room_for_another_file_says_so() {
    let env = TestEnv::new();
    // The directory itself is one.
    isolation::mount_tmpfs("/dev/shm", "nr_inodes=3");
    for name in ["a", "b"] {
        fs::write(format!("/dev/shm/{name}"), "").unwrap();
    }
    let full = "/dev/shm is full (SHM_INODES): 3 of 3 files in use, 1 more is needed";
    env.run(["create", "shm:/m", "--size", "1"]).code(7).prints("").says(full);
    env.run(["create", "sem:/s"]).code(7).prints("").says(full);
    isolation::mount_tmpfs(env.directory().to_str().unwrap(), "nr_inodes=2");
    fifo::fifo(env.path("first"), 0o600);
    let output = env.run(["create", &format!("fifo:{}", env.path("second"))]).code(7);
    output.says("its file system is full: 2 of 2 files in use, 1 more is needed");
}

fn more_memory_than_the_machine_has_is_refused_with_its_size() {
    let env = TestEnv::new();
    let (_, output) = env.run(["create", "shm", "--size", "1P"]).any_code(&[0, 7]);
    let mode = fs::read_to_string("/proc/sys/vm/overcommit_memory").unwrap();
    match mode.trim() {
        // Everything is promised.
        "1" => output.prints("shm:0\n"),
        "2" => output.says("CommitLimit is reached: ").says("1125899906842624 more are needed"),
        _ => output
            .says("the size of memory and swap is reached: ")
            .says(" bytes in all, 1125899906842624 more are needed"),
    };
}

fn the_users_bytes_are_what_can_be_seen_of_them() {
    let env = TestEnv::new();
    posix::message_queue("/a", 3, 100, 0o600);
    let one = limit(&env, "rlimit_msgqueue");
    assert_eq!((&one["used"], &one["used_is"]), (&json!(3 * 196), &json!("at-least")));
    env.run(["limits", "RLIMIT_MSGQUEUE", "--bytes", "--no-headings"]).ok().shows(" >=588 ");
    let words = ["create", "mq:/b", "--max-messages", "10", "--message-size", "1000"];
    let output = env.command(words).limit(libc::RLIMIT_MSGQUEUE, 1000).run().code(7);
    output.says(
        "RLIMIT_MSGQUEUE is reached: at least 588 of 1000 bytes in use, 10960 more are needed",
    );
    output.says("(10 x (1000 + 96))");
}

// The kernel gives a queue back when it is closed, not when its name goes.
fn a_queue_that_lost_its_name_counts() {
    let env = TestEnv::new();
    posix::message_queue("/named", 1, 10, 0o600);
    let holder = holder::holding(|| {
        posix::message_queue("/gone", 2, 100, 0o600);
        posix::open_queue("/gone", libc::O_RDONLY);
        posix::remove_queue("/gone");
    });
    assert_eq!(limit(&env, "MQ_QUEUES_MAX")["used"], 2);
    assert_eq!(limit(&env, "RLIMIT_MSGQUEUE")["used"], 106 + 2 * 196);
    drop(holder);
    assert_eq!(limit(&env, "MQ_QUEUES_MAX")["used"], 1);
    assert_eq!(limit(&env, "RLIMIT_MSGQUEUE")["used"], 106);
}

fn a_full_queue_says_how_full_it_is() {
    let env = TestEnv::new();
    posix::message_queue("/q", 1, 16, 0o600);
    posix::send("/q", 0, b"one");
    let output = env.run(["send", "mq:/q", "two", "--nonblock"]).code(5);
    output.says("it is full: 1 of 1 messages in use, 1 more is needed (nothing was sent)");
    sysv::queue(0x5, 0o600);
    env.run(["set", "mq:0x5", "--max-bytes", "10"]).ok();
    let words = ["send", "mq:0x5", "1234567", "4321", "--timeout", "0.1"];
    let output = env.run(words).code(5);
    output.says("timed out: it is full: 7 of 10 bytes in use, 4 more are needed (1 message");
    // Empty messages are counted, too.
    sysv::queue(0x6, 0o600);
    env.run(["set", "mq:0x6", "--max-bytes", "2"]).ok();
    let output = env.run(["send", "mq:0x6", "", "", "", "--nonblock"]).code(5);
    output.says("it is full: 2 of 2 messages in use, 1 more is needed (2 messages were sent)");
}

fn a_full_fifo_says_how_full_it_is() {
    let env = TestEnv::new();
    let text = "mkfifo p; exec 3<> p; head -c 65000 /dev/zero >&3; head -c 900 /dev/zero | tr '\\0' a > line; \
         ipcctl send fifo:./p --nonblock --frame line < line || echo $?; \
         ipcctl send fifo:./p --packet --timeout 0.1 < line || echo $?; \
         head -c 1 <&3 > got; ipcctl send fifo:./p small --nonblock --frame line && echo sent";
    let output = script(&env, text).run().code(0);
    output.says("it is full: 65000 of 65536 bytes in use, 901 more are needed (nothing was sent)");
    output.says("timed out: it is full: 65000 of 65536 bytes in use, 900 more are needed");
    output.prints("5\n5\nsent\n");
}

fn a_full_fifo_is_no_failure_where_all_was_sent() {
    let env = TestEnv::new();
    for wait in ["--nonblock", "--timeout 1"] {
        let text = format!(
            "rm -f p; mkfifo p; exec 3<> p; head -c 65536 /dev/zero | ipcctl send fifo:./p --frame raw {wait}"
        );
        script(&env, &text).run().ok();
    }
}

fn what_is_left_is_told() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 1, 0o600);
    let one = limit(&env, "SHMMNI");
    let number = |key: &str| one[key].as_u64().unwrap();
    assert_eq!(number("free"), number("limit") - 1);
    env.run(["limits"]).ok().shows("FREE");
}

fn a_limit_can_be_chosen_by_its_name() {
    let env = TestEnv::new();
    let output = env.run(["limits", "semmni", "SHMMNI", "--format", "plain", "-o", "name"]).ok();
    output.prints("SHMMNI\nSEMMNI\n");
    env.run(["limits", "SEMMNI", "--fail-above", "99"]).ok();
}

fn a_name_that_is_none_is_exit_2() {
    let env = TestEnv::new();
    let output = env.run(["limits", "SHMFOO"]).code(2);
    output.prints("").says("there is no limit SHMFOO").says("hint: limits: SHMMNI, SHMALL");
}

fn no_limit_is_no_number() {
    let env = TestEnv::new();
    let one = limit(&env, "SHMALL");
    assert_eq!((&one["limit"], &one["limit_is"]), (&json!(null), &json!("unlimited")), "{one}");
    assert_eq!((&one["free"], &one["percent"]), (&json!(null), &json!(null)));
    let one = limit(&env, "SHMMNI");
    assert_eq!((&one["limit_is"], &one["used_is"]), (&json!(null), &json!("exact")));
}

fn who_uses_most_is_told() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 3 * 4096, 0o600);
    holder::as_user(70000, || {
        sysv::segment(0, 1, 0o600);
        sysv::segment(0, 1, 0o600);
    });
    let one = limit(&env, "SHMMNI");
    assert_eq!((&one["who"], &one["who_uses"]), (&json!("70000"), &json!(2)));
    let one = limit(&env, "SHMALL");
    assert_eq!((&one["who"], &one["who_uses"]), (&json!("root"), &json!(3)));
    let output = env.run(["limits", "SHMMNI", "SEMMNI", "--format", "plain", "-o", "who"]).ok();
    output.prints("70000\n-\n");
}

fn root_sees_what_other_users_queues_are_charged() {
    let env = TestEnv::new();
    let holder = holder::holding_as(70000, || {
        posix::message_queue("/theirs", 2, 100, 0o600);
    });
    let document = || env.run(["limits", "RLIMIT_MSGQUEUE", "--json"]).ok().json();
    let limits = document()["limits"].clone();
    assert_eq!((&limits[0]["who"], &limits[0]["used"]), (&json!("root"), &json!(0)));
    assert_eq!((&limits[1]["who"], &limits[1]["used"]), (&json!("70000"), &json!(2 * 196)));
    // It is that of a process of the user.
    assert!(limits[1]["limit"].is_u64() || limits[1]["limit_is"] == "unlimited", "{limits}");
    drop(holder);
    assert_eq!(document()["limits"][1]["limit"], json!(null));
    let words = ["limits", "RLIMIT_MSGQUEUE", "--json"];
    let own = env.command(words).by_user(70000).run().code(0).json();
    assert_eq!(own["limits"].as_array().unwrap().len(), 1);
}
