//! What a new kind costs: `src/kinds/skeleton.rs` and the lines that name it. All else follows from its record, which is
//! held here; that it keeps the promises of every kind is a matter of the conformance suite.

use std::fs::{self, File};
use std::mem;

use crate::env::TestEnv;
use crate::makers::holder;
use crate::subjects::{SKELETON, name_of};
use crate::tree;

crate::cases![
    only_a_build_with_the_feature_has_the_skeleton,
    only_the_lists_name_the_skeleton;
    Skeleton: listings_and_show_have_it,
    help_and_messages_have_it,
    completion_has_it,
    a_kind_without_a_history_can_be_in_use
];

/// The source files that may say the word: the kind, and the lists of kinds and of facilities.
const NAMING: [&str; 3] = ["src/kinds/mod.rs", "src/kinds/skeleton.rs", "src/model/facility.rs"];

fn only_the_lists_name_the_skeleton() {
    let mut naming = Vec::new();
    let mut directories = vec![tree::path("src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if fs::read_to_string(&path).unwrap().to_lowercase().contains("skeleton") {
                let inside = path.strip_prefix(tree::path("")).unwrap();
                naming.push(inside.to_str().unwrap().to_owned());
            }
        }
    }
    naming.sort();
    assert_eq!(naming, NAMING);
    // Among the kinds it is a module and a line.
    let kinds = fs::read_to_string(tree::path("src/kinds/mod.rs")).unwrap();
    assert_eq!(kinds.matches("skeleton::").count(), 1);
}

// Releases are built without it.
fn only_a_build_with_the_feature_has_the_skeleton() {
    let env = TestEnv::new();
    let kinds = env.run(["kinds"]).ok();
    assert_eq!(kinds.stdout().contains(SKELETON.kind), cfg!(feature = "skeleton"));
    let listing = env.run(["list", SKELETON.facility]);
    listing.code(if cfg!(feature = "skeleton") { 0 } else { 2 });
}

fn listings_and_show_have_it() {
    let env = TestEnv::new();
    let address = SKELETON.made(&env);
    assert_eq!(env.run(["list", SKELETON.facility, "--json"]).ok().addresses(), [&*address]);
    let (_, all) = env.run(["list", "--json"]).any_code(&[0]);
    assert!(all.addresses().contains(&address), "{}", all.report());
    env.run(["list", &address, "-o", "+inode"]).ok().shows("INODE");
    env.run(["show", &address]).ok().shows("inode");
    let (_, named) = env.run(["list", "--json", "--name", name_of(&address)]).any_code(&[0]);
    assert_eq!(named.addresses(), [&*address]);
}

fn help_and_messages_have_it() {
    let env = TestEnv::new();
    env.run(["kinds"]).ok().shows("file of the skeleton");
    env.run(["list", "--help"]).ok().shows(", skeleton");
    env.run(["list", "nonsense"]).code(2).says(", skeleton");
    env.run(["show", SKELETON.facility]).code(2).says("skeleton:PATH");
    // An address would not help where no kind can be created.
    env.run(["create", SKELETON.facility])
        .code(2)
        .says("cannot create skeleton: a file of the skeleton cannot be created")
        .says("hint: kinds that can: System V shared memory")
        .says_not("skeleton:PATH");
    env.run(["create", "skeleton:/x"])
        .code(2)
        .says("cannot create skeleton:/x: a file of the skeleton cannot be created")
        .says("hint: kinds that can: System V shared memory");
}

fn completion_has_it() {
    let env = TestEnv::new();
    let address = SKELETON.made(&env);
    let offered = env.run(["__complete", "--", "show", "skeleton:/"]).ok();
    assert!(offered.stdout().contains(&*address), "{}", offered.report());
    // Only for verbs that take it.
    env.run(["__complete", "--", "rm", "skeleton:/"]).ok().hides(&address);
    env.run(["__complete", "--", "list", ""]).ok().shows("skeleton\tfile of the skeleton");
}

// Holders come before history: what a process has open is in use, whatever the object remembers.
fn a_kind_without_a_history_can_be_in_use() {
    let env = TestEnv::new();
    let (held, free) = (SKELETON.made(&env), SKELETON.made(&env));
    let in_use = || env.run(["list", SKELETON.facility, "--state", "in-use", "--json"]);
    assert!(in_use().any_code(&[0]).1.addresses().is_empty());
    let holder = holder::holding(|| mem::forget(File::open(name_of(&held)).unwrap()));
    let (_, found) = in_use().any_code(&[0]);
    assert_eq!(found.addresses(), [&*held], "and not {free}");
    assert!(found.only()["used_by"].to_string().contains(&holder.pid().to_string()));
}
