//! The option `--listen-fd`: a descriptor that systemd has passed to a service, `sd_listen_fds(3)`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use clap::Args;

use crate::kinds::inherited;
use crate::model::{Address, Encoded, Fault};

/// The number of the first descriptor that is passed.
const FIRST: u32 = 3;

/// More descriptors than anybody passes.
const MOST: u32 = 1 << 10;

/// Which descriptor.
#[derive(Args, Clone, Debug)]
pub struct ListenFd {
    /// Queue or FIFO that systemd passes, by FileDescriptorName= or number, instead of ADDRESS
    ///
    /// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say which descriptors were passed to this process (sd_listen_fds(3)). N is the
    /// number of a descriptor; the first one that is passed is 3.
    #[arg(long, value_name = "NAME|N", conflicts_with = "create", hide_short_help = true)]
    listen_fd: Option<String>,
}

impl ListenFd {
    /// The address of the object, if the option is there.
    ///
    /// # Errors
    /// Nothing was passed, or not this.
    pub fn address(&self) -> Result<Option<Address>, Fault> {
        let Some(asked) = &self.listen_fd else { return Ok(None) };
        let named =
            |fault: Fault| Fault { cause: format!("--listen-fd: {}", fault.cause), ..fault };
        let passed = Passed::of_environment().map_err(named)?;
        inherited::keep(FIRST..FIRST.saturating_add(passed.count.min(MOST)));
        passed.find(asked).and_then(inherited::address).map(Some).map_err(named)
    }
}

/// What was passed.
struct Passed {
    count: u32,
    names: Vec<OsString>,
}

impl Passed {
    fn of_environment() -> Result<Self, Fault> {
        let number = |name: &str| {
            let text = std::env::var_os(name).ok_or_else(|| {
                let hint = "systemd sets it for a service that a .socket unit starts; mq:fd:3 and fifo:/dev/fd/3 are any inherited descriptors";
                Fault::usage(format!("no descriptors were passed: {name} is not set")).hint(hint)
            })?;
            let value = text.to_str().and_then(|text| text.parse::<u32>().ok());
            value.ok_or_else(|| {
                let text = Encoded(text.as_bytes());
                Fault::usage(format!("{name} is {text}, which is no number"))
            })
        };
        let (meant, own) = (number("LISTEN_PID")?, std::process::id());
        if meant != own {
            let cause = format!("the descriptors are for process {meant}, and this is {own}");
            let hint = "a shell has to start ipcctl with exec";
            return Err(Fault::usage(cause).hint(hint));
        }
        let count = number("LISTEN_FDS")?;
        let names = std::env::var_os("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.as_bytes().split(|byte| *byte == b':');
        let names = names.map(|name| std::ffi::OsStr::from_bytes(name).to_owned()).collect();
        Ok(Self { count, names })
    }

    fn find(&self, asked: &str) -> Result<u32, Fault> {
        let last = FIRST.saturating_add(self.count);
        if let Ok(number) = asked.parse::<u32>() {
            let range = FIRST..last;
            return range.contains(&number).then_some(number).ok_or_else(|| {
                let count = self.count;
                Fault::usage(format!(
                    "descriptor {number} is none of the {count} that were passed, which begin with {FIRST}"
                ))
            });
        }
        let named: Vec<u32> = (FIRST..last)
            .zip(&self.names)
            .filter(|(_, name)| *name == asked)
            .map(|(number, _)| number)
            .collect();
        match named[..] {
            [one] => Ok(one),
            [] => {
                let names = self.names.iter().map(|name| Encoded(name.as_bytes()).to_string());
                let names = names.collect::<Vec<_>>().join(", ");
                let asked = Encoded(asked.as_bytes());
                Err(Fault::usage(format!("none that was passed is called {asked}"))
                    .hint(format!("LISTEN_FDNAMES has these: {names}")))
            }
            _ => {
                let numbers = named.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
                let asked = Encoded(asked.as_bytes());
                Err(Fault::usage(format!("several are called {asked}: name one of {numbers}")))
            }
        }
    }
}
