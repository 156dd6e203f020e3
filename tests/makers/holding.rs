//! Ways of holding an object, each by the calls that a program would make. What is held is held as long as the
//! calling process lives: all of this runs in the processes of `holder`.

#![allow(unsafe_code)]

use std::io;
use std::path::Path;
use std::ptr;
use std::sync::mpsc;
use std::thread;

use libc::{c_int, c_long};

use super::{c_string, checked, holder, posix};

/// Attaches a segment for reading alone.
pub fn attach_to_read(id: c_int) {
    // SAFETY: the kernel chooses the place, so no memory of ours is covered.
    let place = unsafe { libc::shmat(id, ptr::null(), libc::SHM_RDONLY) };
    assert!(place as isize != -1, "shmat: {}", io::Error::last_os_error());
}

/// Makes one page in the middle of what is attached read-only, which makes three mappings of one.
pub fn split(place: *mut u8) {
    // SAFETY: the second of at least three attached pages, which nobody uses.
    checked("mprotect", unsafe { libc::mprotect(place.add(4096).cast(), 4096, libc::PROT_READ) });
}

/// Opens a file with these flags and leaves it open.
pub fn open(path: impl AsRef<Path>, flags: c_int) -> c_int {
    let text = c_string(path.as_ref().to_str().unwrap());
    // SAFETY: a NUL-terminated string and numbers.
    checked("open", unsafe { libc::open(text.as_ptr(), flags) })
}

/// Closes a descriptor.
pub fn close(descriptor: c_int) {
    // SAFETY: nothing else owns it.
    checked("close", unsafe { libc::close(descriptor) });
}

/// One more descriptor of an open file, under this number.
pub fn copy(descriptor: c_int, number: c_int) {
    // SAFETY: numbers only.
    checked("dup2", unsafe { libc::dup2(descriptor, number) });
}

/// Maps a file privately and closes it.
pub fn map_privately(path: &str) {
    let descriptor = open(path, libc::O_RDONLY);
    // SAFETY: the kernel chooses the place, so no memory of ours is covered.
    let place = unsafe {
        libc::mmap(ptr::null_mut(), 1, libc::PROT_READ, libc::MAP_PRIVATE, descriptor, 0)
    };
    assert!(place != libc::MAP_FAILED, "mmap: {}", io::Error::last_os_error());
    // SAFETY: opened above, closed once.
    checked("close", unsafe { libc::close(descriptor) });
}

/// Runs `act` on a thread that then stays, and waits until it is done.
pub fn on_a_thread(act: impl FnOnce() + Send + 'static) {
    let (say, hear) = mpsc::channel();
    thread::spawn(move || {
        act();
        say.send(()).unwrap();
        holder::pause();
    });
    hear.recv().unwrap();
}

/// Gives the calling thread a table of descriptors of its own.
pub fn leave_table() {
    // SAFETY: takes flags alone.
    checked("unshare", unsafe { libc::unshare(libc::CLONE_FILES) });
}

/// Moves the calling process into an IPC namespace of its own; what it has attached stays attached.
pub fn leave_ipc_namespace() {
    // SAFETY: takes flags alone.
    checked("unshare", unsafe { libc::unshare(libc::CLONE_NEWIPC) });
}

/// Gives the calling thread, and if it is the main one the process, this command.
pub fn call_oneself(command: &[u8]) {
    let text = c_string(command);
    // SAFETY: a NUL-terminated string.
    checked("prctl", unsafe { libc::prctl(libc::PR_SET_NAME, text.as_ptr()) });
}

/// Starts a process that shares all memory with the calling one, as `vfork(2)` does, and then sits there.
pub fn start_in_the_same_memory() {
    extern "C" fn sit(_: *mut libc::c_void) -> c_int {
        holder::pause();
        0
    }
    let stack = Box::leak(vec![0u8; 1 << 16].into_boxed_slice()).as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::SIGCHLD;
    // SAFETY: a stack of its own that is never freed, and a function that never returns.
    let child = checked("clone", unsafe { libc::clone(sit, stack.cast(), flags, ptr::null_mut()) });
    on_death_kill(child);
}

/// Starts a process as `vfork(2)` does, which never calls exec. Who waits for that is in uninterruptible sleep, and can be killed.
pub fn sleep_until_a_child_calls_exec() {
    extern "C" fn sit(_: *mut libc::c_void) -> c_int {
        // SAFETY: numbers only.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        holder::pause();
        0
    }
    let stack = Box::leak(vec![0u8; 1 << 16].into_boxed_slice()).as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: a stack of its own that is never freed, and a function that never returns.
    checked("clone", unsafe { libc::clone(sit, stack.cast(), flags, ptr::null_mut()) });
}

/// A process that nobody would end otherwise: another one waits until its own parent is gone.
fn on_death_kill(child: libc::pid_t) {
    // SAFETY: the fork runs system calls alone.
    unsafe {
        let parent = libc::getpid();
        if checked("fork", libc::fork()) == 0 {
            while libc::getppid() == parent {
                libc::usleep(10_000);
            }
            libc::kill(child, libc::SIGKILL);
            libc::_exit(0);
        }
    }
}

/// Waits for a message of a System V queue.
pub fn receive(id: c_int) {
    let mut buffer = [0u64; 16];
    // SAFETY: room for a type and 64 bytes. The call fails when the queue is removed.
    unsafe { libc::msgrcv(id, buffer.as_mut_ptr().cast(), 64, 0, 0) };
}

/// Waits until a System V queue has room.
pub fn send(id: c_int, bytes: usize) {
    let mut message = vec![0u8; size_of::<c_long>() + bytes];
    message[0] = 1;
    // SAFETY: a type and as many bytes as the length says.
    unsafe { libc::msgsnd(id, message.as_ptr().cast(), bytes, 0) };
}

/// Waits for a semaphore of a set: to rise by a negative change, to be zero by none.
pub fn operate(id: c_int, index: u16, change: i16) {
    let mut operation = libc::sembuf { sem_num: index, sem_op: change, sem_flg: 0 };
    // SAFETY: one operation, and the count says one.
    unsafe { libc::semop(id, &mut operation, 1) };
}

/// Waits for a message of a POSIX queue.
pub fn receive_posix(name: &str) {
    let queue = posix::open_queue(name, libc::O_RDONLY);
    let mut buffer = [0u8; 8192];
    // SAFETY: room for as many bytes as the length says.
    unsafe { libc::mq_receive(queue, buffer.as_mut_ptr().cast(), buffer.len(), ptr::null_mut()) };
}

/// Waits until a POSIX queue has room.
pub fn send_posix(name: &str) {
    let queue = posix::open_queue(name, libc::O_WRONLY);
    loop {
        // SAFETY: one byte, and the length says one.
        unsafe { libc::mq_send(queue, c"x".as_ptr(), 1, 0) };
    }
}

/// Ends a process that is not our child, and waits until it has.
pub fn kill_stranger(pid: libc::pid_t) {
    // SAFETY: numbers only.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    let stat = format!("/proc/{pid}/stat");
    while std::fs::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z ")) {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
