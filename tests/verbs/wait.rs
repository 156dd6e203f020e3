//! `wait`: taking from semaphores of both families.

use std::fs::{self, OpenOptions};
use std::thread;
use std::time::{Duration, Instant};

use crate::env::{Running, TestEnv};
use crate::makers::{holder, posix, sysv};

crate::cases![
    one_is_taken,
    members_and_amounts_are_chosen,
    what_cannot_be_had_in_time_is_exit_5,
    whoever_waits_gets_what_is_posted,
    a_post_of_ours_wakes_the_waiters_of_the_c_library,
    many_take_what_is_there_and_no_more,
    what_is_removed_while_waiting_is_not_found_and_said_so,
    a_semaphore_that_is_cut_short_while_waiting_is_none_any_more,
    no_truncation_at_any_moment_kills_the_program,
    what_is_no_semaphore_is_not_operated_on,
    a_signal_ends_the_wait_and_leaves_everything_as_it_was,
    to_be_stopped_and_continued_is_no_end,
    a_member_that_the_set_does_not_have_is_named,
    the_last_of_32000_semaphores_can_be_waited_for,
    amounts_beyond_every_value_are_a_limit,
    to_wait_takes_permission,
    what_cannot_be_waited_for_is_a_usage_error;
    Python: python_on_the_other_end
];

/// A semaphore of each family with this value: a set's first member has it.
pub fn both(value: u16) -> [String; 2] {
    let id = sysv::set_with(sysv::PRIVATE, &[value, 0], 0o600);
    posix::semaphore("/both", value.into(), 0o600);
    [format!("sem:{id}"), "sem:/both".to_owned()]
}

/// The value of a semaphore or of a set's first member, by its address.
pub fn value(address: &str) -> i64 {
    let locator = address.strip_prefix("sem:").unwrap();
    if locator.starts_with('/') {
        posix::semaphore_value(locator).into()
    } else {
        sysv::values(locator.parse().unwrap())[0].into()
    }
}

fn post(address: &str) {
    let locator = address.strip_prefix("sem:").unwrap();
    if locator.starts_with('/') {
        posix::post(locator);
    } else {
        sysv::operate(locator.parse().unwrap(), 0, 1);
    }
}

fn waiting(env: &TestEnv, address: &str) -> Running {
    let running = env.command(["wait", address]).start();
    running.wait_until_asleep();
    running
}

fn one_is_taken() {
    let env = TestEnv::new();
    for address in both(3) {
        env.run(["wait", &address]).ok().prints("");
        assert_eq!(value(&address), 2, "{address}");
        env.run(["wait", &address, "--nonblock"]).ok();
        env.run(["wait", &address, "--timeout", "10"]).ok();
        assert_eq!(value(&address), 0, "{address}");
    }
}

fn members_and_amounts_are_chosen() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[1, 2, 3], 0o600);
    env.run(["wait", "sem:0x5eed", "--index", "2", "--by", "2"]).ok();
    assert_eq!(sysv::values(id), [1, 2, 1]);
    // All of it or nothing.
    env.run(["wait", "sem:0x5eed", "--index", "1", "--by", "3", "--nonblock"]).code(5);
    assert_eq!(sysv::values(id), [1, 2, 1]);
    env.run(["wait", "sem:0x5eed", "--by", "0"]).code(2).says("at least 1");
    posix::semaphore("/gate", 3, 0o600);
    for option in ["--index", "--by"] {
        env.run(["wait", "sem:/gate", option, "1"]).code(2).says(option).says("sysv-sem");
    }
}

fn what_cannot_be_had_in_time_is_exit_5() {
    let env = TestEnv::new();
    for address in both(0) {
        let output = env.run(["wait", &address, "--nonblock"]).code(5);
        output.says(&format!("cannot wait on {address}: it would block")).prints("");
        let start = Instant::now();
        let output = env.run(["wait", &address, "--timeout", "0.7"]).code(5);
        output.says("timed out");
        assert!(start.elapsed() >= Duration::from_millis(700), "{:?}", start.elapsed());
        env.run(["wait", &address, "--timeout", "0"]).code(5).says("timed out");
        env.run(["wait", &address, "--timeout", "1", "--nonblock"]).code(2);
    }
    assert_eq!(env.show("sem:/both")["waiters"], 0);
}

fn whoever_waits_gets_what_is_posted() {
    let env = TestEnv::new();
    for address in both(0) {
        let running = waiting(&env, &address);
        post(&address);
        running.end().ok();
        assert_eq!(value(&address), 0, "{address}");
        // Patience beyond what a clock can name is endless.
        for long in ["100000000000000", "9000000000000000000"] {
            let running = env.command(["wait", &address, "--timeout", long]).start();
            running.wait_until_asleep();
            post(&address);
            running.end().ok();
        }
    }
    assert_eq!(env.show("sem:/both")["waiters"], 0);
}

fn a_post_of_ours_wakes_the_waiters_of_the_c_library() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 0, 0o600);
    posix::semaphore("/done", 0, 0o600);
    let _waiters = [0; 3].map(|_| {
        holder::blocking(
            || (),
            || {
                posix::wait("/gate");
                posix::post("/done");
                holder::pause();
            },
        )
    });
    assert_eq!(env.show("sem:/gate")["waiters"], 3);
    env.run(["post", "sem:/gate", "--by", "2"]).ok();
    for _ in 0..2 {
        env.run(["wait", "sem:/done", "--timeout", "20"]).ok();
    }
    env.run(["post", "sem:/gate"]).ok();
    env.run(["wait", "sem:/done", "--timeout", "20"]).ok();
    assert_eq!((value("sem:/gate"), value("sem:/done")), (0, 0));
}

fn many_take_what_is_there_and_no_more() {
    let env = TestEnv::new();
    for address in both(0) {
        let waiters: Vec<_> =
            (0..8).map(|_| env.command(["wait", &address, "--timeout", "60"]).start()).collect();
        waiters.iter().for_each(Running::wait_until_asleep);
        for _ in 0..5 {
            env.run(["post", &address]).ok();
        }
        // The others go on waiting.
        while waiters.iter().filter(|waiter| waiter.has_ended()).count() < 5 {
            thread::sleep(Duration::from_millis(5));
        }
        waiters.iter().for_each(|waiter| waiter.send(libc::SIGTERM));
        let ends = waiters.into_iter().map(|waiter| waiter.end().status.code());
        assert_eq!(ends.filter(|code| *code == Some(0)).count(), 5, "{address}");
        assert_eq!(value(&address), 0);
    }
}

fn what_is_removed_while_waiting_is_not_found_and_said_so() {
    let env = TestEnv::new();
    for address in both(0) {
        let running = waiting(&env, &address);
        env.run(["rm", &address]).ok();
        running.end().code(3).says(&format!("{address}: it was removed while waiting"));
        env.run(["wait", &address]).code(3).says("no such object");
    }
}

fn set_length(path: &str, length: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn a_semaphore_that_is_cut_short_while_waiting_is_none_any_more() {
    let env = TestEnv::new();
    for length in [0, 1, 31] {
        posix::semaphore("/gate", 0, 0o600);
        let running = waiting(&env, "sem:/gate");
        set_length("/dev/shm/sem.gate", length);
        running.end().code(3).says("cut short");
        fs::remove_file("/dev/shm/sem.gate").unwrap();
    }
}

fn no_truncation_at_any_moment_kills_the_program() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 1, 0o600);
    let whole = fs::read("/dev/shm/sem.gate").unwrap();
    let _hostile = holder::churning(move || {
        loop {
            fs::OpenOptions::new()
                .write(true)
                .open("/dev/shm/sem.gate")
                .unwrap()
                .set_len(0)
                .unwrap();
            fs::write("/dev/shm/sem.gate", &whole).unwrap();
        }
    });
    let mut seen = [0; 8];
    let end = Instant::now() + Duration::from_secs(4);
    while Instant::now() < end {
        for arguments in [
            vec!["wait", "sem:/gate", "--nonblock"],
            vec!["wait", "sem:/gate", "--timeout", "0.01"],
            vec!["post", "sem:/gate"],
            vec!["set", "sem:/gate", "--value", "1"],
            vec!["lock", "sem:/gate", "--nonblock", "--", "/bin/true"],
            vec!["show", "sem:/gate"],
        ] {
            let (code, output) = env.run(arguments).any_code(&[0, 1, 3, 5, 124, 125]);
            output.says_not("panicked");
            seen[usize::try_from(code % 8).unwrap()] += 1;
        }
    }
    assert!(seen[3] > 0, "the file was never found short: {seen:?}");
}

fn what_is_no_semaphore_is_not_operated_on() {
    let env = TestEnv::new();
    let junk = vec![0x6b; 32];
    fs::write("/dev/shm/sem.junk", &junk).unwrap();
    fs::write("/dev/shm/sem.short", b"x").unwrap();
    for verb in ["wait", "post"] {
        env.run([verb, "sem:/junk"]).code(1).says("content is not that of a semaphore");
        env.run([verb, "sem:/short"]).code(3).says("1 bytes");
    }
    env.run(["set", "sem:/junk", "--value", "1"]).code(1).says("not that of a semaphore");
    assert_eq!(fs::read("/dev/shm/sem.junk").unwrap(), junk);
}

fn a_signal_ends_the_wait_and_leaves_everything_as_it_was() {
    let env = TestEnv::new();
    for address in both(0) {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGUSR1] {
            let running = waiting(&env, &address);
            running.send(signal);
            let run = running.end();
            let ended = std::os::unix::process::ExitStatusExt::signal(&run.status);
            assert_eq!(ended, Some(signal), "{address}: {:?}", run.status);
            assert!(run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
        }
        assert_eq!(value(&address), 0);
    }
    assert_eq!(env.show("sem:/both")["waiters"], 0);
    // A shell says 128 and the signal's number.
    let script = format!("timeout -s TERM 0.3 {} wait sem:/both", crate::isolation::PROGRAM);
    let status = env.tool("sh", ["-c", &format!("{script}; echo $?")]).run().code(0);
    status.prints("124\n");
}

fn to_be_stopped_and_continued_is_no_end() {
    let env = TestEnv::new();
    for address in both(0) {
        let running = waiting(&env, &address);
        for _ in 0..3 {
            running.send(libc::SIGSTOP);
            thread::sleep(Duration::from_millis(20));
            running.send(libc::SIGCONT);
            running.wait_until_asleep();
        }
        post(&address);
        running.end().ok();
    }
}

fn a_member_that_the_set_does_not_have_is_named() {
    let env = TestEnv::new();
    sysv::set(0x5eed, 3, 0o600);
    for index in ["3", "65535", "65536", "18446744073709551615"] {
        for verb in ["wait", "post"] {
            let output = env.run([verb, "sem:0x5eed", "--index", index]).code(2);
            output.says(&format!("the set has the indexes 0 to 2, not {index}"));
        }
    }
}

fn the_last_of_32000_semaphores_can_be_waited_for() {
    let env = TestEnv::new();
    let id = sysv::set(sysv::PRIVATE, 32_000, 0o600);
    let address = format!("sem:{id}");
    let running = env.command(["wait", &address, "--index", "31999", "--by", "2"]).start();
    running.wait_until_asleep();
    env.run(["post", &address, "--index", "31999"]).ok();
    running.wait_until_asleep();
    env.run(["post", &address, "--index", "31999", "--by", "2"]).ok();
    running.end().ok();
    let values = sysv::values(id);
    assert_eq!((values.iter().sum::<u16>(), values[31_999]), (1, 1));
    env.run(["wait", &address, "--index", "32000"]).code(2).says("0 to 31999, not 32000");
}

fn amounts_beyond_every_value_are_a_limit() {
    let env = TestEnv::new();
    sysv::set(0x5eed, 1, 0o600);
    for by in ["32768", "65536", "18446744073709551615"] {
        for verb in ["wait", "post"] {
            env.run([verb, "sem:0x5eed", "--by", by]).code(7).says("SEMVMX").says(by);
        }
    }
    env.run(["wait", "sem:0x5eed", "--by", "32767", "--nonblock"]).code(5);
}

fn to_wait_takes_permission() {
    let env = TestEnv::new();
    let id = sysv::set_with(sysv::PRIVATE, &[1], 0o400);
    posix::semaphore("/gate", 1, 0o400);
    for address in [format!("sem:{id}"), "sem:/gate".to_owned()] {
        for verb in ["wait", "post"] {
            let output = env.command([verb, &address]).unprivileged().run().code(4);
            output.says("permission denied").says("permission to");
        }
        assert_eq!(value(&address), 1);
    }
}

fn what_cannot_be_waited_for_is_a_usage_error() {
    let env = TestEnv::new();
    posix::shared_memory("/a", 4096, 0o600);
    for verb in ["wait", "post"] {
        for address in ["shm:/a", "shm:0", "mq:/jobs", "fifo:/tmp/x"] {
            env.run([verb, address]).code(2).says("System V semaphore set, POSIX named semaphore");
        }
    }
    for address in ["sem:/none", "sem:0", "sem:0x5eed"] {
        env.run(["wait", address]).code(3).says("no such object");
    }
}

fn python_on_the_other_end() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[0], 0o600);
    posix::semaphore("/gate", 0, 0o600);
    let code = "import sysv_ipc, posix_ipc, sys
if sys.argv[1] == 'sysv':
    semaphore = sysv_ipc.Semaphore(0x5eed)
else:
    semaphore = posix_ipc.Semaphore('/gate')
for _ in range(50):
    semaphore.acquire()
for _ in range(50):
    semaphore.release()
";
    for (family, address) in [("sysv", format!("sem:{id}")), ("posix", "sem:/gate".to_owned())] {
        let python = env.tool("/usr/bin/python3", ["-c", code, family]).start();
        for _ in 0..50 {
            env.run(["post", &address]).ok();
        }
        python.end().ok();
        for _ in 0..50 {
            env.run(["wait", &address, "--timeout", "20"]).ok();
        }
        assert_eq!(value(&address), 0, "{address}");
    }
}
