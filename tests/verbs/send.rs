//! `send`.

use crate::env::TestEnv;
use crate::makers::{fifo, posix, sysv};
use crate::queue_room;

crate::cases![
    a_frame_for_a_message_that_needs_none_is_refused,
    messages_arrive_with_their_priority,
    messages_arrive_with_their_type,
    a_message_of_exactly_the_limit_goes_and_one_byte_more_does_not,
    priorities_end_at_32767,
    types_begin_at_1,
    an_option_of_another_kind_names_those_that_have_it,
    what_is_missing_is_made_when_that_is_asked_for,
    what_exists_must_fit,
    what_is_not_there_is_exit_3,
    nothing_carries_messages_but_queues_and_fifos,
    a_packet_is_between_1_and_4096_bytes,
    a_nul_byte_in_a_line_suggests_another_frame,
    a_message_that_never_fits_is_refused_at_once;
    SeveralUsers: a_queue_of_others_is_exit_4
];

fn messages_arrive_with_their_priority() {
    let env = TestEnv::new();
    posix::message_queue("/q", 4, 16, 0o600);
    env.run(["send", "mq:/q", "low", "--priority", "1"]).ok().prints("");
    env.run(["send", "mq:/q", "none"]).ok();
    env.run(["send", "mq:/q", "high", "--priority", "32767"]).ok();
    env.run(["recv", "mq:/q", "--drain"]).ok().prints("high\nlow\nnone\n");
}

fn messages_arrive_with_their_type() {
    let env = TestEnv::new();
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    let address = format!("mq:{id}");
    env.run(["send", &address, "a", "b", "--type", "7"]).ok();
    env.run(["send", &address, "c"]).ok();
    env.run(["recv", &address, "--drain", "--frame", "json"]).ok().prints(
        "{\"type\":7,\"data\":\"a\"}\n{\"type\":7,\"data\":\"b\"}\n{\"type\":1,\"data\":\"c\"}\n",
    );
}

fn a_message_of_exactly_the_limit_goes_and_one_byte_more_does_not() {
    let env = TestEnv::new();
    posix::message_queue("/q", 1, 100, 0o600);
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    for (address, most, limit) in [
        ("mq:/q".to_owned(), 100, "100 that this queue was made for"),
        (format!("mq:{id}"), 8192, "MSGMAX (8192)"),
    ] {
        for frame in ["line", "nul", "raw"] {
            let fits = vec![b'x'; most];
            env.command(["send", &address, "--frame", frame]).input(fits.clone()).run().ok();
            assert_eq!(env.run(["recv", &address, "--frame", "raw"]).ok().raw(), fits);
            env.command(["send", &address, "--frame", frame])
                .input(vec![b'x'; most + 1])
                .run()
                .code(7)
                .says(limit)
                .says("nothing was sent")
                .says("hint: ");
        }
        let long = "x".repeat(most + 1);
        env.run(["send", &address, &long]).code(7).says(&format!("{} bytes", most + 1));
        env.run(["recv", &address, "--nonblock"]).code(5);
    }
}

fn priorities_end_at_32767() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    for bad in ["32768", "4294967296", "18446744073709551616", "-1", "x"] {
        let _ = env.run(["send", "mq:/q", "x", &format!("--priority={bad}")]).code(2);
    }
    assert_eq!(posix::queue_attributes("/q").mq_curmsgs, 0);
}

fn types_begin_at_1() {
    let env = TestEnv::new();
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    let address = format!("mq:{id}");
    for bad in ["0", "-1", "9223372036854775808"] {
        let _ = env.run(["send", &address, "x", &format!("--type={bad}")]).code(2);
    }
    env.run(["send", &address, "x", "--type", "9223372036854775807"]).ok();
    assert_eq!(sysv::queue_status(id).unwrap().msg_qnum, 1);
}

fn an_option_of_another_kind_names_those_that_have_it() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    let sysv = format!("mq:{id}");
    fifo::fifo(env.path("p"), 0o600);
    env.run(["send", "mq:/q", "x", "--type", "1"]).code(2).says("sysv-mq");
    env.run(["send", &sysv, "x", "--priority", "1"]).code(2).says("posix-mq");
    env.run(["send", &sysv, "x", "--packet"]).code(2).says("fifo");
}

fn what_is_missing_is_made_when_that_is_asked_for() {
    let env = TestEnv::new();
    env.run(["send", "mq:/new", "x"]).code(3);
    queue_room::wait_for(queue_room::charge(3, 9));
    env.run([
        "send",
        "mq:/new",
        "x",
        "--create",
        "--mode",
        "0640",
        "--max-messages",
        "3",
        "--message-size",
        "9",
    ])
    .ok();
    let made = posix::queue_attributes("/new");
    assert_eq!((made.mq_maxmsg, made.mq_msgsize, made.mq_curmsgs), (3, 9, 1));
    assert_eq!(env.show("mq:/new")["mode"], "0640");
    env.run(["send", "mq:0x77", "x", "--create", "--max-bytes", "100"]).ok();
    assert_eq!(env.show("mq:0x77")["max_bytes"], 100);
    env.run([
        "recv",
        "mq:/made",
        "--create",
        "--max-messages",
        "1",
        "--message-size",
        "9",
        "--nonblock",
    ])
    .code(5);
    assert_eq!(posix::queue_attributes("/made").mq_maxmsg, 1);
    // These are for the object that is to be made.
    env.run(["send", "mq:/new", "x", "--max-messages", "3"]).code(2).says("--create");
    env.run(["send", "mq:/new", "x", "--mode", "0600"]).code(2).says("--create");
}

fn what_exists_must_fit() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    env.run(["send", "mq:/q", "x", "--create"]).ok();
    env.run(["send", "mq:/q", "x", "--create", "--message-size", "17"]).code(6);
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    env.run(["send", &format!("mq:{id}"), "x", "--create"]).ok();
    env.run(["send", "mq:2147483647", "x", "--create"]).code(3);
}

fn what_is_not_there_is_exit_3() {
    let env = TestEnv::new();
    for address in ["mq:/none", "mq:0x123", "mq:77", "fifo:/none/p"] {
        for verb in ["send", "recv", "peek"] {
            env.run([verb, address]).code(3).says("no such object").says(address);
        }
    }
}

fn nothing_carries_messages_but_queues_and_fifos() {
    let env = TestEnv::new();
    for address in ["shm:/x", "sem:/x", "shm:0", "sem:0"] {
        for verb in ["send", "recv"] {
            env.run([verb, address])
                .code(2)
                .says("kinds that can: System V message queue, POSIX message queue, FIFO");
        }
    }
    env.run(["peek", "sem:/x"]).code(2).says("System V message queue, POSIX message queue, FIFO");
}

fn a_packet_is_between_1_and_4096_bytes() {
    let env = TestEnv::new();
    let path = env.path("p");
    fifo::fifo(&path, 0o600);
    let address = format!("fifo:{path}");
    // Somebody has both ends open, so nothing is waited for.
    let _open = fifo::fill(&path, b"");
    env.run(["send", &address, "", "--packet"]).code(2).says("cannot be empty");
    env.run(["send", &address, &"x".repeat(4097), "--packet"]).code(7).says("4096");
    env.run(["send", &address, &"x".repeat(4096), "--packet"]).ok();
    env.run(["send", &address, "y", "--packet"]).ok();
    let got = env.run(["recv", &address, "--packet", "--count", "2", "--frame", "nul"]).ok();
    assert_eq!(got.raw(), [&[b'x'; 4096][..], b"\0y\0"].concat());
}

fn a_nul_byte_in_a_line_suggests_another_frame() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    env.command(["send", "mq:/q"])
        .input(b"a\nb\0c\n".as_slice())
        .run()
        .code(1)
        .says("line 2")
        .says("--frame nul")
        .says("1 message was sent");
}

fn a_message_that_never_fits_is_refused_at_once() {
    let env = TestEnv::new();
    env.run(["create", "mq", "--max-bytes", "10"]).ok();
    env.run(["send", "mq:0", "elevenbytes", "--timeout", "60"]).code(7).says("--max-bytes");
    env.command(["send", "mq:0"]).input("elevenbytes\n").run().code(7).says("--max-bytes");
    env.run(["send", "mq:0", "just 10 by"]).ok();
}

fn a_queue_of_others_is_exit_4() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    let path = env.path("p");
    fifo::fifo(&path, 0o600);
    for address in ["mq:/q".to_owned(), format!("mq:{id}"), format!("fifo:{path}")] {
        for words in [vec!["send", &address, "x"], vec!["recv", &address]] {
            env.command(words).by_user(65534).run().code(4).says("permission denied");
        }
    }
}

// A frame says how standard input is read. With a MESSAGE it would have no effect on a queue.
fn a_frame_for_a_message_that_needs_none_is_refused() {
    let env = TestEnv::new();
    env.run(["create", "mq:0x5eed"]).ok();
    for frame in [&["--json"][..], &["--frame", "len32"]] {
        let words =
            ["send", "mq:0x5eed", "{\"data\":\"x\"}"].into_iter().chain(frame.iter().copied());
        env.run(words).code(2).prints("").says("a frame is for standard input");
    }
    env.run(["list", "mq", "-o", "messages", "--format", "plain"]).ok().prints("0\n");
}
