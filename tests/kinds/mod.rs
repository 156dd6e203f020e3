//! One file a kind: the facts and refusals that it alone has. What all kinds share is in `conformance`.

mod fifo;
mod lock;
mod map;
mod mq_posix;
mod mq_sysv;
mod pid;
mod pipe;
mod sem_posix;
mod sem_sysv;
mod shm_nameless;
mod shm_posix;
mod shm_sysv;
mod sock;
mod unlinked;
pub mod words;

use crate::cases::Case;

pub fn cases() -> Vec<Case> {
    [
        fifo::cases(),
        lock::cases(),
        pid::cases(),
        map::cases(),
        mq_posix::cases(),
        mq_sysv::cases(),
        pipe::cases(),
        sem_posix::cases(),
        sem_sysv::cases(),
        shm_nameless::cases(),
        shm_posix::cases(),
        shm_sysv::cases(),
        unlinked::cases(),
        words::cases(),
        sock::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
