//! What verbs that work on a listing share: from a selection to the objects in it, to what is known of them, to the rows
//! that are printed. Knows no verb.

pub mod access;
pub mod acting;
pub mod blame;
pub mod columns;
pub mod holders;
pub mod judged;
pub mod mixed;
pub mod reading;
pub mod removing;
pub mod selection;
pub mod states;
pub mod troubles;
