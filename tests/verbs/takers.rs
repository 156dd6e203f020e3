//! Who has a semaphore: told by its state, and by verbs that could not take it.

use crate::env::TestEnv;
use crate::leftover::judged;
use crate::makers::{holder, lost, posix, sysv};

crate::cases![
    a_set_whose_taker_lives_is_in_use_and_names_it,
    what_was_given_back_or_whose_taker_is_gone_is_not_in_use,
    a_set_that_was_never_operated_on_is_taken_by_none,
    who_cannot_take_a_set_is_told_who_has_it,
    who_cannot_take_a_posix_semaphore_is_told_who_has_it_open_and_not_who_waits
];

fn a_set_whose_taker_lives_is_in_use_and_names_it() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1, 1], 0o600);
    let address = format!("sem:{id}");
    let taker = holder::holding(|| sysv::operate(id, 1, -1));
    let (state, evidence) = judged(&env, &address);
    assert_eq!(state, "in-use", "{evidence}");
    assert!(evidence.contains(&format!("last taken by {} (", taker.pid())), "{evidence}");
    assert!(evidence.contains("not given back") && !evidence.contains("held by"), "{evidence}");
    env.run(["rm", "--unused", &address]).code(1).says("it is in use: last taken by");
    drop(taker);
    // What is undone when its process ends is held.
    let id = sysv::set_with(env.key(), &[1], 0o600);
    let taker = holder::holding(|| lost::operate_until_exit(id, 0, -1));
    let _waiter = holder::blocking(|| (), || sysv::wait_to_lower(id, 0));
    let (state, evidence) = judged(&env, &format!("sem:{id}"));
    assert_eq!(state, "in-use", "{evidence}");
    assert!(evidence.contains(&format!("held by {} (", taker.pid())), "{evidence}");
    assert!(evidence.contains("1 call waits on it"), "{evidence}");
}

fn what_was_given_back_or_whose_taker_is_gone_is_not_in_use() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1], 0o600);
    let _user = holder::holding(|| {
        sysv::operate(id, 0, -1);
        sysv::operate(id, 0, 1);
    });
    let (state, evidence) = judged(&env, &format!("sem:{id}"));
    assert!(state != "in-use" && evidence.contains("no call waits on it"), "{state}: {evidence}");
    let id = sysv::set_with(env.key(), &[1], 0o600);
    holder::in_passing(|| sysv::operate(id, 0, -1));
    let (state, evidence) = judged(&env, &format!("sem:{id}"));
    assert!(state != "in-use" && !evidence.contains("taken by"), "{state}: {evidence}");
}

// A value that was set to 0 by a process that lives was taken by no process.
fn a_set_that_was_never_operated_on_is_taken_by_none() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[0, 0], 0o600);
    let (state, evidence) = judged(&env, &format!("sem:{id}"));
    assert!(state != "in-use" && evidence.contains("last changed"), "{state}: {evidence}");
}

fn who_cannot_take_a_set_is_told_who_has_it() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1], 0o600);
    let address = format!("sem:{id}");
    let taker = holder::holding(|| sysv::operate(id, 0, -1));
    let named = format!("last taken by {} (", taker.pid());
    let run = env.run(["lock", &address, "--timeout", "100ms", "--", "true"]);
    run.code(124).says("timed out").says(&named);
    env.run(["wait", &address, "--nonblock"]).code(5).says("it would block").says(&named);
    env.run(["semop", &address, "0=-1", "--timeout", "100ms"]).code(5).says(&named);
    drop(taker);
    let run = env.run(["wait", &address, "--nonblock"]).code(5);
    run.says("it would block").says_not("taken by");
}

fn who_cannot_take_a_posix_semaphore_is_told_who_has_it_open_and_not_who_waits() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 0, 0o600);
    let user = holder::holding(|| {
        posix::open_semaphore("/gate");
    });
    let waiter = holder::blocking(|| (), || posix::wait("/gate"));
    let output = env.run(["wait", "sem:/gate", "--nonblock"]).code(5);
    output.says(&format!("it is open in {} (", user.pid())).says("does not note who took it");
    output.says_not(&format!("{} (", waiter.pid()));
}
