//! What changes on a terminal, and what must never reach one.

use unicode_width::UnicodeWidthStr;

use crate::env::{Invocation, TestEnv};
use crate::makers::{odd, posix};

crate::cases![
    no_table_is_wider_than_the_terminal,
    a_name_loses_its_middle_and_is_whole_elsewhere,
    a_narrow_terminal_loses_the_key_before_the_mode_and_never_a_pid,
    a_wide_terminal_shows_everything,
    a_terminal_has_colour_unless_it_is_refused,
    colours_tell_states_apart_and_are_the_user_s,
    a_long_table_goes_through_the_pager,
    hostile_names_cannot_move_the_cursor,
    machine_formats_are_the_same_on_a_terminal
];

fn widest(text: &str) -> usize {
    text.lines().map(|line| without_colour(line).width()).max().unwrap_or(0)
}

fn no_table_is_wider_than_the_terminal() {
    let env = TestEnv::new();
    posix::shared_memory(&format!("/{}", "n".repeat(250)), 12345, 0o600);
    posix::shared_memory("/wide-漢字漢字漢字漢字漢字漢字漢字-e\u{301}e\u{301}", 1, 0o600);
    env.run(["create", "shm:0xfeed5eed", "--size", "256M"]).ok();
    env.run(["create", "sem:/gate", "--value", "2"]).ok();
    let whole = format!("shm:/{}", "n".repeat(250));
    for columns in [20, 60, 80, 100, 200] {
        for arguments in [
            vec!["list", "--quiet"],
            vec!["list", "-q", "-o", "address,kind,owner,group,mode,size,state,evidence,used-by"],
            vec!["show", &whole],
            vec!["show", "sem:/gate"],
            vec!["limits"],
            vec!["kinds"],
            vec!["list", "--columns", "help"],
        ] {
            let output = env.command(&arguments).run_on_terminal(columns).ok();
            let widest = widest(output.stdout());
            assert!(widest <= columns.into(), "{widest} columns\n{}", output.report());
        }
    }
}

fn a_name_loses_its_middle_and_is_whole_elsewhere() {
    let env = TestEnv::new();
    let name = format!("/begin-{}-end", "n".repeat(90));
    posix::shared_memory(&name, 12345, 0o600);
    let list = || env.command(["list", "shm"]);
    list().run_on_terminal(80).ok().hides(&name).shows("shm:/beg").shows("…").shows("n-end ");
    list().run().ok().shows(&name).hides("…");
}

fn a_narrow_terminal_loses_the_key_before_the_mode_and_never_a_pid() {
    let env = TestEnv::new();
    env.run(["create", "shm:0xdead", "--size", "4K"]).ok();
    env.run(["create", "shm:/held", "--size", "4K"]).ok();
    let _held = std::fs::File::open("/dev/shm/held").unwrap();
    let pid = std::process::id().to_string();
    // The least width at which each is still there.
    let mut least = [0; 4];
    for columns in (20..=130).rev().step_by(4) {
        let text = env.command(["list", "shm"]).run_on_terminal(columns).ok();
        let text = text.stdout().to_owned();
        let there = ["KEY", "MODE", &format!("({pid})"), &pid].map(|word| text.contains(word));
        for (least, _) in least.iter_mut().zip(there).filter(|(_, there)| *there) {
            *least = columns;
        }
        assert!(!text.contains("USED-BY") || text.contains(&pid), "{columns}:\n{text}");
        assert!(text.contains("KEY") || text.contains("shm:0 0xdead"), "{columns}:\n{text}");
    }
    let [key, mode, command, id] = least;
    assert!(130 > key && key > mode && mode > command && command > id && id > 0, "{least:?}");
    // Columns that were asked for stay.
    let chosen = ["list", "shm", "-o", "address,key,mode,used-by"];
    env.command(chosen).run_on_terminal(60).ok().shows("KEY").shows("MODE");
}

fn colours_tell_states_apart_and_are_the_user_s() {
    let env = TestEnv::new();
    env.run(["create", "shm:/young", "--size", "4K"]).ok();
    let list = || env.command(["list", "shm", "-o", "address,state", "--color", "always"]);
    let state = env.run(["list", "shm", "--format", "plain", "-o", "state"]).ok();
    let state = state.stdout().trim_end().to_owned();
    list().env("IPCCTL_COLORS", format!("{state}=1;35")).run().ok().shows("\x1b[1;35m");
    list().env("IPCCTL_COLORS", format!("{state}=")).run().ok().hides("1;35");
    // What is no colour cannot become something else.
    let hostile = format!("{state}=\x1b]0;owned\x07");
    list().env("IPCCTL_COLORS", hostile).run().ok().hides("owned");
}

fn a_long_table_goes_through_the_pager() {
    let env = TestEnv::new();
    for at in 0..60 {
        posix::shared_memory(&format!("/many-{at:02}"), 1, 0o600);
    }
    let list = || env.command(["list", "shm", "-o", "address"]).env("PAGER", "sed s/many/paged/");
    let term = |run: Invocation| run.env("TERM", "xterm").run_at_terminal(80).ok();
    term(list()).shows("paged-00").shows("paged-59").hides("many");
    // Leaving it early is no failure.
    term(list().env("PAGER", "head -n 3")).shows("many").hides("many-59");
    term(list().env("PAGER", "")).shows("many-59");
    term(list().env("SUDO_UID", "1000")).shows("many-59").hides("paged");
    list().env("TERM", "dumb").run_at_terminal(80).ok().shows("many-59");
    term(env.command(["list", "shm", "--no-pager"]).env("PAGER", "false")).shows("many-59");
    // What fits needs none, nor does what goes elsewhere.
    let few = env.command(["list", "shm", "--name", "/many-0*"]);
    term(few.env("PAGER", "false")).shows("many-05");
    list().run().ok().shows("many-59");
    list().run_on_terminal(80).ok().shows("many-59");
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
