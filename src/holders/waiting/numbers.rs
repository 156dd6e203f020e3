//! The numbers of calls that threads wait in, and what their arguments mean: `syscalls(2)`. Those of 32 bits never change.

/// Calls, by their numbers, with the names that programs know them by.
pub(super) type Numbers = &'static [(libc::c_long, &'static str, ArgumentMeaning)];

/// What the arguments of a call mean.
#[derive(Clone, Copy)]
pub(super) enum ArgumentMeaning {
    Queue,
    Set,
    Descriptor,
    Flock,
    Fcntl,
    Futex,
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "others have openat alone"))]
    Open,
    OpenAt,
    /// `ipc(2)`: the first argument says which call it is.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "i386 alone has it"))]
    Multiplexed,
}

/// What the first argument of `ipc(2)` says.
pub(super) const SEMOP: u64 = 1;
pub(super) const SEMTIMEDOP: u64 = 4;
pub(super) const MSGSND: u64 = 11;
pub(super) const MSGRCV: u64 = 12;

/// The calls of interest of this instruction set.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "loongarch64"
))]
pub(super) static CALLS: Numbers = &[
    (libc::SYS_msgrcv, "msgrcv", ArgumentMeaning::Queue),
    (libc::SYS_msgsnd, "msgsnd", ArgumentMeaning::Queue),
    (libc::SYS_semop, "semop", ArgumentMeaning::Set),
    // The C library makes semop(2) of it.
    (libc::SYS_semtimedop, "semop", ArgumentMeaning::Set),
    (libc::SYS_mq_timedreceive, "mq_receive", ArgumentMeaning::Descriptor),
    (libc::SYS_mq_timedsend, "mq_send", ArgumentMeaning::Descriptor),
    (libc::SYS_flock, "flock", ArgumentMeaning::Flock),
    (libc::SYS_fcntl, "fcntl", ArgumentMeaning::Fcntl),
    (libc::SYS_futex, "sem_wait", ArgumentMeaning::Futex),
    (libc::SYS_openat, "open", ArgumentMeaning::OpenAt),
    (libc::SYS_openat2, "open", ArgumentMeaning::OpenAt),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, "open", ArgumentMeaning::Open),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, "open", ArgumentMeaning::Open),
];

/// Elsewhere the numbers are not known: whoever waits cannot be told.
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "loongarch64"
)))]
pub(super) static CALLS: Numbers = &[];

/// The same calls of programs of 32 bits that this machine runs, too; `None` where their numbers are not known.
#[cfg(target_arch = "x86_64")]
pub(super) static COMPAT: Option<Numbers> = Some(&[
    (117, "ipc", ArgumentMeaning::Multiplexed),
    (400, "msgsnd", ArgumentMeaning::Queue),
    (401, "msgrcv", ArgumentMeaning::Queue),
    (420, "semop", ArgumentMeaning::Set),
    (279, "mq_send", ArgumentMeaning::Descriptor),
    (280, "mq_receive", ArgumentMeaning::Descriptor),
    (418, "mq_send", ArgumentMeaning::Descriptor),
    (419, "mq_receive", ArgumentMeaning::Descriptor),
    (143, "flock", ArgumentMeaning::Flock),
    (240, "sem_wait", ArgumentMeaning::Futex),
    (422, "sem_wait", ArgumentMeaning::Futex),
    (5, "open", ArgumentMeaning::Open),
    (8, "open", ArgumentMeaning::Open),
    (295, "open", ArgumentMeaning::OpenAt),
    (437, "open", ArgumentMeaning::OpenAt),
]);
#[cfg(not(target_arch = "x86_64"))]
pub(super) static COMPAT: Option<Numbers> = None;
