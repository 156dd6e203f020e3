//! `list`: the five formats and what may change them.

use crate::env::TestEnv;
use crate::makers::{posix, sysv};
use crate::subjects::SUBJECTS;
use crate::verbs::terminal::age_aside;

crate::cases![
    machine_formats_never_change_with_the_surroundings,
    an_unknown_format_is_exit_2_and_names_those_there_are,
    numbers_are_right_aligned,
    sizes_are_exact_only_when_asked_for,
    times_are_relative_or_absolute,
    a_time_zone_moves_tables_and_nothing_else,
    colour_is_for_terminals_unless_it_is_asked_for,
    csv_quotes_what_needs_it_and_has_one_line_an_object,
    nothing_is_cut_outside_a_terminal,
    json_says_unknown_with_null_and_plain_with_a_dash
];

// Scripts read these: they must come out the same on every machine and in every terminal.
fn machine_formats_never_change_with_the_surroundings() {
    let env = TestEnv::new();
    for subject in &SUBJECTS[..6] {
        subject.made(&env);
    }
    let columns = "address,kind,key,owner,mode,size,content,changed";
    for format in ["json", "jsonl", "csv", "plain"] {
        let arguments = ["list", "shm", "mq", "sem", "--format", format, "-o", columns];
        let usual = env.run(arguments).ok();
        let unlike = env
            .command(
                arguments
                    .iter()
                    .copied()
                    .chain(["--bytes", "--time", "relative", "--color", "always"]),
            )
            .env("COLUMNS", "20")
            .env("TERM", "xterm-256color")
            .env("CLICOLOR_FORCE", "1")
            .env("LC_ALL", "tr_TR.UTF-8")
            .env("TZ", "Asia/Kolkata")
            .run()
            .ok();
        assert_eq!(age_aside(unlike.stdout()), age_aside(usual.stdout()), "{format}");
    }
}

fn an_unknown_format_is_exit_2_and_names_those_there_are() {
    let env = TestEnv::new();
    let output = env.run(["list", "--format", "yaml"]).code(2);
    output.prints("");
    for word in ["yaml", "table", "json", "jsonl", "csv", "plain"] {
        output.says(word);
    }
}

fn numbers_are_right_aligned() {
    let env = TestEnv::new();
    for (name, size) in [("/a", 7), ("/b", 70_000_000)] {
        posix::shared_memory(name, size, 0o600);
    }
    let output = env.run(["list", "shm", "-o", "size,address", "--bytes"]).ok();
    let lines = output.lines();
    assert_eq!(lines[1].find("shm:"), lines[2].find("shm:"), "{}", output.report());
    assert!(
        lines[1].starts_with("       7  ") && lines[2].starts_with("70000000  "),
        "{}",
        output.report()
    );
}

fn sizes_are_exact_only_when_asked_for() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 71_303_168, 0o600);
    env.run(["list", "shm"]).ok().shows("68.0M");
    env.run(["list", "shm", "--bytes"]).ok().shows("71303168").hides("68.0M");
    assert_eq!(env.run(["list", "shm", "--json"]).ok().only()["size"], 71_303_168);
}

fn times_are_relative_or_absolute() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 1, 0o600);
    let time = |arguments: &[&str]| {
        let base = ["list", "shm", "-o", "changed", "--no-headings"];
        env.run(base.iter().chain(arguments)).ok().stdout().trim().to_owned()
    };
    let absolute = time(&["--time", "iso"]);
    assert!(
        absolute.starts_with("20") && absolute.contains(':') && absolute.len() >= 19,
        "{absolute:?}"
    );
    assert!(!time(&["--time", "relative"]).contains("20"), "{:?}", time(&["--time", "relative"]));
    assert!(!time(&["--time", "relative"]).contains(':'));
    env.run(["list", "--time", "sundial"]).code(2).says("sundial").says("iso");
}

fn a_time_zone_moves_tables_and_nothing_else() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 1, 0o600);
    let run = |zone: &str, format: &str| {
        let arguments = ["list", "shm", "-o", "changed", "--time", "iso", "--format", format];
        env.command(arguments).env("TZ", zone).run().ok().stdout().to_owned()
    };
    assert_ne!(run("UTC", "table"), run("IST-5:30", "table"));
    let json = run("IST-5:30", "json");
    assert!(json.contains("Z\""), "RFC 3339 in UTC: {json}");
    assert_eq!(run("UTC", "plain"), run("IST-5:30", "plain"));
    // Epoch seconds, to the second.
    assert!(run("UTC", "plain").trim().parse::<i64>().is_ok_and(|seconds| seconds > 1_700_000_000));
}

fn colour_is_for_terminals_unless_it_is_asked_for() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 1, 0o600);
    for choice in ["auto", "never"] {
        env.run(["list", "shm", "--color", choice]).ok().is_safe_on_a_terminal();
    }
    env.run(["list", "shm", "--color", "always"]).ok().shows("\x1b[");
    env.run(["list", "shm", "--color", "always", "--format", "plain"]).ok().hides("\x1b[");
    // What was asked for on the command line is stronger than what the environment asks for.
    env.command(["list", "shm", "--color", "always"])
        .env("NO_COLOR", "1")
        .run()
        .ok()
        .shows("\x1b[");
    env.run(["list", "--color", "sometimes"]).code(2).says("sometimes");
}

fn csv_quotes_what_needs_it_and_has_one_line_an_object() {
    let env = TestEnv::new();
    posix::shared_memory("/a,b\"c", 1, 0o600);
    let output = env.run(["list", "shm", "--format", "csv", "-o", "address,size"]).ok();
    let mut reader = csv::Reader::from_reader(output.raw());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].len(), &rows[0][1]), (2, "1"));
    assert_eq!(output.lines().len(), 2, "{}", output.report());
    // The address in it is the object's.
    env.run(["rm", &rows[0][0]]).ok();
    assert!(std::fs::read_dir("/dev/shm").unwrap().next().is_none());
}

fn nothing_is_cut_outside_a_terminal() {
    let env = TestEnv::new();
    let name = format!("/{}", "n".repeat(250));
    posix::shared_memory(&name, 1, 0o600);
    let arguments = ["list", "shm", "-o", "size,address"];
    env.command(arguments).env("COLUMNS", "40").run().ok().shows(&name).hides("…");
}

fn json_says_unknown_with_null_and_plain_with_a_dash() {
    let env = TestEnv::new();
    let id = sysv::set(env.key(), 1, 0o600);
    let arguments = ["list", "sem", "-o", "size,last-operation", "--format"];
    let object = env.run(arguments.iter().copied().chain(["json"])).ok().only();
    assert!(object["size"].is_null() && object["last_operation"].is_null(), "{object}");
    env.run(arguments.iter().copied().chain(["plain"])).ok().prints("-\t-\n");
    let csv = env.run(arguments.iter().copied().chain(["csv"])).ok();
    let row = csv.lines()[1].to_owned();
    assert!(!row.contains('0'), "unknown is not 0: {row:?} of set {id}");
}
