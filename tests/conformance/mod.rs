//! What every kind of object owes its user, whatever it is: one suite, run for each kind. What is promised stands beside the
//! test of it, in one file for each thing that is done to objects.

mod changing;
mod creating;
mod listing;

use crate::cases::{Case, Need};
use crate::env::TestEnv;
use crate::subjects::{Subject, subjects};

/// What is promised, what the test needs, what the kind has to be able to do, and the test.
type Promise = (&'static str, Need, &'static [&'static str], fn(&TestEnv, &Subject));

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let all = [creating::PROMISES, listing::PROMISES, changing::PROMISES];
    for subject in subjects() {
        for &(promise, need, capabilities, keep) in all.into_iter().flatten() {
            let name = format!("every kind: {}: {promise}", subject.kind);
            let run = move || {
                let env = TestEnv::new();
                // The record says what the kind can do. What it cannot is refused, and nothing is attempted.
                match capabilities.iter().find(|one| !can(&env, &subject, one)) {
                    None => keep(&env, &subject),
                    Some(lacking) => refuses(&env, &subject, lacking),
                }
            };
            cases.push(Case::new(name, need, run));
        }
    }
    cases
}

/// Returns true if the program says that the kind can do this.
fn can(env: &TestEnv, subject: &Subject, capability: &str) -> bool {
    let document = env.run(["kinds", "--json"]).ok().json();
    let kinds = document["kinds"].as_array().unwrap();
    let kind = kinds.iter().find(|kind| kind["kind"] == subject.kind);
    kind.unwrap_or_else(|| panic!("no {} in {document}", subject.kind))[capability] == true
}

fn refuses(env: &TestEnv, subject: &Subject, verb: &str) {
    let address = (subject.make)(&(subject.fresh)(env), 0o600);
    let before = subject.state(&address);
    let output = match verb {
        "set" => env.run(["set", &address, "--mode", "0644"]),
        verb => env.run([verb, &address]),
    };
    output.code(2).prints("");
    assert_eq!(subject.state(&address), before, "{verb} was refused and changed it");
}

/// A user who is neither root nor an owner of anything.
const STRANGER: u32 = 65534;
/// A user above the 16-bit range, without a name.
const NAMELESS: u32 = 70000;
