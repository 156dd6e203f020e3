//! The source as modules and the paths that they name, for the tests of its structure. Reads text, and knows no rule.

use std::fs;
use std::path::PathBuf;

use crate::tree;

/// One file of the crate, without its tests: these may reach wherever they like.
pub struct Source {
    /// `kinds/sysv/shm.rs`.
    pub path: String,
    /// Its text without comments and unit tests.
    pub code: String,
}

impl Source {
    pub fn layer(&self) -> Option<&str> {
        self.path.split_once('/').map(|(layer, _)| layer)
    }

    /// The module path: `["kinds", "sysv", "shm"]`; that of a `mod.rs` is its directory's, and the root's is empty.
    pub fn module(&self) -> Vec<&str> {
        if matches!(self.path.as_str(), "lib.rs" | "main.rs") {
            return Vec::new();
        }
        let mut module: Vec<&str> = self.path.trim_end_matches(".rs").split('/').collect();
        if module.last() == Some(&"mod") {
            module.pop();
        }
        module
    }

    /// What the names that this module takes from others stand for, so that a path through it can be followed to where
    /// the thing is: `pub use object::Object` in `model/mod.rs` makes `model::Object` one of `model::object`.
    pub fn taken(&self, modules: &[Vec<&str>]) -> Vec<(Vec<String>, Vec<String>)> {
        let own: Vec<String> = self.module().into_iter().map(str::to_owned).collect();
        let mut taken = Vec::new();
        let heads = ["use ", "pub use ", "pub(super) use ", "pub(crate) use "];
        for line in self.code.lines() {
            let Some(path) = heads.iter().find_map(|head| line.strip_prefix(head)) else {
                continue;
            };
            // Groups go on in the lines that follow.
            let begin = path.as_ptr() as usize - self.code.as_ptr() as usize;
            let path = self.code[begin..].split(';').next().unwrap_or_default();
            let mut paths = Vec::new();
            expand(&own, path.trim_start_matches("self::"), &mut paths);
            let is_part = |path: &Vec<String>| {
                path.len() > own.len() + 1
                    && modules.iter().any(|module| *module == path[..=own.len()])
            };
            for path in paths.into_iter().filter(is_part) {
                let name: Vec<String> = own.iter().chain(path.last()).cloned().collect();
                // A thing may have the name of the part that it is in: there is no way to go.
                if !path.starts_with(&name) {
                    taken.push((name, path));
                }
            }
        }
        taken
    }

    /// Every path that begins at the crate's root or at a parent, written out from the root. Groups in braces
    /// are taken apart.
    pub fn paths(&self) -> Vec<Vec<String>> {
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

/// The files below a directory of the repository.
pub fn sources(directory: &str) -> Vec<Source> {
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

/// Paths as words.
pub trait Words {
    /// Returns true if the path begins with these words.
    fn starts_with_words(&self, words: &[&str]) -> bool;
}

impl Words for Vec<String> {
    fn starts_with_words(&self, words: &[&str]) -> bool {
        self.len() >= words.len() && self.iter().zip(words).all(|(own, word)| own == word)
    }
}
