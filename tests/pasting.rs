//! A printed address is one word in every shell, whatever a name is made of: what `list` prints is given to real shells
//! as a script, with the globbing options that complain about a pattern without a match.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};

use crate::env::TestEnv;
use crate::makers::{fifo, forking, holder, holding, lock, sock};

crate::cases![
    what_others_choose_is_visible_in_every_kind_and_format;
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

fn what_others_choose_is_visible_in_every_kind_and_format() {
    let env = TestEnv::new();
    let directory = env.path("names");
    fs::create_dir(&directory).unwrap();
    let name = |kind: &str| format!("{directory}/{kind}{HIDDEN}\x1b[2J");
    fifo::fifo(name("fifo"), 0o600);
    let _listener = sock::listener(name("sock"), 1);
    let file = forking::undisturbed(|| fs::File::create(name("lock")).unwrap());
    lock::flock(&file, libc::LOCK_EX);
    let odd = "\u{3164}\u{202e}\x1b[2J\u{a0}";
    let process = holder::holding(|| holding::call_oneself(odd.as_bytes()));
    let _abstract = sock::abstract_listener(name("abstract").as_bytes());
    let own = std::process::id().to_string();
    let shows = ["fifo", "sock", "lock"].map(|kind| format!("{kind}:{}", name(kind)));
    let shows = [&shows[..], &[format!("pid:{}", process.pid()), format!("pid:{own}")]].concat();
    let shows = shows.iter().map(|address| vec!["show", address]);
    let lists = ["fifo", "sock", "lock", "pid", "pipe"].map(|kind| vec!["list", kind, "--all"]);
    for words in lists.into_iter().chain(shows) {
        for format in ["table", "json", "jsonl", "csv", "plain"] {
            let more = ["--fifo-dir", &*directory, "--format", format];
            let more = if words[..2] == ["list", "fifo"] { &more[..] } else { &more[2..] };
            let run = env.run(words.iter().chain(more));
            let text = [&*run.stdout, &*run.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            let seen = text.chars().find(|one| HIDDEN.contains(*one) || *one == '\x1b');
            assert_eq!(seen, None, "{words:?} {format}: {text}");
            run.any_code(&[0, 1]);
        }
    }
}
