//! What one process is: which program it runs, which modules it has loaded, what it was started with. Each is read when
//! somebody first asks, and once. Knows no object and no rule.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use super::bystanders;
use super::population::Credentials;
use super::producers;
use crate::sys::processes::{Proc, Process, Status};

/// Arguments, environment and mappings of a process are read up to so many bytes; what is longer counts as unread.
const MOST: u64 = 4 << 20;

/// A process, as far as it has been looked at.
pub struct Portrait {
    /// What it may do.
    pub who: Credentials,
    proc: Option<Rc<Proc>>,
    status: OnceCell<Option<Status>>,
    program: OnceCell<Executable>,
    arguments: OnceCell<Vec<u8>>,
    traces: OnceCell<Option<Vec<Box<[u8]>>>>,
    modules: OnceCell<Option<Vec<&'static str>>>,
    sort: OnceCell<ProgramSort>,
    variables: OnceCell<Option<Vec<Variable>>>,
}

/// A variable of an environment that can be the number or the address of an object.
struct Variable {
    /// Its name speaks of such objects: `LOG_SEMAPHORE`, `SHMID`.
    is_about_ipc: bool,
    value: Box<[u8]>,
}

impl Variable {
    /// Those among the variables of an environment, each of which has a zero byte after it.
    fn all(environment: &[u8]) -> Vec<Self> {
        /// The longest address of an object without a key: `shm:2147483647`.
        const LONGEST: usize = 14;
        const ABOUT: [&[u8]; 6] = [b"SHM", b"SEM", b"MSG", b"IPC", b"QUEUE", b"SEGMENT"];
        let read = |word: &[u8]| {
            let at = word.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (word.get(..at)?, word.get(at + 1..)?);
            let fits = value.len() <= LONGEST && value.last().is_some_and(u8::is_ascii_digit);
            let name = name.to_ascii_uppercase();
            let is_about_ipc =
                ABOUT.iter().any(|part| name.windows(part.len()).any(|window| window == *part));
            fits.then(|| Self { is_about_ipc, value: value.into() })
        };
        environment.split(|byte| *byte == 0).filter_map(read).collect()
    }
}

/// The executable that a process runs.
struct Executable {
    name: String,
    /// Its executable belongs to the superuser, or it cannot be read and only its name is known.
    trusted: bool,
}

/// What sort of program it is, for the question what it may have been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramSort {
    /// It belongs to the kernel, and has nothing.
    Kernel,
    /// It comes back for nothing.
    Bystander,
    /// A shell at which a person types.
    Prompt,
    /// It does what a script says.
    Script,
    /// Anything else.
    Plain,
}

impl Portrait {
    /// Nothing of it has been looked at.
    pub fn new(proc: Option<&Rc<Proc>>, who: &Credentials) -> Self {
        Self {
            who: who.clone(),
            proc: proc.cloned(),
            status: OnceCell::new(),
            program: OnceCell::new(),
            arguments: OnceCell::new(),
            traces: OnceCell::new(),
            modules: OnceCell::new(),
            sort: OnceCell::new(),
            variables: OnceCell::new(),
        }
    }

    /// Its entry of the process file system; `None` once it has ended. It is opened anew each time: there are more processes
    /// than descriptors.
    pub fn process(&self) -> Option<Process> {
        self.proc.as_ref()?.process(self.who.pid).ok()
    }

    /// What its `stat` says; `None` when it has ended or is hidden.
    pub fn status(&self) -> Option<&Status> {
        self.status.get_or_init(|| self.process()?.status().ok()).as_ref()
    }

    /// Its command, as the kernel keeps it.
    pub fn command(&self) -> Option<&OsStr> {
        self.status().map(|status| OsStr::from_bytes(&status.command))
    }

    /// Looks at all that says which program it is while its entry is open.
    fn acquaint(&self) {
        if self.status.get().is_none()
            && let Some(process) = self.process()
        {
            let status = self.status.get_or_init(|| process.status().ok());
            if status.as_ref().is_some_and(|status| status.is_empty()) {
                return;
            }
            self.arguments.get_or_init(|| process.read_whole(c"cmdline", MOST).unwrap_or_default());
            self.program_of(Some(&process));
        }
    }

    fn program(&self) -> &Executable {
        match self.program.get() {
            Some(program) => program,
            None => self.program_of(self.process().as_ref()),
        }
    }

    fn program_of(&self, process: Option<&Process>) -> &Executable {
        self.program.get_or_init(|| {
            let command = || self.command().unwrap_or_default().to_string_lossy().into_owned();
            let Some(path) = process.and_then(|process| process.link(c"exe").ok()) else {
                return Executable { name: command(), trusted: true };
            };
            let owner = process.and_then(|process| process.stat(c"exe").ok()).map(|stat| stat.uid);
            let arguments = self.arguments();
            let first = String::from_utf8_lossy(
                arguments.split(|byte| *byte == 0).next().unwrap_or_default(),
            );
            let path = path.to_string_lossy();
            let name = bystanders::program(&path, &first).to_owned();
            Executable { name, trusted: owner == Some(0) }
        })
    }

    /// The name of the program that it runs.
    pub fn name(&self) -> &str {
        &self.program().name
    }

    /// Its arguments, each with a zero byte after it; empty where they cannot be read.
    pub fn arguments(&self) -> &[u8] {
        self.arguments.get_or_init(|| {
            self.process()
                .and_then(|process| process.read_whole(c"cmdline", MOST).ok())
                .unwrap_or_default()
        })
    }

    /// What sort of program it is.
    pub fn sort(&self) -> ProgramSort {
        *self.sort.get_or_init(|| {
            self.acquaint();
            if self.status().is_some_and(|status| status.is_empty()) {
                return ProgramSort::Kernel;
            }
            // The first process of the machine only starts others.
            let first = || self.proc.as_ref().is_some_and(|proc| proc.is_of_machine());
            if self.who.pid == 1 && first() {
                return ProgramSort::Bystander;
            }
            let Executable { name, trusted } = self.program();
            if *trusted && bystanders::is_bystander(name) {
                ProgramSort::Bystander
            } else if bystanders::is_shell(name) {
                // One that was forked and runs on is a part of a script, whoever typed that.
                let forked = self.status().is_some_and(Status::is_forked);
                if !forked && self.is_at_a_terminal() {
                    ProgramSort::Prompt
                } else {
                    ProgramSort::Script
                }
            } else if bystanders::is_interpreter(name) {
                ProgramSort::Script
            } else {
                ProgramSort::Plain
            }
        })
    }

    /// Returns true if it reads what it does from a terminal.
    fn is_at_a_terminal(&self) -> bool {
        let text = String::from_utf8_lossy(self.arguments());
        let words: Vec<&str> = text.split_terminator('\0').collect();
        let input = || self.process()?.link(c"fd/0").ok();
        bystanders::reads_input(&words)
            && input().is_some_and(|input| {
                let input = input.as_bytes();
                [&b"/dev/pts/"[..], b"/dev/tty", b"/dev/console", b"/dev/hvc"]
                    .iter()
                    .any(|start| input.starts_with(start))
            })
    }

    /// The places of its arguments and environment at which names of known programs begin, up to the end of the longest
    /// name; `None` where there is too much to read. What is closed to us has none.
    fn traces(&self) -> Option<&[Box<[u8]>]> {
        let read = || {
            let mut traces = producers::beginnings(self.arguments());
            match self.process().map(|process| process.read_whole(c"environ", MOST)) {
                Some(Ok(text)) => traces.extend(producers::beginnings(&text)),
                Some(Err(error)) if error.raw_os_error() == Some(libc::EFBIG) => return None,
                _ => {}
            }
            Some(traces)
        };
        self.traces.get_or_init(read).as_deref()
    }

    /// Returns true if this name stands in its arguments or its environment, or may.
    pub fn was_told(&self, name: &[u8]) -> bool {
        self.traces().is_none_or(|traces| traces.iter().any(|trace| trace.starts_with(name)))
    }

    /// Returns true if its arguments or its environment name an object without a key, or may: by its address, or by a number
    /// that is not everywhere.
    pub fn was_given(&self, id: u32, address: &str) -> bool {
        /// Smaller numbers stand in arguments that mean something else, and in variables that are called something else.
        const TELLING: u32 = 100;
        let number = id.to_string();
        let names = |word: &[u8], about_it: bool| {
            word == address.as_bytes() || (about_it || id >= TELLING) && word == number.as_bytes()
        };
        let in_arguments = |word: &[u8]| {
            names(word.rsplit(|byte| *byte == b'=').next().unwrap_or_default(), false)
        };
        self.arguments().split(|byte| byte.is_ascii_whitespace() || *byte == 0).any(in_arguments)
            || self.variables().is_none_or(|variables| {
                variables.iter().any(|one| names(&one.value, one.is_about_ipc))
            })
    }

    /// The variables of its environment that can be a number or an address; `None` where there is too much to read. What is
    /// closed to us has none.
    fn variables(&self) -> Option<&[Variable]> {
        let read = || match self.process().map(|process| process.read_whole(c"environ", MOST)) {
            Some(Ok(text)) => Some(Variable::all(&text)),
            Some(Err(error)) if error.raw_os_error() == Some(libc::EFBIG) => None,
            _ => Some(Vec::new()),
        };
        self.variables.get_or_init(read).as_deref()
    }

    /// Returns true if its executable, or what it has loaded, shows that it runs this program, or if nothing can show.
    pub fn runs(&self, program: &producers::Program) -> bool {
        if self.status().is_some_and(Status::is_headless) {
            return true;
        }
        let is_one = |entry: &&str| bystanders::fits(entry, self.name());
        program.executables.iter().any(is_one)
            || !bystanders::is_shell(self.name()) && self.has_loaded(program.modules)
    }

    /// Returns true if it has a library or a module mapped whose name begins so, or may have.
    pub fn has_loaded(&self, modules: &[&str]) -> bool {
        let read = || {
            let Some(process) = self.process() else { return Some(Vec::new()) };
            let text = match process.read_whole(c"maps", MOST) {
                Ok(text) => text,
                Err(error) if error.raw_os_error() == Some(libc::EFBIG) => return None,
                Err(_) => Vec::new(),
            };
            Some(producers::modules_in(&text))
        };
        let found = self.modules.get_or_init(read).as_ref();
        found.is_none_or(|found| found.iter().any(|module| modules.contains(module)))
    }
}
