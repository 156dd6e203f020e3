//! `kinds`: the capability matrix.

use crate::env::TestEnv;
use crate::subjects::{SUBJECTS, subjects};

crate::cases![
    every_kind_has_a_row,
    every_kind_can_be_inspected_created_changed_and_removed,
    a_kind_that_cannot_do_what_a_verb_does_is_told_what_it_lacks,
    a_hint_names_the_verb_that_does_the_like,
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
        let subject = subjects().find(|subject| subject.kind == name).unwrap();
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
                .says(&format!("cannot {act} {}: ", address.replace(['[', ']'], "")))
                .says(&format!("{about} {lack}"));
            output.says("kinds that can: ");
        }
    }
    assert!(lacking > 20, "only {lacking}");
}

fn a_hint_names_the_verb_that_does_the_like() {
    let env = TestEnv::new();
    for (words, hint) in [
        (["send", "shm:/m"], "ipcctl write shm:/m writes bytes to it"),
        (["send", "sem:0x5"], "ipcctl post sem:0x5 increments it"),
        (["write", "mq:/q"], "ipcctl send mq:/q sends a message to it"),
        (["post", "fifo:/f"], "ipcctl send fifo:/f sends a message to it"),
        (["recv", "shm:0"], "ipcctl read shm:0 reads its bytes"),
        (["read", "mq:0"], "ipcctl recv mq:0 waits for what is sent to it"),
        (["read", "sem:/s"], "ipcctl wait sem:/s waits for it and decrements it"),
        (["wait", "fifo:/f"], "ipcctl recv fifo:/f waits for what is sent to it"),
        (["peek", "sem:/s"], "ipcctl show sem:/s tells all that is known of it"),
    ] {
        let output = env.run(words).code(2);
        output.says(&format!("hint: {hint}; kinds that can: "));
    }
    let words = ["semop", "sem:/s", "0=1"];
    env.run(words).code(2).says("hint: ipcctl wait sem:/s decrements its one counter, and post");
}

fn the_matrix_is_there_for_programs_too() {
    let env = TestEnv::new();
    let plain = env.run(["kinds", "--format", "plain"]).ok();
    assert_eq!(plain.lines().len(), subjects().count());
    assert!(plain.lines().iter().all(|line| line.contains('\t')), "{}", plain.report());
}
