//! System V message queues.

use serde_json::Value;

use crate::env::TestEnv;
use crate::makers::{holder, sysv};

crate::cases![
    messages_bytes_and_room_are_told,
    an_empty_queue_was_never_used,
    the_sender_is_told_with_its_command,
    msg_is_another_word_for_mq_and_never_printed,
    max_bytes_is_exact_when_created_and_when_set,
    changing_the_mode_leaves_max_bytes_alone,
    more_than_the_kernels_bytes_needs_a_privilege_that_is_named,
    a_failed_create_leaves_nothing_behind,
    a_queue_with_less_room_does_not_fit,
    messages_are_there_after_every_look,
    a_facility_alone_makes_a_private_queue;
    Limits: a_full_table_is_exit_7_and_names_the_limit
];

fn messages_bytes_and_room_are_told() {
    let env = TestEnv::new();
    let id = sysv::queue(env.key(), 0o600);
    sysv::send(id, 1, b"hello");
    sysv::send(id, 7, b"");
    sysv::send(id, 3, &[0; 100]);
    let object = env.show(&format!("mq:{id}"));
    assert_eq!((&object["messages"], &object["bytes"]), (&Value::from(3), &Value::from(105)));
    assert_eq!(object["max_bytes"], sysv::queue_status(id).unwrap().msg_qbytes);
    assert_eq!(object["size"], object["max_bytes"]);
    assert!(object["content"].as_str().unwrap().starts_with("3 msgs"), "{object}");
}

fn an_empty_queue_was_never_used() {
    let env = TestEnv::new();
    let id = sysv::queue(env.key(), 0o600);
    let object = env.show(&format!("mq:{id}"));
    for never in ["last_send", "last_receive", "sender_pid", "receiver_pid", "sender_command"] {
        assert_eq!(object[never], Value::Null, "{never}: {object}");
    }
    assert_eq!((&object["messages"], &object["bytes"]), (&Value::from(0), &Value::from(0)));
    assert!(object["changed"].is_string(), "{object}");
}

fn the_sender_is_told_with_its_command() {
    let env = TestEnv::new();
    let id = sysv::queue(env.key(), 0o600);
    let sender = holder::holding(|| sysv::send(id, 1, b"x"));
    let object = env.show(&format!("mq:{id}"));
    assert_eq!(object["sender_pid"], sender.pid());
    assert!(object["sender_command"].is_string(), "{object}");
    assert!(object["last_send"].is_string(), "{object}");
    assert_eq!(object["receiver_pid"], Value::Null, "nobody has received: {object}");
}

fn msg_is_another_word_for_mq_and_never_printed() {
    let env = TestEnv::new();
    let id = sysv::queue(0x77, 0o600);
    assert_eq!(env.show("msg:0x77")["address"], format!("mq:{id}"));
    assert_eq!(env.run(["list", "msg", "--json"]).ok().addresses(), [format!("mq:{id}")]);
    env.run(["rm", &format!("msg:{id}")]).ok();
    assert!(sysv::queue_status(id).is_err());
}

fn max_bytes_is_exact_when_created_and_when_set() {
    let env = TestEnv::new();
    let output = env.run(["create", "mq", "--max-bytes", "4K"]).ok();
    let id = output.stdout().trim_end().trim_start_matches("mq:").parse().unwrap();
    assert_eq!(sysv::queue_status(id).unwrap().msg_qbytes, 4096);
    env.run(["set", &format!("mq:{id}"), "--max-bytes", "1000"]).ok();
    assert_eq!(sysv::queue_status(id).unwrap().msg_qbytes, 1000);
    // The mode that the call which sets it carries along is the one that was there.
    assert_eq!(sysv::queue_status(id).unwrap().msg_perm.mode & 0o777, 0o600);
}

// IPC_SET takes owner, mode and bytes at once: whoever changes one must keep the others.
fn changing_the_mode_leaves_max_bytes_alone() {
    let env = TestEnv::new();
    let output = env.run(["create", "mq", "--max-bytes", "4K"]).ok();
    let address = output.stdout().trim_end();
    env.run(["set", address, "--mode", "0644"]).ok();
    let object = env.show(address);
    assert_eq!((&object["max_bytes"], &object["mode"]), (&Value::from(4096), &Value::from("0644")));
}

fn more_than_the_kernels_bytes_needs_a_privilege_that_is_named() {
    let env = TestEnv::new();
    let id = sysv::queue(env.key(), 0o600);
    let most = sysv::queue_status(id).unwrap().msg_qbytes;
    let output = env.command(["set", &format!("mq:{id}"), "--max-bytes", &(most + 1).to_string()]);
    let output = output.unprivileged().run().code(4);
    output.says("MSGMNB").says("CAP_SYS_RESOURCE").says(&most.to_string()).says("hint:");
    assert_eq!(sysv::queue_status(id).unwrap().msg_qbytes, most);
}

fn a_failed_create_leaves_nothing_behind() {
    let env = TestEnv::new();
    let output = env.command(["create", "mq:0x5eed", "--max-bytes", "1G"]).unprivileged().run();
    output.code(4).prints("").says("CAP_SYS_RESOURCE");
    env.run(["show", "mq:0x5eed"]).code(3);
}

fn a_queue_with_less_room_does_not_fit() {
    let env = TestEnv::new();
    let made = env.run(["create", "mq:0x5eed", "--max-bytes", "1000"]).ok();
    env.run(["create", "mq:0x5eed", "--max-bytes", "1000", "--if-missing"])
        .ok()
        .prints(made.stdout());
    env.run(["create", "mq:0x5eed", "--max-bytes", "2000", "--if-missing"])
        .code(6)
        .says("1000")
        .says("2000");
}

fn messages_are_there_after_every_look() {
    let env = TestEnv::new();
    let id = sysv::queue(env.key(), 0o600);
    sysv::send(id, 1, b"keep me");
    let before = sysv::queue_status(id).unwrap();
    env.run(["list", "mq"]).ok();
    env.run(["show", &format!("mq:{id}")]).ok();
    let after = sysv::queue_status(id).unwrap();
    assert_eq!(
        (after.msg_qnum, after.__msg_cbytes, after.msg_lrpid, after.msg_rtime),
        (before.msg_qnum, before.__msg_cbytes, before.msg_lrpid, before.msg_rtime)
    );
}

fn a_facility_alone_makes_a_private_queue() {
    let env = TestEnv::new();
    let output = env.run(["create", "mq"]).ok();
    assert_eq!(env.show(output.stdout().trim_end())["key"], Value::Null);
}

fn a_full_table_is_exit_7_and_names_the_limit() {
    let env = TestEnv::new();
    env.set_limit("kernel.msgmni", "1");
    sysv::queue(env.key(), 0o600);
    env.run(["create", "mq"])
        .code(7)
        .prints("")
        .says("MSGMNI")
        .says("1 of 1")
        .says("kernel.msgmni");
}
