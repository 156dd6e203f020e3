//! What verbs share: options that all have, filters, the options of kinds, how words become sizes, durations, modes and
//! users, and the context that every verb runs in.

pub mod context;
pub mod creation;
pub mod dead_letter;
pub mod filter;
pub mod format;
pub mod framing;
pub mod judging;
pub mod listening;
mod pager;
pub mod params;
pub mod part;
pub mod rescued;
mod suggest;
pub mod usage;
pub mod values;
pub mod waiting;
