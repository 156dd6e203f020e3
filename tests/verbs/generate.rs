//! `generate`: manual pages and completions. That the committed ones are those that it makes, that nothing is
//! missing from them, and that readers of manual pages have nothing to complain of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::env::TestEnv;
use crate::tree;

crate::cases![
    the_committed_manual_pages_are_the_generated_ones,
    the_committed_completions_are_the_generated_ones,
    every_verb_of_the_help_has_a_page_and_every_option_is_in_it,
    the_overview_has_every_verb_kind_column_and_status,
    what_it_cannot_write_is_told,
    pages_need_no_more_than_ascii;
    Mandoc: mandoc_has_no_complaint_about_any_page
];

fn files(directory: &Path) -> BTreeMap<String, String> {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    paths
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The pages that the program makes of its definitions and of the prose that is built in. The committed prose is read
/// before the world of a test is made, because its directories may cover the repository.
fn made_pages() -> (TestEnv, BTreeMap<String, String>) {
    let prose = files(&tree::path("man/prose"));
    assert!(prose.len() > 5, "{:?}", prose.keys());
    let env = TestEnv::new();
    let directory = env.path("man");
    env.run(["generate", "man", &directory]).ok().prints("");
    let pages = files(Path::new(&directory));
    for (name, text) in &prose {
        let page = pages.get(name).unwrap_or_else(|| panic!("man/prose/{name} belongs to no page"));
        let last = text.lines().last().unwrap();
        assert!(
            page.contains(last),
            "man/prose/{name} is not built in: generate/prose.rs names it"
        );
    }
    (env, pages)
}

fn assert_same(
    committed: &BTreeMap<String, String>,
    made: &BTreeMap<String, String>,
    command: &str,
) {
    assert!(committed.keys().eq(made.keys()), "{:?} and {:?}", committed.keys(), made.keys());
    for (name, text) in made {
        assert!(committed[name] == *text, "{name} is stale: {command}");
    }
}

fn the_committed_manual_pages_are_the_generated_ones() {
    let committed = files(&tree::path("man"));
    let (_env, pages) = made_pages();
    assert!(pages.len() >= 9, "only {:?}", pages.keys());
    assert_same(&committed, &pages, "ipcctl generate man man");
}

fn the_committed_completions_are_the_generated_ones() {
    let committed = files(&tree::path("completions"));
    let env = TestEnv::new();
    let directory = env.path("completions");
    env.run(["generate", "completions", &directory]).ok().prints("");
    let made = files(Path::new(&directory));
    assert_eq!(made.len(), 3, "{:?}", made.keys());
    assert_same(&committed, &made, "the program has another one built in: build it again");
}

/// What a page says, without the marks of its format.
fn read(page: &str) -> String {
    ["\\fB", "\\fI", "\\fP", "\\&"]
        .iter()
        .fold(page.replace("\\-", "-"), |text, mark| text.replace(mark, ""))
}

/// The words of a help that begin with two hyphens and stand where options do.
fn options(help: &str) -> Vec<String> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let words = lines.flat_map(|line| line.split([' ', ',', '[']));
    words.filter(|word| word.len() > 2 && word.starts_with("--")).map(str::to_owned).collect()
}

/// The verbs that the help lists.
fn verbs(env: &TestEnv) -> Vec<String> {
    let help = env.run(["-h"]).ok();
    let listed = help.lines().into_iter().skip_while(|line| !line.starts_with("Verbs ")).skip(1);
    let listed = listed
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next());
    listed.filter(|verb| *verb != "help").map(str::to_owned).collect()
}

fn every_verb_of_the_help_has_a_page_and_every_option_is_in_it() {
    let (env, pages) = made_pages();
    let overview = read(&pages["ipcctl.1"]);
    let verbs = verbs(&env);
    assert!(verbs.len() >= 7, "{verbs:?}");
    for verb in verbs {
        let page = pages.get(&format!("ipcctl-{verb}.1"));
        let page = read(page.unwrap_or_else(|| panic!("{verb} has no page")));
        let help = env.run([&verb, "--help"]).ok();
        let options = options(help.stdout());
        assert!(
            ["--quiet", "--help"].iter().all(|one| options.iter().any(|option| option == one)),
            "{verb}: {options:?}"
        );
        // Prose may name an option without saying what it is.
        let described = page.split("\n.SH ").find(|section| section.starts_with("OPTIONS\n"));
        let described = described.unwrap_or_default();
        let shared = page.split("\n.SH ").find(|section| section.starts_with("OUTPUT OPTIONS\n"));
        let shared: Vec<&str> =
            shared.map_or(vec![], |line| line.split([' ', ',', ':', '\n']).collect());
        for option in shared.iter().filter(|word| word.starts_with("--")) {
            assert!(overview.contains(*option), "{option} of {verb} is not in ipcctl(1)");
        }
        for option in options {
            let tagged = |line: &str| line.split([' ', ',', '[']).any(|word| word == option);
            let mut lines = described.lines();
            let found = std::iter::from_fn(|| lines.find(|line| *line == ".TP").and(lines.next()));
            // What all verbs have is explained once, and named in a line.
            assert!(
                found.into_iter().any(tagged) || shared.contains(&option.as_str()),
                "{option} is not in the page of {verb}"
            );
        }
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OUTPUT OPTIONS",
            "EXIT STATUS",
            "EXAMPLES",
            "SEE ALSO",
        ] {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{verb} has no {section}");
        }
        for line in crate::examples::of_help(help.stdout()) {
            let escaped = line.command.replace('\\', "\\e").replace('\'', "\\(aq");
            assert!(page.contains(&escaped), "{escaped} is not in the page of {verb}");
        }
    }
}

fn the_overview_has_every_verb_kind_column_and_status() {
    let (env, pages) = made_pages();
    let page = read(&pages["ipcctl.1"]);
    for verb in verbs(&env) {
        assert!(page.contains(&format!("\nipcctl-{verb}(1)")), "{verb}");
    }
    let first = |arguments: &[&str]| -> Vec<String> {
        let output = env.run(arguments).ok();
        output.lines().iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    };
    let kinds = first(&["kinds", "--format", "plain"]);
    let columns = first(&["list", "--columns", "help", "--format", "plain"]);
    assert!(kinds.len() >= 7 && columns.len() > 30, "{kinds:?} {columns:?}");
    for name in kinds.iter().chain(&columns) {
        assert!(page.contains(&format!(".TP\n{name}\n")), "{name}");
    }
    // What stands in the heading is what the page of the verb says.
    let heading = env.run(["list", "shm"]).ok().stdout().lines().next().unwrap().to_owned();
    let mut titles: Vec<&str> = heading.split_whitespace().collect();
    let last = titles.pop().unwrap();
    let listed = format!("The default columns are {} and {last}.", titles.join(", "));
    assert!(read(&pages["ipcctl-list.1"]).contains(&listed), "{listed}");
    for status in 0..=7 {
        assert!(page.contains(&format!(".TP\n{status}\n")), "{status}");
    }
}

fn what_it_cannot_write_is_told() {
    let env = TestEnv::new();
    env.run(["generate", "poetry", &env.path("x")]).code(2).says("poetry");
    fs::write(env.path("file"), "").unwrap();
    env.run(["generate", "man", &env.path("file")]).code(1).says("cannot write to /tmp/");
}

// In the locale C man(1) complains about a character that it cannot show, and leaves it out.
fn pages_need_no_more_than_ascii() {
    for (name, page) in made_pages().1 {
        assert!(page.is_ascii() && !page.contains("\\[u"), "{name}");
    }
}

fn mandoc_has_no_complaint_about_any_page() {
    let (env, pages) = made_pages();
    for name in pages.keys() {
        env.tool("mandoc", ["-T", "lint", "-W", "warning", &format!("man/{name}")])
            .run()
            .ok()
            .prints("");
    }
}
