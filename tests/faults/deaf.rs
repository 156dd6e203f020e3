//! File systems that never answer: FUSE, whose server reads no request, or no further one.

#![allow(unsafe_code)]

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use crate::env::TestEnv;
use crate::makers::{fifo, forking, fuse::Fuse, holder, sysv};

crate::cases![; SeveralUsers: a_file_system_below_tmp_that_never_answers_holds_nobody_up,
    a_fifo_that_is_open_on_a_file_system_that_falls_silent_holds_nobody_up,
    a_path_in_a_page_that_never_comes_is_not_read,
    a_path_in_ordinary_memory_is_read,
    a_process_that_never_gets_through_execve_holds_nobody_up,
    a_process_whose_memory_is_locked_for_ever_holds_nobody_up];

/// Looks that everybody makes.
const LOOKS: [&[&str]; 5] =
    [&["list"], &["list", "fifo"], &["list", "--all"], &["clean", "--dry-run"], &["limits"]];

/// Makes all of them. A run that waits for ever is killed after ten seconds, and the test fails.
fn look(env: &TestEnv) {
    for words in LOOKS {
        env.command(words).patience(10).run().any_code(&[0, 1]).1.says_not("panicked");
    }
}

fn a_file_system_below_tmp_that_never_answers_holds_nobody_up() {
    let env = TestEnv::new();
    let pipe = env.path("pipe");
    fifo::fifo(&pipe, 0o600);
    let deaf = env.path("deaf");
    let server = Fuse::mount(&deaf, "");
    server.fall_silent();
    look(&env);
    let list = || env.command(["list", "fifo"]).patience(10).run();
    list().any_code(&[0]).1.shows(&pipe);
    let complete = |typed: &str| env.command(["__complete", "--", "rm", typed]).patience(10).run();
    complete("fifo:").any_code(&[0]).1.shows(&pipe);
    complete(&format!("fifo:{deaf}/")).any_code(&[0]);
    // What was named is an error, and what is the user's own directory is counted.
    let show = env.command(["show", &format!("fifo:{deaf}/x")]).patience(10).run();
    show.code(1).says("its file system does not answer");
    let own = env.command(["list", "fifo"]).env("XDG_RUNTIME_DIR", format!("{deaf}/run"));
    own.patience(10).run().any_code(&[0]).1.shows(&pipe).says("1 directory could not be read");
}

fn a_fifo_that_is_open_on_a_file_system_that_falls_silent_holds_nobody_up() {
    let env = TestEnv::new();
    let other = env.path("other");
    fifo::fifo(&other, 0o600);
    let deaf = env.path("deaf");
    let server = Fuse::mount(&deaf, "");
    let _open = forking::undisturbed(|| {
        let mut options = File::options();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        options.open(format!("{deaf}/pipe")).unwrap()
    });
    env.run(["list", "fifo"]).any_code(&[0]).1.shows(&format!("{deaf}/pipe"));
    server.fall_silent();
    look(&env);
    let list = env.command(["list", "fifo"]).patience(10).run();
    list.any_code(&[0]).1.shows(&other).says("could not be read in the search for FIFOs");
}

/// Starts a process that waits to open a FIFO, whose path is in a mapping of `file`. Returns once it waits.
fn waits_with_its_path_in(file: &File, pipe: &str) -> libc::pid_t {
    // SAFETY: the kernel chooses the place.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ,
            libc::MAP_PRIVATE,
            file.as_raw_fd(),
            0,
        )
    };
    assert_ne!(page, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
    // SAFETY: the child makes system calls only.
    let child = forking::alone(|| unsafe { libc::fork() });
    if child == 0 {
        // SAFETY: the page begins with a path that ends in NUL.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::open(page.cast(), libc::O_RDONLY);
            libc::_exit(0);
        }
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    let wchan = format!("/proc/{child}/wchan");
    while fs::read_to_string(&wchan).unwrap_or_default() != "wait_for_partner" {
        assert!(Instant::now() < deadline, "it does not wait for {pipe}");
        std::thread::sleep(Duration::from_millis(2));
    }
    // SAFETY: numbers, and the place that was mapped above. The child has a mapping of its own.
    unsafe { libc::munmap(page, 4096) };
    child
}

fn end(child: libc::pid_t) {
    // SAFETY: numbers only; our own child.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
}

/// Drops the pages of a file from memory, as the kernel may at any time.
fn forget(file: &File, child: libc::pid_t) {
    // MADV_PAGEOUT through a pidfd takes the page out of the process that has it mapped.
    let maps = fs::read_to_string(format!("/proc/{child}/maps")).unwrap();
    let line = maps.lines().find(|line| line.ends_with("/text")).expect("the mapping");
    let start = usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap();
    // SAFETY: the vector outlives the call, which takes numbers beside it.
    unsafe {
        let pidfd = libc::syscall(libc::SYS_pidfd_open, child, 0);
        let vector = libc::iovec { iov_base: start as *mut _, iov_len: 4096 };
        libc::syscall(
            libc::SYS_process_madvise,
            pidfd,
            &raw const vector,
            1,
            libc::MADV_PAGEOUT,
            0,
        );
        libc::close(pidfd as libc::c_int);
        libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED);
    }
}

fn a_path_in_a_page_that_never_comes_is_not_read() {
    let env = TestEnv::new();
    let (pipe, other) = (env.path("pipe"), env.path("other"));
    fifo::fifo(&pipe, 0o600);
    fifo::fifo(&other, 0o600);
    let queue = sysv::queue(env.key(), 0o600);
    let deaf = env.path("deaf");
    let server = Fuse::mount(&deaf, &pipe);
    let text = forking::undisturbed(|| File::open(format!("{deaf}/text")).unwrap());
    let child = waits_with_its_path_in(&text, &pipe);
    server.fall_silent();
    forget(&text, child);
    look(&env);
    let list = env.command(["list", "--columns", "+state"]).patience(10).run();
    // One that cannot be read leaves FIFOs in doubt, and nothing else.
    list.any_code(&[0]).1.shows(&other).shows(&format!("mq:{queue}"));
    env.command(["show", &format!("fifo:{other}")]).patience(10).run().any_code(&[0]);
    let unused = env.command(["rm", "--unused", &format!("fifo:{pipe}")]).patience(10).run();
    assert_ne!(unused.any_code(&[1, 5, 6]).0, 0);
    assert!(std::path::Path::new(&pipe).exists());
    end(child);
    drop(server);
}

fn a_path_in_ordinary_memory_is_read() {
    let env = TestEnv::new();
    let pipe = env.path("pipe");
    fifo::fifo(&pipe, 0o600);
    let mut page = pipe.clone().into_bytes();
    page.resize(4096, 0);
    fs::write(env.path("text"), page).unwrap();
    let text = forking::undisturbed(|| File::open(env.path("text")).unwrap());
    let child = waits_with_its_path_in(&text, &pipe);
    let list = env.run(["list", "fifo", "--columns", "+waits"]);
    list.any_code(&[0]).1.shows(&pipe).shows(&child.to_string());
    assert_eq!(holder::state_of(i64::from(child)), 'S');
    end(child);
}

/// Starts a process that closes a file of a server in `execve(2)`, where it holds what every reader of its entries in `/proc` waits
/// for: that of ps(1), too. Only the end of the server ends that.
fn never_gets_through_execve(server: &Fuse, file: &str) -> libc::pid_t {
    let file = std::ffi::CString::new(file).unwrap();
    // SAFETY: the child makes system calls only, with strings that end in NUL.
    let child = forking::alone(|| unsafe { libc::fork() });
    if child == 0 {
        let words = [c"sleep".as_ptr(), c"1000".as_ptr(), std::ptr::null()];
        // SAFETY: as above; the list of words ends with a null pointer.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::open(file.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            libc::execv(c"/bin/sleep".as_ptr(), words.as_ptr());
            libc::_exit(1);
        }
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while !server.is_closing() {
        assert!(Instant::now() < deadline, "it does not close its file");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn a_process_that_never_gets_through_execve_holds_nobody_up() {
    let env = TestEnv::readable();
    let pipe = env.path("pipe");
    fifo::fifo(&pipe, 0o600);
    let _open = forking::undisturbed(|| {
        let mut options = File::options();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        options.open(&pipe).unwrap()
    });
    fs::write("/dev/shm/left", b"x").unwrap();
    let deaf = env.path("deaf");
    let server = Fuse::mount_that_lets_nobody_close(&deaf);
    let child = never_gets_through_execve(&server, &format!("{deaf}/text"));
    let run = |words: &[&str]| env.command(words).patience(10).run();
    let told = format!("1 process does not answer: {child} (");
    // Of the others everything is known, and of this one nothing.
    let list = run(&["list", "--all", "--columns", "+used-by,state"]).any_code(&[0, 1]).1;
    list.says(&told).shows(&pipe).shows(&std::process::id().to_string());
    let state = run(&["list", "shm:/left", "--columns", "state", "--no-headings"]);
    state.any_code(&[0]).1.shows("unknown");
    run(&["clean", "--yes", "--grace", "0", "--suspect"]).any_code(&[0, 1]).1.says(&told);
    assert!(std::path::Path::new("/dev/shm/left").exists());
    run(&["list", "--pid", &child.to_string()]).code(1).says("does not answer");
    run(&["show", &format!("pid:{child}")]).code(1).says("does not answer");
    run(&["list", "pid", "--all"]).any_code(&[0]).1.says(&told);
    run(&["__complete", "--", "rm", "fifo:"]).ok().shows(&pipe).says_not("answer");
    // Its files are closed to others, and to look at them is to wait all the same.
    let run = |words: &[&str]| env.command(words).by_user(65534).patience(10).run();
    for words in [&["list"][..], &["list", "--all"], &["list", "pid", "--all"]] {
        run(words).any_code(&[0, 1]).1.says(&told);
    }
    run(&["show", &format!("pid:{child}")]).code(1).says("does not answer");
    drop(server);
    env.run(["list", "--all"]).any_code(&[0]).1.says_not("does not answer");
    end(child);
}

/// Starts a process of which one thread takes a page out of memory that a server does not take back, and another waits to map
/// one meanwhile: then nobody else gets at its memory, or at its command line.
fn locks_its_memory_for_ever(server: &Fuse, file: &str) -> libc::pid_t {
    let file = std::ffi::CString::new(file).unwrap();
    let map = |file, flags| {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the kernel chooses the place.
        unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, flags, file, 0) as usize }
    };
    // SAFETY: the child goes on alone, and nothing in it waits for a thread that it has not.
    let child = forking::alone(|| unsafe { libc::fork() });
    if child == 0 {
        // SAFETY: the path ends in NUL; the page that is written to and taken away is the one that was mapped.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            let page = map(libc::open(file.as_ptr(), libc::O_RDWR), libc::MAP_SHARED);
            *(page as *mut u8) = 1;
            std::thread::spawn(move || libc::munmap(page as *mut _, 4096));
            std::thread::spawn(move || {
                libc::usleep(100_000);
                map(-1, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)
            });
            loop {
                libc::pause();
            }
        }
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    let sleeps_deeply = |task: &fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        status.contains("State:\tD")
    };
    let tasks = || fs::read_dir(format!("/proc/{child}/task")).unwrap().flatten();
    while !server.is_closing() || tasks().filter(sleeps_deeply).count() < 2 {
        assert!(Instant::now() < deadline, "its threads do not wait");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn a_process_whose_memory_is_locked_for_ever_holds_nobody_up() {
    let env = TestEnv::readable();
    fs::write("/dev/shm/left", b"x").unwrap();
    let deaf = env.path("deaf");
    let server = Fuse::mount_that_lets_nobody_close(&deaf);
    let child = locks_its_memory_for_ever(&server, &format!("{deaf}/text"));
    let run = |words: &[&str]| env.command(words).patience(10).run();
    let told = format!("1 process does not answer: {child} (");
    // What it has mapped can still be read.
    run(&["list", "--columns", "+used-by,state"]).any_code(&[0]).1.shows("shm:/left");
    run(&["list", "pid", "--all"]).any_code(&[0]).1.says(&told);
    run(&["clean", "--yes", "--grace", "0", "--suspect"]).any_code(&[0, 1]).1.says(&told);
    run(&["show", &format!("pid:{child}")]).code(1).says("does not answer");
    drop(server);
    end(child);
}
