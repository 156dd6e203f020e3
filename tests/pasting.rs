//! A printed address is one word in every shell, whatever a name is made of: what `list` prints is given to real shells
//! as a script, with the globbing options that complain about a pattern without a match.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};

use crate::env::TestEnv;
use crate::makers::{fifo, forking};

crate::cases![;
    Shells: a_printed_address_is_one_word_in_every_shell
];

/// How each shell is run without anything of the user's, and what makes it most eager to see patterns.
const SHELLS: [(&str, &[&str], &str); 4] = [
    ("bash", &["--norc", "--noprofile"], "shopt -s failglob extglob globstar; set -H\n"),
    ("zsh", &["-f"], "setopt EXTENDED_GLOB KSH_GLOB MAGIC_EQUAL_SUBST BANG_HIST\n"),
    ("fish", &["--no-config"], ""),
    ("dash", &[], ""),
];

/// What a shell or a reader could take for something else, in the middle of a name.
const HIDDEN: &str = "\u{3164}\u{2800}\u{115f}\u{fe0f}\u{e0100}\u{200b}\u{202e}\u{a0}\u{85}";

fn a_printed_address_is_one_word_in_every_shell() {
    let env = TestEnv::new();
    let directory = env.path("names");
    fs::create_dir(&directory).unwrap();
    let ascii = (1..0x80u8).map(char::from).filter(|character| *character != '/');
    for character in ascii.chain(HIDDEN.chars()) {
        // Before, between and after letters: shells look at the beginning of a word most of all.
        fifo::fifo(format!("{directory}/{character}a{character}b{character}"), 0o600);
    }
    let options = ["--fifo-dir", &directory, "--format", "plain", "-o", "address"];
    // A process of another test may not be readable, which is a note: the addresses are all there.
    let (_, listing) = env.run(["list", "fifo"].iter().chain(&options)).any_code(&[0]);
    let ours = format!("fifo:{directory}/");
    let addresses: Vec<_> =
        listing.stdout().lines().filter(|address| address.starts_with(&ours)).collect();
    assert_eq!(addresses.len(), 0x7e + HIDDEN.chars().count(), "{addresses:?}");
    for (shell, options, setup) in SHELLS {
        let script = addresses.iter().fold(setup.to_owned(), |script, address| {
            script + "printf '<%s>\\n' " + address + "\n"
        });
        let mut command = Command::new(shell);
        command.args(options).arg("-c").arg(OsStr::new(&script));
        command.env("LC_ALL", "C.UTF-8").env("HOME", env.directory()).current_dir(env.directory());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = forking::started(&mut command).wait_with_output().unwrap();
        let words: Vec<_> = addresses.iter().map(|address| format!("<{address}>")).collect();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            printed.lines().collect::<Vec<_>>(),
            words,
            "{shell}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
