//! The decision table on real processes, and removal against programs that live: one file a sort of evidence.

mod counted;
mod files;
mod kept;
mod knowledge;
mod later;
mod low;
mod machine;
mod namespaces;
mod programs;
mod races;
mod restarts;
mod sockets;

use std::fs;

use crate::cases::Case;
use crate::env::TestEnv;

pub fn cases() -> Vec<Case> {
    [
        counted::cases(),
        files::cases(),
        kept::cases(),
        machine::cases(),
        knowledge::cases(),
        later::cases(),
        low::cases(),
        namespaces::cases(),
        programs::cases(),
        races::cases(),
        restarts::cases(),
        sockets::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A user who has no process, on this machine or any other.
pub const NOBODY_HOME: u32 = 70_777;

/// What is concluded of an object that is not too young to judge, and the evidence in one text.
#[track_caller]
pub fn judged(env: &TestEnv, address: &str) -> (String, String) {
    let object = env.run(["show", address, "--grace", "0", "--json"]).ok().only();
    let lines = object["evidence"].as_array().expect("evidence is a list");
    let lines: Vec<&str> = lines.iter().map(|line| line.as_str().expect("a line")).collect();
    (object["state"].as_str().expect("a state").to_owned(), lines.join("; "))
}

/// The state, with the whole evidence when it is another.
#[track_caller]
fn expect(env: &TestEnv, address: &str, state: &str) -> String {
    let (found, evidence) = judged(env, address);
    assert_eq!(found, state, "{address}: {evidence}");
    evidence
}

/// The evidence on a set that nobody uses; where somebody cannot be asked what is to be undone, it is not known to be unused.
#[track_caller]
fn expect_suspect(env: &TestEnv, address: &str) -> String {
    let (found, evidence) = judged(env, address);
    let unknown = found == "unknown" && !sees_everybody();
    assert!(found == "suspect" || unknown, "{address}: {found}: {evidence}");
    evidence
}

/// Can whoever runs the program see every process there is? Only root in the first pid namespace of the machine.
fn sees_everybody() -> bool {
    let first = |link, inode| {
        fs::read_link(format!("/proc/self/ns/{link}"))
            .is_ok_and(|name| name.to_str() == Some(&format!("{link}:[{inode}]")))
    };
    first("pid", 4_026_531_836u64) && first("user", 4_026_531_837)
}
