//! What is wrong with processes.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::env::TestEnv;
use crate::makers::{holder, process};
use crate::verbs::list_trouble::script;

crate::cases![
    a_stopped_process_is_in_trouble_while_a_signal_waits_for_it,
    a_signal_that_every_thread_blocks_is_told_and_one_that_is_taken_is_not;
    SeveralUsers: a_stopped_process_that_its_parent_waits_for_is_in_trouble,
    the_first_process_of_a_namespace_without_a_handler_is_told
];

fn trouble(env: &TestEnv, pid: i64) -> (Value, String) {
    let object = env.show(&format!("pid:{pid}"));
    (object["trouble"].clone(), object["trouble_evidence"].to_string())
}

fn a_stopped_process_is_in_trouble_while_a_signal_waits_for_it() {
    let env = TestEnv::new();
    let pid = process::stopped();
    assert_eq!(trouble(&env, pid).0, Value::Null, "nobody wants anything of it");
    process::signal(pid, libc::SIGTERM);
    let (found, lines) = trouble(&env, pid);
    assert_eq!(found, "stopped");
    assert!(lines.contains("stopped by STOP, and goes on at SIGCONT"), "{lines}");
    assert!(lines.contains("what is pending: TERM"), "{lines}");
}

fn a_signal_that_every_thread_blocks_is_told_and_one_that_is_taken_is_not() {
    let env = TestEnv::new();
    let deaf = holder::holding(|| process::block(libc::SIGUSR1));
    process::signal(deaf.pid(), libc::SIGUSR1);
    let (found, lines) = trouble(&env, deaf.pid());
    assert_eq!(found, "blocked-signal");
    assert!(lines.contains("USR1: pending for more than a second"), "{lines}");
    let listed = env.run(["list", "pid", "--trouble=blocked-signal", "--json", "-o", "address"]);
    assert!(listed.code(0).addresses().contains(&format!("pid:{}", deaf.pid())));
    // One that takes its signals now and then lets each of them wait for a moment.
    let slow = holder::churning(|| {
        process::block(libc::SIGUSR2);
        loop {
            thread::sleep(Duration::from_millis(300));
            process::take(libc::SIGUSR2);
        }
    });
    let pid = slow.pid();
    for _ in 0..3 {
        process::signal(pid, libc::SIGUSR2);
        assert_eq!(trouble(&env, pid).0, Value::Null);
    }
}

fn a_stopped_process_that_its_parent_waits_for_is_in_trouble() {
    let env = TestEnv::new();
    let output = script(
        &env,
        "bash -c 'sleep 600; true' & parent=$!
        until child=$(pgrep -P $parent sleep); do sleep 0.05; done
        kill -STOP $child
        until [ \"$(ipcctl list pid --trouble=stopped --format plain -o address)\" = pid:$child ]
        do sleep 0.1; done
        ipcctl show pid:$child --json; kill -CONT $child
        until [ -z \"$(ipcctl list pid --trouble=stopped --format plain -o address)\" ]; do sleep 0.1; done",
    );
    let object = output.only();
    assert_eq!(object["trouble"], "stopped");
    let lines = object["trouble_evidence"].to_string();
    assert!(lines.contains("waits for a child to end"), "{lines}");
}

fn the_first_process_of_a_namespace_without_a_handler_is_told() {
    let env = TestEnv::new();
    let output = script(
        &env,
        "unshare -pf --kill-child sleep 600 &
        unshare -pf --kill-child bash -c 'trap \"exit 0\" TERM; sleep 600 & wait' &
        unshare -pf --kill-child bash -c 'trap \"\" TERM; sleep 600; :' &
        until [ \"$(ipcctl list pid --all --format plain -o init | grep -c true)\" = 4 ]
        do sleep 0.1; done; sleep 0.2
        ipcctl list pid --trouble=no-handler --json -o command,caught,trouble-evidence",
    );
    let commands: Vec<_> = output.objects().iter().map(|one| one["command"].clone()).collect();
    // What ignores a signal has no handler for it, either.
    assert!(commands.contains(&"sleep".into()), "{}", output.report());
    let caught = |one: &Value| one["caught"].to_string().contains("TERM");
    assert!(!output.objects().iter().any(caught), "{}", output.report());
    output.shows("only SIGKILL from outside ends it");
}
