//! What every verb runs in: where answers and talk go, how things are rendered, and what the exit status will be.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Stdout, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::columns;
use crate::cli::format::OutputOptions;
use crate::holders::Scanner;
use crate::kinds::KindRecord;
use crate::kinds::capability::{Query, Want};
use crate::model::{Address, Class, Fault, Value};
use crate::output::{Cell, Format, Layout, Names, Renderer, Times, View, renderer};
use crate::sys::buffer::PageWriter;
use crate::sys::terminal;

/// Why a verb ends early.
pub(super) enum Exit {
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

/// How a verb ends.
pub(super) type VerbResult = Result<(), Exit>;

/// What a verb runs in.
pub(super) struct Context {
    pub(super) out: PageWriter<Stdout>,
    pub(super) options: OutputOptions,
    pub(super) view: View,
    pub(super) proc: PathBuf,
    /// Who holds what, looked for once in a run.
    pub(super) scanner: Rc<Scanner>,
    terminal: bool,
    failed: Option<Class>,
    status: Option<u8>,
}

impl Context {
    pub(super) fn new(options: OutputOptions) -> Self {
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
        Self {
            out: PageWriter::new(io::stdout()),
            options,
            view,
            scanner: Rc::new(Scanner::new(&proc)),
            proc,
            terminal,
            failed: None,
            status: None,
        }
    }

    /// Where to look, with what to read there.
    pub(super) fn look<'a>(&'a self, want: Want<'a>) -> Query<'a> {
        Query { want, proc: &self.proc, directories: &[], fifos: &*self.scanner }
    }

    /// Is it asked what columns there are, and nothing else?
    pub(super) fn lists_columns(&self) -> bool {
        self.options.columns.as_deref() == Some("help")
    }

    pub(super) fn color(&self) -> bool {
        self.options.color(self.terminal)
    }

    /// A renderer for records with these columns, in the format that was asked for.
    pub(super) fn renderer(&self, records: &'static str, columns: &[&str]) -> Box<dyn Renderer> {
        let width = || {
            let given = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
            given.filter(|width| *width > 0).or_else(|| terminal::width(io::stdout()))
        };
        let layout = Layout {
            records,
            columns,
            headings: !self.options.no_headings,
            color: self.color(),
            width: if self.terminal { width() } else { None },
        };
        renderer(self.options.format(), &layout)
    }

    /// Writes a whole table of records, for verbs whose answer is one. `--columns` chooses among `names`.
    pub(super) fn records(
        &mut self,
        records: &'static str,
        names: &[&'static str],
        rows: Vec<Vec<Value>>,
    ) -> VerbResult {
        let known: Vec<_> = names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        let columns = columns::choose(self.options.columns.as_deref(), names, &known)?;
        let named = self.options.format().names_values() && self.options.columns.is_none();
        let columns =
            if named { names.to_vec() } else { columns.iter().map(String::as_str).collect() };
        let mut renderer = self.renderer(records, &columns);
        renderer.names(&columns);
        for row in &rows {
            let value =
                |name: &&str| names.iter().position(|one| one == name).and_then(|at| row.get(at));
            let cell = |name| value(name).map_or(Cow::Owned(Value::None("none")), Cow::Borrowed);
            let cells: Vec<Cell> = columns.iter().map(cell).collect();
            renderer.record(&mut self.out, &self.view, &cells)?;
        }
        Ok(renderer.finish(&mut self.out, &self.view, &[])?)
    }

    /// Says why something could not be done to an object, and remembers it for the exit status.
    pub(super) fn cannot(&mut self, act: &str, object: Option<&dyn Display>, fault: &Fault) {
        let object = object.map(|object| format!(" {object}")).unwrap_or_default();
        self.complain(&Fault {
            cause: format!("cannot {act}{object}: {}", fault.cause),
            ..fault.clone()
        });
    }

    /// Says what went wrong in its own words, and remembers it for the exit status.
    pub(super) fn complain(&mut self, fault: &Fault) {
        self.failed = Some(match self.failed {
            Some(class) if class != fault.class => Class::Failed,
            _ => fault.class,
        });
        self.talk(&fault.cause);
        if let Some(hint) = fault.hint.as_ref().filter(|_| !self.options.quiet) {
            write_error(&format!("hint: {hint}"));
        }
    }

    /// A refusal by the kernel, with the name of the one who would be allowed.
    pub(super) fn explain(&self, fault: Fault, record: &KindRecord, address: &Address) -> Fault {
        if fault.class != Class::Denied || fault.hint.is_some() {
            return fault;
        }
        let found = record.inspect.find(&self.look(Want::Only(&[])), &address.locator);
        match found.ok().and_then(|object| object.uid) {
            Some(uid) if uid != nix::unistd::geteuid().as_raw() => {
                let mut owner = String::new();
                self.view.names.user(uid, &mut owner);
                let or_root = if uid == 0 { "" } else { " or root" };
                fault.hint(format!("it belongs to {owner}; run as {owner}{or_root}"))
            }
            Some(_) => fault,
            None => fault.hint("run as its owner or root"),
        }
    }

    /// Something worth knowing that is no failure.
    pub(super) fn note(&self, text: &str) {
        if !self.options.quiet {
            self.talk(&format!("note: {text}"));
        }
    }

    /// The answer is incomplete: said, and remembered for the exit status.
    pub(super) fn warn(&mut self, text: &str) {
        self.failed = Some(Class::Failed);
        if !self.options.quiet {
            self.talk(&format!("warning: {text}"));
        }
    }

    fn talk(&self, text: &str) {
        write_error(&format!("ipcctl: {text}"));
    }

    /// The answer in a table goes out before talk that follows it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub(super) fn format(&self) -> Format {
        self.options.format()
    }

    /// The command line made no sense after all.
    pub(super) fn complain_of_usage(&mut self, fault: &Fault) {
        self.complain(fault);
        self.failed = Some(Class::Usage);
    }

    /// The exit status is what a shell says of a program that a signal has ended.
    pub(super) fn ended_by(&mut self, signal: i32) {
        self.status = Some(128u8.wrapping_add(u8::try_from(signal).unwrap_or(127)));
    }

    /// The exit status is this, whatever failed: for verbs whose status is that of a command.
    pub(super) fn exit_with(&mut self, status: u8) {
        self.status = Some(status);
    }

    /// The exit status as things stand.
    pub(super) fn status(&self) -> u8 {
        self.status.unwrap_or(self.failed.map_or(0, |class| class as u8))
    }
}

/// Talk that cannot be heard is no reason to fail.
fn write_error(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// What clap has to say: help and version on standard output, errors in our form on standard error.
pub(super) fn usage(error: &clap::Error, status: u8) -> u8 {
    if !error.use_stderr() {
        let _ = error.print();
        return 0;
    }
    let text = error.render().to_string();
    let lines = text.lines().filter(|line| !line.trim().is_empty()).map(in_our_words);
    let mut lines: Vec<_> = lines.collect();
    // One hint is enough, and the first one says more.
    if lines.iter().filter(|line| line.starts_with("hint: ")).count() > 1 {
        lines.pop();
    }
    let text = lines.join("\n");
    // The arguments are repeated in it, and may be anything.
    let safe: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { '?' } else { c }).collect();
    write_error(&format!("ipcctl: {safe}"));
    status
}

/// A line of what clap has to say, as the rest of the program would say it.
fn in_our_words(line: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("error: unrecognized subcommand ", "there is no verb "),
        ("error: ", ""),
        ("  tip: a similar subcommand exists: ", "hint: there is a verb "),
        ("  tip: some similar subcommands exist: ", "hint: there are verbs "),
        ("  tip: ", "hint: "),
        ("For more information, try '--help'.", "hint: try --help"),
    ];
    for (theirs, ours) in WORDS {
        if let Some(rest) = line.strip_prefix(theirs) {
            return format!("{ours}{rest}");
        }
    }
    line.to_owned()
}
