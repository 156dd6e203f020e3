//! `lock`: commands while holding semaphores of both families.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use crate::env::{Invocation, Running, TestEnv};
use crate::isolation;
use crate::makers::{posix, sysv};
use crate::verbs::wait::{both, value};

crate::cases![
    it_is_held_while_the_command_runs,
    the_commands_streams_and_arguments_are_its_own,
    the_status_is_the_commands_own,
    failures_of_its_own_have_statuses_of_their_own,
    a_command_line_that_makes_no_sense_is_no_status_of_a_command,
    only_so_many_run_at_a_time,
    one_at_a_time_loses_no_update,
    a_member_and_an_amount_are_held,
    a_set_is_free_after_sigkill,
    what_the_command_leaves_running_holds_no_set,
    a_signal_is_passed_on,
    what_a_command_makes_of_a_signal_decides,
    a_signal_while_waiting_ends_it_and_takes_nothing,
    ignored_signals_stay_ignored,
    a_parent_that_ignores_the_end_of_children_changes_nothing,
    a_semaphore_that_is_gone_at_the_end_is_said_and_the_status_is_kept,
    the_command_has_no_signal_blocked
];

fn lock<'a>(env: &TestEnv, address: &'a str, rest: &[&'a str]) -> Invocation {
    env.command([&["lock", address], rest].concat())
}

fn in_shell(env: &TestEnv, script: &str) -> Invocation {
    let path = format!("{}:/usr/bin:/bin", isolation::PROGRAM.rsplit_once('/').unwrap().0);
    env.tool("sh", ["-c", script]).env("PATH", path)
}

/// Waits for a file that a command makes.
fn wait_for(path: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fs::exists(path).unwrap() {
        assert!(Instant::now() < deadline, "{path} never came");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A command that says by the file `ready` that it runs, and goes on until it is ended.
fn holding(env: &TestEnv, address: &str) -> Running {
    let ready = env.path("ready");
    fs::remove_file(&ready).ok();
    let running =
        lock(env, address, &["--", "sh", "-c", &format!("echo > {ready}; exec sleep 100")]).start();
    wait_for(&ready);
    running
}

fn it_is_held_while_the_command_runs() {
    let env = TestEnv::new();
    for address in both(2) {
        let running = holding(&env, &address);
        assert_eq!(value(&address), 1);
        running.send(libc::SIGTERM);
        drop(running.end());
        assert_eq!(value(&address), 2);
    }
}

fn the_commands_streams_and_arguments_are_its_own() {
    let env = TestEnv::new();
    for address in both(1) {
        let script = "cat; printf '<%s>' \"$@\"; echo talk >&2";
        let output = lock(&env, &address, &["--", "sh", "-c", script, "sh", "--by", "a b", ""])
            .input("in ")
            .run();
        output.code(0).prints("in <--by><a b><>").says("talk\n");
    }
}

fn the_status_is_the_commands_own() {
    let env = TestEnv::new();
    for address in both(1) {
        for status in [0, 1, 2, 3, 5, 77, 124, 255] {
            let exit = format!("exit {status}");
            lock(&env, &address, &["--", "sh", "-c", &exit]).run().code(status).says_not("ipcctl");
        }
        for signal in [libc::SIGKILL, libc::SIGTERM, libc::SIGSEGV] {
            let script =
                format!("ipcctl lock {address} -- sh -c 'kill -{signal} $$' 2>/dev/null; echo $?");
            in_shell(&env, &script).run().code(0).prints(&format!("{}\n", 128 + signal));
        }
        assert_eq!(value(&address), 1);
    }
}

fn failures_of_its_own_have_statuses_of_their_own() {
    let env = TestEnv::new();
    for address in both(1) {
        let run = |rest: &[&str]| lock(&env, &address, rest).run();
        run(&["--", "/nonexistent/x"])
            .code(127)
            .says("cannot run /nonexistent/x: command not found");
        run(&["--", "no-such-command"]).code(127).says("command not found");
        run(&["--", "/etc/passwd"]).code(126).says("cannot run /etc/passwd: permission denied");
        run(&["--", "/etc"]).code(126);
        run(&["--", ""]).code(127);
        run(&["--", "\u{1b}[2J"]).code(127).is_safe_on_a_terminal();
        assert_eq!(value(&address), 1, "{address}: taken for a command that never ran");
        env.run(["wait", &address]).ok();
        run(&["--nonblock", "--", "true"]).code(124).says("would block");
        run(&["--timeout", "0.2", "--", "true"]).code(124).says("timed out");
        assert_eq!(value(&address), 0);
    }
    lock(&env, "sem:/none", &["--", "true"]).run().code(125).says("no such object");
    lock(&env, "sem:0x5eed", &["--", "true"]).run().code(125).says("no such object");
    sysv::set_with(0x5eed, &[1], 0o400);
    lock(&env, "sem:0x5eed", &["--", "true"])
        .unprivileged()
        .run()
        .code(125)
        .says("permission denied");
}

fn a_command_line_that_makes_no_sense_is_no_status_of_a_command() {
    let env = TestEnv::new();
    let [set, named] = both(1);
    for arguments in [
        vec!["lock"],
        vec!["lock", &set],
        vec!["lock", &set, "--"],
        vec!["lock", &set, "true"],
        vec!["lock", "true", "--", "true"],
        vec!["lock", "--quiet", &set, "--nope", "--", "true"],
        vec!["--quiet", "lock", &set, "--timeout", "x", "--", "true"],
        vec!["lock", "shm:0", "--", "true"],
        vec!["lock", &named, "--by", "2", "--", "true"],
        vec!["lock", &set, "--by", "0", "--", "true"],
        vec!["lock", &set, "--index", "2", "--", "true"],
    ] {
        env.run(arguments).code(125).prints("");
    }
    env.run(["lock", "--help"]).ok().shows("SIGKILL");
}

/// Starts so many locked runs of a script at once and waits for all of them.
fn all_at_once(env: &TestEnv, address: &str, count: usize, script: &str) {
    let runs: Vec<_> =
        (0..count).map(|_| lock(env, address, &["--", "sh", "-c", script]).start()).collect();
    for run in runs {
        run.end().ok();
    }
}

fn only_so_many_run_at_a_time() {
    let env = TestEnv::new();
    for address in both(3) {
        let log = env.path("log");
        all_at_once(&env, &address, 8, &format!("echo + >> {log}; sleep 0.1; echo - >> {log}"));
        let (mut inside, mut most) = (0, 0);
        for line in fs::read_to_string(&log).unwrap().lines() {
            inside += if line == "+" { 1 } else { -1 };
            most = inside.max(most);
        }
        assert!(most > 1, "{address}: they never ran together");
        assert!(most <= 3, "{address}: {most} ran together");
        fs::remove_file(log).unwrap();
        assert_eq!(value(&address), 3);
    }
}

fn one_at_a_time_loses_no_update() {
    let env = TestEnv::new();
    for address in both(1) {
        let file = env.path("number");
        fs::write(&file, "0\n").unwrap();
        let script = format!("read n < {file}; sleep 0.01; echo $((n + 1)) > {file}");
        all_at_once(&env, &address, 25, &script);
        assert_eq!(fs::read_to_string(&file).unwrap(), "25\n", "{address}");
    }
}

fn a_member_and_an_amount_are_held() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[1, 5], 0o600);
    let script = "ipcctl lock sem:0x5eed --index 1 --by 3 -- \
                  ipcctl show sem:0x5eed --json -o semaphores";
    let output = in_shell(&env, script).run().code(0);
    output.shows("\"value\":2");
    assert_eq!(sysv::values(id), [1, 5]);
}

// The promise of flock(1), for a counting lock.
fn a_set_is_free_after_sigkill() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[1], 0o600);
    let running = holding(&env, "sem:0x5eed");
    assert_eq!(sysv::values(id), [0]);
    running.send(libc::SIGKILL);
    assert_eq!(running.end().status.signal(), Some(libc::SIGKILL));
    assert_eq!(sysv::values(id), [1]);
}

fn what_the_command_leaves_running_holds_no_set() {
    let env = TestEnv::new();
    for address in both(1) {
        let script = "sleep 100 > /dev/null 2>&1 & echo $!";
        let output = lock(&env, &address, &["--", "sh", "-c", script]).run().ok();
        assert_eq!(value(&address), 1, "{address}");
        env.tool("kill", [output.stdout().trim()]).run().ok();
    }
}

fn a_signal_is_passed_on() {
    let env = TestEnv::new();
    for address in both(1) {
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, 40]
        {
            let running = holding(&env, &address);
            running.send(signal);
            let status = running.end().status;
            let told = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
            assert_eq!(told, Some(128 + signal), "{address} {signal}: {status:?}");
            assert_eq!(value(&address), 1, "{address} {signal}");
        }
    }
}

fn what_a_command_makes_of_a_signal_decides() {
    let env = TestEnv::new();
    for address in both(1) {
        let ready = env.path("ready");
        fs::remove_file(&ready).ok();
        let script =
            format!("trap 'echo got; exit 9' TERM; echo > {ready}; while :; do sleep 0.01; done");
        let running = lock(&env, &address, &["--", "sh", "-c", &script]).start();
        wait_for(&ready);
        running.send(libc::SIGTERM);
        running.end().code(9).prints("got\n");
        assert_eq!(value(&address), 1);
    }
}

fn a_signal_while_waiting_ends_it_and_takes_nothing() {
    let env = TestEnv::new();
    for address in both(0) {
        let ran = env.path("ran");
        let running = lock(&env, &address, &["--", "touch", &ran]).start();
        running.wait_until_asleep();
        running.send(libc::SIGTERM);
        assert_eq!(running.end().status.signal(), Some(libc::SIGTERM));
        env.run(["post", &address]).ok();
        assert_eq!(value(&address), 1);
        assert!(!fs::exists(&ran).unwrap());
    }
    assert_eq!(env.show("sem:/both")["waiters"], 0);
}

fn ignored_signals_stay_ignored() {
    let env = TestEnv::new();
    for address in both(1) {
        let (ready, go) = (env.path("ready"), env.path("go"));
        let wait = format!("echo > {ready}; until [ -e {go} ]; do sleep 0.01; done");
        let inner = format!("kill -HUP $$; {wait}; echo alive");
        let script = format!("trap '' HUP; exec ipcctl lock {address} -- sh -c '{inner}'");
        let running = in_shell(&env, &script).start();
        wait_for(&ready);
        running.send(libc::SIGHUP);
        thread::sleep(Duration::from_millis(50));
        fs::write(&go, "").unwrap();
        running.end().code(0).prints("alive\n");
        assert_eq!(value(&address), 1);
        fs::remove_file(ready).unwrap();
        fs::remove_file(go).unwrap();
    }
}

fn a_parent_that_ignores_the_end_of_children_changes_nothing() {
    let env = TestEnv::new();
    for address in both(1) {
        let code = "import signal, os, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])";
        let program = isolation::PROGRAM;
        let arguments = ["-c", code, program, "lock", &address, "--", "sh", "-c", "exit 7"];
        env.tool("python3", arguments).run().code(7);
        assert_eq!(value(&address), 1);
    }
}

fn a_semaphore_that_is_gone_at_the_end_is_said_and_the_status_is_kept() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 1, 0o600);
    let cut = ["--", "sh", "-c", "echo > /dev/shm/sem.gate; exit 6"];
    lock(&env, "sem:/gate", &cut)
        .run()
        .code(6)
        .says("cannot give back sem:/gate")
        .says("cut short");
    fs::remove_file("/dev/shm/sem.gate").unwrap();
    posix::semaphore("/gate", 1, 0o600);
    // Whoever still has it open gets it back, so nothing is wrong.
    lock(&env, "sem:/gate", &["--", "rm", "/dev/shm/sem.gate"]).run().ok();
}

fn the_command_has_no_signal_blocked() {
    let env = TestEnv::new();
    let look = ["grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"];
    // Signals 32 and 33 are the C library's own.
    let masks = |output: &str| -> Vec<u64> {
        let mask = |line: &str| u64::from_str_radix(line.split('\t').nth(1).unwrap(), 16).unwrap();
        output.lines().map(|line| mask(line) & !(0b11 << 31)).collect()
    };
    let plain = masks(env.tool(look[0], &look[1..]).run().ok().stdout());
    assert_eq!((plain.len(), plain[0]), (3, 0));
    for address in both(1) {
        let locked = lock(&env, &address, &[&["--"], &look[..]].concat()).run().ok();
        assert_eq!(masks(locked.stdout()), plain, "{address}");
    }
}
