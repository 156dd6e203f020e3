//! System V semaphore sets.

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::{holder, sysv};

crate::cases![
    every_semaphore_of_a_set_is_shown,
    a_large_set_is_shown_whole,
    waiters_are_counted_for_both_directions,
    a_set_that_was_never_operated_on_says_so,
    the_last_process_of_a_semaphore_is_told,
    values_of_a_new_set_are_as_asked,
    values_of_a_new_set_come_out_right_even_if_its_mode_forbids_to_alter_it,
    one_value_is_set_by_index,
    all_values_are_set_at_once,
    a_wrong_number_of_values_changes_nothing,
    an_index_beyond_the_set_is_exit_2_and_names_the_range,
    a_value_above_the_highest_is_refused_and_named,
    a_set_that_may_not_be_read_shows_what_is_known_and_says_why_the_rest_is_not,
    a_set_of_none_is_refused,
    a_set_with_fewer_semaphores_does_not_fit,
    looking_changes_no_value_and_no_process;
    Limits: too_many_sets_are_exit_7_and_name_the_limit,
    too_many_semaphores_are_exit_7_and_name_the_limit,
    a_set_above_the_largest_is_exit_7_and_names_the_limit
];

fn members(env: &TestEnv, id: i32) -> Vec<Value> {
    let object = env.show(&format!("sem:{id}"));
    object["semaphores"].as_array().unwrap_or_else(|| panic!("no members: {object}")).clone()
}

fn every_semaphore_of_a_set_is_shown() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[3, 0, 32767], 0o600);
    let members = members(&env, id);
    let values: Vec<&Value> = members.iter().map(|one| &one["value"]).collect();
    assert_eq!(values, [3, 0, 32767]);
    for (index, one) in members.iter().enumerate() {
        assert_eq!(one["index"], index);
        assert_eq!((&one["waiting_to_rise"], &one["waiting_for_zero"]), (&json!(0), &json!(0)));
    }
    env.run(["show", &format!("sem:{id}")]).ok().shows("32767");
    assert_eq!(env.show(&format!("sem:{id}"))["content"], "3 sems");
}

fn a_large_set_is_shown_whole() {
    let env = TestEnv::new();
    let values: Vec<u16> = (0..1000).collect();
    let id = sysv::set_with(env.key(), &values, 0o600);
    let shown: Vec<u64> =
        members(&env, id).iter().map(|one| one["value"].as_u64().unwrap()).collect();
    assert!(shown.iter().copied().eq(0..1000), "{shown:?}");
}

fn waiters_are_counted_for_both_directions() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[0, 5], 0o600);
    let _rise = [0, 1].map(|_| holder::blocking(|| (), || sysv::operate(id, 0, -1)));
    let _zero = holder::blocking(|| (), || sysv::operate(id, 1, 0));
    let members = members(&env, id);
    let counts = |one: &Value| (one["waiting_to_rise"].as_u64(), one["waiting_for_zero"].as_u64());
    assert_eq!(counts(&members[0]), (Some(2), Some(0)));
    assert_eq!(counts(&members[1]), (Some(0), Some(1)));
}

// The classic test for a set that is still being set up: SETVAL leaves otime alone, semop sets it.
fn a_set_that_was_never_operated_on_says_so() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1], 0o600);
    let address = format!("sem:{id}");
    assert_eq!(env.show(&address)["last_operation"], Value::Null);
    env.run(["show", &address]).ok().shows("never");
    sysv::operate(id, 0, 1);
    assert!(env.show(&address)["last_operation"].is_string());
}

fn the_last_process_of_a_semaphore_is_told() {
    let env = TestEnv::new();
    let id = sysv::set(env.key(), 2, 0o600);
    let process = holder::holding(|| sysv::operate(id, 1, 1));
    let members = members(&env, id);
    assert_eq!((&members[0]["pid"], &members[1]["pid"]), (&Value::Null, &process.pid().into()));
    assert!(members[1]["command"].is_string(), "{members:?}");
}

fn values_of_a_new_set_are_as_asked() {
    let env = TestEnv::new();
    for (options, expected) in [
        (vec!["--values", "1,2,3"], vec![1, 2, 3]),
        (vec!["--count", "2", "--value", "7"], vec![7, 7]),
        (vec!["--count", "2"], vec![0, 0]),
        (vec![], vec![0]),
    ] {
        let output = env.run(["create", "sem"].iter().chain(&options)).ok();
        let id = output.stdout().trim_end().trim_start_matches("sem:").parse().unwrap();
        assert_eq!(sysv::values(id), expected, "{options:?}");
    }
    env.run(["create", "sem", "--count", "2", "--values", "1,2,3"]).code(2);
    env.run(["create", "sem", "--value", "1", "--values", "1"]).code(2);
}

// Giving values takes permission to alter, which the mode asked for may deny even to the owner.
fn values_of_a_new_set_come_out_right_even_if_its_mode_forbids_to_alter_it() {
    let env = TestEnv::new();
    let output = env
        .command(["create", "sem", "--values", "4,5", "--mode", "0444"])
        .unprivileged()
        .run()
        .ok();
    let id = output.stdout().trim_end().trim_start_matches("sem:").parse().unwrap();
    assert_eq!(sysv::values(id), [4, 5]);
    assert_eq!(sysv::set_status(id).unwrap().sem_perm.mode & 0o777, 0o444);
}

fn one_value_is_set_by_index() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1, 2, 3], 0o600);
    env.run(["set", &format!("sem:{id}"), "--value", "9", "--index", "1"]).ok().prints("");
    assert_eq!(sysv::values(id), [1, 9, 3]);
    env.run(["set", &format!("sem:{id}"), "--value", "0", "--index", "0"]).ok();
    assert_eq!(sysv::values(id), [0, 9, 3]);
}

fn all_values_are_set_at_once() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1, 2, 3], 0o600);
    env.run(["set", &format!("sem:{id}"), "--values", "7,0,32767"]).ok();
    assert_eq!(sysv::values(id), [7, 0, 32767]);
}

fn a_wrong_number_of_values_changes_nothing() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1, 2, 3], 0o600);
    for values in ["4", "4,5", "4,5,6,7", "4,x,6", "4,,6", ""] {
        // The mode comes first in the call, and must not be changed either.
        env.run(["set", &format!("sem:{id}"), "--values", values, "--mode", "0666"]).code(2);
    }
    assert_eq!(sysv::values(id), [1, 2, 3]);
    assert_eq!(sysv::set_status(id).unwrap().sem_perm.mode & 0o777, 0o600);
}

fn an_index_beyond_the_set_is_exit_2_and_names_the_range() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1, 2], 0o600);
    for index in ["2", "65536", "4294967296"] {
        let output =
            env.run(["set", &format!("sem:{id}"), "--value", "9", "--index", index]).code(2);
        output.says("0 to 1").says(index);
    }
    env.run(["set", &format!("sem:{id}"), "--value", "9", "--index", "-1"]).code(2);
    env.run(["set", &format!("sem:{id}"), "--index", "1"]).code(2).says("--value");
    assert_eq!(sysv::values(id), [1, 2]);
}

fn a_value_above_the_highest_is_refused_and_named() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1, 2], 0o600);
    for value in ["32768", "65536", "65537"] {
        env.run(["set", &format!("sem:{id}"), "--value", value])
            .any_code(&[2, 7])
            .1
            .says("32767")
            .says(value);
        env.run(["create", "sem:0x5eed", "--value", value]).any_code(&[2, 7]).1.says("SEMVMX");
    }
    assert_eq!(sysv::values(id), [1, 2]);
    env.run(["show", "sem:0x5eed"]).code(3);
}

fn a_set_that_may_not_be_read_shows_what_is_known_and_says_why_the_rest_is_not() {
    let env = TestEnv::new();
    let address = format!("sem:{}", sysv::set_with(env.key(), &[1, 2], 0o200));
    let object = env.command(["show", &address, "--json"]).unprivileged().run().code(0).only();
    assert_eq!((&object["count"], &object["semaphores"]), (&json!(2), &Value::Null));
    env.command(["show", &address]).unprivileged().run().code(0).shows("permission denied");
}

fn a_set_of_none_is_refused() {
    let env = TestEnv::new();
    env.run(["create", "sem:0x5eed", "--count", "0"]).code(2).prints("");
    env.run(["show", "sem:0x5eed"]).code(3);
}

fn a_set_with_fewer_semaphores_does_not_fit() {
    let env = TestEnv::new();
    let id = sysv::set(0x5eed, 2, 0o600);
    env.run(["create", "sem:0x5eed", "--count", "2", "--if-missing"])
        .ok()
        .prints(&format!("sem:{id}\n"));
    env.run(["create", "sem:0x5eed", "--count", "3", "--if-missing"]).code(6).says("2").says("3");
}

fn looking_changes_no_value_and_no_process() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1, 2], 0o600);
    let process = holder::holding(|| sysv::operate(id, 0, 1));
    env.run(["list", "sem"]).ok();
    for _ in 0..2 {
        // The second look would show what the first one did.
        let members = members(&env, id);
        assert_eq!((&members[0]["value"], &members[0]["pid"]), (&json!(2), &process.pid().into()));
    }
    assert_eq!(sysv::values(id), [2, 2]);
}

fn too_many_sets_are_exit_7_and_name_the_limit() {
    let env = TestEnv::new();
    env.set_limit("kernel.sem", "250 1000 500 1");
    sysv::set(env.key(), 1, 0o600);
    env.run(["create", "sem"]).code(7).prints("").says("SEMMNI").says("1 of 1").says("kernel.sem");
}

fn too_many_semaphores_are_exit_7_and_name_the_limit() {
    let env = TestEnv::new();
    env.set_limit("kernel.sem", "250 10 500 100");
    sysv::set(env.key(), 8, 0o600);
    let output = env.run(["create", "sem", "--count", "3"]).code(7);
    output.says("SEMMNS").says("10").says("kernel.sem").says_not("no space left");
}

fn a_set_above_the_largest_is_exit_7_and_names_the_limit() {
    let env = TestEnv::new();
    env.set_limit("kernel.sem", "5 1000 500 100");
    env.run(["create", "sem", "--count", "6"]).code(7).says("SEMMSL").says("5").says("kernel.sem");
    env.run(["create", "sem", "--count", "5"]).ok();
}
