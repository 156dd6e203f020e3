//! This program under the names `ipcs`, `ipcrm`, `ipcmk` and `lsipc`: the options, output and exit status of
//! util-linux's tools of these names, for scripts that know them. `docs/compatibility.md` lists what differs.
//!
//! It stands on `kinds`: everything below it knows nothing of it, and what a kind tells is read nowhere else.

mod ipcmk;
mod ipcrm;
mod ipcs;
mod lsipc;
mod names;
mod numbers;
mod objects;
mod options;
mod shown;
mod text;
mod times;
mod tool;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use tool::{Tool, ToolExit};

/// One of the four.
struct ToolEntry {
    name: &'static str,
    run: fn(&mut Tool, &[OsString]) -> Result<(), ToolExit>,
}

static ENTRIES: &[ToolEntry] = &[
    ToolEntry { name: "ipcs", run: ipcs::run },
    ToolEntry { name: "ipcrm", run: ipcrm::run },
    ToolEntry { name: "ipcmk", run: ipcmk::run },
    ToolEntry { name: "lsipc", run: lsipc::run },
];

fn called(name: &OsStr) -> Option<&'static ToolEntry> {
    ENTRIES.iter().find(|entry| name == entry.name)
}

/// Runs the tool that the program is called by the name of, or whose name is its first argument. `None`: it is
/// called by its own name, for something of its own.
pub fn main(arguments: &[OsString]) -> Option<u8> {
    let program = arguments.first()?;
    if let Some(entry) = Path::new(program).file_name().and_then(called) {
        return Some(run(entry, program.clone(), &arguments[1..]));
    }
    let entry = called(arguments.get(1)?)?;
    Some(run(entry, entry.name.into(), &arguments[2..]))
}

fn run(entry: &ToolEntry, program: OsString, arguments: &[OsString]) -> u8 {
    let mut tool = Tool::new(entry.name, program);
    let result = (entry.run)(&mut tool, arguments);
    tool.end(result)
}

/// The readers of the options and numbers of these tools, for `fuzz/`.
#[cfg(fuzzing)]
pub mod fuzzing {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::options::{Choice, Options, Takes, both, long};

    static CHOICES: &[Choice] = &[
        both('m', "shmems", Takes::Nothing),
        both('i', "id", Takes::Value),
        both('a', "all", Takes::Maybe),
        long("human", Takes::Nothing),
        long("time-format", Takes::Value),
    ];

    /// A command line, with newlines between its words.
    pub fn options(bytes: &[u8]) {
        let words: Vec<OsString> = bytes
            .split(|byte| *byte == b'\n')
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect();
        let mut options = Options::new(CHOICES, &words);
        let mut count = 0;
        while let Ok(Some(_)) = options.next() {
            count += 1;
            assert!(count <= bytes.len());
        }
        options.operands();
    }

    /// Ids, keys, modes and sizes.
    pub fn numbers(bytes: &[u8]) {
        use super::numbers::{decimal, id, key, mode, size};
        let _ = (decimal(bytes), id(bytes), key(bytes), mode(bytes), size(bytes));
    }
}
