//! A machine full of processes, and the least that it takes to look at what each has mapped and open.
//!
//! The processes live as long as the bench: the one that started them waits for its end.

use std::ffi::CStr;
use std::io;
use std::mem::zeroed;
use std::os::unix::process::parent_id;
use std::ptr;
use std::thread;

use crate::Result;

/// What a service of ordinary size has: libraries, pipes and sockets, and some have a large heap in many pieces.
const MAPPINGS: usize = 40;
const DESCRIPTORS: usize = 13;
const PIECES: usize = 1_500;

/// Starts so many processes of ordinary services. Every hundredth has `/dev/shm/bench-00001` mapped if it is there, every tenth
/// a memory of many pieces.
pub fn start(count: usize) -> Result<()> {
    start_each(count, service)
}

/// What a process with this number gets before it sleeps.
type Furnish = fn(usize) -> io::Result<()>;

/// Starts so many processes, each with what `furnish` gives it.
pub fn start_each(count: usize, furnish: Furnish) -> Result<()> {
    // SAFETY: pidfd_open takes numbers alone.
    let bench = unsafe { libc::syscall(libc::SYS_pidfd_open, parent_id(), 0) };
    let bench = libc::c_int::try_from(bench)?;
    check(bench)?;
    let mut ready = [0; 2];
    // SAFETY: room for two descriptors.
    check(unsafe { libc::pipe2(ready.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: no thread but this one exists, so the child may do whatever it likes.
    if check(unsafe { libc::fork() })? == 0 {
        let done = keep(count, furnish, (bench, ready[1]));
        // SAFETY: ends the child, which has nothing to clean up.
        unsafe { libc::_exit(i32::from(done.is_err())) };
    }
    let mut byte = 0_u8;
    // SAFETY: the write end is closed once and not used afterwards; room for the byte that is asked for.
    let got = unsafe {
        libc::close(ready[1]);
        libc::read(ready[0], (&raw mut byte).cast(), 1)
    };
    if got == 1 { Ok(()) } else { Err("the processes could not be started".into()) }
}

/// Starts the processes, says so, and stays until the bench ends: they end with it.
fn keep(
    count: usize,
    furnish: Furnish,
    (bench, ready): (libc::c_int, libc::c_int),
) -> io::Result<()> {
    // SAFETY: numbers, paths that end in NUL, and buffers as long as said; all descriptors are ours.
    unsafe {
        check(libc::setsid())?;
        let null = check(libc::open(c"/dev/null".as_ptr(), libc::O_RDWR))?;
        for standard in 0..3 {
            check(libc::dup2(null, standard))?;
        }
        for number in 0..count {
            if check(libc::fork())? == 0 {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                if furnish(number).is_err() {
                    libc::_exit(1);
                }
                loop {
                    libc::pause();
                }
            }
        }
        // They are ready when they sleep; a moment is enough for the last ones.
        libc::sleep(1);
        libc::write(ready, c"x".as_ptr().cast(), 1);
        let mut polled = libc::pollfd { fd: bench, events: libc::POLLIN, revents: 0 };
        while libc::poll(&raw mut polled, 1, -1) != 1 {}
        Ok(())
    }
}

fn service(number: usize) -> io::Result<()> {
    // SAFETY: paths that end in NUL, places that the kernel chooses, and descriptors of our own.
    unsafe {
        let program = check(libc::open(c"/proc/self/exe".as_ptr(), libc::O_RDONLY))?;
        for page in 0..MAPPINGS {
            // Neighbours of the same kind would become one mapping.
            let access =
                if page % 2 == 0 { libc::PROT_READ } else { libc::PROT_READ | libc::PROT_EXEC };
            map(access, libc::MAP_PRIVATE, program, 4096 * (page % 30))?;
        }
        for _ in 0..DESCRIPTORS {
            check(libc::open(c"/dev/null".as_ptr(), libc::O_RDWR))?;
        }
        if number.is_multiple_of(10) {
            for piece in 0..PIECES {
                let access = if piece % 2 == 0 { libc::PROT_READ } else { libc::PROT_NONE };
                map(access, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)?;
            }
        }
        let memory = libc::open(c"/dev/shm/bench-00001".as_ptr(), libc::O_RDONLY);
        if number.is_multiple_of(100) && memory != -1 {
            map(libc::PROT_READ, libc::MAP_SHARED, memory, 0)?;
        }
    }
    Ok(())
}

/// # Safety
/// A descriptor that may be mapped, or none with MAP_ANONYMOUS.
unsafe fn map(access: i32, flags: i32, file: i32, from: usize) -> io::Result<()> {
    // SAFETY: the kernel chooses the place, so no memory of ours is covered.
    let place =
        unsafe { libc::mmap(ptr::null_mut(), 4096, access, flags, file, from as libc::off_t) };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `struct procmap_query` of <linux/fs.h>, as far as it is read: address asked for and where the mapping ends.
#[repr(C)]
struct Query {
    size: u64,
    flags: u64,
    address: u64,
    start: u64,
    end: u64,
    rest: [u64; 8],
}

/// COVERING_OR_NEXT and FILE_BACKED: private mappings hold a file, too.
const FLAGS: u64 = 0x10 | 0x20;

/// Asks for every mapping of a file and every descriptor of every process, on two threads.
pub fn floor() -> io::Result<usize> {
    on_two_threads(look)
}

/// Looks at every process, on two threads; the first argument is a descriptor of `/proc`.
pub fn on_two_threads(look: fn(libc::c_int, i32) -> usize) -> io::Result<usize> {
    let mut pids = Vec::new();
    // SAFETY: the path ends in NUL; the descriptor is ours and open to the end.
    let proc = check(unsafe { libc::open(c"/proc".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY) })?;
    entries(proc, |name| pids.extend(name.to_str().ok().and_then(|name| name.parse::<i32>().ok())));
    let (one, two) = pids.split_at(pids.len() / 2);
    let look = |pids: &[i32]| pids.iter().map(|pid| look(proc, *pid)).sum::<usize>();
    Ok(thread::scope(|scope| {
        let other = scope.spawn(|| look(two));
        look(one) + other.join().unwrap_or(0)
    }))
}

fn look(proc: libc::c_int, pid: i32) -> usize {
    let mut seen = 0;
    let path = |name: &str| format!("{pid}/{name}\0");
    let maps = path("maps");
    // SAFETY: the path ends in NUL, the structure is as the kernel has it, and the descriptors are ours.
    unsafe {
        let maps = libc::openat(proc, maps.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC);
        let mut query: Query = zeroed();
        (query.size, query.flags) = (size_of::<Query>() as u64, FLAGS);
        while libc::ioctl(maps, libc::_IOWR::<Query>(u32::from(b'f'), 17), &raw mut query) == 0 {
            seen += 1;
            query.address = query.end;
        }
        libc::close(maps);
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
        let table = libc::openat(proc, path("fd").as_ptr().cast(), flags);
        let mut facts: libc::stat = zeroed();
        entries(table, |name| {
            seen += usize::from(libc::fstatat(table, name.as_ptr(), &raw mut facts, 0) == 0);
        });
        libc::close(table);
    }
    seen
}

/// Hands the names of a directory to `each`, but `.` and `..`.
pub fn entries(directory: libc::c_int, mut each: impl FnMut(&CStr)) {
    let mut buffer = [0_u64; 1024];
    loop {
        // SAFETY: the buffer is aligned as the records ask for and as long as said.
        let got = unsafe {
            libc::syscall(
                libc::SYS_getdents64,
                directory,
                buffer.as_mut_ptr(),
                size_of_val(&buffer),
            )
        };
        let Some(got) = usize::try_from(got).ok().filter(|got| *got > 0) else { return };
        let mut at = 0;
        while at < got {
            // SAFETY: the kernel put whole records into the first `got` bytes: length at 16, name at 19.
            unsafe {
                let record = buffer.as_ptr().cast::<u8>().add(at);
                let name = CStr::from_ptr(record.add(19).cast());
                if !name.to_bytes().starts_with(b".") {
                    each(name);
                }
                at += usize::from(record.add(16).cast::<u16>().read());
            }
        }
    }
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
