//! Waits: their length, their clock, and what ends them.

use std::time::{Duration, Instant};

use super::{SMALL, script};
use crate::env::TestEnv;

crate::cases![
    a_timeout_is_as_long_as_it_says,
    no_time_is_enough_for_what_is_there,
    an_idle_timeout_begins_anew_with_each_message,
    nothing_is_waited_for_that_must_not_be,
    a_signal_ends_every_wait_with_128_and_its_number,
    a_queue_that_is_removed_ends_the_wait_and_is_said,
    a_wait_burns_no_processor_time;
    Strace: waits_use_the_monotonic_clock_alone,
    waits_for_semaphores_use_the_monotonic_clock_alone
];

/// Commands that wait for something that never comes, in a world made by [`EMPTY`].
const WAITS: [&str; 6] = [
    "recv mq:/q",
    "recv mq:0",
    "send mq:/full x",
    "send mq:1 x",
    "recv fifo:./p",
    "send fifo:./p x",
];

const EMPTY: &str = "ipcctl create mq:/q --max-messages 2 --message-size 10 > /dev/null; \
    ipcctl create mq:/full --max-messages 1 --message-size 10 > /dev/null; ipcctl send mq:/full x; \
    ipcctl create mq > /dev/null; ipcctl create mq --max-bytes 1 > /dev/null; ipcctl send mq:1 x; \
    ipcctl create fifo:./p > /dev/null; ";

fn a_timeout_is_as_long_as_it_says() {
    let env = TestEnv::new();
    script(&env, EMPTY).run().ok();
    for wait in WAITS {
        for timeout in [300, 800] {
            let before = Instant::now();
            script(&env, &format!("ipcctl {wait} --timeout {timeout}ms")).run().code(5);
            let took = before.elapsed();
            // A busy machine may be late, never early.
            assert!(took >= Duration::from_millis(timeout), "{wait}: {took:?}");
        }
    }
}

fn no_time_is_enough_for_what_is_there() {
    let env = TestEnv::new();
    let text = "exec 3<> p; printf 'x\\n' >&3; \
        for a in mq:/full mq:1 'fifo:./p --frame line --count 1'; do ipcctl recv $a --timeout 0; done; \
        printf y >&3; ipcctl recv fifo:./p --timeout 0 || echo $?; \
        for a in mq:/full mq:1 fifo:./p; do ipcctl recv $a --timeout 0 --quiet || echo $?; done";
    script(&env, EMPTY).run().ok();
    script(&env, text).run().code(0).prints("x\nx\nx\ny5\n5\n5\n5\n");
}

fn an_idle_timeout_begins_anew_with_each_message() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        let text = format!(
            "(for i in 1 2 3 4; do sleep 0.4; ipcctl send {queue} $i; done) & \
             ipcctl recv {queue} --follow --idle-timeout 4 || echo $?; wait"
        );
        script(&env, &text).run().code(0).prints("1\n2\n3\n4\n5\n").says("timed out (4 received)");
        // The whole is bounded by the other one.
        let text = format!(
            "(for i in 1 2 3 4 5 6; do sleep 0.3; ipcctl send {queue} $i; done) & \
             ipcctl recv {queue} --follow --idle-timeout 9 --timeout 1 > got || echo $?; wait; ipcctl recv {queue} --drain >> got; cat got"
        );
        script(&env, &text).run().code(0).prints("5\n1\n2\n3\n4\n5\n6\n");
    }
}

fn nothing_is_waited_for_that_must_not_be() {
    let env = TestEnv::new();
    script(&env, EMPTY).run().ok();
    for wait in WAITS {
        script(&env, &format!("ipcctl {wait} --nonblock")).run().code(5);
    }
    // To drain what is empty is no failure.
    for address in ["mq:/q", "mq:0", "fifo:./p"] {
        env.run(["recv", address, "--drain"]).ok().prints("");
    }
}

fn a_signal_ends_every_wait_with_128_and_its_number() {
    let env = TestEnv::new();
    script(&env, EMPTY).run().ok();
    for wait in WAITS {
        // A shell lets a job in the background ignore SIGINT, so timeout(1) runs it.
        let waits = [("INT", 130), ("TERM", 143), ("HUP", 129)].map(|(signal, status)| {
            let text = format!("timeout -s {signal} --preserve-status 0.3 ipcctl {wait} --quiet");
            (script(&env, &text).start(), status)
        });
        for (run, status) in waits {
            run.end().code(status).prints("").says_not("panic");
        }
    }
    // A signal that is ignored stays ignored.
    let text = "(trap '' INT; timeout -s INT 0.3 ipcctl recv mq:/q --timeout 1) || echo $?";
    script(&env, text).run().code(0).prints("124\n");
}

fn a_queue_that_is_removed_ends_the_wait_and_is_said() {
    for (wait, address) in [
        ("recv mq:/q", "mq:/q"),
        ("recv mq:0", "mq:0"),
        ("send mq:/full x", "mq:/full"),
        ("send mq:1 x", "mq:1"),
    ] {
        // Within a second, unless the machine is busy with something else.
        let noticed = |_| {
            let env = TestEnv::new();
            script(&env, EMPTY).run().ok();
            let text = format!(
                "ipcctl {wait} --timeout 20 & asleep $!; ipcctl rm {address}; date +%s%N > removed; \
                 wait $! || echo $?; date +%s%N > noticed; \
                 echo $(( ($(cat noticed) - $(cat removed)) / 1000000 ))"
            );
            let run = script(&env, &text).run().code(0);
            run.says("it was removed");
            let lines = run.lines();
            assert_eq!(lines[0], "3", "{wait}\n{}", run.report());
            lines[1].parse::<i64>().unwrap()
        };
        let least = (0..5).map(noticed).find(|milliseconds| *milliseconds < 1500);
        assert!(least.is_some(), "{wait}: not noticed within a second");
    }
}

fn a_wait_burns_no_processor_time() {
    let env = TestEnv::new();
    script(&env, EMPTY).run().ok();
    for wait in WAITS.into_iter().chain(["recv fifo:./p --follow"]) {
        // The writer of the FIFO has come and gone before the wait.
        let text = format!(
            "case '{wait}' in *follow) (printf x > p) & ;; esac; \
             exec timeout -s KILL 20 sh -c 'ipcctl {wait} --timeout 1 > /dev/null || true; times' | tail -n 1"
        );
        let run = script(&env, &text).run().code(0);
        // "0m0.010s 0m0.020s" of children.
        let seconds: f64 = run
            .stdout()
            .split_whitespace()
            .map(|time| {
                let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
                minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
            })
            .sum();
        assert!(
            seconds < 0.5,
            "{wait} used {seconds} s of processor time in a second\n{}",
            run.report()
        );
    }
}

// The clock of the machine is not ours to step. A wait that names no other clock than the monotonic one, and
// hands the kernel no absolute time, cannot notice a step.
fn waits_use_the_monotonic_clock_alone() {
    let env = TestEnv::new();
    script(&env, EMPTY).run().ok();
    for wait in WAITS {
        let trace = env.path("trace");
        let text = format!(
            "strace -f -o {trace} ipcctl {wait} --timeout 700ms || echo $?; \
             grep -E 'timer_|poll|select|nanosleep|mq_timed|msgrcv|msgsnd|futex|clock_' {trace} || true"
        );
        let run = script(&env, &text).run().code(0);
        let calls = run.stdout();
        assert!(calls.starts_with("5\n"), "{wait}\n{}", run.report());
        assert!(!calls.contains("CLOCK_REALTIME"), "{wait}\n{calls}");
        assert!(!calls.contains("TIMER_ABSTIME"), "{wait}\n{calls}");
        assert!(calls.contains("timer_create(CLOCK_MONOTONIC"), "{wait}\n{calls}");
        for call in calls.lines().filter(|line| line.contains("mq_timed")) {
            let timeless =
                call.contains(", NULL) ") || call.contains(", NULL <") || call.contains("NULL)");
            assert!(timeless, "{wait} hands over a time: {call}");
        }
    }
}

/// Commands that wait for semaphores that are taken, and the call in which they do.
const SEMAPHORE_WAITS: [(&str, &str); 4] = [
    ("wait sem:/gate", "futex("),
    ("lock sem:/gate --timeout 700ms -- true", "futex("),
    ("wait sem:0x5eed", "semtimedop("),
    ("semop sem:0x5eed 0=-1", "semtimedop("),
];

// Both calls take a time that is relative and monotonic, unless they are told otherwise.
fn waits_for_semaphores_use_the_monotonic_clock_alone() {
    let env = TestEnv::new();
    script(&env, "ipcctl create sem:/gate --value 0; ipcctl create sem:0x5eed").run().ok();
    for (wait, call) in SEMAPHORE_WAITS {
        let trace = env.path("trace");
        let limit = if wait.contains("--timeout") { "" } else { "--timeout 700ms" };
        let text = format!(
            "strace -f -o {trace} ipcctl {wait} {limit} || echo $?; \
             grep -E 'timer_|poll|select|nanosleep|futex|semtimedop|clock_' {trace} || true"
        );
        let run = script(&env, &text).run().code(0);
        let calls = run.stdout();
        let status = if wait.starts_with("lock") { "124\n" } else { "5\n" };
        assert!(calls.starts_with(status), "{wait}\n{}", run.report());
        assert!(calls.contains(call), "{wait}\n{calls}");
        for other in ["CLOCK_REALTIME", "TIMER_ABSTIME"] {
            assert!(!calls.contains(other), "{wait}\n{calls}");
        }
        // A thread of our own may be waited for until a point of the monotonic clock.
        let others = calls.lines().filter(|line| !line.contains("FUTEX_WAIT_BITSET_PRIVATE"));
        assert_eq!(others.filter(|line| line.contains("FUTEX_WAIT_BITSET")).count(), 0, "{calls}");
    }
}
