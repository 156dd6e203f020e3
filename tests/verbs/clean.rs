//! `clean`: the plan, the consent, what it takes and what it never touches.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::env::TestEnv;
use crate::isolation;
use crate::leftover::NOBODY_HOME;
use crate::makers::{self, holder, lost, odd, posix, sysv};

crate::cases![
    where_nothing_is_left_over_nothing_is_removed,
    without_a_terminal_and_without_yes_nothing_is_removed,
    on_a_terminal_it_asks_and_takes_no_for_an_answer,
    on_a_terminal_it_asks_and_removes_after_a_yes,
    with_yes_it_removes_and_says_how_much,
    a_dry_run_shows_the_plan_and_removes_nothing,
    programs_get_the_plan_and_what_became_of_each_object,
    programs_are_never_asked,
    all_formats_have_the_columns_that_are_asked_for,
    an_object_that_is_held_stays_whatever_is_asked_for,
    what_is_no_object_is_neither_followed_nor_removed,
    names_of_any_bytes_are_removed_and_printed_safely,
    what_belongs_together_goes_together,
    what_belongs_to_something_in_use_stays,
    directories_that_others_prepared_as_quarantine_are_not_used,
    an_unreadable_source_is_exit_1,
    a_file_that_may_not_be_removed_fails_and_the_rest_goes;
    SeveralUsers: an_ordinary_user_removes_only_what_is_his
];

/// A leftover where every process can be seen: memory of a Python program of a user who has no process.
pub(super) fn left(name: &str) {
    holder::as_user(NOBODY_HOME, || posix::shared_memory(name, 4096, 0o600));
}

/// A semaphore that is a suspect for whoever looks: its waiter was killed.
pub(super) fn wreck(name: &str) {
    posix::semaphore(name, 0, 0o600);
    lost::killed_waiter(name);
}

pub(super) fn exists(file: &str) -> bool {
    fs::symlink_metadata(Path::new("/dev/shm").join(file)).is_ok()
}

fn where_nothing_is_left_over_nothing_is_removed() {
    let env = TestEnv::new();
    for words in [&["clean"][..], &["clean", "--yes"], &["clean", "shm", "--suspect=all"]] {
        env.run(words).any_code(&[0]).1.prints("nothing to clean\n");
    }
    env.run(["clean", "--dry-run", "--exit-code"]).any_code(&[0]).1.prints("nothing to clean\n");
}

fn without_a_terminal_and_without_yes_nothing_is_removed() {
    let env = TestEnv::new();
    wreck("/w");
    let output = env.run(["clean", "--suspect=all", "--grace", "0"]).code(1);
    output.shows("sem:/w").shows("removed 0 objects");
    output.says("nothing was removed: there is no terminal to ask on").says("hint: --yes");
    assert!(exists("sem.w"));
}

fn on_a_terminal_it_asks_and_takes_no_for_an_answer() {
    let env = TestEnv::new();
    wreck("/w");
    for answer in ["n\n", "\n", "nonsense\n", "yet\n"] {
        let run = env.command(["clean", "--suspect=all", "--grace", "0"]).answered(answer);
        let output = run.code(1);
        output.says("remove it? [y/N]").says("nothing was removed").shows("sem:/w");
        assert!(exists("sem.w"), "{answer:?}");
    }
}

fn on_a_terminal_it_asks_and_removes_after_a_yes() {
    let env = TestEnv::new();
    for answer in ["y\n", "YES\n"] {
        wreck("/v");
        wreck("/w");
        let output =
            env.command(["clean", "--suspect=all", "--grace", "0"]).answered(answer).code(0);
        output.says("remove these 2 objects? [y/N]").shows("removed 2 objects");
        assert!(!exists("sem.w") && !exists("sem.v"), "{answer:?}");
    }
}

fn with_yes_it_removes_and_says_how_much() {
    let env = TestEnv::new();
    fs::write("/dev/shm/m", vec![1; 3 << 20]).unwrap();
    let id = sysv::segment(env.key(), 1 << 20, 0o600);
    let key = env.key();
    holder::in_passing(|| {
        sysv::segment(key, 1 << 20, 0o600);
    });
    let output = env.run(["clean", "shm", "--grace", "0", "--yes", "--suspect=all"]).code(0);
    // Nothing was written to the segment. The other one, that this test made itself, has a creator that lives.
    let last = "removed 2 objects, freed 3.0 MiB; skipped 0; left 1 idle (a maker runs)";
    assert_eq!(output.lines().last(), Some(&last));
    assert!(!exists("m") && sysv::segment_status(id).is_ok());
    wreck("/w");
    let output =
        env.run(["clean", "--suspect=all", "--grace", "0", "--yes", "--bytes"]).any_code(&[0]).1;
    let last = output.lines().last().copied().unwrap_or_default();
    assert!(last.starts_with("removed 1 object, freed 4096 B; skipped 0; left 1 idle"), "{last}");
}

fn a_dry_run_shows_the_plan_and_removes_nothing() {
    let env = TestEnv::new();
    wreck("/w");
    let output = env.run(["clean", "--suspect=all", "--grace", "0", "--dry-run", "sem"]).ok();
    let lines = output.lines();
    assert!(lines[0].starts_with("ADDRESS"), "{lines:?}");
    assert!(lines[1].starts_with("sem:/w") && lines[1].contains("was killed"), "{lines:?}");
    assert_eq!(lines[2..], ["would remove 1 object, free 4.0 KiB: 1 suspect (4.0 KiB)"]);
    assert!(exists("sem.w"));
    env.run(["clean", "--dry-run", "--yes"]).code(2);
    assert!(exists("sem.w"));
}

fn programs_get_the_plan_and_what_became_of_each_object() {
    let env = TestEnv::new();
    posix::shared_memory("/torch_1_1", 4096, 0o600);
    wreck("/w");
    let planned = env
        .run(["clean", "--suspect=all", "--grace", "0", "--dry-run", "--json", "sem"])
        .ok()
        .only();
    assert_eq!((&planned["result"], &planned["state"]), (&"planned".into(), &"suspect".into()));
    assert_eq!((&planned["address"], &planned["reason"]), (&"sem:/w".into(), &None::<()>.into()));
    assert!(planned["evidence"].as_array().is_some_and(|lines| lines.len() > 1), "{planned}");
    let done =
        env.run(["clean", "--suspect=all", "--grace", "0", "--yes", "--json", "sem"]).ok().only();
    assert_eq!((&done["result"], &done["address"]), (&"removed".into(), &"sem:/w".into()));
    let none = env.run(["clean", "--suspect=all", "--grace", "0", "--yes", "--json", "sem"]).ok();
    assert!(none.objects().is_empty() && none.warnings().is_empty());
}

fn programs_are_never_asked() {
    let env = TestEnv::new();
    wreck("/w");
    for format in ["json", "jsonl", "csv", "plain"] {
        let run = env
            .command(["clean", "--suspect=all", "--grace", "0", "--format", format])
            .answered("y\n");
        run.code(1).says("this format never asks").shows("sem:/w");
        assert!(exists("sem.w"), "{format}");
    }
}

fn all_formats_have_the_columns_that_are_asked_for() {
    let env = TestEnv::new();
    wreck("/w");
    let words = [
        "clean",
        "--suspect=all",
        "--grace",
        "0",
        "--dry-run",
        "sem",
        "-o",
        "address,result,producer",
    ];
    env.run(words).ok().shows("ADDRESS  RESULT   PRODUCER\nsem:/w   planned  -\n");
    let plain = env.run(words.iter().chain(&["--format", "plain"])).ok();
    plain.prints("sem:/w\tplanned\t-\n");
    let csv = env.run(words.iter().chain(&["--format", "csv"])).ok();
    csv.prints("address,result,producer\nsem:/w,planned,\n");
    env.run(["clean", "-o", "help"]).ok().shows("reason");
}

fn an_object_that_is_held_stays_whatever_is_asked_for() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 4096, 0o600);
    posix::semaphore("/s", 1, 0o600);
    posix::message_queue("/q", 2, 16, 0o600);
    let id = sysv::segment(env.key(), 4096, 0o600);
    let _holder = holder::holding(|| {
        posix::map("/m");
        posix::open_semaphore("/s");
        posix::open_queue("/q", libc::O_RDWR);
        sysv::attach(id);
    });
    env.run(["clean", "--grace", "0", "--suspect=all", "--yes"])
        .any_code(&[0])
        .1
        .shows("nothing to clean");
    for address in ["shm:/m", "sem:/s", "mq:/q"] {
        env.run(["clean", "--grace", "0", "--suspect=all", "--yes", address]).code(0);
        env.show(address);
    }
}

fn what_is_no_object_is_neither_followed_nor_removed() {
    let env = TestEnv::new();
    let target = env.path("target");
    fs::write(&target, vec![0; 32]).unwrap();
    odd::strangers();
    std::os::unix::fs::symlink(&target, "/dev/shm/torch_1_2").unwrap();
    std::os::unix::fs::symlink(&target, "/dev/shm/sem.EIcAod").unwrap();
    makers::fifo::fifo("/dev/shm/psm_00000000", 0o600);
    let before = names();
    env.run(["clean", "--grace", "0", "--suspect=all", "--yes"]).any_code(&[0]);
    assert_eq!(names(), before);
    assert_eq!(fs::metadata(&target).unwrap().nlink(), 1);
    for address in ["shm:/torch_1_2", "sem:/EIcAod", "shm:/psm_00000000", "shm:/directory"] {
        env.run(["clean", "--grace", "0", "--suspect=all", "--yes", address]).code(3);
        env.run(["rm", "--unused", address]).code(3);
    }
    assert_eq!(names(), before);
}

fn names() -> Vec<String> {
    let entries = fs::read_dir("/dev/shm").unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().as_encoded_bytes().escape_ascii().to_string())
        .collect();
    names.sort();
    names
}

fn names_of_any_bytes_are_removed_and_printed_safely() {
    let env = TestEnv::new();
    odd::hostile_names();
    odd::longest_names();
    let output = env.run(["clean", "--grace", "0", "--suspect=all", "--yes", "shm", "sem"]).code(0);
    output.is_safe_on_a_terminal();
    assert!(names().is_empty(), "{:?}", names());
}

fn what_belongs_together_goes_together() {
    let env = TestEnv::new();
    for name in ["/fastrtps_p1", "/fastrtps_p1_el", "/fastrtps_p1_sl", "/fastrtps_p2"] {
        posix::shared_memory(name, 64, 0o600);
    }
    posix::semaphore("/fastrtps_p1_mutex", 1, 0o600);
    // One of them is named, and the others go with it.
    let clean = ["clean", "--grace", "0", "--suspect=all", "--yes"];
    let output = env.run(clean.iter().chain(&["shm:/fastrtps_p1_el"])).ok();
    output.shows("removed 4 objects").shows("sem:/fastrtps_p1_mutex");
    assert_eq!(names(), ["fastrtps_p2"]);
}

fn what_belongs_to_something_in_use_stays() {
    let env = TestEnv::new();
    for name in ["/fastrtps_p1", "/fastrtps_p1_el"] {
        posix::shared_memory(name, 64, 0o600);
    }
    let _holder = holder::holding(|| posix::map("/fastrtps_p1_el"));
    let clean = ["clean", "--grace", "0", "--suspect=all", "--yes"];
    for address in ["shm:/fastrtps_p1", "shm"] {
        env.run(clean.iter().chain(&[address])).code(0).shows("nothing to clean");
    }
    // Kept by name, it keeps the others.
    drop(_holder);
    let words = clean.iter().chain(&["shm:/fastrtps_p1", "--keep", "*_el"]);
    env.run(words).code(0).says("shm:/fastrtps_p1 stays: it belongs to shm:/fastrtps_p1_el");
    assert_eq!(names().len(), 2);
}

fn directories_that_others_prepared_as_quarantine_are_not_used() {
    let env = TestEnv::new();
    // Open to others, a file, and a link: none of them is a quarantine of ours.
    fs::create_dir("/dev/shm/.ipcctl-1111111111111111").unwrap();
    fs::set_permissions(
        "/dev/shm/.ipcctl-1111111111111111",
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )
    .unwrap();
    fs::write("/dev/shm/.ipcctl-1111111111111111/planted", "").unwrap();
    std::os::unix::fs::symlink(env.directory(), "/dev/shm/.ipcctl-2222222222222222").unwrap();
    fs::write(env.path("outside"), "").unwrap();
    wreck("/w");
    env.run(["clean", "--suspect=all", "--grace", "0", "--yes", "sem"])
        .code(0)
        .shows("removed 1 object,");
    assert!(exists(".ipcctl-1111111111111111/planted") && !exists("planted"));
    assert!(fs::exists(env.path("outside")).unwrap() && !exists("outside"));
}

fn an_unreadable_source_is_exit_1() {
    let env = TestEnv::without_mqueue();
    wreck("/w");
    let run = env
        .command(["clean", "--suspect=all", "--grace", "0", "--dry-run", "--json"])
        .unprivileged()
        .run();
    let output = run.code(1);
    assert!(!output.warnings().is_empty());
}

fn an_ordinary_user_removes_only_what_is_his() {
    let env = TestEnv::new();
    wreck("/roots");
    let key = env.key();
    holder::as_user(65534, || {
        posix::semaphore("/mine", 0, 0o666);
        sysv::segment(key, 4096, 0o600);
    });
    posix::semaphore("/others", 0, 0o666);
    makers::give_away("/dev/shm/sem.others", 70_000);
    for name in ["/mine", "/others"] {
        lost::killed_waiter(name);
    }
    let words = ["clean", "--grace", "0", "--suspect=all", "--yes", "shm", "sem"];
    let output = env.command(words).by_user(65534).run().code(0);
    output.shows("sem:/mine").hides("sem:/others").hides("sem:/roots");
    assert!(!exists("sem.mine") && exists("sem.others") && exists("sem.roots"));
    assert!(output.lines().iter().any(|line| line.starts_with("removed 2 objects")));
}

fn a_file_that_may_not_be_removed_fails_and_the_rest_goes() {
    let env = TestEnv::new();
    for name in ["/a", "/b"] {
        wreck(name);
    }
    // A mount on a file keeps it where it is.
    isolation::cover("/dev/shm/sem.a", "/dev/shm/sem.a");
    let output = env.run(["clean", "--suspect=all", "--grace", "0", "--yes", "sem"]).code(1);
    output.says("cannot remove sem:/a").shows("removed 1 object,").shows("; skipped 0; failed 1");
    assert!(exists("sem.a") && !exists("sem.b"));
}
