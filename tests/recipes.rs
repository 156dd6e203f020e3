//! The recipes of the documentation: each runs as it is printed, in a plain shell, and prints what is printed
//! after it.

use std::fs;

use crate::env::TestEnv;
use crate::isolation;
use crate::tree;

crate::cases![every_recipe_runs_as_it_is_printed_and_prints_what_is_printed_after_it];

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

fn every_recipe_runs_as_it_is_printed_and_prints_what_is_printed_after_it() {
    let text = fs::read_to_string(tree::path("docs/recipes-semaphores.md")).unwrap();
    let blocks = blocks(&text);
    let mut recipes = 0;
    for pair in blocks.windows(2) {
        let [("sh", script), ("text", expected)] = pair else { continue };
        let env = TestEnv::new();
        let folder = isolation::PROGRAM.rsplit_once('/').unwrap().0;
        let path = format!("{folder}:/usr/bin:/bin");
        let run = env.tool("sh", ["-uc", script]).env("PATH", path).run();
        run.code(0).prints(expected).says_not("ipcctl:");
        // What a recipe makes it takes away.
        env.run(["list", "--no-headings"]).ok().prints("");
        recipes += 1;
    }
    assert_eq!(recipes, blocks.len() / 2, "a recipe without its output");
    assert_eq!(recipes, text.matches("\n## ").count(), "a section without a recipe");
}
