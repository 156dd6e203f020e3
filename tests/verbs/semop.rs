//! `semop`: several operations on a System V set, all or none.

use std::time::{Duration, Instant};

use crate::env::TestEnv;
use crate::makers::{posix, sysv};

crate::cases![
    all_operations_are_done_or_none,
    it_waits_until_all_can_be_done,
    a_range_is_one_operation_for_each_member,
    zero_waits_for_zero,
    n_refuses_rather_than_wait,
    u_takes_back_when_the_program_ends,
    a_timeout_ends_the_wait,
    a_removed_set_ends_the_wait,
    more_operations_than_the_kernel_does_at_once_are_a_limit,
    a_value_that_would_be_too_high_is_named,
    a_member_that_the_set_does_not_have_is_named,
    five_hundred_of_32000_members_change_at_once,
    terms_that_make_no_sense_are_usage_errors,
    a_posix_semaphore_has_no_members,
    to_look_for_zero_takes_permission_to_read_alone
];

fn all_operations_are_done_or_none() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[1, 0, 3], 0o600);
    env.run(["semop", "sem:0x5eed", "0=-1", "1=+2", "2=-3"]).ok().prints("");
    assert_eq!(sysv::values(id), [0, 2, 0]);
    env.run(["semop", "sem:0x5eed", "1=-2", "0=-1", "--nonblock"]).code(5).says("would block");
    assert_eq!(sysv::values(id), [0, 2, 0]);
    // One after the other on the same member.
    env.run(["semop", "sem:0x5eed", "1=-2", "1=0", "1=+5"]).ok();
    assert_eq!(sysv::values(id), [0, 5, 0]);
}

fn it_waits_until_all_can_be_done() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[0, 0], 0o600);
    let running = env.command(["semop", "sem:0x5eed", "0=-1", "1=-1"]).start();
    running.wait_until_asleep();
    sysv::operate(id, 0, 1);
    running.wait_until_asleep();
    assert_eq!(sysv::values(id), [1, 0], "half of it was taken");
    sysv::operate(id, 1, 1);
    running.end().ok();
    assert_eq!(sysv::values(id), [0, 0]);
}

fn a_range_is_one_operation_for_each_member() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[0, 0, 0, 0], 0o600);
    env.run(["semop", "sem:0x5eed", "1:3=+7", "2:2=-1"]).ok();
    assert_eq!(sysv::values(id), [0, 7, 6, 7]);
}

fn zero_waits_for_zero() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[1], 0o600);
    let running = env.command(["semop", "sem:0x5eed", "0=0", "0=+5"]).start();
    running.wait_until_asleep();
    assert_eq!(env.show("sem:0x5eed")["semaphores"][0]["waiting_for_zero"], 1);
    sysv::operate(id, 0, -1);
    running.end().ok();
    assert_eq!(sysv::values(id), [5]);
}

fn n_refuses_rather_than_wait() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[0, 1], 0o600);
    env.run(["semop", "sem:0x5eed", "1=-1", "0=-1n"]).code(5).says("would block");
    env.run(["semop", "sem:0x5eed", "1=0n"]).code(5).says("would block");
    // With a timeout too: it is over before it begins.
    let start = Instant::now();
    env.run(["semop", "sem:0x5eed", "0=-1n", "--timeout", "60"]).code(5).says("would block");
    assert!(start.elapsed() < Duration::from_secs(30));
    assert_eq!(sysv::values(id), [0, 1]);
}

fn u_takes_back_when_the_program_ends() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[3, 3], 0o600);
    env.run(["semop", "sem:0x5eed", "0=-2u", "1=-2"]).ok();
    assert_eq!(sysv::values(id), [3, 1]);
}

fn a_timeout_ends_the_wait() {
    let env = TestEnv::new();
    sysv::set(0x5eed, 2, 0o600);
    let start = Instant::now();
    let output = env.run(["semop", "sem:0x5eed", "0=-1", "--timeout", "300ms"]).code(5);
    output.says("cannot operate on sem:0x5eed: timed out");
    assert!(start.elapsed() >= Duration::from_millis(300));
}

fn a_removed_set_ends_the_wait() {
    let env = TestEnv::new();
    let id = sysv::set(0x5eed, 2, 0o600);
    let running = env.command(["semop", "sem:0x5eed", "0=-1"]).start();
    running.wait_until_asleep();
    sysv::remove_set(id);
    running.end().code(3).says("removed while waiting");
}

fn more_operations_than_the_kernel_does_at_once_are_a_limit() {
    let env = TestEnv::new();
    let id = sysv::set(0x5eed, 1000, 0o600);
    env.run(["semop", "sem:0x5eed", "0:499=+1"]).ok();
    for terms in [vec!["0:500=+1"], vec!["0:499=+1", "7=-1"], vec!["0:65535=1"]] {
        let output = env.run([vec!["semop", "sem:0x5eed"], terms].concat()).code(7);
        output.says("500 (SEMOPM)").says("third number of kernel.sem");
    }
    assert_eq!(sysv::values(id).iter().sum::<u16>(), 500);
}

fn a_value_that_would_be_too_high_is_named() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[0, 32_000, 0], 0o600);
    let output = env.run(["semop", "sem:0x5eed", "0:2=+768"]).code(7);
    output.says("semaphore 1 would be 32768, above 32767 (SEMVMX)");
    assert_eq!(sysv::values(id), [0, 32_000, 0]);
    env.run(["semop", "sem:0x5eed", "0:2=+767"]).ok();
}

fn a_member_that_the_set_does_not_have_is_named() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[1, 1, 1], 0o600);
    let output = env.run(["semop", "sem:0x5eed", "0=-1", "1:5=-1"]).code(2);
    output.says("the set has the indexes 0 to 2, not 5");
    assert_eq!(sysv::values(id), [1, 1, 1]);
}

fn five_hundred_of_32000_members_change_at_once() {
    let env = TestEnv::new();
    let id = sysv::set(sysv::PRIVATE, 32_000, 0o600);
    let address = format!("sem:{id}");
    env.run(["semop", &address, "31500:31999=+3"]).ok();
    env.run(["semop", &address, "31500:31998=-3", "31999=-1"]).ok();
    let values = sysv::values(id);
    assert_eq!((values.iter().sum::<u16>(), values[31_999]), (2, 2));
    env.run(["semop", &address, "32000=+1"]).code(2).says("0 to 31999");
}

fn terms_that_make_no_sense_are_usage_errors() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[1, 1], 0o600);
    for term in ["0", "0=", "=1", "0=x", "1:0=1", "65536=1", "0=32768", "0=-32768", "0=1x", "-1=1"]
    {
        let output = env.run(["semop", "sem:0x5eed", "--", term]).code(2);
        output.says(term).is_safe_on_a_terminal();
    }
    env.run(["semop", "sem:0x5eed"]).code(2);
    assert_eq!(sysv::values(id), [1, 1]);
}

fn a_posix_semaphore_has_no_members() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 1, 0o600);
    env.run(["semop", "sem:/gate", "0=-1"])
        .code(2)
        .says("kinds that can: System V semaphore set\n");
    assert_eq!(posix::semaphore_value("/gate"), 1);
}

fn to_look_for_zero_takes_permission_to_read_alone() {
    let env = TestEnv::new();
    sysv::set(0x5eed, 1, 0o400);
    let semop = |term: &str| env.command(["semop", "sem:0x5eed", term]).unprivileged().run();
    semop("0=0").ok();
    semop("0=1").code(4).says("permission to write");
}
