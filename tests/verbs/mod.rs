//! One file a verb, or a side of `list`, which has most of them; and what all verbs share.

mod bad_input;
mod churn;
mod create;
mod generate;
mod global;
mod help;
mod kinds;
mod limits;
mod list;
mod list_columns;
mod list_filters;
mod list_formats;
mod list_sources;
<<<<<<< HEAD
mod peek;
mod recv;
mod rm;
mod send;
=======
mod lock;
mod post;
mod read;
mod rm;
mod semop;
>>>>>>> main
mod set;
mod show;
mod terminal;
pub mod wait;
mod write;

use crate::cases::Case;

pub fn cases() -> Vec<Case> {
    [
        bad_input::cases(),
        churn::cases(),
        create::cases(),
        generate::cases(),
        global::cases(),
        help::cases(),
        kinds::cases(),
        limits::cases(),
        list::cases(),
        list_columns::cases(),
        list_filters::cases(),
        list_formats::cases(),
        list_sources::cases(),
<<<<<<< HEAD
        peek::cases(),
        recv::cases(),
        rm::cases(),
        send::cases(),
=======
        lock::cases(),
        post::cases(),
        read::cases(),
        rm::cases(),
        semop::cases(),
>>>>>>> main
        set::cases(),
        show::cases(),
        terminal::cases(),
        wait::cases(),
        write::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
