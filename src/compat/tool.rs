//! What the four tools run in: where output and errors go and in which form, and what the exit status will be.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;

use super::names::People;
use super::options::Misuse;
use super::shown::Shown;
use super::times::TimeFormatter;
use crate::model::{Class, Fault};
use crate::sys::buffer::PageWriter;
use crate::sys::stream::StandardOutput;

/// Why a tool ends early.
pub(super) enum ToolExit {
    /// All is said and done: `--help`.
    Done,
    /// It has been said why.
    Failed,
    /// Standard output cannot be written.
    Output(io::Error),
}

impl From<io::Error> for ToolExit {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// One of the four while it runs.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) out: PageWriter<StandardOutput>,
    pub(super) people: People,
    pub(super) clock: TimeFormatter,
    pub(super) proc: PathBuf,
    program: OsString,
    failed: bool,
}

impl Tool {
    pub(super) fn new(name: &'static str, program: OsString) -> Self {
        let proc = std::env::var_os("IPCCTL_PROC")
            .filter(|path| !path.is_empty())
            .map_or("/proc".into(), PathBuf::from);
        Self {
            name,
            out: PageWriter::new(StandardOutput),
            people: People::default(),
            clock: TimeFormatter::new(),
            proc,
            program,
            failed: false,
        }
    }

    /// Says something on standard error that is no failure.
    pub(super) fn warn(&self, message: &dyn Display) {
        write_error(&format!("{}: {message}", self.name));
    }

    /// Says what went wrong, and goes on.
    pub(super) fn fail(&mut self, message: &dyn Display) {
        self.failed = true;
        self.warn(message);
    }

    /// Says what went wrong, and ends.
    pub(super) fn refuse(&mut self, message: &dyn Display) -> ToolExit {
        self.fail(message);
        ToolExit::Failed
    }

    /// Ends without a word.
    pub(super) fn fail_silently(&mut self) -> ToolExit {
        self.failed = true;
        ToolExit::Failed
    }

    /// Says what is wrong with the command line, and where to learn more.
    pub(super) fn misused(&mut self, message: &dyn Display) -> ToolExit {
        self.fail(message);
        self.point_to_help()
    }

    /// The same, in the words and with the program name that `getopt_long(3)` uses.
    pub(super) fn bad_option(&mut self, misuse: &Misuse) -> ToolExit {
        self.failed = true;
        write_error(&format!("{}: {misuse}", Shown(&self.program)));
        self.point_to_help()
    }

    fn point_to_help(&self) -> ToolExit {
        write_error(&format!("Try '{} --help' for more information.", self.name));
        ToolExit::Failed
    }

    pub(super) fn help(&mut self, help: &str) -> ToolExit {
        match self.out.write_all(help.as_bytes()) {
            Ok(()) => ToolExit::Done,
            Err(error) => ToolExit::Output(error),
        }
    }

    pub(super) fn version(&mut self) -> ToolExit {
        let version = env!("CARGO_PKG_VERSION");
        match writeln!(self.out, "{} from ipcctl {version} (as util-linux 2.42)", self.name) {
            Ok(()) => ToolExit::Done,
            Err(error) => ToolExit::Output(error),
        }
    }

    /// Writes what is left, and tells the exit status.
    pub(super) fn end(mut self, result: Result<(), ToolExit>) -> u8 {
        let written = match result {
            Err(ToolExit::Output(error)) => Err(error),
            Ok(()) | Err(ToolExit::Done | ToolExit::Failed) => self.out.flush(),
        };
        match written {
            Ok(()) => u8::from(self.failed),
            // What a shell makes of SIGPIPE, by which the tools of util-linux end.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 141,
            Err(error) => {
                let message = error.raw_os_error().map_or(error.to_string(), strerror);
                self.fail(&format!("write error: {message}"));
                1
            }
        }
    }
}

/// Talk that cannot be heard is no reason to fail.
fn write_error(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// The C library's sentence for an errno: `strerror(3)`.
pub(super) fn strerror(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// A fault in the words of the C library where they are known.
pub(super) fn reason(fault: &Fault) -> String {
    match (fault.errno, fault.class) {
        (Some(errno), _) => strerror(errno),
        (None, Class::Usage) => strerror(libc::EINVAL),
        (None, _) => fault.cause.clone(),
    }
}
