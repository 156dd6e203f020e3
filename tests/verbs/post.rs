//! `post`: giving to semaphores of both families.

use crate::env::TestEnv;
use crate::makers::{posix, sysv};
use crate::verbs::wait::{both, value};

crate::cases![
    one_is_given,
    members_and_amounts_are_chosen,
    above_the_highest_value_nothing_is_given,
    what_is_posted_without_a_waiter_stays,
    a_missing_semaphore_is_not_found
];

fn one_is_given() {
    let env = TestEnv::new();
    for address in both(3) {
        env.run(["post", &address]).ok().prints("");
        assert_eq!(value(&address), 4, "{address}");
    }
}

fn members_and_amounts_are_chosen() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[1, 2, 3], 0o600);
    env.run(["post", "sem:0x5eed", "--index", "1", "--by", "5"]).ok();
    assert_eq!(sysv::values(id), [1, 7, 3]);
    posix::semaphore("/gate", 3, 0o600);
    env.run(["post", "sem:/gate", "--by", "1000"]).ok();
    assert_eq!(posix::semaphore_value("/gate"), 1003);
    env.run(["post", "sem:/gate", "--index", "0"]).code(2).says("--index").says("sysv-sem");
    for address in ["sem:/gate", "sem:0x5eed"] {
        env.run(["post", address, "--by", "0"]).code(2).says("at least 1");
        env.run(["post", address, "--by", "-1"]).code(2);
    }
    assert_eq!((posix::semaphore_value("/gate"), sysv::values(id)[0]), (1003, 1));
}

fn above_the_highest_value_nothing_is_given() {
    let env = TestEnv::new();
    let id = sysv::set_with(sysv::PRIVATE, &[32_766], 0o600);
    let address = format!("sem:{id}");
    let output = env.run(["post", &address, "--by", "2"]).code(7);
    output.says("semaphore 0 would be 32768, above 32767 (SEMVMX)");
    env.run(["post", &address]).ok();
    env.run(["post", &address]).code(7);
    assert_eq!(sysv::values(id), [32_767]);

    posix::semaphore("/gate", 5, 0o600);
    for by in ["2147483643", "2147483648", "4294967296", "18446744073709551615"] {
        let output = env.run(["post", "sem:/gate", "--by", by]).code(7);
        output.says("2147483647 (SEM_VALUE_MAX)");
        assert_eq!(posix::semaphore_value("/gate"), 5);
    }
    env.run(["post", "sem:/gate", "--by", "2147483642"]).ok();
    assert_eq!(posix::semaphore_value("/gate"), i32::MAX);
}

fn what_is_posted_without_a_waiter_stays() {
    let env = TestEnv::new();
    for address in both(0) {
        env.run(["post", &address]).ok();
        env.run(["wait", &address, "--nonblock"]).ok();
        env.run(["wait", &address, "--nonblock"]).code(5);
    }
}

fn a_missing_semaphore_is_not_found() {
    let env = TestEnv::new();
    for address in ["sem:/none", "sem:0", "sem:0x5eed"] {
        env.run(["post", address])
            .code(3)
            .says(&format!("cannot post to {address}: no such object"));
    }
}
