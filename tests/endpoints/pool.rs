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
    a_second_signal_is_passed_on,
    a_message_is_tried_again_and_goes_to_the_dead_letters,
    without_dead_letters_the_last_attempt_ends_it,
    commands_at_the_same_time_try_again_too,
    a_line_of_a_fifo_is_tried_again_before_the_next,
    what_a_signal_cuts_short_is_no_dead_letter,
    dead_letters_that_nobody_takes_end_it,
    dead_letters_need_a_command_and_another_queue
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

/// A command that says which message it has and which attempt it is, and accepts what is no number above 90.
const PICKY: &str = "read -r n || true; echo $n.$IPCCTL_ATTEMPT; test $n -lt 90";

fn a_message_is_tried_again_and_goes_to_the_dead_letters() {
    let env = TestEnv::new();
    env.run(["create", "mq:/dead", "--max-messages", "4", "--message-size", "20"]).ok();
    let file = env.path("dead.jsonl");
    for create in SMALL {
        let queue = queue(&env, create);
        for dead in ["mq:/dead", &file] {
            env.command(["send", &queue]).input("1\n91\n2\n92\n").run().ok();
            let words = ["recv", &queue, "--drain", "--attempts", "3", "--dead-letter", dead];
            env.run(words.iter().chain(&["--exec", "sh", "-c", PICKY]))
                .code(0)
                .prints("1.1\n91.1\n2.1\n92.1\n91.2\n92.2\n91.3\n92.3\n")
                .says("2 succeeded, 6 failed; 2 messages went to the dead letters");
            env.run(["list", &queue, "-o", "messages", "--format", "plain"]).ok().prints("0\n");
        }
        env.run(["recv", "mq:/dead", "--drain"]).ok().prints("91\n92\n");
    }
    let letters = std::fs::read_to_string(&file).unwrap();
    assert_eq!(letters.matches("{\"priority\":0,\"data\":\"92\"}\n").count(), 1);
    assert_eq!(letters.matches("{\"type\":1,\"data\":\"91\"}\n").count(), 1);
    assert_eq!(letters.lines().count(), 4);
    // One attempt is what there is without the option, and one message is one, however often it is tried.
    let queue = queue(&env, "ipcctl create mq");
    env.command(["send", &queue]).input("91\n1\n").run().ok();
    for (attempts, output) in [("--count=1", "91.1\n"), ("--attempts=2", "1.1\n")] {
        env.run(["recv", &queue, attempts, "--dead-letter", &file, "--exec", "sh", "-c", PICKY])
            .code(0)
            .prints(output);
    }
}

fn without_dead_letters_the_last_attempt_ends_it() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = queue(&env, create);
        env.command(["send", &queue]).input("91\n1\n2\n").run().ok();
        env.run(["recv", &queue, "--follow", "--attempts", "2", "--exec", "sh", "-c", PICKY])
            .code(1)
            .prints("91.1\n1.1\n2.1\n91.2\n")
            .says("put back")
            .says("2 succeeded, 2 failed");
        env.run(["recv", &queue, "--drain"]).ok().prints("91\n");
    }
}

fn commands_at_the_same_time_try_again_too() {
    let env = TestEnv::new();
    let file = env.path("dead.jsonl");
    for create in SMALL {
        let queue = queue(&env, create);
        let text = format!(
            "seq 84 95 | ipcctl send {queue} & ipcctl recv {queue} --count 12 --jobs 4 --attempts 3 --dead-letter {file} \
             --exec sh -c '{PICKY}' > got; wait; sort -n got | tr '\n' ' '; wc -l < {file}; rm {file}; ipcctl recv {queue} --drain"
        );
        let tried: Vec<_> = (90..=95).map(|n| format!("{n}.1 {n}.2 {n}.3 ")).collect();
        let output = format!("84.1 85.1 86.1 87.1 88.1 89.1 {}6\n", tried.concat());
        script(&env, &text).run().code(0).prints(&output);
    }
    // In a pause the end of a command is seen.
    let queue = queue(&env, SMALL[1]);
    env.run(["send", &queue, "99"]).ok();
    let text = format!(
        "ipcctl recv {queue} --follow --jobs 2 --attempts 2 --dead-letter {file} --exec sh -c 'sleep 0.3; {PICKY}' > got & \
         until test -s {file}; do sleep 0.05; done; kill $!; wait $! || echo $?; cat got"
    );
    script(&env, &text).run().code(0).prints("143\n99.1\n99.2\n");
}

fn a_line_of_a_fifo_is_tried_again_before_the_next() {
    let env = TestEnv::new();
    let text = format!(
        "mkfifo p; printf '1\\n91\\n2\\n92\\n' > p & \
         ipcctl recv fifo:./p --frame line --attempts 2 --dead-letter dead --exec sh -c '{PICKY}'; wait; cat dead; \
         (printf '93\\n3\\n' > p) & ipcctl recv fifo:./p --frame line --attempts 2 --exec sh -c '{PICKY}' || echo $?; wait; \
         cat ipcctl-saved-*; exec 3<> p; ipcctl send fifo:./p 94 4 --packet; \
         ipcctl recv fifo:./p --packet --drain --attempts 2 --dead-letter dead --exec sh -c '{PICKY}'"
    );
    script(&env, &text).run().code(0).prints(
        "1.1\n91.1\n91.2\n2.1\n92.1\n92.2\n{\"data\":\"91\"}\n{\"data\":\"92\"}\n93.1\n93.2\n1\n93\n3\n94.1\n94.2\n4.1\n",
    );
}

fn what_a_signal_cuts_short_is_no_dead_letter() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = queue(&env, create);
        env.run(["send", &queue, "x"]).ok();
        let text = format!(
            "rm -f began; ipcctl recv {queue} --follow --attempts 1 --dead-letter dead --exec sh -c 'echo > began; exec sleep 1000' & \
             until test -e began; do sleep 0.02; done; \
             for i in 1 2 3; do kill -TERM $! || true; sleep 0.1; done; wait $! || echo $?; cat dead"
        );
        script(&env, &text).run().code(0).prints("1\n").says("put back");
        env.run(["recv", &queue]).ok().prints("x\n");
    }
}

fn dead_letters_that_nobody_takes_end_it() {
    let env = TestEnv::new();
    env.run(["create", "mq:/dead", "--max-messages", "1", "--message-size", "8"]).ok();
    env.run(["send", "mq:/dead", "full"]).ok();
    let queue = queue(&env, "ipcctl create mq");
    for (dead, cause) in [("mq:/dead", "it is full"), ("/dev/full", "full")] {
        env.run(["send", &queue, "x"]).ok();
        env.run(["recv", &queue, "--follow", "--dead-letter", dead, "--exec", "false"])
            .code(1)
            .says("the dead letter cannot be kept")
            .says(cause)
            .says("put back");
        env.run(["recv", &queue]).ok().prints("x\n");
    }
    env.run(["recv", &queue, "--dead-letter", "/nonexistent/dead", "--exec", "true"])
        .code(3)
        .says("--dead-letter");
}

fn dead_letters_need_a_command_and_another_queue() {
    let env = TestEnv::new();
    let queue = queue(&env, SMALL[1]);
    env.run(["recv", &queue, "--dead-letter", "dead"]).code(2).says("needs --exec");
    env.run(["recv", &queue, "--attempts", "2"]).code(2).says("--exec");
    env.run(["recv", &queue, "--attempts", "0", "--exec", "true"]).code(2);
    env.run(["recv", &queue, "--dead-letter", &queue, "--exec", "true"])
        .code(2)
        .says("is the queue that messages are taken from");
    env.run([
        "move",
        &queue,
        env.run(["create", "mq"]).ok().stdout().trim(),
        "--dead-letter",
        &queue,
    ])
    .code(2)
    .says("is the queue that messages are taken from");
}
