//! Every test there is, and a test that no file of tests was left out of the list.

use std::fs;

use crate::cases::Case;
use crate::{
    book, cases, compat, completion, conformance, endpoints, examples, faults, kinds, layering,
    leftover, packages, pasting, peers, recipes, skeleton, tree, verbs,
};

cases![every_file_of_tests_is_in_its_list, every_test_that_is_marked_as_slow_is_there];

pub fn all() -> Vec<Case> {
    [
        cases(),
        book::cases(),
        completion::cases(),
        examples::cases(),
        faults::cases(),
        compat::cases(),
        conformance::cases(),
        endpoints::cases(),
        kinds::cases(),
        layering::cases(),
        leftover::cases(),
        packages::cases(),
        pasting::cases(),
        peers::cases(),
        recipes::cases(),
        skeleton::cases(),
        verbs::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn every_test_that_is_marked_as_slow_is_there() {
    assert_eq!(cases::unknown_slow(&all()), Vec::<&str>::new());
}

// A file that no `mod` line names is not compiled, and its tests would be gone without a word.
fn every_file_of_tests_is_in_its_list() {
    let tests = tree::path("tests");
    for (directory, list) in [
        (".", "main.rs"),
        ("compat", "compat/mod.rs"),
        ("conformance", "conformance/mod.rs"),
        ("endpoints", "endpoints/mod.rs"),
        ("faults", "faults/mod.rs"),
        ("kinds", "kinds/mod.rs"),
        ("leftover", "leftover/mod.rs"),
        ("verbs", "verbs/mod.rs"),
        ("makers", "makers/mod.rs"),
    ] {
        let list = fs::read_to_string(tests.join(list)).unwrap();
        let mut files = 0;
        for entry in fs::read_dir(tests.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap();
            // A script is no module.
            let is_script = path.is_file() && path.extension().is_none();
            if module == "mod" || module == "main" || is_script {
                continue;
            }
            files += 1;
            assert!(
                list.lines().any(|line| {
                    let line = line.trim_start_matches("pub ").trim();
                    line == format!("mod {module};") || line == format!("mod r#{module};")
                }),
                "{} is in no `mod` line, so its tests do not run",
                path.display(),
            );
            if ["compat", "endpoints", "kinds", "leftover", "verbs"].contains(&directory) {
                assert!(
                    list.contains(&format!("{module}::cases()")),
                    "{} is compiled, but its cases() are not collected",
                    path.display(),
                );
            }
        }
        assert!(
            files > 2,
            "{directory}: only {files} files found, the test looks in the wrong place"
        );
    }
}
