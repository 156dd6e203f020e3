//! System calls as `/proc/PID/syscall` shows them: the number, the arguments, and what the arguments of those calls mean in which
//! threads wait. `proc_pid_syscall(5)`.

/// A call that a thread is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawCall {
    /// Its number.
    pub number: libc::c_long,
    /// Its arguments, as registers.
    pub arguments: [u64; 6],
    /// It may be a call of another instruction set, whose numbers mean other things: its stack is where programs of 32 bits have
    /// theirs, and some of 64 bits, too.
    pub foreign: bool,
}

/// Programs of 32 bits have their stack below this, those of 64 bits nearly always above.
const FOUR_GIB: u64 = 1 << 32;

impl RawCall {
    /// Reads `NUMBER ARGUMENT*6 STACK PROGRAM`, all but the first hexadecimal; `running` and `-1 …` are no calls.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut words = text.split_ascii_whitespace();
        let number: libc::c_long = words.next()?.parse().ok().filter(|number| *number >= 0)?;
        let mut hex = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
        let arguments = [hex()?, hex()?, hex()?, hex()?, hex()?, hex()?];
        Some(Self { number, arguments, foreign: hex()? < FOUR_GIB })
    }

    /// An argument that is an int: the lower half of its register.
    pub fn int(&self, at: usize) -> i32 {
        self.arguments.get(at).map_or(0, |argument| (argument & u64::from(u32::MAX)) as i32)
    }

    /// What a thread of a program of 64 bits waits for in this call; `None` for a call that is not known to wait.
    pub fn wait(&self) -> Option<&'static WaitingCall> {
        WAITS.iter().find(|call| call.number == self.number)
    }
}

/// A call in which threads wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingCall {
    number: libc::c_long,
    /// Its name.
    pub name: &'static str,
    /// What its arguments say.
    pub on: WaitsOn,
}

/// What the arguments of a call say of what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsOn {
    /// The descriptor that is the first argument.
    Descriptor,
    /// The descriptors of an array of `struct pollfd`: the first two arguments.
    Poll,
    /// Those that an epoll descriptor watches, which is the first argument.
    Epoll,
    /// The descriptors of sets: `select(2)`.
    Select,
    /// The word at the first argument: `futex(2)`.
    Word,
    /// The System V queue with the id that is the first argument.
    Queue,
    /// The System V set likewise.
    Set,
    /// The lock of `flock(2)` on the first argument.
    Flock,
    /// The lock of `fcntl(2)`, if the command is one that waits.
    Fcntl,
    /// The other end of a FIFO: its path is the second argument, and the first the directory.
    OpenAt,
    /// Likewise: its path is the first argument.
    Open,
    /// A child: its number is the first argument, or -1 for any.
    Child,
    /// A child by the kind of number in the first argument.
    ChildId,
    /// A signal of the set that the first argument points to.
    Signal,
    /// Any signal.
    AnySignal,
    /// Time.
    Time,
}

macro_rules! waits {
    ($($(#[$when:meta])* $number:ident $name:literal $on:ident),* $(,)?) => {
        /// The calls of this instruction set.
        static WAITS: &[WaitingCall] = &[
            $($(#[$when])* WaitingCall { number: libc::$number, name: $name, on: WaitsOn::$on }),*
        ];
    };
}

#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "loongarch64"
))]
waits! {
    SYS_read "read" Descriptor,
    SYS_pread64 "read" Descriptor,
    SYS_readv "read" Descriptor,
    SYS_write "write" Descriptor,
    SYS_pwrite64 "write" Descriptor,
    SYS_writev "write" Descriptor,
    SYS_recvfrom "recv" Descriptor,
    SYS_recvmsg "recv" Descriptor,
    SYS_recvmmsg "recv" Descriptor,
    SYS_sendto "send" Descriptor,
    SYS_sendmsg "send" Descriptor,
    SYS_sendmmsg "send" Descriptor,
    SYS_accept "accept" Descriptor,
    SYS_accept4 "accept" Descriptor,
    SYS_connect "connect" Descriptor,
    SYS_splice "splice" Descriptor,
    SYS_tee "tee" Descriptor,
    SYS_vmsplice "vmsplice" Descriptor,
    SYS_sendfile "sendfile" Descriptor,
    SYS_fsync "fsync" Descriptor,
    SYS_fdatasync "fdatasync" Descriptor,
    SYS_io_uring_enter "io_uring_enter" Descriptor,
    SYS_mq_timedreceive "mq_receive" Descriptor,
    SYS_mq_timedsend "mq_send" Descriptor,
    SYS_flock "flock" Flock,
    SYS_fcntl "fcntl" Fcntl,
    #[cfg(target_arch = "x86_64")]
    SYS_poll "poll" Poll,
    SYS_ppoll "poll" Poll,
    #[cfg(target_arch = "x86_64")]
    SYS_select "select" Select,
    SYS_pselect6 "select" Select,
    #[cfg(target_arch = "x86_64")]
    SYS_epoll_wait "epoll_wait" Epoll,
    SYS_epoll_pwait "epoll_wait" Epoll,
    SYS_epoll_pwait2 "epoll_wait" Epoll,
    SYS_futex "futex" Word,
    SYS_msgrcv "msgrcv" Queue,
    SYS_msgsnd "msgsnd" Queue,
    SYS_semop "semop" Set,
    SYS_semtimedop "semop" Set,
    SYS_openat "open" OpenAt,
    SYS_openat2 "open" OpenAt,
    #[cfg(target_arch = "x86_64")]
    SYS_open "open" Open,
    #[cfg(target_arch = "x86_64")]
    SYS_creat "open" Open,
    SYS_wait4 "wait" Child,
    SYS_waitid "wait" ChildId,
    SYS_rt_sigtimedwait "sigwait" Signal,
    SYS_rt_sigsuspend "sigsuspend" AnySignal,
    #[cfg(target_arch = "x86_64")]
    SYS_pause "pause" AnySignal,
    SYS_nanosleep "sleep" Time,
    SYS_clock_nanosleep "sleep" Time,
    SYS_restart_syscall "sleep" Time,
}

/// Elsewhere the numbers are not known.
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "loongarch64"
)))]
waits! {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_call_or_none(bytes: Vec<u8>) {
            if let Some(call) = RawCall::parse(&bytes) {
                call.wait();
            }
        }
    }

    #[test]
    fn a_call_is_read_with_its_arguments() {
        let call =
            RawCall::parse(b"73 0x3 0x1 0xffffffff 0x0 0x0 0x0 0x7ffcc2f766c8 0x7f0afb7f8897\n")
                .unwrap();
        assert_eq!((call.number, call.int(0), call.int(2), call.foreign), (73, 3, -1, false));
        let low = RawCall::parse(b"3 0x0 0x0 0x0 0x0 0x0 0x0 0xffa0 0xf7d0\n").unwrap();
        assert!(low.foreign);
        for text in ["running\n", "-1 0x7ffd 0x7f1c\n", "", "3 0x1"] {
            assert_eq!(RawCall::parse(text.as_bytes()), None, "{text}");
        }
    }
}
