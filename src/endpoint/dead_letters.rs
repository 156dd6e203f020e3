//! Where messages go that cannot be passed on and must not hold up the rest: another queue, or a file in the json frame.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::frame::Frame;
use crate::kinds::capability::{Attempt, Sender};
use crate::model::{Class, Fault, Mark, Wait};
use crate::sys::file;

/// So long a place in the queue is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes messages.
pub enum DeadLetters {
    /// Into a queue.
    Queue(Box<dyn Sender>),
    /// A line each, at the end of a file.
    File(File),
}

impl DeadLetters {
    /// A file that is made when there is none, for its owner alone.
    ///
    /// # Errors
    /// Those of `open(2)`.
    pub fn file(path: &Path) -> Result<Self, Fault> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = File::options().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self::File(file))
    }

    /// Takes one message, which is not lost any more when this returns.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn take(&mut self, message: &[u8], mark: Mark) -> Result<(), Fault> {
        match self {
            Self::Queue(sender) => {
                let mark = if sender.has_word(mark) { mark } else { Mark::None };
                let until = Instant::now() + PATIENCE;
                loop {
                    match sender.send(message, mark, Wait::Not)? {
                        Attempt::Done(()) => return Ok(()),
                        _ if until <= Instant::now() => {
                            return Err(Fault::new(Class::WouldBlock, "it is full"));
                        }
                        _ => sleep(Duration::from_millis(2)),
                    }
                }
            }
            Self::File(file) => {
                let mut line = Vec::new();
                Frame::Json.write(message, mark, &mut line);
                let before = file::stat(&*file)?;
                let written = file.write_all(&line).and_then(|()| file.sync_data());
                if written.is_err() && before.is(libc::S_IFREG) {
                    // What stands there of it is no message.
                    let _ = file.set_len(before.size);
                }
                Ok(written?)
            }
        }
    }
}
