//! The other end of a FIFO: nobody there, late, gone, gone and back.

use super::script;
use crate::env::TestEnv;

crate::cases![
    a_reader_that_comes_late_is_waited_for,
    a_writer_that_comes_late_is_waited_for,
    a_writer_that_goes_and_returns_is_followed,
    a_reader_that_goes_is_said_with_what_went,
    a_full_pipe_is_waited_for_and_said,
    to_look_without_waiting_takes_what_a_waiting_writer_has,
    a_fifo_that_is_removed_ends_the_wait,
    no_more_is_taken_than_was_asked_for,
    what_is_no_fifo_is_never_opened
];

const NEW: &str = "ipcctl create fifo:./p > /dev/null; ";

fn run(env: &TestEnv, text: &str) -> crate::output::Output {
    script(env, &format!("{NEW}{text}")).run().code(0)
}

fn a_reader_that_comes_late_is_waited_for() {
    let env = TestEnv::new();
    run(&env, "(sleep 0.7; cat p) & ipcctl send fifo:./p hello --timeout 20; wait").prints("hello");
}

fn a_writer_that_comes_late_is_waited_for() {
    let env = TestEnv::new();
    run(&env, "(sleep 0.7; echo hello > p) & ipcctl recv fifo:./p --timeout 20; wait")
        .prints("hello\n");
}

fn a_writer_that_goes_and_returns_is_followed() {
    let env = TestEnv::new();
    let text = "(for i in 1 2 3; do echo $i > p; sleep 0.3; done) & \
                ipcctl recv fifo:./p --follow --idle-timeout 5 || echo $?; wait";
    run(&env, text).prints("1\n2\n3\n5\n");
    let env = TestEnv::new();
    let text = "ipcctl recv fifo:./p --follow --frame line --count 3";
    // --count says when to stop, so --follow is not needed, and the two exclude each other.
    script(&env, &format!("{NEW}{text}")).run().any_code(&[0, 2]).1.says("cannot be used with");
}

fn a_reader_that_goes_is_said_with_what_went() {
    let env = TestEnv::new();
    let text = "head -c 3 p > /dev/null & yes | (ipcctl send fifo:./p || echo $?); wait";
    run(&env, text).prints("1\n").says("its last reader has gone").says("bytes were sent");
    let text = "rm p; mkfifo p; head -c 3 p > /dev/null & yes | (ipcctl send fifo:./p --frame line || echo $?); wait";
    let env = TestEnv::new();
    run(&env, text).prints("1\n").says("its last reader has gone").says("messages were sent");
}

fn a_full_pipe_is_waited_for_and_said() {
    let env = TestEnv::new();
    // A reader that reads nothing for a while, then everything.
    let text =
        "(exec 3< p; sleep 1; wc -c <&3) & head -c 200000 /dev/zero | ipcctl send fifo:./p; wait";
    run(&env, text).prints("200000\n");
    let env = TestEnv::new();
    let text = "(exec 3< p; exec sleep 100) & head -c 200000 /dev/zero | (ipcctl send fifo:./p --timeout 3 || echo $?); kill $!";
    run(&env, text).prints("5\n").says("timed out: it is full (65536 bytes were sent)");
    let env = TestEnv::new();
    let text = "(exec 3< p; exec sleep 100) & asleep $!; yes | (ipcctl send fifo:./p --nonblock --frame line || echo $?); kill $!";
    run(&env, text).prints("5\n").says("it is full");
}

fn to_look_without_waiting_takes_what_a_waiting_writer_has() {
    // The writer is waited for a moment. On a busy machine it may be later; or not have gone yet when its line has come.
    let received = (0..5).any(|_| {
        let env = TestEnv::new();
        let text =
            "(echo hi > p) & asleep $!; ipcctl recv fifo:./p --nonblock || test $? = 5; wait";
        script(&env, &format!("{NEW}{text}")).run().code(0).stdout() == "hi\n"
    });
    assert!(received);
}

fn a_fifo_that_is_removed_ends_the_wait() {
    let env = TestEnv::new();
    for wait in ["recv fifo:./p", "send fifo:./p x"] {
        let text = format!("ipcctl {wait} --timeout 20 & asleep $!; rm p; wait $! || echo $?");
        run(&env, &text).prints("3\n").says("it was removed");
    }
}

fn no_more_is_taken_than_was_asked_for() {
    let env = TestEnv::new();
    let text = "exec 3<> p; seq 6 > p; ipcctl recv fifo:./p --frame line --count 2; echo -; \
                ipcctl recv fifo:./p --frame line --count 1; echo -; head -n 1 <&3";
    run(&env, text).prints("1\n2\n-\n3\n-\n4\n");
}

fn what_is_no_fifo_is_never_opened() {
    let env = TestEnv::new();
    let text = "echo precious > file; ln -s file link; \
        for f in file link . /dev/null /nonexistent; do ipcctl send fifo:$f x && exit 9; ipcctl recv fifo:$f && exit 9; \
        ipcctl peek fifo:$f && exit 9; done; cat file";
    let run = script(&env, text).run().code(0);
    run.prints("precious\n")
        .says("it is a regular file")
        .says("it is a symbolic link to file, not a FIFO")
        .says("no such object");
}
