//! `peek`.

use crate::endpoints::script;
use crate::env::TestEnv;
use crate::makers::{fifo, posix, sysv};

crate::cases![
    a_system_v_queue_is_shown_and_stays_as_it_is,
    a_part_of_a_queue_is_shown,
    a_posix_queue_cannot_be_peeked_at_and_says_how_much_is_in_it,
    a_fifo_is_shown_and_stays_as_it_is,
    a_fifo_that_nobody_has_open_is_empty,
    shared_memory_is_dumped;
    SeveralUsers: a_fifo_of_others_is_not_shown, a_writer_that_waits_is_not_released
];

fn a_system_v_queue_is_shown_and_stays_as_it_is() {
    let env = TestEnv::new();
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    let address = format!("mq:{id}");
    env.run(["peek", &address]).ok().prints("");
    sysv::send(id, 3, b"first");
    sysv::send(id, 1, b"");
    sysv::send(id, 2, b"\xff");
    let before = sysv::queue_status(id).unwrap();
    env.run(["peek", &address, "--frame", "json"]).ok().prints(
        "{\"type\":3,\"data\":\"first\"}\n{\"type\":1,\"data\":\"\"}\n{\"type\":2,\"data_base64\":\"/w==\"}\n",
    );
    script(&env, &format!("ipcctl peek {address} | head -c 1 > /dev/null")).run().ok();
    script(&env, &format!("ipcctl peek {address} > /dev/full; echo $?; ls"))
        .run()
        .any_code(&[1])
        .1
        .says("no space");
    let after = sysv::queue_status(id).unwrap();
    let state = |status: &libc::msqid_ds| {
        (status.msg_qnum, status.__msg_cbytes, status.msg_lrpid, status.msg_rtime, status.msg_lspid)
    };
    assert_eq!(state(&before), state(&after));
    // A copy is not worth a file.
    assert_eq!(
        std::fs::read_dir(env.directory())
            .unwrap()
            .filter(|entry| {
                entry.as_ref().unwrap().file_name().to_string_lossy().contains("saved")
            })
            .count(),
        0
    );
}

fn a_part_of_a_queue_is_shown() {
    let env = TestEnv::new();
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    let address = format!("mq:{id}");
    for text in ["0", "1", "2", "3"] {
        sysv::send(id, 1, text.as_bytes());
    }
    env.run(["peek", &address, "--index", "1", "--count", "2"]).ok().prints("1\n2\n");
    env.run(["peek", &address, "--index", "3"]).ok().prints("3\n");
    env.run(["peek", &address, "--index", "4"]).ok().prints("");
    env.run(["peek", &address, "--count", "1", "--frame", "raw"]).ok().prints("0");
    env.run(["peek", &address, "--index", "-1"]).code(2);
}

fn a_posix_queue_cannot_be_peeked_at_and_says_how_much_is_in_it() {
    let env = TestEnv::new();
    posix::message_queue("/q", 4, 16, 0o600);
    posix::send("/q", 0, b"12345");
    posix::send("/q", 0, b"678");
    env.run(["peek", "mq:/q"]).code(2).says("2 messages of 8 bytes").says("recv");
    assert_eq!(posix::queue_attributes("/q").mq_curmsgs, 2);
    env.run(["peek", "mq:/none"]).code(3);
}

fn a_fifo_is_shown_and_stays_as_it_is() {
    let env = TestEnv::new();
    let path = env.path("p");
    fifo::fifo(&path, 0o600);
    let address = format!("fifo:{path}");
    let _open = fifo::fill(&path, b"one\ntwo\nth");
    for _ in 0..2 {
        env.run(["peek", &address]).ok().prints("one\ntwo\nth");
    }
    env.run(["peek", &address, "--count", "1", "--frame", "line"]).ok().prints("one\n");
    env.run(["peek", &address, "--count", "1"]).code(2).says("--frame");
    env.run(["recv", &address, "--drain"]).ok().prints("one\ntwo\nth");
    env.run(["peek", &address]).ok().prints("");
}

fn a_writer_that_waits_is_not_released() {
    let env = TestEnv::new();
    let path = env.path("p");
    fifo::fifo(&path, 0o600);
    // The writer waits in open(2). To peek must neither let it through nor wait for it.
    let text = format!(
        "(echo late > p; echo released > mark) & asleep $!; ipcctl peek fifo:{path} || test $? = 4; \
         sleep 0.2; test ! -e mark; echo still waiting; cat p; wait"
    );
    // Where a process cannot be read, that one could have it open.
    script(&env, &text).run().code(0).prints("still waiting\nlate\n");
}

fn a_fifo_that_nobody_has_open_is_empty() {
    let env = TestEnv::new();
    let path = env.path("p");
    fifo::fifo(&path, 0o600);
    // Somebody else's processes cannot be read without privilege: then it is not known.
    let (code, _) = env.run(["peek", &format!("fifo:{path}")]).any_code(&[0, 4]);
    assert!(code == 0 || !nix::unistd::geteuid().is_root() || code == 4);
}

fn a_fifo_of_others_is_not_shown() {
    let env = TestEnv::new();
    let path = env.path("p");
    fifo::fifo(&path, 0o666);
    let _open = fifo::fill(&path, b"secret");
    env.command(["peek", &format!("fifo:{path}")]).by_user(65534).run().code(4).prints("");
}

fn shared_memory_is_dumped() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 30, 0o600);
    env.run(["write", "shm:/frames", "--data", "hello, world, and all the rest"]).ok();
    for part in [&["--offset", "7", "--length", "5"][..], &[]] {
        let dump = |verb: &[&str]| env.run([verb, part].concat()).ok().stdout().to_owned();
        let peeked = dump(&["peek", "shm:/frames"]);
        assert_eq!(peeked, dump(&["read", "shm:/frames", "--hex"]));
        assert!(peeked.contains("world"), "{peeked}");
    }
    env.run(["peek", "shm:/frames", "--frame", "json"]).code(2).says("are for messages");
    env.run(["peek", "shm:/frames", "--count", "1"]).code(2).says("are for messages");
    env.run(["peek", "shm:/frames", "--length", "31"]).code(1).says("30 bytes");
    let queue = sysv::queue(sysv::PRIVATE, 0o600);
    env.run(["peek", &format!("mq:{queue}"), "--length", "5"]).code(2).says("shared memory");
}
