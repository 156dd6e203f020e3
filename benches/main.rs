//! `cargo bench`: how long `ipcctl` takes, against the bare system calls and against the tools a user would pick instead.
//!
//! The bench moves itself into namespaces of its own before anything else, so it needs no objects of the machine and
//! leaves none behind. It prints one table, and a goal that is missed is a line of it, not a failure.
//!
//! `cargo bench -- FILTER` runs the rows whose name contains FILTER; `cargo bench -- --write` runs them all and
//! rewrites the table of `docs/performance.md`; `--against=PROGRAM` measures another build of `ipcctl` beside this one.
#![allow(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod channels;
mod ends;
mod floors;
mod loops;
mod measure;
mod objects;
mod peers;
mod priority;
mod processes;
mod programs;
mod report;
mod rows;
mod transfers;
mod world;

use std::process::ExitCode;

/// Whatever goes wrong in the bench itself is told and ends it, or the row it happened in.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        // The two roles in which the bench starts itself as a child, inside the namespaces it was given.
        ["floor", name] => floors::run(name),
        ["make", population] => objects::make(population),
        words => bench(words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(words: &[&str]) -> Result<()> {
    if !words.contains(&"--bench") {
        // `cargo test --all-targets` starts benches too, and a measurement is no test.
        println!("nothing measured: run it as `cargo bench`");
        return Ok(());
    }
    let write = words.contains(&"--write");
    let against = words.iter().find_map(|word| word.strip_prefix("--against="));
    let is_option = |word: &&str| word.starts_with("--");
    let filters: Vec<&str> = words.iter().copied().filter(|word| !is_option(word)).collect();
    let known =
        |word: &str| ["--bench", "--write"].contains(&word) || word.starts_with("--against=");
    if let Some(unknown) = words.iter().find(|word| is_option(word) && !known(word)) {
        return Err(format!(
            "unknown option {unknown}: there are FILTER, --write and --against=PROGRAM"
        )
        .into());
    }
    if write && !filters.is_empty() {
        return Err("--write needs the whole table, so it takes no filter".into());
    }

    let programs = programs::Programs::copy(against)?;
    let urgent = priority::raise();
    report::conditions(&urgent);
    let mut worlds = world::Worlds::enter(programs)?;
    let mut lines = Vec::new();
    let mut measure = |name: &str, measure: &dyn Fn(&mut world::Worlds) -> Result<report::Line>| {
        if filters.iter().all(|word| name.contains(word)) {
            eprintln!("measuring: {name}");
            match measure(&mut worlds) {
                Ok(line) => lines.push(line),
                Err(error) => println!("skipped: {name}: {error}"),
            }
        }
    };
    rows::ROWS.iter().for_each(|row| measure(row.name, &|worlds| row.measure(worlds)));
    transfers::TRANSFERS.iter().for_each(|row| measure(row.name, &|worlds| row.measure(worlds)));
    if lines.is_empty() {
        return Err("no row was measured".into());
    }
    let table = report::table(&lines);
    println!("\n{table}\n{}", report::verdict(&lines));
    if write { report::write(&table, &lines, urgent.is_ok()) } else { Ok(()) }
}
