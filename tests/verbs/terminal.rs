//! What changes on a terminal, and what must never reach one.

use crate::env::TestEnv;
use crate::makers::{odd, posix};

crate::cases![
    the_last_column_alone_is_shortened_on_a_terminal,
    a_wide_terminal_shows_everything,
    a_terminal_has_colour_unless_it_is_refused,
    hostile_names_cannot_move_the_cursor,
    machine_formats_are_the_same_on_a_terminal
];

fn the_last_column_alone_is_shortened_on_a_terminal() {
    let env = TestEnv::new();
    let name = format!("/{}", "n".repeat(60));
    posix::shared_memory(&name, 12345, 0o600);
    let run = |columns: &str| {
        env.command(["list", "shm", "--bytes", "-o", columns]).run_on_terminal(40).ok()
    };
    let cut = run("size,mode,address");
    cut.hides(&name).shows("12345").shows("0600").shows("shm:/nnn");
    let widest = cut.stdout().lines().map(|line| without_colour(line).chars().count()).max();
    assert!(widest.is_some_and(|widest| widest <= 40), "{widest:?} columns\n{}", cut.report());
    // An address in front of other columns is whole, whatever the width: it is there to be copied.
    run("address,size").shows(&name);
}

fn a_wide_terminal_shows_everything() {
    let env = TestEnv::new();
    let name = format!("/{}", "n".repeat(60));
    posix::shared_memory(&name, 12345, 0o600);
    env.command(["list", "shm", "-o", "size,address"]).run_on_terminal(120).ok().shows(&name);
}

fn a_terminal_has_colour_unless_it_is_refused() {
    let env = TestEnv::new();
    let list = || env.command(["list", "shm"]);
    list().run_on_terminal(80).ok().shows("\x1b[");
    list().env("NO_COLOR", "1").run_on_terminal(80).ok().hides("\x1b[");
    env.command(["list", "shm", "--color", "never"]).run_on_terminal(80).ok().hides("\x1b[");
}

fn hostile_names_cannot_move_the_cursor() {
    let env = TestEnv::new();
    odd::hostile_names();
    for arguments in [
        vec!["list", "shm", "--color", "never"],
        vec!["show", "shm:/line%0Abreak", "--color", "never"],
    ] {
        env.command(arguments).run_on_terminal(200).ok().is_safe_on_a_terminal();
    }
}

fn machine_formats_are_the_same_on_a_terminal() {
    let env = TestEnv::new();
    posix::shared_memory(&format!("/{}", "n".repeat(60)), 12345, 0o600);
    for format in ["json", "jsonl", "csv", "plain"] {
        let arguments = ["list", "shm", "--format", format, "-o", "address,size,mode"];
        let in_file = env.run(arguments).ok();
        let on_terminal = env.command(arguments).run_on_terminal(40).ok();
        assert_eq!(age_aside(on_terminal.stdout()), age_aside(in_file.stdout()), "{format}");
    }
}

/// JSON has the age without being asked, and a second may pass between two runs.
pub fn age_aside(text: &str) -> String {
    let mut parts = text.split("\"age\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.trim_start_matches(|letter: char| letter == ' ' || letter.is_ascii_digit())
    })
}

fn without_colour(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}
