//! `kinds`: the capability matrix.

use crate::env::TestEnv;
use crate::subjects::{SUBJECTS, subjects};

crate::cases![
    every_kind_has_a_row,
    every_kind_can_be_inspected_created_changed_and_removed,
    a_kind_that_cannot_do_what_a_verb_does_is_told_what_it_lacks,
    the_matrix_is_there_for_programs_too
];

fn every_kind_has_a_row() {
    let env = TestEnv::new();
    let output = env.run(["kinds"]).ok();
    assert_eq!(output.lines().len(), 1 + subjects().count(), "{}", output.report());
    for subject in &SUBJECTS {
        let rows = output.lines().iter().filter(|line| line.starts_with(subject.kind)).count();
        assert_eq!(rows, 1, "{}\n{}", subject.kind, output.report());
    }
}

fn every_kind_can_be_inspected_created_changed_and_removed() {
    let env = TestEnv::new();
    let document = env.run(["kinds", "--json"]).ok().json();
    let kinds =
        document["kinds"].as_array().unwrap_or_else(|| panic!("no \"kinds\" in {document}"));
    assert_eq!(kinds.len(), subjects().count());
    for subject in &SUBJECTS {
        let kind = kinds.iter().find(|kind| kind["kind"] == subject.kind);
        let kind = kind.unwrap_or_else(|| panic!("no {} in {document}", subject.kind));
        for capability in ["inspect", "create", "set", "rm"] {
            assert_eq!(kind[capability], true, "{capability}: {kind}");
        }
    }
}

fn a_kind_that_cannot_do_what_a_verb_does_is_told_what_it_lacks() {
    let env = TestEnv::new();
    let verbs: &[(&[&str], &str, &str, &str)] = &[
        (&["wait"], "wait on", "counters", "has no counter"),
        (&["post"], "post to", "counters", "has no counter"),
        (&["lock"], "lock", "counters", "has no counter"),
        (&["send"], "send to", "messages", "carries no messages"),
        (&["recv"], "receive from", "messages", "carries no messages"),
        (&["read"], "read", "memory", "has no bytes at an offset"),
        (&["write"], "write to", "memory", "has no bytes at an offset"),
    ];
    let document = env.run(["kinds", "--json"]).ok().json();
    let mut lacking = 0;
    for kind in document["kinds"].as_array().unwrap() {
        let name = kind["kind"].as_str().unwrap();
        let subject = SUBJECTS.iter().find(|subject| subject.kind == name).unwrap();
        let address = (subject.fresh)(&env);
        let about = kind["about"].as_str().unwrap();
        for (words, act, capability, lack) in verbs {
            if kind[*capability] == true {
                continue;
            }
            lacking += 1;
            let more = if words[0] == "lock" { &["--", "true"][..] } else { &[] };
            let words = [words[0], &address].into_iter().chain(more.iter().copied());
            let output = env.run(words).any_code(&[2, 125]).1;
            output
                .prints("")
                .says(&format!("cannot {act} {address}: "))
                .says(&format!("{about} {lack}"));
            output.says("hint: kinds that can: ");
        }
    }
    assert!(lacking > 20, "only {lacking}");
}

fn the_matrix_is_there_for_programs_too() {
    let env = TestEnv::new();
    let plain = env.run(["kinds", "--format", "plain"]).ok();
    assert_eq!(plain.lines().len(), subjects().count());
    assert!(plain.lines().iter().all(|line| line.contains('\t')), "{}", plain.report());
}
