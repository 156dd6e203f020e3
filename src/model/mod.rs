//! Plain data that every layer speaks: addresses, kinds, fields, values, objects and faults.
//! Knows the standard library alone: no system call, no formatting for people, no command line.

mod address;
mod clock;
mod encoding;
mod fault;
mod kind;
mod limit;
mod message;
mod object;
mod param;
mod past;
mod state;
mod term;
mod trace;
mod value;
mod wait;

pub use address::{Address, Facility, Family, Locator, Selector};
pub use clock::Clock;
pub use encoding::{Encoded, decode, quoted};
pub use fault::{Class, Fault};
pub use kind::{Field, Kind, Part};
pub use limit::Limit;
pub use message::Mark;
pub use object::{COMMON, Column, Facts, Found, OF_HOLDERS, OF_VERDICTS, Object, Place};
pub use param::{Argument, Form, Param, Settings};
pub use past::{Actor, History, UsePattern};
pub use state::{State, Verdict};
pub use term::Term;
pub use trace::{Access, Descriptor, FifoSearch, FileId, Holder, Holders, How, OpenFifos, Trace};
pub use value::{Rows, Timestamp, Value};
pub use wait::Wait;
