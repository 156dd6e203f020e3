//! Holds `src/` to the layers of the architecture: who may use whom, where `unsafe` may stand, and that the
//! table in `src/lib.rs` says the same. Reads text, and knows nothing of what the code does.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::tree;

crate::cases![
    every_layer_uses_only_the_layers_below_it,
    siblings_do_not_use_each_other,
    unsafe_code_is_in_sys_alone,
    the_table_in_the_crates_documentation_is_the_rule,
    every_module_says_what_it_is_for,
    a_type_name_has_one_meaning,
    no_modules_use_each_other_in_a_circle
];

/// A layer and the layers that it may use. Whatever is not listed is refused.
const LAYERS: [(&str, &[&str]); 11] = [
    ("sys", &[]),
    ("model", &[]),
    ("kinds", &["model", "sys"]),
    ("holders", &["model", "sys"]),
    ("leftover", &["model", "sys", "holders", "kinds"]),
    ("endpoint", &["model", "kinds", "sys"]),
    ("output", &["model", "sys"]),
    ("cli", &["sys", "model", "kinds", "holders", "endpoint", "output"]),
    ("listing", &["sys", "model", "kinds", "holders", "leftover", "output", "cli"]),
    ("compat", &["sys", "model", "kinds", "output"]),
    (
        "commands",
        &["sys", "model", "kinds", "holders", "leftover", "endpoint", "output", "cli", "listing"],
    ),
];

/// One file of the crate, without its tests: these may reach wherever they like.
struct Source {
    /// `kinds/sysv/shm.rs`.
    path: String,
    code: String,
}

impl Source {
    fn layer(&self) -> Option<&str> {
        self.path.split_once('/').map(|(layer, _)| layer)
    }

    /// Is it one of the kinds or verbs, which know nothing of each other? The rest of these layers is what
    /// they share.
    fn is_member(&self) -> bool {
        let is_kind = self.code.contains("static RECORD: KindRecord");
        let is_verb = self.layer() == Some("commands") && self.code.contains("struct Args");
        is_kind || is_verb
    }

    /// The module path: `["kinds", "sysv", "shm"]`; that of a `mod.rs` is its directory's.
    fn module(&self) -> Vec<&str> {
        let mut module: Vec<&str> = self.path.trim_end_matches(".rs").split('/').collect();
        if module.last() == Some(&"mod") {
            module.pop();
        }
        module
    }

    /// Every path that begins at the crate's root or at a parent, written out from the root. Groups in braces
    /// are taken apart.
    fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            let before = self.code[..at].chars().next_back();
            if before
                .is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':')
            {
                expand(&[], &self.code[at + "crate::".len()..], &mut paths);
            }
        }
        for (at, _) in self.code.match_indices("super::") {
            let before = &self.code[..at];
            if before.ends_with("super::")
                || before.ends_with(|letter: char| letter.is_alphanumeric())
            {
                continue;
            }
            let rest = &self.code[at..];
            let depth = rest.split("::").take_while(|word| *word == "super").count();
            let mut base = self.module();
            base.extend(inline_modules(before));
            base.truncate(base.len().saturating_sub(depth));
            let base: Vec<String> = base.into_iter().map(str::to_owned).collect();
            expand(&base, &rest[depth * "super::".len()..], &mut paths);
        }
        paths
    }
}

/// The modules in braces that are open at the end of this code.
fn inline_modules(code: &str) -> Vec<&str> {
    let mut open: Vec<Option<&str>> = Vec::new();
    for (at, letter) in code.char_indices() {
        match letter {
            '{' => {
                let mut words = code[..at].trim_end().rsplit(char::is_whitespace);
                let name = words.next();
                open.push(name.filter(|_| words.next() == Some("mod")));
            }
            '}' => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().flatten().collect()
}

/// Reads `a::b::{c, d::e}` and adds `a b c` and `a b d e`.
fn expand(base: &[String], text: &str, paths: &mut Vec<Vec<String>>) {
    let word: String =
        text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let rest = &text[word.len()..];
    if word.is_empty() {
        if let Some(group) = text.strip_prefix('{') {
            for part in parts_of_group(group) {
                expand(base, part.trim(), paths);
            }
        } else {
            paths.push(base.to_vec());
        }
        return;
    }
    let mut longer = base.to_vec();
    longer.push(word);
    match rest.strip_prefix("::") {
        Some(rest) => expand(&longer, rest, paths),
        None => paths.push(longer),
    }
}

/// The parts between the commas of the outermost braces.
fn parts_of_group(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut parts) = (0, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&text[begin..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn sources() -> Vec<Source> {
    sources_of("src")
}

fn sources_of(directory: &str) -> Vec<Source> {
    let root = tree::path(directory);
    let (mut directories, mut sources) = (vec![root.clone()], Vec::new());
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                sources.push(Source { path, code: without_tests_and_comments(&text) });
            }
        }
    }
    assert!(
        sources.len() > 10,
        "only {} files found, the test looks in the wrong place",
        sources.len()
    );
    sources
}

fn without_tests_and_comments(text: &str) -> String {
    // Unit tests come last in a file, by convention; what precedes them is the code.
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn every_layer_uses_only_the_layers_below_it() {
    let mut uses = 0;
    for source in sources() {
        let Some(layer) = source.layer() else { continue };
        let rule = LAYERS.iter().find(|(name, _)| *name == layer);
        let (_, allowed) = rule.unwrap_or_else(|| {
            panic!("src/{}: {layer} is no layer of the architecture", source.path)
        });
        for path in source.paths() {
            let used = path.first().map_or("", String::as_str);
            uses += 1;
            let known = LAYERS.iter().any(|(name, _)| *name == used);
            assert!(
                used == layer || allowed.contains(&used) || !known,
                "src/{}: {layer} must not use {used} (crate::{})",
                source.path,
                path.join("::"),
            );
            assert!(
                known,
                "src/{}: crate::{} goes around the layers",
                source.path,
                path.join("::")
            );
        }
    }
    assert!(uses > 100, "only {uses} uses found, the test does not read them");
}

fn siblings_do_not_use_each_other() {
    let sources = sources();
    let modules: Vec<Vec<&str>> = sources.iter().map(Source::module).collect();
    for source in &sources {
        let own = source.module();
        if !matches!(source.layer(), Some("kinds" | "commands")) {
            continue;
        }
        // The module that lists them all is above them.
        if own.len() < 2 {
            continue;
        }
        for path in source.paths() {
            // The longest module that the path names; what follows is an item of it.
            let named = modules.iter().filter(|module| path.starts_with_words(module));
            let longest = named.max_by_key(|module| module.len());
            let Some(used) = longest.filter(|used| used.first() == own.first()) else { continue };
            // A module may use what it is made of, and what it is a part of.
            if own.starts_with(used) || used.starts_with(&own) {
                continue;
            }
            let target = &sources[modules.iter().position(|module| module == used).unwrap()];
            let (file, used_name) = (&source.path, used.join("::"));
            assert!(!target.is_member(), "src/{file} uses its sibling {used_name}");
            // What a family shares is the family's.
            let is_familys = used.len() > 2 || target.path.ends_with("/mod.rs");
            assert!(
                !is_familys || own[1] == used[1],
                "src/{file} uses {used_name} of another family"
            );
        }
    }
}

trait Words {
    fn starts_with_words(&self, words: &[&str]) -> bool;
}

impl Words for Vec<String> {
    fn starts_with_words(&self, words: &[&str]) -> bool {
        self.len() >= words.len() && self.iter().zip(words).all(|(own, word)| own == word)
    }
}

fn unsafe_code_is_in_sys_alone() {
    let mut found = 0;
    for source in sources() {
        let words = source.code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let uses = words.filter(|word| *word == "unsafe").count();
        let lifts = source.code.contains("allow(unsafe_code)");
        found += uses;
        // The C library calls `main` by its name, and giving a function such a name counts as unsafe, as does the use
        // of what it passes.
        let names_main = source.path == "main.rs"
            && uses == 2
            && source.code.contains("#[unsafe(no_mangle)]\nextern \"C\" fn main(")
            && source.code.contains("unsafe { ipcctl::sys::start::arguments(");
        assert!(
            source.layer() == Some("sys") || (uses == 0 && !lifts) || names_main,
            "src/{}: unsafe code outside sys",
            source.path,
        );
    }
    assert!(found > 10, "only {found} unsafe blocks found, the test does not read them");
}

// A table that nobody holds to the rule would go stale, and readers trust it.
fn the_table_in_the_crates_documentation_is_the_rule() {
    let text = fs::read_to_string(tree::path("src/lib.rs")).unwrap();
    for (layer, allowed) in LAYERS {
        let row = text.lines().find(|line| line.starts_with(&format!("//! | [`{layer}`]")));
        let row = row.unwrap_or_else(|| panic!("src/lib.rs has no row for {layer}"));
        let cell = row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap();
        for (other, _) in LAYERS {
            let named = cell.contains(&format!("`{other}`"))
                || (cell.contains("all of them") && other != layer);
            assert_eq!(
                named,
                allowed.contains(&other),
                "src/lib.rs and this test differ: may {layer} use {other}?"
            );
        }
    }
}

fn every_module_says_what_it_is_for() {
    for source in sources() {
        let text = fs::read_to_string(tree::path("src").join(&source.path)).unwrap();
        assert!(text.starts_with("//!"), "src/{} does not open with what it is for", source.path);
    }
}

// A reader who meets a name in two places takes it for the same thing. The exceptions are words of clap and of the
// kernel, which each verb and each of the kernel's interfaces has for its own.
fn a_type_name_has_one_meaning() {
    const SHARED: [&str; 3] = ["Args", "Limits", "Usage"];
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for line in source.code.lines() {
            let words: Vec<&str> = line
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':')
                .filter(|word| !word.is_empty())
                .skip_while(|word| matches!(*word, "pub" | "super" | "crate" | "in"))
                .collect();
            if let ["struct" | "enum" | "trait", name, ..] = words[..] {
                homes.entry(name.to_owned()).or_default().push(source.path.clone());
            }
        }
    }
    assert!(homes.len() > 200, "only {} types found, the test does not read them", homes.len());
    homes.retain(|name, places| places.len() > 1 && !SHARED.contains(&name.as_str()));
    assert!(homes.is_empty(), "one name for several types: {homes:#?}");
}

// A circle of modules can only be understood as a whole. A module and what it is made of count as one: parts use what
// their parent declares, and the parent hands them out.
fn no_modules_use_each_other_in_a_circle() {
    for directory in ["src", "benches"] {
        let sources = sources_of(directory);
        let modules: Vec<Vec<&str>> = sources.iter().map(Source::module).collect();
        let uses: Vec<Vec<usize>> = sources
            .iter()
            .zip(&modules)
            .map(|(source, own)| {
                let used = source.paths().into_iter().filter_map(|path| {
                    let named = (0..modules.len()).filter(|at| {
                        !modules[*at].is_empty() && path.starts_with_words(&modules[*at])
                    });
                    named.max_by_key(|at| modules[*at].len())
                });
                used.filter(|at| !own.starts_with(&modules[*at]) && !modules[*at].starts_with(own))
                    .collect()
            })
            .collect();
        assert!(uses.iter().flatten().count() > 20, "{directory}: the test does not read the uses");
        for start in 0..sources.len() {
            if let Some(circle) = way_back(&uses, start) {
                let names: Vec<_> = circle.iter().map(|at| sources[*at].path.as_str()).collect();
                panic!("{directory}: a circle: {}", names.join(" -> "));
            }
        }
    }
}

/// The shortest way from a module over what it uses back to itself, if there is one.
fn way_back(uses: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut ways: Vec<Vec<usize>> = vec![vec![start]];
    let mut seen = vec![false; uses.len()];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in &uses[*way.last().unwrap()] {
                let further = [way.as_slice(), &[*next]].concat();
                if *next == start {
                    return Some(further);
                }
                if !std::mem::replace(&mut seen[*next], true) {
                    longer.push(further);
                }
            }
        }
        ways = longer;
    }
    None
}
