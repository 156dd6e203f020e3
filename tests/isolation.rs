//! Namespaces: one set for the whole suite, entered before any thread starts, and one for each test.
//! Knows the kernel's calls and nothing of the program under test.
//!
//! `unshare(2)`, `mount(2)`, `mount_namespaces(7)`, `user_namespaces(7)`.

#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::ptr;
use std::sync::OnceLock;

use crate::tree;

/// Where the program under test lies: reachable for every user, and hidden by none of the mounts that a
/// test makes. The directory it was built in may be closed to other users.
pub const PROGRAM: &str = "/dev/program/ipcctl";

/// What this run of the suite can do.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    pub several_users: bool,
    pub limits: bool,
    pub peers: bool,
}

impl Suite {
    /// Are these programs installed? Where everything has to be there, a test that needs one fails without it.
    pub fn has(self, programs: &[&str]) -> bool {
        std::env::var_os("CI").is_some_and(|ci| ci == "true")
            || programs.iter().all(|program| is_installed(program))
    }

    /// Is there a Python with the modules for both families?
    pub fn has_python(self) -> bool {
        static FOUND: OnceLock<bool> = OnceLock::new();
        let import = || {
            let mut python = Command::new("/usr/bin/python3");
            python.args(["-c", "import sysv_ipc, posix_ipc"]).stderr(Stdio::null());
            python.status().is_ok_and(|status| status.success())
        };
        // Where everything has to be there, a test that needs it fails without it.
        std::env::var_os("CI").is_some_and(|ci| ci == "true") || *FOUND.get_or_init(import)
    }

    /// For listing names only: nothing is run, so nothing is claimed.
    pub fn unknown() -> Self {
        Self { several_users: true, limits: true, peers: true }
    }
}

/// Moves the process into its own IPC and mount namespaces, and as an ordinary user into a user
/// namespace first. Must be called before any thread starts.
///
/// # Errors
/// A sentence for the user where the kernel does not allow it.
pub fn enter() -> Result<Suite, String> {
    forget_inherited_signals();
    let program = fs::read(tree::program())
        .map_err(|error| format!("cannot read the program under test: {error}"))?;
    // Root needs no user namespace, and without one it can play several users, if there are several.
    let as_root = is_root() && unshare(libc::CLONE_NEWIPC | libc::CLONE_NEWNS).is_ok();
    if !as_root {
        enter_user_namespace().map_err(|error| refusal(&error))?;
    }
    build_dev(&program)
        .map_err(|error| format!("cannot build a private /dev for the tests: {error}"))?;
    Ok(Suite {
        several_users: as_root && are_users_many(),
        limits: OpenOptions::new().write(true).open("/proc/sys/kernel/shmmni").is_ok(),
        peers: ["ipcs", "ipcmk", "ipcrm", "lsipc"].iter().all(|tool| is_installed(tool)),
    })
}

/// Gives the calling thread, and every process it starts from now on, an IPC namespace without objects
/// and fresh `/dev/shm`, `/tmp` and `/run`. `/dev/mqueue` is an empty directory with nothing mounted.
pub fn enter_test() {
    unshare(libc::CLONE_NEWIPC | libc::CLONE_NEWNS).expect("namespaces for one test");
    // A copy of the program has to fit into /tmp.
    for (target, mode, size) in
        [("/dev/shm", "1777", "64m"), ("/tmp", "1777", "256m"), ("/run", "755", "64m")]
    {
        mount("tmpfs", target, "tmpfs", 0, &format!("mode={mode},size={size}")).expect(target);
    }
    // SAFETY: umask cannot fail and touches no memory. It belongs to the thread since it was unshared, so
    // no other test sees it; fixtures set the modes they ask for, exactly.
    unsafe { libc::umask(0) };
}

/// Mounts the queues of the calling thread's IPC namespace on `/dev/mqueue`.
pub fn mount_mqueue() {
    mount("mqueue", "/dev/mqueue", "mqueue", 0, "").expect("/dev/mqueue");
}

/// Moves the calling thread into one more IPC namespace and keeps its mounts, so that `/dev/mqueue`
/// shows the queues of the former one: what a container with a shared mount sees.
pub fn leave_ipc_namespace() {
    unshare(libc::CLONE_NEWIPC).expect("another IPC namespace");
}

/// Covers the file at `target` with the file at `source`.
pub fn cover(source: &str, target: &str) {
    mount(source, target, "", libc::MS_BIND, "").expect(target);
}

/// Makes the mount at `target` read-only.
pub fn make_read_only(target: &str) {
    mount("none", target, "", libc::MS_REMOUNT | libc::MS_RDONLY, "").expect(target);
}

pub fn mount_tmpfs(target: &str, options: &str) {
    mount("tmpfs", target, "tmpfs", 0, options).expect(target);
}

/// Replaces `/dev` by one that has these directories of the former and no others, not even empty ones.
pub fn replace_dev(directories: &[&str]) {
    // The former /dev stays reachable through its descriptor when it is covered.
    let descriptor = File::open("/dev").unwrap();
    let former = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    mount("tmpfs", "/dev", "tmpfs", 0, "mode=755").unwrap();
    File::create("/dev/null").unwrap();
    mount(&format!("{former}/null"), "/dev/null", "", libc::MS_BIND, "").unwrap();
    for directory in directories {
        let target = format!("/dev/{directory}");
        fs::create_dir(&target).unwrap();
        mount(&format!("{former}/{directory}"), &target, "", libc::MS_BIND, "").unwrap();
    }
}

/// A shell's job in the background ignores SIGINT and SIGQUIT, and what it starts inherits that (`signal(7)`): programs
/// under test would not end by them. What is blocked is inherited, too.
fn forget_inherited_signals() {
    for signal in (1..=libc::SIGRTMAX()).filter(|signal| *signal != libc::SIGPIPE) {
        // SAFETY: no handler is set by this, and the few signals that have no action of their own are refused. Rust has
        // SIGPIPE ignored here and gives it back to what it starts.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: all zero bytes are a valid set, which the first call fills; no old set is asked for.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &none, ptr::null_mut());
    }
}

fn is_root() -> bool {
    // SAFETY: no argument, cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// In a container only some users exist; the tests need root, 65534, and some far above.
fn are_users_many() -> bool {
    ["/proc/self/uid_map", "/proc/self/gid_map"].iter().all(|file| {
        let map = fs::read_to_string(file).unwrap_or_default();
        let fields: Vec<&str> = map.split_whitespace().collect();
        fields == ["0", "0", "4294967295"]
    })
}

fn enter_user_namespace() -> io::Result<()> {
    // SAFETY: no arguments, cannot fail.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWIPC | libc::CLONE_NEWNS)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

/// Why there are no namespaces, and the knob that gives them.
fn refusal(error: &io::Error) -> String {
    let knobs = [
        ("user.max_user_namespaces", "0", "15000"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ];
    let closed: Vec<String> = knobs
        .iter()
        .filter(|(knob, bad, _)| {
            let path = format!("/proc/sys/{}", knob.replace('.', "/"));
            fs::read_to_string(path).is_ok_and(|value| value.trim() == *bad)
        })
        .map(|(knob, _, good)| format!("sysctl -w {knob}={good}"))
        .collect();
    let remedy = if closed.is_empty() {
        "run them as root, or see that user.max_user_namespaces is above 0 and that no sandbox forbids unshare(2)"
            .to_owned()
    } else {
        format!("as root, set: {}", closed.join("; "))
    };
    format!(
        "the tests run in user, IPC and mount namespaces, and this system gave none ({error}); {remedy}"
    )
}

/// A `/dev` of our own, because `/dev/mqueue` may not exist and an ordinary user cannot make it: the
/// harmless devices of the machine, terminals, empty `shm` and `mqueue` directories, the program under test.
fn build_dev(program: &[u8]) -> io::Result<()> {
    mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE, "")?;
    // Built on /tmp and moved from there, which uncovers /tmp again.
    let stage = Path::new("/tmp");
    mount("tmpfs", "/tmp", "tmpfs", 0, "mode=755")?;
    for device in ["null", "zero", "full", "random", "urandom", "tty"] {
        let (from, to) = (format!("/dev/{device}"), stage.join(device));
        if Path::new(&from).exists() {
            File::create(&to)?;
            mount(&from, to.to_str().unwrap(), "", libc::MS_BIND, "")?;
        }
    }
    let links = [
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
        ("ptmx", "pts/ptmx"),
    ];
    for (link, target) in links {
        symlink(target, stage.join(link))?;
    }
    for (directory, mode) in
        [("shm", 0o1777), ("mqueue", 0o755), ("pts", 0o755), ("program", 0o755)]
    {
        fs::create_dir(stage.join(directory))?;
        fs::set_permissions(stage.join(directory), Permissions::from_mode(mode))?;
    }
    mount("devpts", "/tmp/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620")?;
    let copy = stage.join("program/ipcctl");
    fs::write(&copy, program)?;
    fs::set_permissions(&copy, Permissions::from_mode(0o755))?;
    mount("/tmp", "/dev", "", libc::MS_MOVE, "")
}

fn is_installed(tool: &str) -> bool {
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .any(|directory| Path::new(directory).join(tool).exists())
}

fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: takes flags alone; only the calling thread's namespaces change.
    check(unsafe { libc::unshare(flags) })
}

fn mount(
    source: &str,
    target: &str,
    kind: &str,
    flags: libc::c_ulong,
    options: &str,
) -> io::Result<()> {
    let [source, target, kind, options] =
        [source, target, kind, options].map(|text| CString::new(text).unwrap());
    let data = if options.is_empty() { ptr::null() } else { options.as_ptr().cast() };
    // SAFETY: every pointer is a NUL-terminated string that outlives the call, or null where allowed.
    check(unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, data) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
