//! `recv`.

use crate::env::TestEnv;
use crate::makers::{posix, sysv};

crate::cases![
    one_message_unless_more_are_asked_for,
    a_type_chooses,
    what_is_there_now_is_drained,
    options_that_exclude_each_other_are_usage_errors,
    raw_adds_nothing,
    a_message_longer_than_the_limit_of_today_is_received;
    SeveralUsers: who_may_only_read_receives
];

fn one_message_unless_more_are_asked_for() {
    let env = TestEnv::new();
    posix::message_queue("/q", 8, 16, 0o600);
    for text in ["1", "2", "3", "4", "5"] {
        posix::send("/q", 0, text.as_bytes());
    }
    env.run(["recv", "mq:/q"]).ok().prints("1\n");
    env.run(["recv", "mq:/q", "--count", "2"]).ok().prints("2\n3\n");
    env.run(["recv", "mq:/q", "--count", "0"]).ok().prints("");
    env.run(["recv", "mq:/q", "--count", "9", "--timeout", "0.2"])
        .code(5)
        .prints("4\n5\n")
        .says("2 received");
    env.run(["recv", "mq:/q", "--count", "2", "--nonblock"]).code(5).prints("");
}

fn a_type_chooses() {
    let env = TestEnv::new();
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    let address = format!("mq:{id}");
    let fill = || {
        for (kind, text) in [(5, "five"), (2, "two"), (3, "three"), (2, "two again")] {
            sysv::send(id, kind, text.as_bytes());
        }
    };
    fill();
    env.run(["recv", &address, "--type", "2", "--drain"]).ok().prints("two\ntwo again\n");
    env.run(["recv", &address, "--type", "-4"]).ok().prints("three\n");
    env.run(["recv", &address, "--type", "-4", "--nonblock"]).code(5);
    env.run(["recv", &address, "--type", "0"]).ok().prints("five\n");
    fill();
    env.run(["recv", &address, "--type", "-9223372036854775808"]).ok().prints("two\n");
    env.run(["recv", &address, "--type", "2", "--except", "--drain"]).ok().prints("five\nthree\n");
    env.run(["recv", &address, "--type=-2", "--except"]).code(2).says("--except needs --type");
    env.run(["recv", &address, "--except"]).code(2);
    env.run(["recv", "mq:/q", "--type", "1"]).code(2).says("sysv-mq");
}

fn what_is_there_now_is_drained() {
    let env = TestEnv::new();
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    let address = format!("mq:{id}");
    for number in 0..500 {
        sysv::send(id, 1, number.to_string().as_bytes());
    }
    assert_eq!(
        env.run(["recv", &address, "--drain", "--count", "3"]).ok().lines(),
        ["0", "1", "2"]
    );
    assert_eq!(env.run(["recv", &address, "--drain"]).ok().lines().len(), 497);
    env.run(["recv", &address, "--drain"]).ok().prints("");
}

fn options_that_exclude_each_other_are_usage_errors() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    for words in [
        vec!["--drain", "--follow"],
        vec!["--count", "2", "--follow"],
        vec!["--nonblock", "--timeout", "1"],
        vec!["--jobs", "2"],
        vec!["--jobs", "0", "--exec", "true"],
        vec!["--frame", "xml"],
        vec!["--timeout", "soon"],
        vec!["--frame", "line", "--exec", "true"],
    ] {
        let _ = env.run(["recv", "mq:/q"].into_iter().chain(words)).code(2);
    }
}

fn raw_adds_nothing() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    posix::send("/q", 0, b"a\n");
    posix::send("/q", 0, b"\0b");
    assert_eq!(env.run(["recv", "mq:/q", "--drain", "--frame", "raw"]).ok().raw(), b"a\n\0b");
}

fn a_message_longer_than_the_limit_of_today_is_received() {
    let env = TestEnv::new();
    let id = sysv::queue(sysv::PRIVATE, 0o600);
    sysv::send(id, 1, &[b'x'; 8192]);
    let got = env.run(["recv", &format!("mq:{id}"), "--frame", "raw"]).ok();
    assert_eq!(got.raw().len(), 8192);
}

fn who_may_only_read_receives() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o644);
    posix::send("/q", 0, b"open");
    env.command(["recv", "mq:/q"]).by_user(65534).run().ok().prints("open\n");
    // What it cannot put back, it saves.
    posix::send("/q", 4, b"again");
    env.command(["recv", "mq:/q", "--exec", "false"])
        .env("TMPDIR", "/tmp")
        .by_user(65534)
        .run()
        .code(1)
        .says("permission denied to send to it; saved in /tmp/");
}
