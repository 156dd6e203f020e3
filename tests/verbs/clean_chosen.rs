//! `clean`: what is chosen to be taken, and what is kept.

use std::fs;

use super::clean::{exists, left, wreck};
use crate::env::TestEnv;
use crate::isolation;
use crate::leftover::NOBODY_HOME;
use crate::makers::{holder, posix, sysv};

crate::cases![
    the_filters_of_list_choose_what_is_taken,
    a_process_chooses_nothing_since_what_it_holds_stays,
    what_is_to_be_kept_is_kept,
    the_list_of_the_machine_keeps_objects_and_a_broken_one_keeps_all;
    SeveralUsers: suspects_are_only_taken_when_that_is_said,
    a_suspect_that_a_living_process_may_open_is_of_another_grade,
    a_state_chooses_among_what_may_be_taken
];

fn suspects_are_only_taken_when_that_is_said() {
    let env = TestEnv::new();
    wreck("/w");
    left("/psm_0a1b2c3d");
    let output = env.run(["clean", "--grace", "0", "--yes", "shm", "sem"]).code(0);
    output.says("1 suspect left").hides("sem:/w");
    assert!(!exists("psm_0a1b2c3d") && exists("sem.w"));
    env.run(["clean", "--grace", "0", "--yes", "--suspect=all", "sem"]).ok().shows("suspect");
    assert!(!exists("sem.w"));
}

// The name was chosen, and a later run may come back to it. It is another thing when a process lives that may open it now.
fn a_suspect_that_a_living_process_may_open_is_of_another_grade() {
    let env = TestEnv::readable();
    for user in [NOBODY_HOME, NOBODY_HOME + 1] {
        holder::as_user(user, || posix::shared_memory(&format!("/of-{user}"), 4096, 0o600));
    }
    let daemon = holder::holding_as(NOBODY_HOME, || ());
    let clean =
        |more: &[&str]| env.run(["clean", "shm", "--grace", "0"].iter().chain(more)).code(0);
    let of = |user: u32, objects: &[serde_json::Value]| {
        let address = format!("shm:/of-{user}");
        objects.iter().find(|one| one["address"] == address).expect("it is listed").clone()
    };
    let objects = clean(&["--suspect=all", "--dry-run", "--json"]).objects();
    let against = of(NOBODY_HOME, &objects)["against"].clone();
    assert_eq!(against[0]["pid"], daemon.pid(), "{against}");
    assert_eq!((&against[0]["why"], &against[1]), (&"may-open".into(), &serde_json::Value::Null));
    assert_eq!(of(NOBODY_HOME + 1, &objects)["against"], serde_json::json!([]));
    let named = format!("({})", daemon.pid());
    let shown = env.run(["show", &format!("shm:/of-{NOBODY_HOME}"), "--grace", "0"]).ok();
    let state = shown.lines().into_iter().find(|line| line.starts_with("state ")).unwrap();
    assert!(state.contains("suspect ") && state.contains(&named), "{state}");
    // A state is one word for programs.
    let plain = ["--suspect=all", "--dry-run", "--format", "plain", "-o", "state,against"];
    let plain = clean(&plain);
    assert!(
        plain.lines().iter().any(|line| line.starts_with("suspect\t") && line.ends_with(&named))
    );
    clean(&["--yes"]).says(
        "1 suspect left (ipcctl clean --suspect), \
         1 that a living process may open (ipcctl clean --suspect=all)",
    );
    // It is the last that is said.
    let both = format!("{} clean shm --grace 0 --yes 2>&1", isolation::PROGRAM);
    let shown = env.tool("sh", ["-c", &both]).run().ok();
    assert!(shown.lines().last().unwrap().contains("1 suspect left"), "{}", shown.report());
    let output = clean(&["--suspect", "--yes"]);
    output.shows("removed 1 object,").says("1 suspect left that a living process may open");
    assert!(exists(&format!("of-{NOBODY_HOME}")) && !exists(&format!("of-{}", NOBODY_HOME + 1)));
    clean(&["--suspect=all", "--dry-run"]).shows(&named);
    drop(daemon);
    clean(&["--suspect", "--yes"]).shows("removed 1 object,").says_not("left");
    env.run(["clean", "--suspect=some"]).code(2);
}

fn a_state_chooses_among_what_may_be_taken() {
    let env = TestEnv::new();
    let clean = |words: &[&str]| {
        env.run(["clean", "shm", "sem", "--grace", "0", "--yes"].iter().chain(words)).code(0)
    };
    let there = || (exists("sem.w"), exists("psm_0a1b2c3d"));
    wreck("/w");
    left("/psm_0a1b2c3d");
    clean(&["--state", "idle,in-use", "--suspect=all"])
        .shows("nothing to clean")
        .says_not("suspect");
    clean(&["--state", "suspect"]).says("1 suspect left");
    assert_eq!(there(), (true, true));
    clean(&["--state", "leftover", "--suspect=all"]).says_not("suspect left");
    assert_eq!(there(), (true, false));
    clean(&["--state", "suspect", "--suspect=all"]);
    assert_eq!(there(), (false, false));
}

fn the_filters_of_list_choose_what_is_taken() {
    let env = TestEnv::new();
    for name in ["/a", "/b", "/c"] {
        posix::shared_memory(name, 4096, 0o600);
    }
    fs::write("/dev/shm/large", vec![1; 1 << 20]).unwrap();
    let base = ["clean", "--grace", "0", "--suspect=all", "--yes"];
    let clean = |words: &[&str]| env.run(base.iter().chain(words)).code(0);
    clean(&["sem", "mq"]).shows("nothing to clean");
    clean(&["shm", "--older-than", "1h"]).shows("nothing to clean");
    clean(&["shm", "--family", "sysv"]).shows("nothing to clean");
    clean(&["shm:/b"]).shows("removed 1 object,");
    assert!(exists("a") && !exists("b"));
    clean(&["shm", "--name", "/a*"]).shows("removed 1 object,");
    clean(&["shm", "--min-size", "64K"]).shows("removed 1 object,");
    assert!(!exists("a") && exists("c") && !exists("large"));
    env.run(["clean", "shm:/none", "--yes"]).code(3).says("cannot clean shm:/none: no such object");
}

fn a_process_chooses_nothing_since_what_it_holds_stays() {
    let env = TestEnv::new();
    env.run(["clean", "--pid", "1", "--yes"]).code(2);
}

fn what_is_to_be_kept_is_kept() {
    let env = TestEnv::new();
    for name in ["/cache_1", "/cache_2", "/scratch"] {
        posix::shared_memory(name, 4096, 0o600);
    }
    let key = env.key();
    holder::in_passing(|| {
        sysv::segment(key, 4096, 0o600);
    });
    let by_key = format!("shm:{key:#x}");
    let words =
        ["clean", "shm", "--grace", "0", "--suspect=all", "--yes", "--keep", "shm:/cache_*"];
    env.run(words.iter().copied().chain(["--keep", &by_key])).ok().shows("removed 1 object,");
    assert!(exists("cache_1") && exists("cache_2") && !exists("scratch"));
    assert!(sysv::segment_status(sysv::segment_of(key)).is_ok());
    env.run(["clean", "--keep", "shm:/[a", "--yes"]).code(2);
}

fn the_list_of_the_machine_keeps_objects_and_a_broken_one_keeps_all() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/etc", "mode=755");
    fs::create_dir("/etc/ipcctl").unwrap();
    fs::write("/etc/ipcctl/keep", "# ours\n\nshm:/kept*\n").unwrap();
    for name in ["/kept-1", "/other"] {
        posix::shared_memory(name, 4096, 0o600);
    }
    let clean = ["clean", "shm", "--grace", "0", "--suspect=all", "--yes"];
    env.run(clean).code(0).shows("removed 1 object,");
    assert!(exists("kept-1") && !exists("other"));
    let shown = env.run(["show", "shm:/kept-1", "--grace", "0"]).any_code(&[0]).1;
    shown.shows("idle").shows("kept by /etc/ipcctl/keep line 3: shm:/kept*");
    // What is to be kept is not known: nothing goes.
    for broken in ["shm:/[\n", "/ora_*\n"] {
        fs::write("/etc/ipcctl/keep", broken).unwrap();
        let output = env.run(clean).code(1);
        output.says("/etc/ipcctl/keep line 1").prints("");
        assert!(exists("kept-1"));
    }
}
