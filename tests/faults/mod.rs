//! What the kernel may refuse at any time: no panic, no hang, nothing lost, and it is said.

pub mod attacks;
mod calls;
mod deaf;
mod memory;
mod outputs;
pub mod quarantine;
mod standing;
mod threads;
mod world;

use crate::cases::Case;
use crate::env::{Invocation, TestEnv};

pub fn cases() -> Vec<Case> {
    [
        attacks::cases(),
        calls::cases(),
        deaf::cases(),
        memory::cases(),
        outputs::cases(),
        quarantine::cases(),
        standing::cases(),
        threads::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The program with these arguments, and a call that fails: `CALL:error=ERRNO`, as `strace --inject` takes it.
fn failing(env: &TestEnv, inject: &str, arguments: &[&str]) -> Invocation {
    let traced = inject.split(':').next().expect("a call");
    let (trace, inject) = (format!("trace={traced}"), format!("inject={inject}"));
    let log = env.path("strace");
    let mut all =
        vec!["-f", "-qq", "-o", &*log, "-e", &*trace, "-e", &*inject, crate::isolation::PROGRAM];
    all.extend(arguments);
    env.tool("strace", all)
}
