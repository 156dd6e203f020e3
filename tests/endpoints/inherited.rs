//! Queues and FIFOs by a descriptor that was inherited, and those that systemd passes.

#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;

use super::script;
use crate::env::{Running, TestEnv};
use crate::makers::{fifo, posix};

crate::cases![
    a_queue_is_used_as_it_is_open_and_its_flags_stay,
    what_goes_back_needs_the_right_to_send,
    a_pipe_and_a_fifo_are_used_by_their_descriptor,
    another_kind_of_file_or_direction_is_an_error,
    descriptors_that_systemd_passes_are_found_by_name_and_number,
    commands_inherit_no_descriptor_that_was_passed,
    descriptors_for_another_process_are_refused
];

const QUEUE: &str = "/dev/mqueue/q";

fn queue(flags: libc::c_int, write: bool) -> File {
    OpenOptions::new().read(!write).write(write).custom_flags(flags).open(QUEUE).unwrap()
}

fn flags(file: &File) -> libc::c_int {
    // SAFETY: an open descriptor and numbers.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) }
}

fn receiving(env: &TestEnv, file: &File, more: &[&str]) -> (Running, File) {
    let output = tempfile::tempfile_in(env.directory()).unwrap();
    let words = ["recv", "mq:fd:0"].iter().chain(more);
    let stdin = file.try_clone().unwrap().into();
    (env.command(words).start_with(stdin, output.try_clone().unwrap().into()), output)
}

fn a_queue_is_used_as_it_is_open_and_its_flags_stay() {
    let env = TestEnv::new();
    env.run(["create", "mq:/q", "--max-messages", "2", "--message-size", "20"]).ok();
    for mode in [0, libc::O_NONBLOCK] {
        let (file, to) = (queue(mode, false), queue(mode, true));
        let before = (flags(&file), flags(&to));
        let (running, mut output) = receiving(&env, &file, &["--count", "2"]);
        running.wait_until_asleep();
        posix::send("/q", 3, b"one");
        posix::send("/q", 3, b"two");
        running.end().ok();
        let mut text = String::new();
        output.rewind().unwrap();
        output.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
        for words in [&["--nonblock"][..], &["--timeout", "0.2"]] {
            receiving(&env, &file, words).0.end().code(5);
        }
        receiving(&env, &file, &["--drain"]).0.end().ok();
        let send = |words: &[&str]| {
            let words = ["send", "mq:fd:0"].iter().chain(words);
            env.command(words).start_with(to.try_clone().unwrap().into(), Stdio::null())
        };
        send(&["a", "b"]).end().ok();
        send(&["c", "--nonblock"]).end().code(5).says("it is full");
        send(&["c", "--timeout", "0.2"]).end().code(5).says("it is full");
        let waits = send(&["c"]);
        waits.wait_until_asleep();
        env.run(["recv", "mq:/q"]).ok().prints("a\n");
        waits.end().ok();
        env.run(["recv", "mq:/q", "--drain"]).ok().prints("b\nc\n");
        assert_eq!((flags(&file), flags(&to)), before);
        // A queue that loses its name meanwhile is told.
        let (running, _) = receiving(&env, &file, &[]);
        running.wait_until_asleep();
        env.run(["rm", "mq:/q"]).ok();
        running.end().code(3).says("it was removed");
        env.run(["create", "mq:/q", "--max-messages", "2", "--message-size", "20"]).ok();
    }
}

fn what_goes_back_needs_the_right_to_send() {
    let env = TestEnv::new();
    env.run(["create", "mq:/q", "--max-messages", "2", "--message-size", "20"]).ok();
    let file = queue(libc::O_NONBLOCK, false);
    posix::send("/q", 3, b"one");
    receiving(&env, &file, &["--exec", "false"]).0.end().code(1).says("put back");
    env.run(["recv", "mq:/q", "--json"]).ok().prints("{\"priority\":3,\"data\":\"one\"}\n");
    posix::send("/q", 3, b"two");
    env.run(["set", "mq:/q", "--mode", "400"]).ok();
    let words = ["recv", "mq:fd:0", "--exec", "false"];
    let run = env.command(words).unprivileged().env("TMPDIR", env.directory());
    run.start_with(file.into(), Stdio::null()).end().code(1).says("saved in");
}

fn a_pipe_and_a_fifo_are_used_by_their_descriptor() {
    let env = TestEnv::new();
    let text = "printf 'a\\nb\\n' | ipcctl recv fifo:/dev/fd/0 --frame line --quiet --exec sh -c 'echo got-$(cat)'; \
         ipcctl send fifo:/dev/fd/1 hi --frame line | cat; mkfifo p; exec 5<> p; \
         ipcctl send fifo:/proc/self/fd/5 x y --packet; ipcctl recv fifo:/dev/fd/5 --packet --drain; \
         ipcctl send fifo:/dev/fd/5 last --frame line; ipcctl recv fifo:/dev/fd/5 --frame line --count 1";
    script(&env, text).run().ok().prints("got-a\ngot-b\nhi\nx\ny\nlast\n");
}

fn another_kind_of_file_or_direction_is_an_error() {
    let env = TestEnv::new();
    env.run(["create", "mq:/q", "--max-messages", "2", "--message-size", "20"]).ok();
    fifo::fifo(env.path("p"), 0o600);
    let text = "exec 5< /dev/null 6< /dev/mqueue/q 7<> p; \
         t() { \"$@\" && exit 9; echo $?; }; \
         t ipcctl recv mq:fd:5; t ipcctl send fifo:/dev/fd/5 x; t ipcctl recv mq:fd:7; t ipcctl recv fifo:/dev/fd/6; \
         t ipcctl send mq:fd:6 x; t ipcctl recv mq:fd:8; t ipcctl recv fifo:/dev/fd/8; t ipcctl rm mq:fd:6; \
         t ipcctl move mq:fd:6 mq:/q; ipcctl show mq:fd:6 | head -n 1; exec 6> p; t ipcctl recv fifo:/dev/fd/6 --frame line";
    script(&env, text)
        .run()
        .code(0)
        .prints("3\n3\n3\n3\n2\n3\n3\n2\n2\naddress         mq:/q\n2\n")
        .says("descriptor 5 is a device, not a POSIX message queue")
        .says("descriptor 5 is a device, not a FIFO or pipe")
        .says("descriptor 7 is a FIFO, not a POSIX message queue")
        .says("descriptor 6 is open for reading alone")
        .says("descriptor 8 is not open, or was not inherited")
        .says("descriptor 6 is open for writing alone")
        .says("the same queue");
}

/// A shell that becomes the program with a queue and a FIFO passed as systemd does.
fn passed(names: &str, pid: &str, command: &str) -> String {
    format!(
        "(exec 3< /dev/mqueue/q 4<> p; export LISTEN_FDNAMES={names} LISTEN_FDS=2; \
          exec sh -c 'export LISTEN_PID={pid}; exec {command}') || echo $?; "
    )
}

fn world(env: &TestEnv) {
    env.run(["create", "mq:/q", "--max-messages", "4", "--message-size", "20"]).ok();
    fifo::fifo(env.path("p"), 0o600);
    env.run(["send", "mq:/q", "one", "two"]).ok();
}

fn descriptors_that_systemd_passes_are_found_by_name_and_number() {
    let env = TestEnv::new();
    world(&env);
    let take = |names, fd| passed(names, "$$", &format!("ipcctl recv --listen-fd {fd} --nonblock"));
    let text = format!(
        "{}{}exec 9<> p; echo line >&9; {}{}{}{}",
        take("jobs:ctl", "jobs"),
        take("jobs:ctl", "3"),
        passed("jobs:ctl", "$$", "ipcctl recv --listen-fd ctl --frame line --count 1"),
        take("jobs:ctl", "other"),
        take("jobs:jobs", "jobs"),
        take("jobs:ctl", "5"),
    );
    script(&env, &text)
        .run()
        .code(0)
        .prints("one\ntwo\nline\n2\n2\n2\n")
        .says("LISTEN_FDNAMES has these: jobs, ctl")
        .says("several are called jobs: name one of 3, 4")
        .says("descriptor 5 is none of the 2 that were passed");
}

fn commands_inherit_no_descriptor_that_was_passed() {
    let env = TestEnv::new();
    world(&env);
    let look = "ipcctl recv --listen-fd jobs --quiet --exec sh -c \"test ! -e /dev/fd/4; echo $? \\${LISTEN_FDS-none}\"";
    let text = passed("jobs:ctl", "$$", look);
    script(&env, &text).run().ok().prints("0 none\n");
}

fn descriptors_for_another_process_are_refused() {
    let env = TestEnv::new();
    world(&env);
    let text = passed("jobs:ctl", "1", "ipcctl recv --listen-fd jobs");
    script(&env, &text).run().code(0).prints("2\n").says("the descriptors are for process 1");
    env.run(["recv", "--listen-fd", "jobs"]).code(2).says("LISTEN_PID is not set");
    env.run(["recv", "mq:/q", "--listen-fd", "jobs"]).code(2);
    env.run(["recv"]).code(2).says("ADDRESS");
}
