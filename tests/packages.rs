//! What is installed: that neither the Debian package nor `make install` forgets a manual page or a completion, and
//! that nothing is left when it is taken away. The packages themselves are built and tried in `packaging/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::makers::forking;
use crate::tree;

crate::cases![
    the_debian_package_has_every_page_and_completion;
    Make: make_installs_every_page_and_completion_and_takes_them_away_again
];

/// Where a shell looks for the completions of a command, below the directory of what is installed; zsh has another
/// place for packages of the distribution.
const SHELLS: [(&str, &str); 3] = [
    ("ipcctl.bash", "share/bash-completion/completions/ipcctl"),
    ("_ipcctl", "share/zsh/site-functions/_ipcctl"),
    ("ipcctl.fish", "share/fish/vendor_completions.d/ipcctl.fish"),
];

fn names(directory: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(tree::path(directory)).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Every page and completion there is, by the place where it belongs below the directory of what is installed.
fn wanted() -> BTreeMap<String, PathBuf> {
    let mut wanted = BTreeMap::new();
    let mut pages = names("man");
    let output = output_of(Command::new(tree::program()).args(["__complete", "--", ""]));
    let verbs = String::from_utf8(output.stdout).unwrap();
    // A verb without a page has none that could be installed.
    let verbs = verbs.lines().map(|line| line.split('\t').next().unwrap());
    pages.extend(verbs.filter(|verb| *verb != "help").map(|verb| format!("ipcctl-{verb}.1")));
    assert!(pages.len() > 15, "{pages:?}");
    for page in pages {
        let section = page.rsplit('.').next().unwrap();
        wanted.insert(format!("share/man/man{section}/{page}"), tree::path("man").join(&page));
    }
    let completions = names("completions");
    assert_eq!(completions.len(), SHELLS.len(), "{completions:?}");
    for (name, place) in SHELLS {
        wanted.insert(place.to_owned(), tree::path("completions").join(name));
    }
    wanted
}

/// What `Cargo.toml` says belongs into the package: files of the repository, and where each of them goes.
fn assets() -> BTreeMap<String, PathBuf> {
    let manifest = fs::read_to_string(tree::path("Cargo.toml")).unwrap();
    let lines = manifest.lines().skip_while(|line| *line != "assets = [").skip(1);
    let lines = lines.take_while(|line| *line != "]");
    let mut assets = BTreeMap::new();
    for line in lines {
        let asset: [String; 3] =
            serde_json::from_str(line.trim().trim_end_matches(',')).expect(line);
        let [pattern, place, _] = asset;
        for file in glob::glob(tree::path(&pattern).to_str().unwrap()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().unwrap().to_str().unwrap();
            let place = if place.ends_with('/') { format!("{place}{name}") } else { place.clone() };
            assets.insert(place, file);
        }
    }
    assets
}

fn the_debian_package_has_every_page_and_completion() {
    let assets = assets();
    for (place, file) in wanted() {
        let place = format!("usr/{place}").replace("zsh/site-functions", "zsh/vendor-completions");
        assert_eq!(assets.get(&place), Some(&file), "Cargo.toml does not install {place}");
    }
}

/// The files and links below a directory, by their paths in it.
fn below(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else {
                let path = entry.path();
                found.insert(path.strip_prefix(directory).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

fn output_of(command: &mut Command) -> Output {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    forking::started(command).wait_with_output().unwrap()
}

fn make(target: &str, settings: &[String]) {
    let mut make = Command::new("make");
    make.args(["--silent", "-C"]).arg(tree::path("")).arg(target).args(settings);
    let output = output_of(make.env_remove("MAKEFLAGS").env_remove("CARGO_TARGET_DIR"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "make {target}: {said}");
    assert_eq!(said, "", "make {target}");
}

fn make_installs_every_page_and_completion_and_takes_them_away_again() {
    let wanted: BTreeMap<String, Vec<u8>> = wanted()
        .into_iter()
        .map(|(place, file)| {
            let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
            (place, bytes)
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("program");
    forking::undisturbed(|| fs::write(&program, "#!/bin/sh\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let settings = [
        format!("DESTDIR={}/root", directory.path().display()),
        "PREFIX=/opt/of-ours".to_owned(),
        format!("PROGRAM={}", program.display()),
    ];

    make("install", &settings);
    let place = directory.path().join("root/opt/of-ours");
    let installed = below(&place);
    for (path, bytes) in wanted {
        assert!(installed.contains(&path), "make install does not install {path}: {installed:?}");
        assert_eq!(fs::read(place.join(&path)).unwrap(), bytes, "{path} is another file");
    }
    for path in ["bin/ipcctl", "lib/ipcctl/bin/ipcs", "share/doc/ipcctl/README.md"] {
        assert!(installed.contains(path), "make install does not install {path}");
        fs::metadata(place.join(path)).unwrap();
    }
    let outside = below(&directory.path().join("root")).len() - installed.len();
    assert_eq!(outside, 0, "make install writes outside of PREFIX");

    make("uninstall", &settings);
    assert_eq!(below(&directory.path().join("root")), BTreeSet::new());
}
