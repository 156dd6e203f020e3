//! The slots of a System V kind, a block after the other. Where there are many, a second thread asks for them ahead of who looks
//! at the answers: a part of a long listing is the kernel's time, the rest is ours.

use std::io;
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::thread;

/// Slots of the first block, which is asked for in place: where most of them are empty no thread is started.
const FIRST: u32 = 128;
/// Slots of a block. To wake the other thread takes as long as a dozen slots.
const BLOCK: u32 = 512;
/// With more slots than this the thread wins more than its start takes.
const MANY: u32 = 1000;
/// Blocks that wait to be looked at: what is ahead takes no more memory than these.
const AHEAD: usize = 4;

/// Hands over the answers for all slots up to the highest, in order; `None` for an empty slot. A thread that cannot be started
/// is done without; one whose answers are not wanted any more ends with its next block.
pub(super) fn in_blocks<T: Send, B>(
    highest: u32,
    ask: fn(u32) -> io::Result<T>,
    mut take: impl FnMut(Vec<Option<T>>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let block = |begin: u32, length: u32| {
        let slots = begin..=highest.min(begin.saturating_add(length - 1));
        slots.map(|slot| ask(slot).ok()).collect()
    };
    take(block(0, FIRST))?;
    let rest = || (FIRST..=highest).step_by(BLOCK as usize);
    thread::scope(|scope| {
        let (send, ahead) = mpsc::sync_channel(AHEAD);
        let ask_all = move || {
            // It fails when nobody receives any more.
            let _ = rest().try_for_each(|begin| send.send(block(begin, BLOCK)));
        };
        let thread = thread::Builder::new();
        if highest >= MANY && thread.spawn_scoped(scope, ask_all).is_ok() {
            ahead.iter().try_for_each(&mut take)
        } else {
            rest().map(|begin| block(begin, BLOCK)).try_for_each(&mut take)
        }
    })
}
