<<<<<<< HEAD
//! Every recipe of `docs/recipes.md`, run as it is printed, by a plain `sh`, in a world of its own.

use std::fs;

use crate::endpoints::script;
use crate::env::TestEnv;
use crate::tree;

crate::cases![
    there_are_recipes_and_each_says_what_it_prints,
    every_recipe_runs_as_printed;
    Brokers: every_recipe_with_other_programs_runs_as_printed
];

struct Recipe {
    title: String,
    script: String,
    prints: String,
}

fn recipes() -> Vec<Recipe> {
    let text = fs::read_to_string(tree::path("docs/recipes.md")).unwrap();
    let chapters = text.split("\n## ").skip(1);
    chapters
        .map(|chapter| {
            let block = |fence: &str| {
                let begin = chapter.find(fence)? + fence.len();
                let length = chapter[begin..].find("```")?;
                Some(chapter[begin..begin + length].to_owned())
            };
            let title = chapter.lines().next().unwrap().to_owned();
            let block = |fence| block(fence).unwrap_or_else(|| panic!("no {fence} in {title}"));
            let (script, prints) = (block("```sh\n"), block("```text\n"));
            Recipe { script, prints, title }
        })
        .collect()
}

fn needs_others(recipe: &Recipe) -> bool {
    ["jq", "redis", "mosquitto"].iter().any(|word| recipe.script.contains(word))
}

fn there_are_recipes_and_each_says_what_it_prints() {
    let recipes = recipes();
    assert!(recipes.len() >= 9, "only {} recipes", recipes.len());
    assert!(recipes.iter().all(|recipe| !recipe.script.is_empty() && !recipe.prints.is_empty()));
}

fn run(wanted: fn(&Recipe) -> bool) {
    // Read before the world of a test is made, whose folders may cover the repository.
    let recipes: Vec<Recipe> = recipes().into_iter().filter(wanted).collect();
    assert!(!recipes.is_empty());
    for recipe in recipes {
        let env = TestEnv::new();
        let output = script(&env, &recipe.script).run().code(0);
        assert_eq!(output.stdout(), recipe.prints, "{}\n{}", recipe.title, output.report());
        env.run(["list", "mq"]).ok().hides("mq:");
    }
}

fn every_recipe_runs_as_printed() {
    run(|recipe| !needs_others(recipe));
}

fn every_recipe_with_other_programs_runs_as_printed() {
    run(needs_others);
=======
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
>>>>>>> main
}
