//! Plain data that every layer speaks: addresses, kinds, fields, values, objects and faults.
//! Knows the standard library alone: no system call, no formatting for people, no command line.

mod address;
mod clock;
mod difference;
mod discovery;
mod encoding;
mod facility;
mod fault;
mod filelock;
mod finder;
mod holder;
mod inet;
mod kind;
mod limit;
mod locator;
mod message;
mod named;
mod object;
mod param;
mod past;
mod process;
mod shortage;
mod signal;
mod state;
mod subject;
mod term;
mod trace;
mod value;
mod wait;
mod witness;

pub use address::{Address, Selector};
pub use clock::Clock;
pub use difference::Difference;
pub use discovery::{
    FileClass, FileDetails, FileFacts, Findings, LockWait, Showing, ShownAs, ShownFile, Sources,
    WordWait,
};
pub use encoding::{Encoded, decode, quoted};
pub use facility::Facility;
pub use fault::{Class, Fault};
pub use filelock::{FileLock, LockLine, LockTaker};
pub use finder::Discovery;
pub use holder::{Access, Holder, Holders, How, LockSort};
pub use inet::{Host, InetAddress, Transport};
pub use kind::{Breadth, Field, FileType, Kind, Part};
pub use limit::{Limit, Who};
pub use locator::{
    ABSTRACT, DESCRIPTOR, FILE, Family, ID, INODE, KEY, Locator, LocatorForm, MARKED_PATH, NAME,
    OWN, PATH, PROCESS, TCP, UDP, WORD,
};
pub use message::Mark;
pub use named::{Named, choices};
pub use object::{COMMON, Column, Facts, Found, Object, ObjectName, Place};
pub use param::{Argument, Form, Param, Settings};
pub use past::{Actor, History, Pending, UsePattern};
pub use process::{ProcessName, ProcessPart};
pub use shortage::{Shortage, Use};
pub use signal::{SignalSet, signal_name};
pub use state::{State, Verdict};
pub use subject::{FileId, IpcNamespace, Subject};
pub use term::Term;
pub use trace::{Calls, Holding, Trace, Vacancy};
pub use value::{Rows, Timestamp, Value};
pub use wait::Wait;
pub use witness::{Returner, Why, Witness};
