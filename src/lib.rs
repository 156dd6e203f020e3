//! `ipcctl` lists, inspects, creates, changes and removes the IPC objects of a Linux machine.
//!
//! # Layers
//!
//! A kind of object hands out data, never text. A kind is a record of what it can do. A verb names no
//! kind. Who may use whom (`tests/layering.rs` holds the code to it):
//!
//! | layer | may use |
//! | --- | --- |
//! | [`sys`] the only unsafe code, but for the name of `main` in `main.rs`: one file an API, one system call a function | nothing |
//! | [`model`] addresses, objects, values, faults: plain data | nothing |
//! | [`kinds`] one file a kind of object | `model`, `sys` |
//! | [`holders`] who holds what: one scan of the processes for all kinds | `model`, `sys` |
//! | [`leftover`] whether an object is left over, and how it is removed without harm | `model`, `sys`, `holders`, `kinds` |
//! | [`waits`] who waits for what, and what is wrong with it | `sys`, `model`, `kinds`, `holders` |
//! | [`endpoint`] framing, deadlines, delivery that loses nothing | `model`, `kinds`, `sys` |
//! | [`output`] values to text, one file a format | `model`, `sys` |
//! | [`cli`] what verbs share: options, and what every verb runs in | `sys`, `model`, `kinds`, `holders`, `endpoint`, `output` |
//! | [`listing`] from a selection to objects, to what is known of them, to rows | `sys`, `model`, `kinds`, `holders`, `leftover`, `waits`, `output`, `cli` |
//! | [`compat`] the tools of util-linux, by their names | `sys`, `model`, `kinds`, `output` |
//! | [`commands`] one file a verb | `sys`, `model`, `kinds`, `holders`, `leftover`, `waits`, `endpoint`, `output`, `cli`, `listing` |

pub mod cli;
pub mod commands;
pub mod compat;
pub mod endpoint;
pub mod holders;
pub mod kinds;
pub mod leftover;
pub mod listing;
pub mod model;
pub mod output;
pub mod sys;
pub mod waits;
