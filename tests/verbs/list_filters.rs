//! `list`: filters and order.

use std::collections::BTreeSet;
use std::fs::{self, FileTimes};
use std::time::{Duration, SystemTime};

use crate::env::TestEnv;
use crate::makers::{self, posix, sysv};
use crate::subjects::SUBJECTS;

crate::cases![
    a_name_pattern_is_matched_against_the_printed_locator,
    a_name_pattern_that_is_none_is_exit_2,
    min_size_keeps_what_is_as_large,
    an_unknown_size_is_not_as_large_as_anything,
    older_than_keeps_what_is_older,
    what_has_just_been_made_is_older_than_nothing,
    newer_than_keeps_what_is_not_older,
    sums_are_by_the_values_of_a_column,
    what_a_user_prefers_holds_for_tables_alone,
    a_terminal_gets_the_total,
    filters_are_applied_together,
    a_bad_size_or_duration_is_exit_2_and_names_the_value,
    the_order_is_by_size_in_both_directions,
    the_order_by_several_columns_breaks_ties_with_the_later_ones,
    what_is_unknown_comes_last_in_both_directions,
    ids_are_ordered_as_numbers,
    an_order_by_an_unknown_column_is_exit_2,
    a_column_is_sorted_by_without_being_printed,
    mine_keeps_what_belongs_to_the_user,
    the_filters_hold_for_addresses_too,
    every_value_that_a_column_prints_is_accepted_by_its_filter;
    SeveralUsers: owner_is_a_name_or_a_number,
    mine_of_another_user_is_what_that_user_owns
];

/// The addresses that a listing with these arguments has, in its order.
fn listed(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    env.run(["list", "--json"].iter().chain(arguments)).ok().addresses()
}

fn a_name_pattern_is_matched_against_the_printed_locator() {
    let env = TestEnv::new();
    for name in ["/psm_one", "/psm_two", "/other", "/a\nb"] {
        posix::shared_memory(name, 1, 0o600);
    }
    posix::semaphore("/psm_gate", 0, 0o600);
    sysv::segment(env.key(), 1, 0o600);
    for (pattern, expected) in [
        ("/psm_*", vec!["shm:/psm_one", "shm:/psm_two"]),
        ("/psm_t?o", vec!["shm:/psm_two"]),
        ("/[a-o]*", vec!["shm:/a%0Ab", "shm:/other"]),
        ("/a%0Ab", vec!["shm:/a%0Ab"]),
        ("psm_*", vec![]),
        ("0", vec!["shm:0"]),
        ("", vec![]),
    ] {
        let mut found = listed(&env, &["shm", "--name", pattern]);
        found.sort();
        assert_eq!(found, expected, "{pattern:?}");
    }
    assert_eq!(
        listed(&env, &["shm", "mq", "sem", "--name", "/psm_*"]).len(),
        3,
        "across facilities"
    );
}

fn a_name_pattern_that_is_none_is_exit_2() {
    let env = TestEnv::new();
    env.run(["list", "shm", "--name", "[a-"]).code(2).prints("").says("[a-");
}

fn min_size_keeps_what_is_as_large() {
    let env = TestEnv::new();
    let ids = [1023, 1024, 1025, 1 << 20].map(|size| sysv::segment(env.key(), size, 0o600));
    let expected =
        |from: usize| ids[from..].iter().map(|id| format!("shm:{id}")).collect::<Vec<_>>();
    for (size, from) in [("1K", 1), ("1KiB", 1), ("1025", 2), ("1M", 3), ("0", 0), ("1G", 4)] {
        assert_eq!(listed(&env, &["shm", "--min-size", size]), expected(from), "{size}");
    }
}

// A set has no size at all: neither 0 nor anything above.
fn an_unknown_size_is_not_as_large_as_anything() {
    let env = TestEnv::new();
    sysv::set(env.key(), 3, 0o600);
    assert_eq!(listed(&env, &["sem", "--min-size", "1"]), [""; 0]);
}

fn older_than_keeps_what_is_older() {
    let env = TestEnv::new();
    for name in ["/old", "/new"] {
        posix::message_queue(name, 1, 1, 0o600);
    }
    let two_days_ago = SystemTime::now() - Duration::from_secs(2 * 86400);
    let queue = fs::File::open("/dev/mqueue/old").unwrap();
    queue.set_times(FileTimes::new().set_modified(two_days_ago)).unwrap();
    for (duration, expected) in [
        ("1d", vec!["mq:/old"]),
        ("47h", vec!["mq:/old"]),
        ("1day 23h", vec!["mq:/old"]),
        ("3d", vec![]),
        ("0s", vec!["mq:/new", "mq:/old"]),
    ] {
        assert_eq!(listed(&env, &["mq", "--older-than", duration]), expected, "{duration}");
    }
    let age = env.run(["list", "mq:/old", "--json"]).ok().only()["age"].as_u64().unwrap();
    assert!((2 * 86400..2 * 86400 + 600).contains(&age), "{age} seconds");
    env.run(["list", "mq:/old"]).ok().shows("2d");
}

fn what_has_just_been_made_is_older_than_nothing() {
    let env = TestEnv::new();
    for subject in &SUBJECTS[..6] {
        subject.made(&env);
    }
    assert_eq!(listed(&env, &["shm", "mq", "sem", "--older-than", "1h"]), [""; 0]);
    assert_eq!(listed(&env, &["shm", "mq", "sem", "--older-than", "0s"]).len(), 6);
}

fn newer_than_keeps_what_is_not_older() {
    let env = TestEnv::new();
    posix::shared_memory("/old", 1, 0o600);
    posix::shared_memory("/new", 1, 0o600);
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let file = fs::File::open("/dev/shm/old").unwrap();
    file.set_times(FileTimes::new().set_modified(hour_ago)).unwrap();
    let newer = |than: &str| listed(&env, &["shm", "--newer-than", than]);
    let older = |than: &str| listed(&env, &["shm", "--older-than", than]);
    // Whatever the age is counted from, each object is on one side.
    for than in ["30m", "2h"] {
        let (newer, older) = (newer(than), older(than));
        assert_eq!(newer.len() + older.len(), 2, "{newer:?} {older:?}");
        assert!(newer.contains(&"shm:/new".to_owned()), "{newer:?}");
    }
    env.run(["list", "--newer-than", "soon"]).code(2).says("soon");
}

fn sums_are_by_the_values_of_a_column() {
    let env = TestEnv::new();
    posix::shared_memory("/one", 1000, 0o600);
    posix::shared_memory("/two", 500, 0o600);
    posix::semaphore("/gate", 0, 0o600);
    sysv::segment(env.key(), 4096, 0o600);
    let sums = |by: &str, format: &str| {
        let words = ["list", "shm", "sem", "--group-by", by, "--format", format];
        env.run(words).ok().stdout().to_owned()
    };
    assert_eq!(sums("kind", "plain"), "sysv-shm\t1\t4096\nposix-shm\t2\t1500\nposix-sem\t1\t0\n");
    assert_eq!(sums("facility", "csv"), "facility,objects,size\nshm,3,5596\nsem,1,0\n");
    let json: serde_json::Value = serde_json::from_str(&sums("facility", "json")).unwrap();
    assert_eq!(json["groups"][0]["facility"], "shm");
    assert_eq!(json["groups"][0]["objects"], 3);
    assert_eq!(json["groups"][0]["size"], 5596);
    env.run(["list", "--group-by", "size"]).code(2);
    env.run(["list", "--group-by", "owner", "--sort", "size"]).code(2);
}

fn what_a_user_prefers_holds_for_tables_alone() {
    let env = TestEnv::new();
    posix::shared_memory("/a", 2, 0o600);
    posix::shared_memory("/b", 1, 0o600);
    let list = |more: &[&'static str]| {
        let words = ["list", "shm"].iter().chain(more);
        env.command(words).env("IPCCTL_COLUMNS", "address,size").env("IPCCTL_SORT", "size")
    };
    list(&[]).run().ok().prints("ADDRESS  SIZE\nshm:/b      1\nshm:/a      2\n");
    list(&["-o", "address"]).run().ok().prints("ADDRESS\nshm:/b\nshm:/a\n");
    list(&["--format", "csv"]).run().ok().shows("content,state");
    let wrong = env.command(["list"]).env("IPCCTL_COLUMNS", "nosuch").run();
    wrong.code(2).says("IPCCTL_COLUMNS").says("nosuch");
}

fn a_terminal_gets_the_total() {
    let env = TestEnv::new();
    posix::shared_memory("/a", 1024, 0o600);
    posix::shared_memory("/b", 1024, 0o600);
    let list = || env.command(["list", "shm", "--name", "/?"]);
    assert!(list().run_on_terminal(80).ok().stdout().ends_with("2 objects, 2.0K\n"));
    list().run().ok().hides("objects");
}

fn filters_are_applied_together() {
    let env = TestEnv::new();
    posix::shared_memory("/big-a", 8192, 0o600);
    posix::shared_memory("/big-b", 8192, 0o600);
    posix::shared_memory("/small-a", 1, 0o600);
    assert_eq!(
        listed(&env, &["shm", "--name", "*-a", "--min-size", "4K", "--mine"]),
        ["shm:/big-a"]
    );
}

fn a_bad_size_or_duration_is_exit_2_and_names_the_value() {
    let env = TestEnv::new();
    for (option, value) in [
        ("--min-size", "big"),
        ("--min-size", "-1"),
        ("--min-size", "99999999999999999999"),
        ("--min-size", ""),
        ("--older-than", "long"),
        ("--older-than", "-1h"),
        ("--older-than", "1 fortnight"),
        ("--older-than", ""),
        ("--owner", "no-such-user"),
        ("--owner", "99999999999"),
    ] {
        let output = env.run(["list", &format!("{option}={value}")]).code(2);
        output.prints("").says(option).says(value);
    }
}

fn the_order_is_by_size_in_both_directions() {
    let env = TestEnv::new();
    let ids = [300, 100, 200].map(|size| sysv::segment(env.key(), size, 0o600));
    let order = |at: [usize; 3]| at.map(|at| format!("shm:{}", ids[at]));
    assert_eq!(listed(&env, &["shm", "--sort", "size"]), order([1, 2, 0]));
    assert_eq!(listed(&env, &["shm", "--sort=-size"]), order([0, 2, 1]));
    assert_eq!(listed(&env, &["shm", "--sort", "-size"]), order([0, 2, 1]));
}

fn the_order_by_several_columns_breaks_ties_with_the_later_ones() {
    let env = TestEnv::new();
    for (name, size, mode) in
        [("/a", 2, 0o600), ("/b", 1, 0o640), ("/c", 2, 0o640), ("/d", 1, 0o600)]
    {
        posix::shared_memory(name, size, mode);
    }
    assert_eq!(
        listed(&env, &["shm", "--sort", "mode,-size"]),
        ["shm:/a", "shm:/d", "shm:/c", "shm:/b"]
    );
    assert_eq!(
        listed(&env, &["shm", "--sort", "-size,-address"]),
        ["shm:/c", "shm:/a", "shm:/d", "shm:/b"]
    );
}

fn what_is_unknown_comes_last_in_both_directions() {
    let env = TestEnv::new();
    let set = format!("sem:{}", sysv::set(env.key(), 1, 0o600));
    let queue = format!("mq:{}", sysv::queue(env.key(), 0o600));
    for order in ["size", "-size"] {
        assert_eq!(
            listed(&env, &["mq", "sem", "--sort", order]),
            [queue.clone(), set.clone()],
            "{order}"
        );
    }
}

fn ids_are_ordered_as_numbers() {
    let env = TestEnv::new();
    let ids: Vec<i32> = (0..12).map(|_| sysv::segment(env.key(), 1, 0o600)).collect();
    let expected: Vec<String> = ids.iter().map(|id| format!("shm:{id}")).collect();
    assert_eq!(listed(&env, &["shm", "--sort", "address"]), expected);
}

fn an_order_by_an_unknown_column_is_exit_2() {
    let env = TestEnv::new();
    env.run(["list", "--sort", "beauty"]).code(2).prints("").says("beauty").says("column");
    env.run(["list", "--sort", ""]).code(2);
}

fn a_column_is_sorted_by_without_being_printed() {
    let env = TestEnv::new();
    posix::semaphore("/a", 2, 0o600);
    posix::semaphore("/b", 1, 0o600);
    let output =
        env.run(["list", "sem", "--sort", "value", "-o", "address", "--format", "plain"]).ok();
    output.prints("sem:/b\nsem:/a\n");
}

fn mine_keeps_what_belongs_to_the_user() {
    let env = TestEnv::new();
    posix::shared_memory("/own", 1, 0o600);
    assert_eq!(listed(&env, &["shm", "--mine"]), ["shm:/own"]);
    assert_eq!(listed(&env, &["shm", "--owner", "0"]), ["shm:/own"]);
    assert_eq!(listed(&env, &["shm", "--owner", "root"]), ["shm:/own"]);
    assert_eq!(listed(&env, &["shm", "--owner", "70000"]), [""; 0], "a number needs no name");
}

fn the_filters_hold_for_addresses_too() {
    let env = TestEnv::new();
    posix::shared_memory("/small", 1, 0o600);
    assert_eq!(listed(&env, &["shm:/small", "--min-size", "2"]), [""; 0]);
    assert_eq!(listed(&env, &["shm:/small", "--min-size", "1"]), ["shm:/small"]);
}

fn owner_is_a_name_or_a_number() {
    let env = TestEnv::new();
    posix::shared_memory("/root", 1, 0o600);
    posix::shared_memory("/nobody", 1, 0o600);
    posix::shared_memory("/nameless", 1, 0o600);
    makers::give_away("/dev/shm/nobody", 65534);
    makers::give_away("/dev/shm/nameless", 70000);
    for (owner, expected) in [
        ("root", "shm:/root"),
        ("nobody", "shm:/nobody"),
        ("65534", "shm:/nobody"),
        ("70000", "shm:/nameless"),
    ] {
        assert_eq!(listed(&env, &["shm", "--owner", owner]), [expected], "{owner}");
    }
}

fn mine_of_another_user_is_what_that_user_owns() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 1, 0o600);
    sysv::give_segment_away(id, 70000);
    posix::shared_memory("/root", 1, 0o600);
    let output = env.command(["list", "shm", "--mine", "--json"]).by_user(70000).run().ok();
    assert_eq!(output.addresses(), [format!("shm:{id}")]);
    assert_eq!(output.only()["owner"], "70000", "a user without a name is a number");
}

/// The words that the column of this name prints for objects of all kinds.
fn printed(env: &TestEnv, column: &str) -> BTreeSet<String> {
    let arguments = ["list", "--format", "plain", "-o", column];
    let (_, output) = env.run(arguments).any_code(&[0]);
    output.stdout().lines().filter(|word| *word != "-").map(str::to_owned).collect()
}

// What was read in a column is typed after the option: it selects exactly the objects that showed it.
fn every_value_that_a_column_prints_is_accepted_by_its_filter() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        subject.made(&env);
    }
    for (column, option) in [
        ("family", "--family"),
        ("state", "--state"),
        ("owner", "--owner"),
        ("uid", "--owner"),
        ("name", "--name"),
        ("facility", ""),
        ("address", ""),
    ] {
        let words = printed(&env, column);
        assert!(!words.is_empty(), "{column}");
        for word in words {
            let arguments = ["list", "--format", "plain", "-o", column, option, &word];
            let (_, output) =
                env.run(arguments.iter().filter(|argument| !argument.is_empty())).any_code(&[0]);
            let all_show_it = output.stdout().lines().all(|shown| shown == word);
            assert!(all_show_it && !output.stdout().is_empty(), "{column}\n{}", output.report());
        }
    }
}
