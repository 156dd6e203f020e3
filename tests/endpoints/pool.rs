//! Commands for messages: `recv --exec`.

use super::{SMALL, script};
use crate::env::TestEnv;

crate::cases![
    each_line_of_a_fifo_is_the_input_of_one_command,
    a_line_whose_command_fails_is_saved_with_what_follows,
    a_command_gets_the_message_and_its_mark,
    one_at_a_time_keeps_the_order,
    several_run_at_the_same_time,
    a_command_that_reads_nothing_holds_up_nobody,
    a_failure_stops_the_pool_and_loses_nothing,
    a_signal_lets_commands_finish_and_takes_nothing_new,
    a_second_signal_is_passed_on
];

fn queue(env: &TestEnv, create: &str) -> String {
    script(env, create).run().ok().stdout().trim().to_owned()
}

fn a_command_gets_the_message_and_its_mark() {
    let env = TestEnv::new();
    for (create, mark, other) in [(SMALL[0], "PRIORITY", "TYPE"), (SMALL[1], "TYPE", "PRIORITY")] {
        let queue = queue(&env, create);
        let option = format!("--{}", mark.to_lowercase());
        env.command(["send", &queue, "--frame", "raw", &option, "5"])
            .input(b"a\0b\n".as_slice())
            .run()
            .ok();
        let command = format!("echo \"$IPCCTL_{mark} ${{IPCCTL_{other}-unset}}\"; od -An -c");
        env.run(["recv", &queue, "--exec", "sh", "-c", &command])
            .code(0)
            .prints("5 unset\n   a  \\0   b  \\n\n")
            .says("1 succeeded, 0 failed");
    }
}

fn one_at_a_time_keeps_the_order() {
    let env = TestEnv::new();
    let queue = queue(&env, SMALL[1]);
    let numbers: String = (1..=20).map(|number| format!("{number}\n")).collect();
    env.command(["send", &queue]).input(numbers.clone()).run().ok();
    let command = "read n; sleep 0.0$((n % 4)); echo $n";
    env.run(["recv", &queue, "--drain", "--exec", "sh", "-c", command]).code(0).prints(&numbers);
}

fn several_run_at_the_same_time() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = queue(&env, create);
        env.command(["send", &queue]).input("1\n2\n3\n4\n5\n6\n7\n8\n").run().ok();
        // Each of them ends when all have begun.
        let command = "read n; echo > began.$n; until test -e began.8 && test $(ls began.* | wc -l) = 8; do sleep 0.02; done";
        env.run(["recv", &queue, "--drain", "--jobs", "8", "--exec", "sh", "-c", command])
            .code(0)
            .says("8 succeeded, 0 failed");
        script(&env, "rm began.*").run().ok();
    }
}

fn a_command_that_reads_nothing_holds_up_nobody() {
    let env = TestEnv::new();
    env.run(["create", "mq", "--max-bytes", "16384"]).ok();
    env.command(["send", "mq:0", "--frame", "raw"]).input(vec![b'x'; 8192]).run().ok();
    env.run(["recv", "mq:0", "--exec", "true"]).code(0).says("1 succeeded");
}

fn a_failure_stops_the_pool_and_loses_nothing() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = queue(&env, create);
        env.command(["send", &queue]).input("1\n2\n3\n4\n5\n").run().ok();
        let command = "read n; test $n != 3 && echo $n";
        env.run(["recv", &queue, "--follow", "--exec", "sh", "-c", command])
            .code(1)
            .prints("1\n2\n")
            .says("put back")
            .says("2 succeeded, 1 failed");
        env.run(["recv", &queue, "--drain"]).ok().prints("4\n5\n3\n");
    }
}

fn a_signal_lets_commands_finish_and_takes_nothing_new() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = queue(&env, create);
        env.command(["send", &queue]).input("1\n2\n3\n4\n").run().ok();
        let text = format!(
            "rm -f began.*; \
             ipcctl recv {queue} --follow --jobs 2 --exec sh -c 'read n; echo > began.$n; sleep 3; echo $n' > got & \
             until test -e began.1 && test -e began.2; do sleep 0.02; done; \
             kill -TERM $!; wait $! || echo $?; sort got"
        );
        script(&env, &text).run().code(0).prints("143\n1\n2\n").says("2 succeeded, 0 failed");
        env.run(["recv", &queue, "--drain"]).ok().prints("3\n4\n");
        // While it waits for messages too.
        let text = format!(
            "ipcctl send {queue} last; \
             ipcctl recv {queue} --follow --jobs 2 --exec cat > got & \
             until grep -q last got; do sleep 0.02; done; asleep $!; \
             kill -TERM $!; wait $! || echo $?; cat got"
        );
        script(&env, &text).run().code(0).prints("143\nlast");
    }
}

fn a_second_signal_is_passed_on() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = queue(&env, create);
        env.run(["send", &queue, "x"]).ok();
        let text = format!(
            "rm -f began; ipcctl recv {queue} --follow --exec sh -c 'echo > began; exec sleep 1000' & \
             until test -e began; do sleep 0.02; done; \
             for i in 1 2 3; do kill -TERM $! || true; sleep 0.3; done; wait $! || echo $?"
        );
        // A message that went back is a failure, however it came to that.
        script(&env, &text)
            .run()
            .code(0)
            .prints("1\n")
            .says("put back")
            .says("0 succeeded, 1 failed");
        env.run(["recv", &queue]).ok().prints("x\n");
    }
}

fn each_line_of_a_fifo_is_the_input_of_one_command() {
    let env = TestEnv::new();
    let text = "mkfifo p; (echo one; echo two words; printf last) > p & \
         ipcctl recv fifo:./p --frame line --quiet --exec sh -c 'read -r line || test \"$line\"; echo \"<$line>\"'; wait; \
         (for i in 1 2 3; do echo $i > p; done) & \
         ipcctl recv fifo:./p --follow --frame line --count 3 --exec cat > all || echo $?; \
         ipcctl recv fifo:./p --exec true || echo $?";
    let text =
        text.replace("--follow --frame line --count 3", "--frame line --follow --idle-timeout 3");
    script(&env, &format!("{text}; tr -d '\\n' < all"))
        .run()
        .code(0)
        .prints("<one>\n<two words>\n<last>\n5\n2\n123");
}

fn a_line_whose_command_fails_is_saved_with_what_follows() {
    let env = TestEnv::new();
    let text = "mkfifo p; (seq 5; sleep 0.3) > p & ipcctl recv fifo:./p --frame line --exec sh -c 'read -r line; test $line != 3' || echo $?; \
         wait; cat ipcctl-saved-*";
    script(&env, text)
        .run()
        .code(0)
        .prints("1\n3\n4\n5\n")
        .says("saved in")
        .says("2 succeeded, 1 failed");
}
