//! The slots of a System V kind one after the other. Where there are many, a second thread asks for them ahead of who looks at
//! the answers: half of a long listing is the kernel's time, the other half ours.

use std::io;
use std::iter;
use std::sync::mpsc;
use std::thread::{self, Scope};

/// Slots that are asked for in place: that few are found to be empty, where most are, before a thread is started.
const FIRST: u32 = 128;
/// With more slots than this the thread wins more than its start takes.
const MANY: u32 = 1000;
/// Slots that are handed over together.
const BLOCK: u32 = 128;
/// Blocks that wait to be looked at: what is ahead takes no more memory than these.
const AHEAD: usize = 4;

/// The answer for each slot up to the highest, in order; `None` for an empty one. A thread that cannot be started is done
/// without; one whose answers are not wanted any more ends with its next block.
pub(super) fn slots<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    highest: u32,
    ask: fn(u32) -> io::Result<T>,
) -> impl Iterator<Item = Option<T>> {
    let answer = move |slot| ask(slot).ok();
    let first = if highest < MANY { highest } else { FIRST - 1 };
    let rest = first + 1..=highest;
    let ahead = iter::once_with(move || {
        let (send, blocks) = mpsc::sync_channel(AHEAD);
        let begins = rest.clone().step_by(BLOCK as usize);
        let ask_all = move || {
            for begin in begins {
                let block = begin..=highest.min(begin.saturating_add(BLOCK - 1));
                if send.send(block.map(answer).collect::<Vec<_>>()).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().spawn_scoped(scope, ask_all);
        let in_place = thread.is_err().then(|| rest.map(answer));
        blocks.into_iter().flatten().chain(in_place.into_iter().flatten())
    });
    let ahead = (first < highest).then_some(ahead);
    (0..=first).map(answer).chain(ahead.into_iter().flatten().flatten())
}
