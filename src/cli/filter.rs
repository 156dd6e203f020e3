//! Selects objects: the filters of `list`, for every verb that works on a listing.

use std::time::Duration;

use clap::Args;

use super::params::{Params, Searching};
use super::values;
use crate::model::{Facility, Family, Object, Selector, Timestamp, Value};

/// Which objects.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Selection")]
pub struct Filter {
    #[arg(
        value_name = "FACILITY|ADDRESS",
        value_parser = values::selector(),
        help_heading = None,
        help = format!("{}, or an address [default: everything]", Facility::words())
    )]
    /// Facilities and addresses; all objects without one.
    pub selectors: Vec<Selector>,

    /// sysv, posix, file, kernel, unix or inet
    #[arg(long, hide_possible_values = true, hide_short_help = true, value_parser = values::named::<Family>())]
    pub family: Option<Family>,

    /// Only this owner (name or id)
    #[arg(long, value_name = "USER", value_parser = values::user)]
    pub owner: Option<u32>,

    /// Only your own objects
    #[arg(long, conflicts_with = "owner")]
    pub mine: bool,

    /// Only names that match this glob: '/psm_*'
    ///
    /// The glob (*, ? and […]) is matched against the part of the printed address after the colon.
    #[arg(long, value_name = "GLOB", value_parser = values::glob)]
    pub name: Option<glob::Pattern>,

    /// At least this old: 90, 10m, 2h, 3days
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub older_than: Option<Duration>,

    /// At most this old: 90, 10m, 2h, 3days
    #[arg(long, value_name = "DURATION", value_parser = values::duration, hide_short_help = true)]
    pub newer_than: Option<Duration>,

    /// At least this large: 4096, 64K, 1.5M
    #[arg(long, value_name = "SIZE", value_parser = values::size, hide_short_help = true)]
    pub min_size: Option<u64>,

    /// The options that kinds declare for a search.
    #[command(flatten)]
    pub kinds: Params<Searching>,
}

impl Filter {
    /// Returns true if objects of this family can be in the selection.
    pub fn allows(&self, family: Family) -> bool {
        self.family.is_none_or(|only| only == family)
    }

    /// The columns that the filters look at, so that they are read.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.min_size.map(|_| "size").into_iter()
    }

    /// Returns true if this object is in the selection, whatever holds it. An unknown value does not match. `now` is in
    /// seconds since the epoch.
    pub fn matches(&self, object: &Object, now: i64) -> bool {
        let owner = if self.mine { Some(nix::unistd::geteuid().as_raw()) } else { self.owner };
        let old = |since: Timestamp, than: Duration| {
            let age = now.saturating_sub(since.secs);
            u64::try_from(age).is_ok_and(|age| age >= than.as_secs())
        };
        let older = |since: Timestamp, than: Duration| {
            let age = now.saturating_sub(since.secs);
            u64::try_from(age).is_ok_and(|age| age > than.as_secs())
        };
        self.allows(object.kind.family)
            && owner.is_none_or(|uid| object.uid() == Some(uid))
            && self.older_than.is_none_or(|than| object.since.is_some_and(|since| old(since, than)))
            && self
                .newer_than
                .is_none_or(|than| object.since.is_some_and(|since| !older(since, than)))
            && self
                .min_size
                .is_none_or(|least| matches!(object.size, Value::Bytes(size) if size >= least))
            && self.name.as_ref().is_none_or(|glob| glob.matches(&object.name_text()))
    }
}
