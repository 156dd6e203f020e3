//! The documentation as a book: its links lead somewhere, its index names every page, and what it tells people to
//! type is something that the program understands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::env::TestEnv;
use crate::tree;

crate::cases![
    every_link_leads_somewhere,
    the_index_names_every_page,
    the_test_command_of_the_front_page_is_what_is_checked_before_anything_lands,
    one_can_read_on_from_page_to_page,
    the_glossary_is_in_order,
    the_glossary_has_the_words_of_the_program,
    what_is_to_be_typed_now_is_understood
];

/// Every page of the book, by its path in the repository.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut directories = vec![PathBuf::from("docs")];
    let mut files = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(PathBuf::from).to_vec();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(tree::path(&directory)).unwrap() {
            let path = directory.join(entry.unwrap().file_name());
            if tree::path(&path).is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    for file in files {
        let text = fs::read_to_string(tree::path(&file)).unwrap();
        pages.insert(file, text);
    }
    assert!(pages.len() >= 8, "{:?}", pages.keys());
    pages
}

/// Where the links of a page lead, those to other places of the world aside.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#'))
}

fn every_link_leads_somewhere() {
    let mut seen = 0;
    for (page, text) in pages() {
        for link in links(&text) {
            let target = link.split('#').next().unwrap();
            let path = page.parent().unwrap_or(Path::new("")).join(target);
            assert!(tree::path(&path).exists(), "{}: {link} leads nowhere", page.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links found");
}

fn the_index_names_every_page() {
    let pages = pages();
    let index = &pages[Path::new("docs/README.md")];
    let named: Vec<&str> = links(index).collect();
    for page in pages.keys().filter(|page| !page.ends_with("docs/README.md")) {
        let from_docs =
            page.strip_prefix("docs").map_or_else(|_| Path::new("..").join(page), Path::to_owned);
        let from_docs = from_docs.to_str().unwrap();
        assert!(named.contains(&from_docs), "docs/README.md does not name {from_docs}");
    }
}

fn the_test_command_of_the_front_page_is_what_is_checked_before_anything_lands() {
    let page = fs::read_to_string(tree::path("README.md")).unwrap();
    let command = page.lines().map(str::trim).find(|line| line.starts_with("cargo test"));
    let command = command.unwrap().split(" #").next().unwrap().trim();
    let checks = fs::read_to_string(tree::path(".ci/run")).unwrap();
    assert!(checks.lines().any(|line| line == command), "{command} is not in .ci/run");
    // What it leaves out runs there, too.
    assert!(
        checks.lines().any(|line| line == format!("IPCCTL_TESTS=slow {command} --test ipcctl"))
    );
}

fn one_can_read_on_from_page_to_page() {
    let pages = pages();
    let mut left: Vec<&Path> = pages.keys().map(PathBuf::as_path).collect();
    left.retain(|page| page.starts_with("docs") && !page.ends_with("README.md"));
    let mut page = PathBuf::from("docs/recipes.md");
    loop {
        let before = left.len();
        left.retain(|one| *one != page);
        assert_eq!(left.len() + 1, before, "{} comes twice or is no page", page.display());
        let last = pages[&page].lines().next_back().unwrap();
        let mut links = links(last);
        assert!(links.next().is_some_and(|link| link.ends_with("README.md")), "{}", page.display());
        let Some(next) = links.next() else { break };
        page = page.parent().unwrap().join(next);
    }
    assert_eq!(left, Vec::<&Path>::new(), "nobody comes to these");
}

/// The words that the glossary explains.
fn glossary() -> Vec<String> {
    let pages = pages();
    let rows =
        pages[Path::new("docs/glossary.md")].lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|row| row.split('|').nth(1).unwrap().trim().to_lowercase()).collect()
}

fn the_glossary_has_the_words_of_the_program() {
    let words = glossary();
    let env = TestEnv::new();
    let states = env.run(["__complete", "--", "list", "--state", ""]).ok();
    let states = states.lines().into_iter().map(|line| line.split('\t').next().unwrap().to_owned());
    let fixed = "kind facility family object address field fact holder trace state evidence endpoint sender \
                 receiver frame";
    let wanted: Vec<String> = states.chain(fixed.split_whitespace().map(str::to_owned)).collect();
    assert!(wanted.len() > 18, "{wanted:?}");
    for word in wanted {
        assert!(words.contains(&word), "the glossary does not say what {word} means");
    }
}

fn the_glossary_is_in_order() {
    let words = glossary();
    assert!(words.len() > 30 && words.is_sorted(), "{words:?}");
}

/// The commands in the right column of the table on the front page.
fn typed_now(front: &str) -> Vec<String> {
    let table = front.lines().skip_while(|line| *line != "| before | now |").skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.replace("\\|", "\u{1}").split('|').nth(2).unwrap().to_owned());
    // What stands between two backticks is code, and some of it is a command.
    let code = cells.flat_map(|cell| {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(|code| code.replace('\u{1}', "|"))
            .collect::<Vec<_>>()
    });
    code.filter(|code| code.starts_with("ipcctl")).collect()
}

fn what_is_to_be_typed_now_is_understood() {
    let commands = typed_now(&pages()[Path::new("README.md")]);
    assert!(commands.len() > 15, "{commands:?}");
    let env = TestEnv::new();
    let directory = Path::new(crate::isolation::PROGRAM).parent().unwrap().display();
    let path = format!("{directory}:/usr/bin:/bin");
    for command in commands {
        // The user of the table may not exist here.
        let command = command.replace("alice", "root");
        // What goes on until it is interrupted is interrupted.
        let seconds = if command.contains("--follow") { "1" } else { "60" };
        let words = ["-s", "INT", seconds, "sh", "-c", &command];
        let run = env.tool("timeout", words).env("PATH", &path).run();
        // Most of the objects are not there: all that matters is that the words make sense.
        let follows = if seconds == "1" { 124 } else { 0 };
        let (_, output) = run.any_code(&[0, 3, 5, 125, follows]);
        output.says_not("usage").says_not("there is no column").says_not("unexpected");
    }
}
