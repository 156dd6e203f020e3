//! What becomes of messages that were taken and cannot be delivered: they go back to where they were, or into a
//! file. There is always a last resort.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::delivery::Taken;
use super::frame::Frame;
use crate::kinds::capability::{Attempt, Receiver};
use crate::model::Wait;
use crate::sys::time::pause;

/// So long a place in the queue is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What became of what could not be delivered.
#[derive(Debug, Default)]
pub struct Rescued {
    /// Messages that are back.
    pub back: u64,
    /// What is in a file.
    pub saved: Option<Saved>,
}

/// What had to be saved, and where it is.
#[derive(Debug)]
pub struct Saved {
    /// Messages; `None` when it is a piece of a stream.
    pub messages: Option<u64>,
    /// The file, or the bytes themselves when no file could be written.
    pub place: Result<PathBuf, Vec<u8>>,
    /// Why they could not go back.
    pub cause: String,
}

/// Puts messages back, in their order; from the first that does not go back they are saved.
pub fn rescue(receiver: &mut dyn Receiver, messages: &[Taken]) -> Rescued {
    let until = Instant::now() + PATIENCE;
    for (at, (bytes, mark)) in messages.iter().enumerate() {
        let cause = loop {
            match receiver.put_back(bytes, *mark, Wait::Not) {
                Ok(Attempt::Done(())) => break None,
                Ok(_) if until <= Instant::now() => break Some("it is full".to_owned()),
                // Signals do not matter here: this is part of ending cleanly.
                Ok(_) => pause(Duration::from_millis(2)),
                Err(fault) => break Some(fault.cause),
            }
        };
        if let Some(cause) = cause {
            let rest = &messages[at..];
            let mut stream = Vec::new();
            rest.iter().for_each(|(bytes, mark)| Frame::Json.write(bytes, *mark, &mut stream));
            let saved = Saved { messages: Some(rest.len() as u64), place: save(stream), cause };
            return Rescued { back: at as u64, saved: Some(saved) };
        }
    }
    Rescued { back: messages.len() as u64, saved: None }
}

/// Saves a piece of a stream that cannot go back.
pub fn rescue_bytes(bytes: Vec<u8>) -> Rescued {
    let cause = "a stream takes nothing back".to_owned();
    Rescued { back: 0, saved: Some(Saved { messages: None, place: save(bytes), cause }) }
}

/// Writes bytes to a new file that only its owner may read; any directory will do when the usual ones are full.
///
/// # Errors
/// The bytes, when no directory takes them.
pub fn save(bytes: Vec<u8>) -> Result<PathBuf, Vec<u8>> {
    let directories = [
        Some(std::env::temp_dir()),
        Some("/var/tmp".into()),
        std::env::var_os("HOME").map(PathBuf::from),
        std::env::current_dir().ok(),
        Some("/dev/shm".into()),
    ];
    let written =
        directories.into_iter().flatten().find_map(|directory| try_save(directory, &bytes).ok());
    written.ok_or(bytes)
}

fn try_save(directory: PathBuf, bytes: &[u8]) -> io::Result<PathBuf> {
    let directory = std::path::absolute(directory)?;
    let (file, path) = nix::unistd::mkstemp(&directory.join("ipcctl-saved-XXXXXX"))?;
    let mut file = File::from(file);
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(&path);
    }
    written.map(|()| path)
}
