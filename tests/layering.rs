//! Holds `src/` to the layers of the architecture: who may use whom, that no modules use each other in a circle, where `unsafe` may stand, and that the
//! table in `src/lib.rs` says the same. Reads text, and knows nothing of what the code does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::modules::{Source, Words, sources};
use crate::tree;

crate::cases![
    every_layer_uses_only_the_layers_below_it,
    siblings_do_not_use_each_other,
    no_modules_use_each_other_in_a_circle,
    a_circle_is_seen_where_a_parent_passes_a_name_on,
    unsafe_code_is_in_sys_alone,
    the_table_in_the_crates_documentation_is_the_rule,
    nothing_but_kinds_names_a_facility,
    nobody_lists_the_forms_of_locators,
    every_module_says_what_it_is_for,
    a_type_name_has_one_meaning
];

/// A layer and the layers that it may use. Whatever is not listed is refused.
const LAYERS: [(&str, &[&str]); 12] = [
    ("sys", &[]),
    ("model", &[]),
    ("kinds", &["model", "sys"]),
    ("holders", &["model", "sys"]),
    ("leftover", &["model", "sys", "holders", "kinds"]),
    ("waits", &["sys", "model", "kinds", "holders"]),
    ("endpoint", &["model", "kinds", "sys"]),
    ("output", &["model", "sys"]),
    ("cli", &["sys", "model", "kinds", "holders", "endpoint", "output"]),
    ("listing", &["sys", "model", "kinds", "holders", "leftover", "waits", "output", "cli"]),
    ("compat", &["sys", "model", "kinds", "output"]),
    (
        "commands",
        &[
            "sys", "model", "kinds", "holders", "leftover", "waits", "endpoint", "output", "cli",
            "listing",
        ],
    ),
];

/// Is it one of the kinds or verbs, which know nothing of each other? The rest of these layers is what
/// they share.
fn is_member(source: &Source) -> bool {
    let is_kind = source.code.contains("static RECORD: KindRecord");
    let is_verb = source.layer() == Some("commands") && source.code.contains("struct Args");
    is_kind || is_verb
}

fn every_layer_uses_only_the_layers_below_it() {
    let mut uses = 0;
    for source in sources("src") {
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
    let sources = sources("src");
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
            assert!(!is_member(target), "src/{file} uses its sibling {used_name}");
            // What a family shares is the family's.
            let is_familys = used.len() > 2 || target.path.ends_with("/mod.rs");
            assert!(
                !is_familys || own[1] == used[1],
                "src/{file} uses {used_name} of another family"
            );
        }
    }
}

/// Uses between the modules of one parent, each with all that is below it: who uses whom, and by which file.
type Uses = BTreeMap<String, BTreeMap<String, String>>;

// The rule: among the modules of one parent, each taken with all that is below it, no use goes round. What a parent and its
// own parts use of each other is no circle: the parent's file names its parts, and holds what they share.
fn uses_of_siblings(sources: &[Source]) -> Uses {
    let modules: Vec<Vec<&str>> = sources.iter().map(Source::module).collect();
    let taken: BTreeMap<_, _> = sources.iter().flat_map(|source| source.taken(&modules)).collect();
    let mut uses = Uses::new();
    for (source, own) in sources.iter().zip(&modules) {
        for mut path in source.paths() {
            // To where the thing is: each step leads further down.
            while let Some((length, place)) = (1..=path.len())
                .find_map(|length| taken.get(&path[..length]).map(|place| (length, place)))
            {
                path.splice(..length, place.iter().cloned());
            }
            let named = modules.iter().filter(|module| path.starts_with_words(module));
            let Some(used) = named.max_by_key(|module| module.len()) else { continue };
            let shared = own.iter().zip(used).take_while(|(one, other)| one == other).count();
            if shared < own.len().min(used.len()) {
                let (user, used) = (own[..=shared].join("::"), used[..=shared].join("::"));
                let example = format!("{} uses {}", source.path, path.join("::"));
                uses.entry(user).or_default().entry(used).or_insert(example);
            }
        }
    }
    uses
}

/// What is left when modules that use no other, or that no other uses, are taken away again and again.
fn circles(mut uses: Uses) -> Uses {
    loop {
        let before: usize = uses.values().map(BTreeMap::len).sum();
        let users: BTreeSet<String> = uses.keys().cloned().collect();
        let used: BTreeSet<String> = uses.values().flat_map(BTreeMap::keys).cloned().collect();
        uses.retain(|user, _| used.contains(user));
        uses.values_mut().for_each(|of_one| of_one.retain(|used, _| users.contains(used)));
        uses.retain(|_, of_one| !of_one.is_empty());
        if before == uses.values().map(BTreeMap::len).sum::<usize>() {
            return uses;
        }
    }
}

fn no_modules_use_each_other_in_a_circle() {
    for (directory, least) in [("src", 150), ("benches", 10)] {
        let uses = uses_of_siblings(&sources(directory));
        let count: usize = uses.values().map(BTreeMap::len).sum();
        assert!(
            count > least,
            "only {count} uses found in {directory}, the test does not read them"
        );
        let circles = circles(uses);
        assert!(
            circles.is_empty(),
            "{directory}: modules use each other in a circle: {circles:#?}"
        );
    }
}

// A test that sees no circle proves nothing unless it would see one.
fn a_circle_is_seen_where_a_parent_passes_a_name_on() {
    let source = |path: &str, code: &str| Source { path: path.into(), code: code.into() };
    let with_leaf = |leaf: &str| {
        circles(uses_of_siblings(&[
            source(
                "a/mod.rs",
                "mod leaf;\nmod tree;\npub use leaf::{Green, Leaf};\nuse tree::Tree;\n",
            ),
            source("a/tree.rs", "use super::Leaf;\n"),
            source("a/leaf.rs", leaf),
            source("b.rs", "use crate::a::Leaf;\n"),
        ]))
    };
    let seen = with_leaf("fn on(tree: &super::Tree) {}\n");
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["a::leaf", "a::tree"], "{seen:#?}");
    let seen = with_leaf("use crate::b::Branch;\n");
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["a", "b"], "{seen:#?}");
    assert!(with_leaf("use super::Shared;\n").is_empty());
}

fn unsafe_code_is_in_sys_alone() {
    let mut found = 0;
    for source in sources("src") {
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

// A kind of a new facility would have to be known there. The tools of util-linux have theirs for ever.
fn nothing_but_kinds_names_a_facility() {
    let mut named = 0;
    for source in sources("src") {
        let may = matches!(source.layer(), Some("kinds" | "model" | "compat"));
        for (at, name) in source.code.match_indices("Facility::") {
            let variant = source.code[at + name.len()..].starts_with(char::is_uppercase);
            named += usize::from(variant);
            assert!(may || !variant, "src/{} names a facility", source.path);
        }
    }
    assert!(named > 20, "only {named} named, the test does not read them");
}

// Who matches on them all has to be changed with the next form.
fn nobody_lists_the_forms_of_locators() {
    let sources = sources("src");
    let table = sources.iter().find(|source| source.path == "model/locator.rs").unwrap();
    let (_, list) = table.code.split_once("pub enum Locator {").unwrap();
    let (list, _) = list.split_once("\n}").unwrap();
    let variants: Vec<&str> =
        list.lines().filter_map(|line| line.trim().split_once('(')).map(|(name, _)| name).collect();
    assert!(variants.len() >= 4, "{variants:?}");
    // What each form reads stands beside it.
    let homes = ["model/locator.rs", "model/locator/forms.rs"];
    for source in sources.iter().filter(|source| !homes.contains(&&*source.path)) {
        let named = |variant: &&&str| source.code.contains(&format!("Locator::{variant}("));
        let named = variants.iter().filter(named).count();
        assert!(named < 4, "src/{} names {named} of {variants:?}", source.path);
    }
}

fn every_module_says_what_it_is_for() {
    for source in sources("src") {
        let text = fs::read_to_string(tree::path("src").join(&source.path)).unwrap();
        assert!(text.starts_with("//!"), "src/{} does not open with what it is for", source.path);
    }
}

// A reader who meets a name in two places takes it for the same thing. The exceptions are words of clap and of the
// kernel, which each verb and each of the kernel's interfaces has for its own.
fn a_type_name_has_one_meaning() {
    const SHARED: [&str; 3] = ["Args", "Limits", "Usage"];
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources("src") {
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
