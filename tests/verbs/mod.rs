//! One file a verb, or a side of `list`, which has most of them; and what all verbs share.

mod bad_input;
mod churn;
mod clean;
mod clean_chosen;
mod clean_plan;
mod create;
mod create_existing;
mod generate;
mod global;
mod help;
mod holders_files;
mod holders_segments;
mod inside;
mod kinds;
mod limits;
mod list;
mod list_columns;
mod list_filters;
mod list_formats;
mod list_pid;
mod list_sources;
mod list_trouble;
mod lock;
mod r#move;
mod one_scan;
mod output_options;
mod peek;
mod post;
mod read;
mod recv;
mod reports;
mod rm;
mod semop;
mod send;
mod set;
mod shortages;
mod show;
mod suggestions;
mod takers;
mod terminal;
mod trouble_processes;
mod trouble_sockets;
pub mod wait;
mod write;

use crate::cases::Case;

pub fn cases() -> Vec<Case> {
    [
        bad_input::cases(),
        churn::cases(),
        clean::cases(),
        clean_chosen::cases(),
        clean_plan::cases(),
        create::cases(),
        create_existing::cases(),
        generate::cases(),
        global::cases(),
        holders_files::cases(),
        holders_segments::cases(),
        help::cases(),
        inside::cases(),
        kinds::cases(),
        limits::cases(),
        list::cases(),
        list_columns::cases(),
        list_filters::cases(),
        list_formats::cases(),
        list_pid::cases(),
        list_sources::cases(),
        list_trouble::cases(),
        one_scan::cases(),
        output_options::cases(),
        peek::cases(),
        recv::cases(),
        reports::cases(),
        send::cases(),
        lock::cases(),
        r#move::cases(),
        post::cases(),
        read::cases(),
        rm::cases(),
        semop::cases(),
        set::cases(),
        shortages::cases(),
        show::cases(),
        suggestions::cases(),
        takers::cases(),
        terminal::cases(),
        trouble_processes::cases(),
        trouble_sockets::cases(),
        wait::cases(),
        write::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
