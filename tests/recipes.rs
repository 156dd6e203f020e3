//! The recipes of the documentation: each runs as it is printed, in a plain shell, and prints what is printed
//! after it.

use std::fs;
use std::panic;
use std::thread;

use crate::env::{Invocation, TestEnv};
use crate::isolation;
use crate::tree;

crate::cases![
    every_recipe_has_a_title_a_script_and_what_it_prints,
    every_recipe_runs_as_it_is_printed_and_prints_what_is_printed_after_it;
    Brokers: every_recipe_with_other_programs_runs_as_it_is_printed;
    Php: every_recipe_with_php_runs_as_it_is_printed
];

const BOOKS: [&str; 2] = ["docs/recipes.md", "docs/recipes-semaphores.md"];

/// A block of code: its language, and its text.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((language, inside.iter().map(|line| format!("{line}\n")).collect()));
    }
    blocks
}

/// Scripts, and what they print.
fn recipes(text: &str) -> Vec<(String, String)> {
    let blocks = blocks(text);
    let pairs = blocks.windows(2).filter_map(|pair| match pair {
        [("sh", script), ("text", expected)] => Some((script.clone(), expected.clone())),
        _ => None,
    });
    pairs.collect()
}

fn every_recipe_has_a_title_a_script_and_what_it_prints() {
    for book in BOOKS {
        let text = fs::read_to_string(tree::path(book)).unwrap();
        let recipes = recipes(&text).len();
        assert!(recipes > 0);
        assert_eq!(recipes, blocks(&text).len() / 2, "{book}: a recipe without its output");
        assert_eq!(recipes, text.matches("\n## ").count(), "{book}: a section without a recipe");
    }
}

/// A shell as people type into it: it goes on after a command that fails.
fn plain(env: &TestEnv, script: &str) -> Invocation {
    let directory = isolation::PROGRAM.rsplit_once('/').unwrap().0;
    let path = format!("{directory}:/usr/bin:/bin:/usr/sbin:/sbin");
    env.tool("sh", ["-uc", script]).env("PATH", path)
}

fn needs_others(script: &str) -> bool {
    ["jq", "redis", "mosquitto"].iter().any(|word| script.contains(word))
}

fn needs_php(script: &str) -> bool {
    script.contains("php -r")
}

fn run(wanted: fn(&str) -> bool) {
    // Read before the world of a test is made, whose directories may cover the repository.
    let all: Vec<_> = BOOKS
        .iter()
        .flat_map(|book| recipes(&fs::read_to_string(tree::path(book)).unwrap()))
        .filter(|(script, _)| wanted(script))
        .collect();
    assert!(!all.is_empty());
    // Recipes wait more than they work. Each has a world of its own, which belongs to a thread.
    for some in all.chunks(4) {
        thread::scope(|scope| {
            let run = |(text, expected): &(String, String)| {
                let env = TestEnv::new();
                plain(&env, text).run().code(0).prints(expected).says_not("ipcctl:");
                // What a recipe makes it takes away.
                env.run(["list", "--no-headings", "--quiet"]).ok().prints("");
            };
            let started: Vec<_> =
                some.iter().map(|recipe| scope.spawn(move || run(recipe))).collect();
            for recipe in started {
                recipe.join().unwrap_or_else(|reason| panic::resume_unwind(reason));
            }
        });
    }
}

fn every_recipe_runs_as_it_is_printed_and_prints_what_is_printed_after_it() {
    run(|script| !needs_others(script) && !needs_php(script));
}

fn every_recipe_with_other_programs_runs_as_it_is_printed() {
    run(needs_others);
}

fn every_recipe_with_php_runs_as_it_is_printed() {
    run(needs_php);
}
