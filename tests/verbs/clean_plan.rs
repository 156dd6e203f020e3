//! The plan of `clean` is a promise: whole, summed up, written before anything goes, and no larger than was asked for.

#![allow(unsafe_code)]

use std::fs::{self, OpenOptions};

use crate::env::TestEnv;
use crate::makers::{holder, posix, sysv};

crate::cases![
    where_nothing_can_go_it_says_what_is_left_and_why,
    on_a_terminal_the_whole_evidence_stands_below_its_row,
    sums_by_state_are_told_before_the_question,
    nothing_is_removed_where_the_plan_cannot_be_written,
    a_document_begins_with_the_plan,
    rows_of_the_plan_are_written_before_anything_goes_and_then_what_became_of_it,
    an_exit_code_tells_whether_anything_was_found,
    no_more_than_asked_for_is_removed,
    freed_is_what_the_kernel_gives_back
];

const SUSPECTS: [&str; 5] = ["clean", "--suspect=all", "--grace", "0", "shm"];

fn exists(file: &str) -> bool {
    fs::exists(format!("/dev/shm/{file}")).unwrap()
}

// What is left is counted, with what decided.
fn where_nothing_can_go_it_says_what_is_left_and_why() {
    let env = TestEnv::new();
    let held = holder::holding(|| std::mem::forget(fs::File::create("/dev/shm/held").unwrap()));
    posix::shared_memory("/kept", 4096, 0o600);
    let words = ["clean", "--yes", "--grace", "0", "--keep", "shm:/kept", "shm"];
    env.run(words).ok().prints("nothing to clean; left 1 in-use, 1 idle (it is kept)\n");
    let document = env.run(words.iter().chain(&["--json"])).ok().json();
    let left = document["left"].as_array().unwrap();
    assert_eq!((left[1]["state"].as_str(), left[1]["objects"].as_u64()), (Some("idle"), Some(1)));
    drop(held);
}

fn on_a_terminal_the_whole_evidence_stands_below_its_row() {
    let env = TestEnv::new();
    posix::shared_memory("/suspect", 4096, 0o600);
    let words = SUSPECTS.iter().copied().chain(["--dry-run"]);
    let whole = env.run(words.clone().chain(["--json"])).ok().only();
    let evidence: Vec<&str> =
        whole["evidence"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let shown = env.command(words).run_on_terminal(50).code(0);
    assert!(shown.lines().iter().all(|line| line.chars().count() <= 50), "{}", shown.report());
    // Broken between words, and nothing left out.
    let words: Vec<&str> = shown.stdout().split_whitespace().collect();
    let told: Vec<&str> = evidence.iter().flat_map(|line| line.split_whitespace()).collect();
    assert!(words.windows(told.len()).any(|part| part == told), "{}", shown.report());
    assert!(!shown.stdout().contains("EVIDENCE") && shown.lines()[1].starts_with("shm:/suspect"));
}

fn sums_by_state_are_told_before_the_question() {
    let env = TestEnv::new();
    fs::write("/dev/shm/one", vec![1; 8192]).unwrap();
    fs::write("/dev/shm/two", vec![1; 4096]).unwrap();
    let output = env.command(SUSPECTS).answered("n\n").code(1);
    output.shows("2 objects, 12.0 KiB: 2 suspect (12.0 KiB)").says("remove these 2 objects?");
}

fn nothing_is_removed_where_the_plan_cannot_be_written() {
    let env = TestEnv::new();
    posix::shared_memory("/stays", 4096, 0o600);
    for format in ["table", "json", "jsonl", "csv", "plain"] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = env.command(SUSPECTS.iter().chain(&["--yes", "--format", format]));
        run.run_to(full.into()).code(1).says("no space left on the device");
        assert!(exists("stays"), "{format}");
    }
}

fn a_document_begins_with_the_plan() {
    let env = TestEnv::new();
    posix::shared_memory("/goes", 4096, 0o600);
    let output = env.run(SUSPECTS.iter().chain(&["--yes", "--json"])).ok();
    assert!(output.stdout().starts_with("{\"schema\":1,\"plan\":[\"shm:/goes\"],"));
    let document = output.json();
    assert_eq!(document["objects"][0]["result"], "removed");
    posix::shared_memory("/goes", 4096, 0o600);
    let output = env.run(SUSPECTS.iter().chain(&["--yes", "--format", "jsonl"])).ok();
    assert_eq!(output.lines()[0], "{\"plan\":[\"shm:/goes\"]}");
    assert!(output.lines()[1].contains("\"result\":\"removed\"") && !exists("goes"));
    // Nothing follows from a plan that is only looked at.
    posix::shared_memory("/stays", 4096, 0o600);
    let document = env.run(SUSPECTS.iter().chain(&["--dry-run", "--json"])).ok().json();
    assert!(document.get("plan").is_none() && document["left"].is_array());
}

fn rows_of_the_plan_are_written_before_anything_goes_and_then_what_became_of_it() {
    let env = TestEnv::new();
    let clean = |format: &str, columns: &str| {
        posix::shared_memory("/goes", 4096, 0o600);
        let more = ["--yes", "--format", format, "-o", columns];
        let output = env.run(SUSPECTS.iter().chain(&more)).ok().stdout().to_owned();
        assert!(!exists("goes"));
        output
    };
    assert_eq!(clean("plain", "address,result"), "shm:/goes\tplanned\nshm:/goes\tremoved\n");
    let csv = "address,result\nshm:/goes,planned\nshm:/goes,removed\n";
    assert_eq!(clean("csv", "address,result"), csv);
    // Where that is not asked for, the plan is all there is.
    assert_eq!(clean("plain", "address"), "shm:/goes\n");
    assert_eq!(clean("csv", "address"), "address\nshm:/goes\n");
}

fn an_exit_code_tells_whether_anything_was_found() {
    let env = TestEnv::new();
    let clean = |more: &[&str]| env.run(SUSPECTS.iter().chain(&["--exit-code"]).chain(more));
    clean(&["--yes"]).code(0);
    clean(&["--dry-run", "--json"]).code(0);
    posix::shared_memory("/found", 4096, 0o600);
    clean(&["--dry-run"]).code(8);
    clean(&["--dry-run", "--json"]).code(8);
    // Consent that was not given is a failure, which goes before.
    clean(&[]).code(1);
    clean(&["--yes"]).code(8);
    assert!(!exists("found"));
    clean(&["--yes"]).code(0);
}

fn no_more_than_asked_for_is_removed() {
    let env = TestEnv::new();
    for number in 0..5 {
        posix::shared_memory(&format!("/many-{number}"), 4096, 0o600);
    }
    let clean = |more: &[&str]| env.run(SUSPECTS.iter().chain(&["--yes"]).chain(more)).code(0);
    clean(&["--max", "0"]).shows("nothing to clean").says("5 more would go without --max");
    clean(&["--max", "2"]).shows("removed 2 objects").says("3 more would go without --max");
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 3);
    clean(&["--max", "3"]).shows("removed 3 objects").says_not("more");
    // What belongs together is not divided.
    for name in ["/fastrtps_p1", "/fastrtps_p1_el"] {
        posix::shared_memory(name, 4096, 0o600);
    }
    posix::semaphore("/fastrtps_p1_mutex", 1, 0o600);
    clean(&["sem", "--max", "2"]).says("3 more would go without --max");
    assert!(exists("fastrtps_p1") && exists("sem.fastrtps_p1_mutex"));
}

// Pages that were never written to, and names that a file keeps, give nothing back.
fn freed_is_what_the_kernel_gives_back() {
    let env = TestEnv::new();
    let key = env.key();
    holder::in_passing(|| {
        let id = sysv::segment(key, 8 << 20, 0o600);
        let place = sysv::attach(id);
        // SAFETY: two pages of a segment of eight mebibytes.
        unsafe { place.write_bytes(7, 8192) };
    });
    fs::write("/dev/shm/sparse", vec![1; 4096]).unwrap();
    let sparse = OpenOptions::new().write(true).open("/dev/shm/sparse").unwrap();
    sparse.set_len(1 << 30).unwrap();
    drop(sparse);
    fs::write("/dev/shm/linked", vec![1; 4096]).unwrap();
    fs::hard_link("/dev/shm/linked", "/dev/shm/again").unwrap();
    posix::message_queue("/queue", 2, 16, 0o600);
    posix::send("/queue", 1, b"seven b");
    let words = ["clean", "shm", "mq", "--suspect=all", "--grace", "0", "--dry-run", "--json"];
    let objects = env.run(words).ok().objects();
    let freed = |address: &str| {
        let object = objects.iter().find(|object| object["address"] == address);
        object.unwrap_or_else(|| panic!("no {address} in {objects:?}"))["freed"].as_u64()
    };
    assert_eq!(freed(&format!("shm:{}", sysv::segment_of(key))), Some(8192));
    assert_eq!(freed("shm:/sparse"), Some(4096));
    assert_eq!(freed("mq:/queue"), Some(7));
    assert_eq!((freed("shm:/linked"), freed("shm:/again")), (Some(0), Some(0)));
}
