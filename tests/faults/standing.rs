//! Processes that stand still: stopped by a signal, or asleep in the kernel where no signal reaches them.

#![allow(unsafe_code)]

use crate::env::TestEnv;
use crate::makers::{fifo, holder, holding, sysv};

crate::cases![
    what_a_stopped_process_holds_is_told,
    what_a_process_in_uninterruptible_sleep_holds_is_told
];

/// A FIFO and a segment, which both holders have.
fn held(env: &TestEnv) -> (String, i32) {
    let pipe = env.path("pipe");
    fifo::fifo(&pipe, 0o600);
    (pipe, sysv::segment(env.key(), 4096, 0o600))
}

fn hold(pipe: &str, segment: i32) {
    holding::open(pipe, libc::O_RDWR | libc::O_NONBLOCK);
    holding::attach_to_read(segment);
}

/// Both are told to be held by this process and by one that runs.
fn is_told(env: &TestEnv, (pipe, segment): (&str, i32), still: &holder::Holder) {
    let other = holder::holding(|| hold(pipe, segment));
    for address in [format!("fifo:{pipe}"), format!("shm:{segment}")] {
        let object = env.show(&address);
        let holders = object["used_by"].as_array().unwrap();
        let pids: Vec<i64> = holders.iter().map(|one| one["pid"].as_i64().unwrap()).collect();
        for pid in [still.pid(), other.pid()] {
            assert!(pids.contains(&pid), "{address}: {pid} is not in {object}");
        }
    }
    let of_it = env.run(["list", "--pid", &still.pid().to_string(), "--columns", "address"]);
    of_it.any_code(&[0]).1.shows(&format!("shm:{segment}")).shows(pipe).says_not("answer");
}

fn what_a_stopped_process_holds_is_told() {
    let env = TestEnv::new();
    let (pipe, segment) = held(&env);
    let still = holder::holding(|| hold(&pipe, segment));
    // SAFETY: numbers only; it is our own child.
    unsafe { libc::kill(still.pid() as libc::pid_t, libc::SIGSTOP) };
    still.wait_until('T');
    is_told(&env, (&pipe, segment), &still);
}

fn what_a_process_in_uninterruptible_sleep_holds_is_told() {
    let env = TestEnv::new();
    let (pipe, segment) = held(&env);
    let deeply = holding::sleep_until_a_child_calls_exec;
    let still = holder::sleeping_deeply(|| hold(&pipe, segment), deeply);
    is_told(&env, (&pipe, segment), &still);
}
