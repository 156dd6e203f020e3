//! A message that was taken is never lost.

use std::fs;

use super::{SMALL, script};
use crate::env::TestEnv;
use crate::makers::forking;

crate::cases![
    a_full_disk_puts_everything_back_in_order,
    a_closed_standard_output_loses_nothing,
    a_reader_that_goes_away_loses_nothing,
    a_reader_that_goes_while_nothing_comes_is_no_failure,
    what_cannot_go_back_is_saved_to_a_file_that_is_named,
    bytes_of_a_fifo_that_nobody_takes_are_saved,
    what_waits_in_a_fifo_and_before_it_is_saved_too,
    what_was_not_asked_for_stays_in_a_fifo,
    a_message_goes_back_with_its_priority_or_type,
    a_receiver_that_is_killed_loses_no_more_than_it_had_in_hand
];

fn a_full_disk_puts_everything_back_in_order() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        env.run(["send", &queue, "1", "2", "3"]).ok();
        for frame in ["line", "nul", "len32", "json", "raw"] {
            script(&env, &format!("ipcctl recv {queue} --drain --frame {frame} > /dev/full"))
                .run()
                .code(1)
                .says("no space")
                .says("3 messages that were taken are put back");
        }
        env.run(["recv", &queue, "--drain"]).ok().prints("1\n2\n3\n");
    }
}

fn a_closed_standard_output_loses_nothing() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        env.run(["send", &queue, "a", "b", "c"]).ok();
        script(&env, &format!("ipcctl recv {queue} --drain >&-"))
            .run()
            .code(1)
            .says("standard output is closed")
            .says("3 messages that were taken are put back");
        env.run(["recv", &queue, "--drain"]).ok().prints("a\nb\nc\n");
        script(&env, &format!("ipcctl send {queue} <&-"))
            .run()
            .code(1)
            .says("standard input cannot be read");
        env.run(["recv", &queue, "--nonblock"]).code(5);
    }
}

fn a_reader_that_goes_away_loses_nothing() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        env.run(["send", &queue, "1", "2", "3"]).ok();
        // The reader has gone before anything is taken.
        let answer = forking::undisturbed(|| std::io::pipe().unwrap().1);
        env.command(["recv", &queue, "--drain"]).run_to(answer.into()).ok();
        env.run(["recv", &queue, "--drain"]).ok().prints("1\n2\n3\n");
    }
}

fn a_reader_that_goes_while_nothing_comes_is_no_failure() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        let text = format!("(ipcctl recv {queue} --follow && echo $? > status) | true; cat status");
        script(&env, &text).run().ok().prints("0\n");
    }
}

fn what_cannot_go_back_is_saved_to_a_file_that_is_named() {
    let env = TestEnv::new();
    script(&env, SMALL[0]).run().ok();
    let input = "{\"priority\":9,\"data\":\"a\"}\n{\"priority\":2,\"data_base64\":\"/wA=\"}\n";
    env.command(["send", "mq:/q", "--frame", "json"]).input(input).run().ok();
    // The command removes the queue: there is nowhere to go back to.
    let text = "ipcctl recv mq:/q --exec sh -c 'ipcctl rm mq:/q; exit 1'; echo $? > status";
    let run = script(
        &env,
        &format!("set +e; {text}; cat status; cat ipcctl-saved-*; stat -c %a ipcctl-saved-*"),
    );
    run.run()
        .code(0)
        .prints("1\n{\"priority\":9,\"data\":\"a\"}\n600\n")
        .says("saved in /")
        .says("send it again: ipcctl send mq:/q --frame json <");
}

fn bytes_of_a_fifo_that_nobody_takes_are_saved() {
    let env = TestEnv::new();
    let text = "set +e; ipcctl create fifo:./p > /dev/null; printf 'some bytes' > p & \
                ipcctl recv fifo:./p > /dev/full; echo $?; cat ipcctl-saved-*; wait";
    script(&env, text).run().code(0).prints("1\nsome bytes").says("saved in").says("no space");
}

// A FIFO is emptied by the kernel when the last one who has it open goes, and a writer that has gone would never know. One
// that still writes is told, should the machine be too slow for it to be waited for.
fn what_waits_in_a_fifo_and_before_it_is_saved_too() {
    let env = TestEnv::new();
    let outputs =
        [("", "> /dev/full"), ("--frame line", "> /dev/full"), ("", "| head -c 1 > /dev/null")];
    for (options, output) in outputs {
        // What fits into a pipe all at once, unless there is one behind to take it; and what waits for room.
        for lines in [1000, 30_000].into_iter().skip(usize::from(output != "> /dev/full")) {
            let all: String = (1..=lines).map(|number| format!("{number}\n")).collect();
            fs::write(env.path("all"), &all).unwrap();
            let text = format!(
                "set +e; rm -f saved p told; mkfifo p; (cat all > p; echo $? > told) & \
                 ipcctl recv fifo:./p {options} {output}; wait; cat told; mv ipcctl-saved-* saved"
            );
            let run = script(&env, &text).run().code(0);
            let saved = fs::read_to_string(env.path("saved")).unwrap();
            let told = run.stdout() != "0\n";
            // To /dev/full goes nothing; else what was read, and what the pipe behind holds.
            let most = if output == "> /dev/full" { 0 } else { (1 << 16) + (1 << 12) };
            let passed = all.find(&saved).unwrap_or_else(|| panic!("{output}: {}", run.report()));
            let whole = passed + saved.len() == all.len();
            assert!(passed <= most && (whole || told), "{output} {lines}: {}", run.report());
        }
    }
}

fn what_was_not_asked_for_stays_in_a_fifo() {
    let env = TestEnv::new();
    let text = "set +e; mkfifo p; exec 3<> p; seq 3 >&3; \
                ipcctl recv fifo:./p --frame line --count 1 > /dev/full; head -n 2 <&3";
    script(&env, text).run().code(0).prints("2\n3\n").says("saved in");
}

fn a_message_goes_back_with_its_priority_or_type() {
    let env = TestEnv::new();
    for (create, mark) in [(SMALL[0], "priority"), (SMALL[1], "type")] {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        env.run(["send", &queue, "x", &format!("--{mark}"), "77"]).ok();
        env.run(["recv", &queue, "--exec", "false"])
            .code(1)
            .says("exited with status 1")
            .says("1 message that was taken is put back")
            .says("0 succeeded, 1 failed");
        env.run(["recv", &queue, "--exec", "sh", "-c", "kill -9 $$"]).code(1).says("signal 9");
        env.run(["recv", &queue, "--exec", "/no/such/command"]).code(1).says("no such command");
        let want = format!("{{\"{mark}\":77,\"data\":\"x\"}}\n");
        env.run(["recv", &queue, "--frame", "json"]).ok().prints(&want);
    }
}

fn a_receiver_that_is_killed_loses_no_more_than_it_had_in_hand() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        // What a receiver may have in hand: as many messages as the queue holds, and what nobody read yet is in
        // a file, which outlives it.
        let text = format!(
            "rm -f got; seq 20000 | ipcctl send {queue} --timeout 20 & \
             for delay in 0.02 0.05 0.1 0.15; do \
               ipcctl recv {queue} --follow >> got & pid=$!; sleep $delay; kill -9 $pid; wait $pid || true; \
             done; \
             ipcctl recv {queue} --follow --idle-timeout 5 >> got || true; wait %1; wc -l < got; sort -n got | uniq -d | wc -l"
        );
        let run = script(&env, &text).run().code(0);
        let lines = run.lines();
        let [got, twice] = lines[..] else { panic!("{}", run.report()) };
        let (got, twice): (u64, u64) = (got.trim().parse().unwrap(), twice.trim().parse().unwrap());
        assert_eq!(twice, 0, "{}", run.report());
        // Four were killed, each with at most a batch in hand: 10 messages, or the 16384 bytes of the queue.
        let most = if queue == "mq:/q" { 4 * 11 } else { 4 * 16384 };
        assert!(got <= 20000 && got + most >= 20000, "{got} of 20000\n{}", run.report());
    }
}
