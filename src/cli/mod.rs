//! What verbs share on the command line: options that all have, filters, the options of kinds, and how words
//! become sizes, durations, modes and users.

pub mod creation;
pub mod filter;
pub mod format;
pub mod judging;
pub mod params;
pub mod part;
pub mod values;
pub mod waiting;
