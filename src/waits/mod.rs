//! Who waits for what, and what is wrong with it: the calls of the threads that hold an object, and the table of troubles.
//! Knows no verb.

mod flow;
mod threads;
pub mod trouble;

pub use trouble::{Diagnosis, Patient, TROUBLES, diagnose, flows};
