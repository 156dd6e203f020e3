//! What every verb runs in: where answers and talk go, how things are rendered, and what the exit status will be.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::format::OutputOptions;
use super::pager::Pager;
use super::suggest;
use crate::holders::Scanner;
use crate::kinds::KindRecord;
use crate::kinds::capability::{Query, Want};
use crate::model::{Address, Class, Fault};
use crate::output::{Format, Layout, Names, Palette, Renderer, Sheet, Times, Tone, View, renderer};
use crate::sys::buffer::PageWriter;
use crate::sys::stream::StandardOutput;
use crate::sys::terminal;

/// Why a verb ends early.
pub enum Exit {
    /// The answer cannot be written.
    Output(io::Error),
    /// The command line makes no sense: nothing was attempted.
    Usage(Fault),
    /// A signal asked the program to end.
    Signal(i32),
}

impl From<io::Error> for Exit {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Self {
        Self::Usage(fault)
    }
}

/// How a verb ends.
pub type VerbResult = Result<(), Exit>;

/// The exit status that says that something was found, where that was asked.
pub const FOUND: u8 = 8;

/// What a verb runs in.
pub struct Context {
    /// Standard output. What is written here is flushed before talk that follows it.
    pub out: PageWriter<StandardOutput>,
    /// How the answer looks.
    pub options: OutputOptions,
    /// How values are shown.
    pub view: View,
    /// The process file system.
    pub proc: PathBuf,
    /// Who holds what, looked for once in a run.
    pub scanner: Rc<Scanner>,
    /// Colours of the answer.
    palette: Rc<Palette>,
    /// Colours of what is said on standard error.
    talk: Palette,
    terminal: bool,
    failed: Option<Class>,
    /// What was perhaps meant has been looked for.
    suggested: bool,
    status: Option<u8>,
}

impl Context {
    /// The context of one run with these options.
    pub fn new(options: OutputOptions) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let view = View {
            names: Names::default(),
            bytes: options.bytes,
            times: options.times(Times::Relative),
            now: i64::try_from(now).unwrap_or(i64::MAX),
        };
        let proc = std::env::var_os("IPCCTL_PROC")
            .filter(|path| !path.is_empty())
            .map_or("/proc".into(), PathBuf::from);
        let terminal = io::stdout().is_terminal();
        let palette = |terminal| match options.color(terminal) {
            true => Palette::new(&std::env::var("IPCCTL_COLORS").unwrap_or_default()),
            false => Palette::plain(),
        };
        Self {
            palette: Rc::new(palette(terminal)),
            talk: palette(io::stderr().is_terminal()),
            out: PageWriter::new(StandardOutput),
            options,
            view,
            scanner: Rc::new(Scanner::new(&proc)),
            proc,
            terminal,
            failed: None,
            suggested: false,
            status: None,
        }
    }

    /// Where to look, with what to read there.
    pub fn look<'a>(&'a self, want: Want<'a>) -> Query<'a> {
        Query { processes: &*self.scanner, ..Query::new(want, &self.proc) }
    }

    /// Returns true if only the names of columns are asked for.
    pub fn lists_columns(&self) -> bool {
        self.options.columns.as_deref() == Some("help")
    }

    /// Columns of the terminal to which the answer goes, if it goes to one.
    pub fn width(&self) -> Option<usize> {
        if !self.terminal {
            return None;
        }
        let given = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        given.filter(|width| *width > 0).or_else(|| Some(terminal::size(io::stdout())?.width))
    }

    /// A renderer for records with these columns, in the format that was asked for.
    pub fn renderer(&self, records: &'static str, columns: &[&str]) -> Box<dyn Renderer> {
        let layout = Layout {
            records,
            columns,
            headings: !self.options.no_headings,
            palette: &self.palette,
            chosen: self.options.columns.is_some(),
            width: self.width(),
        };
        renderer(self.options.format(), &layout)
    }

    /// Writes what a renderer has left, through a pager where it is longer than the terminal.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(&mut self, mut renderer: Box<dyn Renderer>, warnings: &[String]) -> VerbResult {
        let lines = renderer.lines();
        let longer = || terminal::size(io::stdout()).is_some_and(|size| lines >= size.height);
        let paged = self.terminal && !self.options.no_pager && lines > 0 && longer();
        if !paged {
            return Ok(renderer.finish(&mut self.out, &self.view, warnings)?);
        }
        self.out.flush()?;
        let Some(pager) = Pager::start() else {
            return Ok(renderer.finish(&mut self.out, &self.view, warnings)?);
        };
        let written = renderer.finish(&mut self.out, &self.view, warnings);
        let written = written.and_then(|()| self.out.flush());
        pager.wait();
        match written {
            // Who has seen enough leaves the pager.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// How a single object is shown.
    pub fn sheet(&self) -> Sheet {
        Sheet { palette: Rc::clone(&self.palette), width: self.width() }
    }

    /// Says why something could not be done to an object, and remembers it for the exit status.
    pub fn cannot(&mut self, act: &str, object: Option<&dyn Display>, fault: &Fault) {
        let object = object.map(|object| format!(" {object}")).unwrap_or_default();
        let mut fault = fault.clone();
        // To look at all names is dear: once is enough.
        if fault.class == Class::NotFound && fault.hint.is_none() && !self.suggested {
            self.suggested = true;
            let address = Address::parse(OsStr::new(object.trim_start())).ok();
            let near = address.and_then(|address| suggest::neighbour(&address, &self.proc));
            fault.hint = near.map(|near| format!("did you mean {near}?"));
        }
        self.complain(&Fault { cause: format!("cannot {act}{object}: {}", fault.cause), ..fault });
    }

    /// Says what went wrong in its own words, and remembers it for the exit status.
    pub fn complain(&mut self, fault: &Fault) {
        self.failed = Some(match self.failed {
            Some(class) if class != fault.class => Class::Failed,
            _ => fault.class,
        });
        self.talk(&fault.cause);
        let is_root = nix::unistd::geteuid().is_root();
        if let Some(hint) = fault.hint_for(is_root).filter(|_| !self.options.quiet) {
            write_error(&format!("{} {hint}", self.talk.paint(Tone::Hint, "hint:")));
        }
    }

    /// A refusal by the kernel, with the name of the one who would be allowed.
    pub fn explain(&self, fault: Fault, record: &KindRecord, address: &Address) -> Fault {
        if fault.class != Class::Denied || fault.hint.is_some() {
            return fault;
        }
        let found = record.inspect.find(&self.look(Want::Only(&[])), &address.locator);
        match found.ok().and_then(|object| object.uid()) {
            Some(uid) if uid != nix::unistd::geteuid().as_raw() => {
                let mut owner = String::new();
                self.view.names.user(uid, &mut owner);
                let or_root = if uid == 0 { "" } else { " or root" };
                fault.hint_of_user(format!("it belongs to {owner}; run as {owner}{or_root}"))
            }
            Some(_) => fault,
            None => fault.hint_of_user("run as its owner or root"),
        }
    }

    /// Something worth knowing that is no failure.
    pub fn note(&self, text: &str) {
        if !self.options.quiet {
            self.talk(&format!("note: {text}"));
        }
    }

    /// The answer is incomplete: said, and remembered for the exit status.
    pub fn warn(&mut self, text: &str) {
        self.failed = Some(Class::Failed);
        self.caution(text);
    }

    /// What was asked for is done, and can do harm all the same: no failure.
    pub fn caution(&self, text: &str) {
        if !self.options.quiet {
            self.talk(&format!("{} {text}", self.talk.paint(Tone::Warning, "warning:")));
        }
    }

    fn talk(&self, text: &str) {
        write_error(&format!("ipcctl: {text}"));
    }

    /// The answer in a table goes out before talk that follows it.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// The format of the answer.
    pub fn format(&self) -> Format {
        self.options.format()
    }

    /// The command line made no sense after all.
    pub fn complain_of_usage(&mut self, fault: &Fault) {
        self.complain(fault);
        self.failed = Some(Class::Usage);
    }

    /// The exit status is what a shell says of a program that a signal has ended.
    pub fn ended_by(&mut self, signal: i32) {
        self.status = Some(128u8.wrapping_add(u8::try_from(signal).unwrap_or(127)));
    }

    /// The exit status is this, whatever failed: for verbs whose status is that of a command.
    pub fn exit_with(&mut self, status: u8) {
        self.status = Some(status);
    }

    /// The exit status as things stand.
    pub fn status(&self) -> u8 {
        self.status.unwrap_or(self.failed.map_or(0, |class| class as u8))
    }
}

/// Talk that cannot be heard is no reason to fail.
pub(super) fn write_error(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
