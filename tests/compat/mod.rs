//! This program under the names of util-linux's tools: the same bytes and statuses as the tools that are
//! installed, in every view over objects of every sort; and what is different on purpose.

mod differences;
mod ipcs;
mod lsipc;
mod making;
mod names;
mod posix;
mod removing;
mod scripts;
mod upstream;

use crate::cases::Case;

pub fn cases() -> Vec<Case> {
    [
        differences::cases(),
        ipcs::cases(),
        lsipc::cases(),
        making::cases(),
        names::cases(),
        posix::cases(),
        removing::cases(),
        scripts::cases(),
        upstream::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
