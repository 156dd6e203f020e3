//! The option `--dead-letter`: where messages go that must not hold up the rest.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::Args;

use super::context::Context;
use crate::endpoint::dead_letters::DeadLetters;
use crate::kinds;
use crate::kinds::capability::{Outgoing, Query, Want};
use crate::model::{Address, Facility, Fault, Settings};

/// A queue or a file.
#[derive(Args, Clone, Debug)]
pub struct DeadLetter {
    /// Queue, or file for one JSON object per line, for messages that cannot be passed on or fail
    ///
    /// A word that begins with a facility and a colon is an address; any other is a path. A file is appended to, and created
    /// with mode 0600.
    #[arg(long, value_name = "ADDRESS|FILE", hide_short_help = true)]
    dead_letter: Option<OsString>,
}

impl DeadLetter {
    /// Returns true if one was named.
    pub fn is_given(&self) -> bool {
        self.dead_letter.is_some()
    }

    /// Opens it, before anything is taken from the queue at `from`.
    ///
    /// # Errors
    /// It cannot be opened; a usage error when no messages can be sent there, or they would come back from there.
    pub fn open(&self, cx: &Context, from: &Address) -> Result<Option<DeadLetters>, Fault> {
        let Some(text) = &self.dead_letter else { return Ok(None) };
        let named =
            |fault: Fault| Fault { cause: format!("--dead-letter: {}", fault.cause), ..fault };
        let word = text.as_bytes().split(|byte| *byte == b':').next().unwrap_or_default();
        if word.len() == text.len() || Facility::parse(word).is_err() {
            return DeadLetters::file(Path::new(text)).map(Some).map_err(named);
        }
        let address = Address::parse(text).map_err(Fault::usage).map_err(named)?;
        let record = kinds::of_address(&address).map_err(named)?;
        let messages = kinds::QUEUES.require("keep messages in", &address, record)?;
        let look = cx.look(Want::Only(&[]));
        let sender = messages.sender(&look, &address.locator, &Settings::NONE);
        match sender.map_err(named)? {
            Outgoing::Messages(_)
                if found(&look, &address).is_some_and(|one| found(&look, from) == Some(one)) =>
            {
                Err(named(Fault::usage(format!(
                    "{address} is the queue that messages are taken from"
                ))))
            }
            Outgoing::Messages(sender) => Ok(Some(DeadLetters::Queue(sender))),
            Outgoing::Bytes(_) => Err(named(Fault::usage(format!("{address} carries bytes")))),
        }
    }
}

/// The address that the object itself has, if there is one.
fn found(look: &Query, address: &Address) -> Option<Address> {
    let record = kinds::of_address(address).ok()?;
    record.inspect.find(look, &address.locator).ok().map(|object| object.address)
}
