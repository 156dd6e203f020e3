//! What a process can do to itself before it becomes the program under test, so that it meets another kernel or
//! another place in it: for `Invocation::first`. System calls and nothing else.

#![allow(unsafe_code)]

use std::io;
use std::ptr;

/// `PROCMAP_QUERY`, which Linux 6.11 brought.
const PROCMAP_QUERY: u32 = 0xc068_6611;

/// Lets the kernel answer as it did before it could be asked for mappings one by one.
pub fn without_mapping_queries() -> io::Result<()> {
    let step = |code: u32, jt, jf, k| libc::sock_filter {
        code: u16::try_from(code).unwrap_or(0),
        jt,
        jf,
        k,
    };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let answer = libc::BPF_RET | libc::BPF_K;
    let ioctl = u32::try_from(libc::SYS_ioctl).unwrap_or(0);
    let refused = libc::SECCOMP_RET_ERRNO | libc::ENOTTY.unsigned_abs();
    // struct seccomp_data: the call's number at 0, the lower half of the second argument at 24.
    let mut steps = [
        step(load, 0, 0, 0),
        step(equal, 0, 3, ioctl),
        step(load, 0, 0, 24),
        step(equal, 0, 1, PROCMAP_QUERY),
        step(answer, 0, 0, refused),
        step(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 6, filter: steps.as_mut_ptr() };
    // SAFETY: numbers, and a program of as many steps as it says that outlives the call.
    unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        check(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program))
    }
}

/// Goes on as the first process of a new pid namespace, with the process file system of the former one.
pub fn in_a_pid_namespace() -> io::Result<()> {
    go_on_below(libc::CLONE_NEWPID)
}

/// Goes on as the first process of a new pid namespace that has its own process file system. Needs root.
pub fn in_a_pid_namespace_with_proc() -> io::Result<()> {
    go_on_below(libc::CLONE_NEWPID | libc::CLONE_NEWNS)?;
    // SAFETY: strings that end in NUL.
    unsafe {
        check(libc::mount(c"proc".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), 0, ptr::null()))
    }
}

/// Goes on where `/proc` hides the processes of others (`hidepid=2`). Needs root.
pub fn where_processes_are_hidden() -> io::Result<()> {
    let (proc, options) = (c"proc".as_ptr(), c"hidepid=2".as_ptr().cast());
    // SAFETY: numbers, and strings that end in NUL.
    unsafe {
        check(libc::unshare(libc::CLONE_NEWNS))?;
        check(libc::mount(proc, c"/proc".as_ptr(), proc, 0, options))
    }
}

/// Goes on in a child; what was the process waits for it and passes its status on.
fn go_on_below(namespaces: libc::c_int) -> io::Result<()> {
    // SAFETY: numbers, and room for a status.
    unsafe {
        check(libc::unshare(namespaces))?;
        let child = libc::fork();
        check(child)?;
        if child == 0 {
            return Ok(());
        }
        let mut status = 0;
        libc::waitpid(child, &raw mut status, 0);
        libc::_exit(if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 255 })
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
