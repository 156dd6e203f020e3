//! `generate`: manual pages and completions, and that the committed ones are those that it makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::env::TestEnv;
use crate::tree;

crate::cases![
    the_committed_manual_pages_are_the_generated_ones,
    the_committed_completions_are_the_generated_ones,
    every_verb_has_a_page_and_every_option_is_in_it,
    it_is_for_maintainers_and_in_no_help
];

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect()
}

fn committed_is_generated(what: &str, folder: &str, at_least: usize) {
    // Read first: the test's own /tmp may cover the repository.
    let committed = files(&tree::path(folder));
    let env = TestEnv::new();
    let generated = env.path("generated");
    env.run(["generate", what, &generated]).ok().prints("");
    let generated = files(Path::new(&generated));
    assert!(generated.len() >= at_least, "only {:?}", generated.keys());
    assert!(
        committed.keys().eq(generated.keys()),
        "{:?} and {:?}",
        committed.keys(),
        generated.keys()
    );
    for (name, text) in &generated {
        assert!(
            committed[name] == *text,
            "{folder}/{name} is stale: ipcctl generate {what} {folder}"
        );
    }
}

fn the_committed_manual_pages_are_the_generated_ones() {
    committed_is_generated("man", "man", 8);
}

fn the_committed_completions_are_the_generated_ones() {
    committed_is_generated("completions", "completions", 3);
}

fn every_verb_has_a_page_and_every_option_is_in_it() {
    let env = TestEnv::new();
    let folder = env.path("man");
    env.run(["generate", "man", &folder]).ok();
    let pages = files(Path::new(&folder));
    for (verb, options) in [
        ("list", ["--sort", "--older-than", "--fifo-dir"].as_slice()),
        ("show", &["--columns"]),
        ("create", &["--if-missing", "--max-messages", "--key-from"]),
        ("set", &["--size", "--force", "--index"]),
        ("rm", &["--unused", "--if-exists"]),
        ("limits", &["--fail-above"]),
        ("kinds", &["--format"]),
    ] {
        let page = pages[&format!("ipcctl-{verb}.1")].replace('\\', "");
        for option in options {
            assert!(page.contains(option), "{option} is not in the page of {verb}");
        }
    }
}

fn it_is_for_maintainers_and_in_no_help() {
    let env = TestEnv::new();
    env.run(["--help"]).ok().hides("generate");
    env.run(["generate", "poetry", &env.path("x")]).code(2).says("poetry");
}
