//! Signals that end an endpoint, all of them, and those that are errors of a write.

use super::{SMALL, script};
use crate::env::TestEnv;

crate::cases![
    every_signal_that_ends_a_process_ends_an_endpoint_in_order,
    every_signal_ends_a_sender_and_a_mover_that_wait_and_loses_nothing,
    every_signal_gives_a_posix_semaphore_back,
    what_was_taken_goes_back_whatever_the_signal,
    each_signal_that_is_ignored_stays_ignored,
    a_file_that_may_grow_no_further_is_an_error_and_nothing_is_lost,
    a_command_has_the_default_of_a_file_that_may_grow_no_further,
    sigkill_costs_a_bounded_number_of_messages
];

fn queue(env: &TestEnv, create: &str) -> String {
    script(env, create).run().ok().stdout().trim().to_owned()
}

/// Those of signal(7) whose default is to end the process, that can be caught and tell of no fault in it.
pub(super) fn that_end() -> impl Iterator<Item = libc::c_int> {
    [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGALRM,
        libc::SIGTERM,
        libc::SIGSTKFLT,
        libc::SIGXCPU,
        libc::SIGVTALRM,
        libc::SIGPROF,
        libc::SIGIO,
        libc::SIGPWR,
    ]
    .into_iter()
    // The C library musl keeps one real-time signal more for itself.
    .chain((libc::SIGRTMIN() + 1)..=libc::SIGRTMAX())
}

fn every_signal_that_ends_a_process_ends_an_endpoint_in_order() {
    let env = TestEnv::new();
    let queue = queue(&env, SMALL[1]);
    for signal in that_end() {
        let running = env.command(["recv", &queue, "--timeout", "100"]).start();
        running.wait_until_asleep();
        running.send(signal);
        running.end().code(128 + signal);
    }
}

/// Ends one run with each signal, all of which wait at the same time.
fn end_each(env: &TestEnv, words: &[&str]) {
    let runs: Vec<_> = that_end().map(|signal| (signal, env.command(words).start())).collect();
    for (signal, running) in runs {
        running.wait_until_asleep();
        running.send(signal);
        running.end().code(128 + signal);
    }
}

fn every_signal_ends_a_sender_and_a_mover_that_wait_and_loses_nothing() {
    let env = TestEnv::new();
    let small = [
        &["create", "mq:/full", "--max-messages", "1", "--message-size", "4"][..],
        &["create", "mq:0x77", "--max-bytes", "4"],
    ];
    for create in small {
        env.run(create).code(0);
        let full = create[1];
        let from = queue(&env, SMALL[1]);
        env.run(["send", full, "full"]).ok();
        env.run(["send", &from, "x", "--type", "9"]).ok();
        end_each(&env, &["send", full, "y"]);
        end_each(&env, &["move", &from, full, "--follow"]);
        env.run(["recv", full, "--drain"]).ok().prints("full\n");
        env.run(["recv", &from, "--drain", "--json"]).ok().prints("{\"type\":9,\"data\":\"x\"}\n");
        env.run(["rm", &from]).ok();
    }
}

fn every_signal_gives_a_posix_semaphore_back() {
    let env = TestEnv::new();
    env.run(["create", "sem:/many", "--value", "100"]).ok();
    end_each(&env, &["lock", "sem:/many", "--", "sleep", "1000"]);
    env.run(["list", "sem:/many", "-o", "value", "--format", "plain"]).ok().prints("100\n");
}

fn what_was_taken_goes_back_whatever_the_signal() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = queue(&env, create);
        env.run(["send", &queue, "x"]).ok();
        for signal in ["USR1", "ALRM", "IO", "35", "64"] {
            let text = format!(
                "rm -f began; ipcctl recv {queue} --exec sh -c 'echo > began; exec sleep 1000' & \
                 until test -e began; do sleep 0.02; done; \
                 for i in 1 2 3; do kill -{signal} $! || true; sleep 0.1; done; wait $! || echo $?"
            );
            script(&env, &text).run().code(0).prints("1\n").says("put back");
        }
        env.run(["recv", &queue]).ok().prints("x\n");
    }
}

fn each_signal_that_is_ignored_stays_ignored() {
    let env = TestEnv::new();
    let queue = queue(&env, SMALL[1]);
    let text = format!(
        "trap '' USR1 ALRM IO PWR; ipcctl recv {queue} & asleep $!; \
         for s in USR1 ALRM IO PWR; do kill -$s $!; done; ipcctl send {queue} x; wait $!"
    );
    script(&env, &text).run().code(0).prints("x\n");
}

fn a_file_that_may_grow_no_further_is_an_error_and_nothing_is_lost() {
    let env = TestEnv::new();
    let queue = queue(&env, SMALL[1]);
    env.command(["send", &queue]).input("x".repeat(5000)).run().ok();
    let text = format!("ulimit -f 1; ipcctl recv {queue} > small || echo $?");
    script(&env, &text)
        .run()
        .code(0)
        .prints("1\n")
        .says("the output ends with 512 bytes of a message that is not delivered")
        .says("put back");
    env.run(["recv", &queue]).ok().prints(&format!("{}\n", "x".repeat(5000)));
}

fn a_command_has_the_default_of_a_file_that_may_grow_no_further() {
    let env = TestEnv::new();
    let queue = queue(&env, SMALL[1]);
    // Signals 32 and 33 are the C library's own.
    let ignored = |output: &str| {
        let mask = output.trim().rsplit('\t').next().unwrap();
        u64::from_str_radix(mask, 16).unwrap() & !(0b11 << 31)
    };
    let look = "grep ^SigIgn /proc/self/status";
    let receive = format!("ipcctl send {queue} x; ipcctl recv {queue} --quiet --exec {look}");
    let lock =
        format!("ipcctl create sem:/one --value 1 > /dev/null; ipcctl lock sem:/one -- {look}");
    for text in [&receive, &lock] {
        let run = script(&env, text).run().ok();
        assert_eq!(ignored(run.stdout()), 0, "{text}");
    }
    let text = format!("trap '' XFSZ; {receive}");
    assert_eq!(ignored(script(&env, &text).run().ok().stdout()), 1 << (libc::SIGXFSZ - 1));
}

fn sigkill_costs_a_bounded_number_of_messages() {
    let env = TestEnv::new();
    let queue = queue(&env, SMALL[1]);
    // Its reader stops when it writes many at a time.
    let text = format!(
        "mkfifo p; seq 30000 | ipcctl send {queue} & giver=$!; ipcctl recv {queue} --follow > p & taker=$!; exec 3< p; i=0; \
         while test $i -lt 100 && read -r line <&3; do echo $line; i=$((i + 1)); done > got; asleep $taker; \
         kill -KILL $taker; wait $taker || echo $?; cat <&3 >> got; \
         while kill -0 $giver 2> /dev/null; do ipcctl recv {queue} --drain >> got; done; \
         ipcctl recv {queue} --drain >> got; sort -n got | uniq -d | wc -l; echo $((30000 - $(wc -l < got)))"
    );
    let run = script(&env, &text).run().code(0);
    let lost = run.stdout().strip_prefix("137\n0\n").unwrap().trim().parse::<u64>().unwrap();
    assert!((1..=64).contains(&lost), "{lost} messages");
}
