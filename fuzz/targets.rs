//! Every parser that reads what others write, by name: any bytes end without a panic, without an endless loop, and with
//! what was understood being the same when it is printed and read again.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use ipcctl::cli::values;
use ipcctl::endpoint::frame::Frame;
use ipcctl::endpoint::frame_reader::{FrameReader, Step};
use ipcctl::model::{Address, Encoded, LockLine, Mark, Selector, Term, decode};
use ipcctl::sys::processes::Status;
use ipcctl::sys::procstatus::StatusLines;
use ipcctl::sys::{mounts, named_sem};
use ipcctl::{commands, compat, holders, kinds, leftover};

/// The name of a target, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub static TARGETS: &[Target] = &[
    ("address", address),
    ("compat-numbers", compat::fuzzing::numbers),
    ("compat-options", compat::fuzzing::options),
    ("complete", commands::fuzzing::complete),
    ("fdinfo", |bytes| LockLine::of_descriptor(bytes).for_each(|_| {})),
    ("frame", frame),
    ("keep", leftover::fuzzing::keep),
    ("kernel-tables", kinds::fuzzing::parse),
    ("line", commands::fuzzing::line),
    ("locks", locks),
    ("maps", holders::fuzzing::maps),
    ("mountinfo", |bytes| _ = mounts::lines(bytes).count()),
    ("named-sem", semaphore),
    ("producers", leftover::fuzzing::producers),
    ("rm", commands::fuzzing::rm),
    ("signals", |bytes| _ = StatusLines::parse(bytes)),
    ("stat", stat),
    ("status", leftover::fuzzing::processes),
    ("syscall", holders::fuzzing::syscall),
    ("term", term),
    ("tmpfiles", leftover::fuzzing::tmpfiles),
    ("values", typed),
];

/// The target of this name.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.iter().copied().find(|(known, _)| *known == name)
}

/// An address prints and parses back, and a sentence about what is none has no control character.
fn address(bytes: &[u8]) {
    assert_eq!(decode(Encoded(bytes).to_string().as_bytes()), bytes);
    match Selector::parse(OsStr::from_bytes(bytes)) {
        Ok(Selector::Address(address)) => {
            let printed = address.to_string();
            assert!(!printed.chars().any(|c| c.is_control() || c.is_whitespace()));
            assert_eq!(Address::parse(OsStr::new(&printed)), Ok(address));
        }
        Ok(_) => {}
        Err(sentence) => assert!(!sentence.chars().any(char::is_control)),
    }
}

/// The first byte says which frame, the second how much is read at a time, the third how long messages may be. What is
/// understood is written again, and then understood as the same.
fn frame(bytes: &[u8]) {
    let [which, piece, most, stream @ ..] = bytes else { return };
    let frames = [Frame::Line, Frame::Nul, Frame::Raw, Frame::Len32, Frame::Json];
    let frame = frames[usize::from(*which) % frames.len()];
    let (piece, most) = (usize::from(*piece).max(1), usize::from(*most) * 16);
    let messages = messages(frame, piece, most, stream);
    let mut again = Vec::new();
    for (message, mark) in &messages {
        assert!(message.len() <= most);
        if frame.refuse(message).is_none() {
            frame.write(message, *mark, &mut again);
        }
    }
    let whole = messages.iter().all(|(message, _)| frame.refuse(message).is_none());
    if whole && frame != Frame::Raw {
        assert_eq!(self::messages(frame, 1 << 16, most, &again), messages);
    }
}

fn messages(frame: Frame, piece: usize, most: usize, mut stream: &[u8]) -> Vec<(Vec<u8>, Mark)> {
    let (mut reader, mut messages) = (FrameReader::new(frame, most), Vec::new());
    loop {
        match reader.step() {
            Ok(Step::Message) => {
                let (message, mark) = reader.message();
                messages.push((message.to_vec(), mark));
            }
            Ok(Step::More) => {
                let room = reader.room();
                let length = piece.min(stream.len()).min(room.len());
                room[..length].copy_from_slice(&stream[..length]);
                stream = &stream[length..];
                reader.filled(length);
            }
            Ok(Step::End | Step::TooLong(_)) | Err(_) => return messages,
        }
    }
}

fn locks(bytes: &[u8]) {
    leftover::fuzzing::locks(bytes);
    bytes.split(|byte| *byte == b'\n').for_each(|line| {
        let _ = LockLine::parse(line);
    });
}

fn semaphore(bytes: &[u8]) {
    let mut content = [0; named_sem::SIZE];
    content.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    if let Some((value, waiters)) = named_sem::parse(&content) {
        assert!(value <= named_sem::MAX_VALUE && waiters <= named_sem::MAX_VALUE);
    }
}

fn stat(bytes: &[u8]) {
    if let Some(status) = Status::parse(bytes) {
        let _ = status.is_empty();
    }
}

fn term(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(term) = Term::parse(text) {
        assert_eq!(Term::parse(&term.to_string()).as_ref(), Ok(&term));
        assert!(term.count() >= 1);
    }
}

/// Sizes, counts, numbers, durations, modes, percentages, patterns.
fn typed(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (values::size(text), values::count(text), values::integer(text));
    let _ = (values::duration(text), values::mode(text), values::percent(text));
    if let Ok(pattern) = values::glob(text) {
        pattern.matches("shm:/psm_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    }
}
