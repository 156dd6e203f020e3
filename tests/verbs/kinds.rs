//! `kinds`: the capability matrix.

use crate::env::TestEnv;
use crate::subjects::{SUBJECTS, subjects};

crate::cases![
    every_kind_has_a_row,
    every_kind_can_be_inspected_created_changed_and_removed,
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

fn the_matrix_is_there_for_programs_too() {
    let env = TestEnv::new();
    let plain = env.run(["kinds", "--format", "plain"]).ok();
    assert_eq!(plain.lines().len(), subjects().count());
    assert!(plain.lines().iter().all(|line| line.contains('\t')), "{}", plain.report());
}
