//! By what names the tools are called, and what all four have in common.

use std::fs;
use std::os::unix::fs::symlink;

use crate::isolation;
use crate::makers::{forking, sysv};
use crate::tools::{NAMES, Tools};

crate::cases![
    a_link_anywhere_is_the_tool_of_its_name,
    the_first_argument_names_the_tool_too,
    another_name_is_the_program_itself,
    help_and_version_are_answers,
    options_are_named_by_the_name_that_was_called,
    a_reader_that_has_enough_ends_a_tool_as_it_would_end_the_systems,
    messages_are_safe_on_a_terminal,
    a_wide_command_is_cut_on_a_terminal_and_nowhere_else
];

fn a_link_anywhere_is_the_tool_of_its_name() {
    let tools = Tools::new();
    sysv::segment(0x5eed, 4096, 0o640);
    let directory = tools.env.path("lib/ipcctl/bin");
    fs::create_dir_all(&directory).unwrap();
    symlink(isolation::PROGRAM, format!("{directory}/ipcs")).unwrap();
    let by_path = tools.env.tool(&format!("{directory}/ipcs"), ["-m"]).run().ok();
    by_path.shows("------ Shared Memory Segments --------\n").shows("0x00005eed 0 ");
    // A copy is as good as a link.
    let copy = tools.env.path("lsipc");
    forking::undisturbed(|| fs::copy(isolation::PROGRAM, &copy)).unwrap();
    tools
        .env
        .tool(&copy, ["-m", "-r", "-o", "KEY,SIZE"])
        .run()
        .ok()
        .prints("KEY SIZE\n0x00005eed 4K\n");
}

fn the_first_argument_names_the_tool_too() {
    let tools = Tools::new();
    sysv::segment(0x5eed, 4096, 0o640);
    for line in ["ipcs -m", "ipcs -x", "lsipc -m -J", "ipcrm -m 77", "ipcmk", "ipcs --help"] {
        let words: Vec<&str> = line.split(' ').collect();
        let (by_name, by_verb) = (tools.run(line), tools.env.run(&words));
        assert_eq!(by_name.stdout, by_verb.stdout, "{line}");
        assert_eq!(by_name.stderr, by_verb.stderr, "{line}");
        assert_eq!(by_name.status, by_verb.status, "{line}");
    }
}

fn another_name_is_the_program_itself() {
    let tools = Tools::new();
    let link = tools.env.path("ipcs2");
    symlink(isolation::PROGRAM, &link).unwrap();
    tools.env.tool(&link, ["kinds"]).run().ok().shows("sysv-shm");
    // The name counts, not the directory it is in.
    let directory = tools.env.path("ipcs");
    fs::create_dir(&directory).unwrap();
    symlink(isolation::PROGRAM, format!("{directory}/ipcctl")).unwrap();
    tools.env.tool(&format!("{directory}/ipcctl"), ["kinds"]).run().ok().shows("sysv-shm");
}

fn help_and_version_are_answers() {
    let tools = Tools::new();
    for name in NAMES {
        for option in ["-h", "--help", "--hel"] {
            let help = tools.ours(&[name, option, "--nonsense"]).run().ok();
            help.shows(&format!("Usage:\n {name} ")).shows("--version");
        }
        let version = tools.ours(&[name, "-V"]).run().ok();
        version.shows(&format!("{name} from ipcctl {}", env!("CARGO_PKG_VERSION")));
    }
}

fn options_are_named_by_the_name_that_was_called() {
    let tools = Tools::new();
    let link = tools.env.path("links/ipcs");
    let output = tools.env.tool(&link, ["-x"]).run().code(1);
    let expected =
        format!("{link}: invalid option -- 'x'\nTry 'ipcs --help' for more information.\n");
    assert_eq!(output.stderr(), expected);
}

// util-linux's tools die of SIGPIPE, which a shell shows as 141.
fn a_reader_that_has_enough_ends_a_tool_as_it_would_end_the_systems() {
    let tools = Tools::new();
    for key in 1..2000 {
        sysv::queue(key, 0o600);
    }
    let script = "{ ipcs -q; echo status $? >&2; } | head -n 1; \
                  { lsipc -q -J; echo status $? >&2; } | head -n 1";
    let output = tools.script(script).code(0);
    assert_eq!(output.stderr(), "status 141\nstatus 141\n");
}

fn messages_are_safe_on_a_terminal() {
    let tools = Tools::new();
    let hostile = "\x1b]0;owned\x07\n\u{9b}31m";
    for words in [
        ["ipcs", "-m", "-i", hostile],
        ["ipcs", hostile, "--", hostile],
        ["ipcrm", "-v", "--posix-shmem", hostile],
        ["ipcrm", "-m", "1", hostile],
        ["lsipc", "-m", "-o", hostile],
        ["lsipc", "-M", "-N", hostile],
        ["lsipc", "-m", "--time-format", hostile],
        ["ipcmk", "-Q", "-p", hostile],
        ["ipcmk", "-M", hostile, "-Q"],
    ] {
        let (_, output) = tools.ours(&words).run().any_code(&[0, 1]);
        output.is_safe_on_a_terminal();
    }
    for option in [format!("--{hostile}"), format!("-{hostile}")] {
        tools.ours(&["ipcs", &option]).run().code(1).is_safe_on_a_terminal();
    }
}

fn a_wide_command_is_cut_on_a_terminal_and_nowhere_else() {
    let tools = Tools::new();
    sysv::segment(0x5eed, 4096, 0o640);
    let lsipc = |option: &'static str| tools.ours(&["lsipc", "-m", option]);
    let whole = lsipc("-l").run().ok();
    let widest = whole.lines().iter().map(|line| line.len()).max().unwrap();
    let columns = u16::try_from(widest - 2).unwrap();
    let cut = lsipc("-l").run_on_terminal(columns).ok();
    let longest = cut.lines().iter().map(|line| line.len()).max();
    assert_eq!(longest, Some(usize::from(columns)), "{}", cut.stdout());
    let lines = cut.lines();
    assert!(whole.lines()[1].starts_with(lines[1]), "{lines:?}");
    lsipc("--notruncate").run_on_terminal(columns).ok().prints(whole.stdout());
    let wide = u16::try_from(widest).unwrap();
    lsipc("-l").run_on_terminal(wide).ok().prints(whole.stdout());
}
