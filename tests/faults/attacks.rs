//! Attackers who may change the directories that a path leads through, or who plant what looks like ours. Each run is a
//! race: a few are made here, and as many as `IPCCTL_ATTACKS` says where it is set.

#![allow(unsafe_code)]

use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::time::{Duration, Instant};

use crate::env::TestEnv;
use crate::makers::holder::{self, Holder};
use crate::makers::{c_string, fifo};

crate::cases![
    ; SeveralUsers:
    removal_by_way_of_a_directory_that_flips_touches_no_file_elsewhere,
    creation_by_way_of_a_directory_that_flips_changes_no_file_elsewhere,
    a_name_that_is_swapped_while_a_fifo_is_made_gives_nothing_away,
    a_planted_quarantine_is_left_alone,
    a_directory_without_a_mark_is_left_alone_and_told,
    memory_under_a_lease_that_is_never_given_back_holds_nobody_up
];

const ATTACKER: u32 = 1234;

/// How many runs are made.
pub fn runs(sample: usize) -> usize {
    let asked = std::env::var("IPCCTL_ATTACKS");
    asked.map_or(sample, |runs| runs.parse().expect("IPCCTL_ATTACKS is a number"))
}

/// Exchanges two names for ever, as the attacker.
fn flipping(one: &str, two: &str) -> Holder {
    let [one, two] = [one, two].map(|path| c_string(path.as_bytes()));
    holder::churning_as(ATTACKER, move || {
        loop {
            // SAFETY: NUL-terminated strings and numbers.
            unsafe {
                libc::renameat2(
                    libc::AT_FDCWD,
                    one.as_ptr(),
                    libc::AT_FDCWD,
                    two.as_ptr(),
                    libc::RENAME_EXCHANGE,
                );
            }
        }
    })
}

/// A directory of root's, and one of the attacker's in which a name is a directory of his or leads to root's, by turns.
struct Flipping {
    elsewhere: String,
    /// What flips.
    way: String,
    /// The attacker's directory, wherever it is.
    own: String,
    _directory: File,
    _flipper: Holder,
}

impl Flipping {
    fn new(env: &TestEnv) -> Self {
        let (elsewhere, own) = (env.path("elsewhere"), env.path("own"));
        fs::create_dir(&elsewhere).unwrap();
        for path in [own.clone(), format!("{own}/way")] {
            fs::create_dir(&path).unwrap();
            chown(&path, Some(ATTACKER), Some(ATTACKER)).unwrap();
        }
        symlink(&elsewhere, format!("{own}/link")).unwrap();
        let directory = File::open(format!("{own}/way")).unwrap();
        let flipper = flipping(&format!("{own}/way"), &format!("{own}/link"));
        Self {
            elsewhere,
            way: format!("{own}/way"),
            own: format!("/proc/self/fd/{}", directory.as_raw_fd()),
            _directory: directory,
            _flipper: flipper,
        }
    }
}

/// What a file is, where a change of name would show, too.
fn identity(path: &str) -> (u64, u32, u32, i64, i64) {
    let file = fs::symlink_metadata(path).unwrap();
    (file.ino(), file.mode(), file.uid(), file.ctime(), file.ctime_nsec())
}

fn removal_by_way_of_a_directory_that_flips_touches_no_file_elsewhere() {
    let env = TestEnv::readable();
    let flips = Flipping::new(&env);
    let precious = format!("{}/passwd", flips.elsewhere);
    fs::write(&precious, "content").unwrap();
    let before = identity(&precious);
    let (address, own) = (format!("fifo:{}/passwd", flips.way), format!("{}/passwd", flips.own));
    let mut removed = [0; 2];
    for run in 0..runs(80) {
        if !fs::exists(&own).unwrap() {
            fifo::fifo(&own, 0o600);
        }
        let words: &[&str] = [&["rm"][..], &["rm", "--unused"]][run % 2];
        let done = env.run(words.iter().chain(&[&*address])).any_code(&[0, 1, 3]).0;
        removed[run % 2] += usize::from(done == 0);
        assert_eq!(identity(&precious), before);
    }
    assert!(removed.iter().all(|count| *count > 0), "{removed:?} were removed");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "content");
    assert_eq!(fs::read_dir(&flips.elsewhere).unwrap().count(), 1);
}

fn creation_by_way_of_a_directory_that_flips_changes_no_file_elsewhere() {
    let env = TestEnv::new();
    let flips = Flipping::new(&env);
    let precious = format!("{}/control", flips.elsewhere);
    fifo::fifo(&precious, 0o600);
    let before = identity(&precious);
    let address = format!("fifo:{}/control", flips.way);
    let mut made = 0;
    for _ in 0..runs(80) {
        let run = env.run(["create", &address, "--mode", "0666", "--owner", "1234"]);
        if run.any_code(&[0, 1, 6]).0 == 0 {
            made += 1;
            let own = identity(&format!("{}/control", flips.own));
            assert_eq!((own.1 & 0o7777, own.2), (0o666, ATTACKER));
        }
        assert_eq!(identity(&precious), before);
        let _ = fs::remove_file(format!("{}/control", flips.own));
    }
    assert!(made > 0, "nothing was ever made");
}

// A FIFO of root's has a second name in the attacker's directory, and takes the place of the one that is made.
fn a_name_that_is_swapped_while_a_fifo_is_made_gives_nothing_away() {
    let env = TestEnv::new();
    let own = env.path("own");
    fs::create_dir(&own).unwrap();
    chown(&own, Some(ATTACKER), Some(ATTACKER)).unwrap();
    let precious = env.path("precious");
    fifo::fifo(&precious, 0o600);
    fs::hard_link(&precious, format!("{own}/second")).unwrap();
    let owner = || {
        let file = fs::symlink_metadata(&precious).unwrap();
        (file.uid(), file.mode() & 0o7777)
    };
    let _flipper = flipping(&format!("{own}/second"), &format!("{own}/control"));
    let mut made = 0;
    for _ in 0..runs(80) {
        let address = format!("fifo:{own}/control");
        let run = env.run(["create", &address, "--mode", "0666", "--owner", "1234"]);
        made += usize::from(run.any_code(&[0, 1, 6]).0 == 0);
        assert_eq!(owner(), (0, 0o600));
        leave_second(&precious, &own);
    }
    assert!(made > 0, "nothing was ever made");
}

/// Removes what was made, whichever name it has by now, and leaves one name for the FIFO that counts.
fn leave_second(precious: &str, own: &str) {
    let inode = fs::metadata(precious).unwrap().ino();
    let paths = ["second", "control"].map(|name| format!("{own}/{name}"));
    loop {
        let found = paths.iter().filter_map(|path| Some((path, fs::symlink_metadata(path).ok()?)));
        match &*found.collect::<Vec<_>>() {
            [] => return fs::hard_link(precious, &paths[0]).unwrap(),
            [(path, file)] if file.ino() == inode => return fs::rename(path, &paths[0]).unwrap(),
            found => {
                let made = found.iter().find(|(_, file)| file.ino() != inode);
                made.iter().for_each(|(path, _)| drop(fs::remove_file(path)));
            }
        }
    }
}

/// A private directory of root's with a secret in it, which the attacker may rename.
fn secret_directory(parent: &str) -> String {
    let directory = format!("{parent}/.ipcctl-0");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
    for name in ["secret", "f"] {
        fs::write(format!("{directory}/{name}"), name).unwrap();
        fs::set_permissions(format!("{directory}/{name}"), Permissions::from_mode(0o600)).unwrap();
    }
    directory
}

fn a_planted_quarantine_is_left_alone() {
    let env = TestEnv::readable();
    for (name, mode) in [("plain", 0o755), ("sticky", 0o1777), ("open", 0o777)] {
        let own = env.path(name);
        fs::create_dir(&own).unwrap();
        chown(&own, Some(ATTACKER), Some(ATTACKER)).unwrap();
        fs::set_permissions(&own, Permissions::from_mode(mode)).unwrap();
        let secret = secret_directory(&own);
        // As an earlier run would have marked it.
        let inode = fs::metadata(&secret).unwrap().ino();
        symlink(format!("ipcctl quarantine {inode}"), format!("{secret}/.ipcctl-0")).unwrap();
        let fifo = format!("{own}/f");
        fifo::fifo(&fifo, 0o600);
        env.run(["rm", "--unused", &format!("fifo:{fifo}")]).ok();
        assert!(!fs::exists(&fifo).unwrap(), "{name}: it is removed in its place");
        for file in ["secret", "f"] {
            assert_eq!(fs::read_to_string(format!("{secret}/{file}")).unwrap(), file, "{name}");
        }
        let names = fs::read_dir(&own).unwrap().count();
        assert_eq!(names, 1, "{name}: nothing came out, and no quarantine is left");
    }
}

fn a_directory_without_a_mark_is_left_alone_and_told() {
    let env = TestEnv::new();
    let secret = secret_directory("/dev/shm");
    // A mark of another directory is none.
    symlink("ipcctl quarantine 1", format!("{secret}/.ipcctl-0")).unwrap();
    let run = env.run(["clean", "--yes", "--grace", "0", "shm"]).code(0);
    run.says("/dev/shm/.ipcctl-0 is left alone: it has no mark");
    assert_eq!(fs::read_to_string(format!("{secret}/secret")).unwrap(), "secret");
    // A run that was killed before it had marked its own has left it empty.
    fs::create_dir("/dev/shm/.ipcctl-1").unwrap();
    fs::set_permissions("/dev/shm/.ipcctl-1", Permissions::from_mode(0o700)).unwrap();
    env.run(["clean", "--yes", "--grace", "0", "shm"]).code(0);
    assert!(!fs::exists("/dev/shm/.ipcctl-1").unwrap());
}

// Whoever opens it without O_NONBLOCK waits for as long as the kernel lets a lease be broken: 45 seconds.
fn memory_under_a_lease_that_is_never_given_back_holds_nobody_up() {
    let env = TestEnv::new();
    let path = c_string(b"/dev/shm/leased");
    let _attacker = holder::holding_as(ATTACKER, || {
        // SAFETY: a NUL-terminated string and numbers; the descriptor is open to the end of the process.
        unsafe {
            libc::signal(libc::SIGIO, libc::SIG_IGN);
            let file = libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CREAT, 0o666);
            assert_eq!(libc::fcntl(file, libc::F_SETLEASE, libc::F_WRLCK), 0);
        }
    });
    let begin = Instant::now();
    env.run(["clean", "--yes", "--grace", "0", "--suspect=all", "shm"]).ok();
    env.run(["list", "shm", "--columns", "address,state,used-by"]).ok().shows("in-use");
    env.run(["show", "shm:/leased"]).ok();
    env.run(["rm", "--unused", "shm:/leased"]).code(1).says("in use");
    assert!(begin.elapsed() < Duration::from_secs(40), "a run waited for the lease");
    assert!(fs::exists("/dev/shm/leased").unwrap());
}
