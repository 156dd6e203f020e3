//! The kinds as the conformance suite sees them: how to name one, make one by plain system calls,
//! and ask the kernel what became of it. A new kind is one more entry here.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use crate::env::TestEnv;
use crate::makers::{fifo, lock, mapped, nameless, pipe, posix, process, sock, sysv};

/// One kind.
#[derive(Clone, Copy)]
pub struct Subject {
    pub kind: &'static str,
    pub facility: &'static str,
    pub family: &'static str,
    /// Options that `create` needs to make a small one.
    pub options: &'static [&'static str],
    /// An option of `create` that the kind does not have, a value for it, and the kinds that do have it.
    pub lacking: (&'static str, &'static str, &'static [&'static str]),
    /// What the column CONTENT says of a new one made by `make`.
    pub content: &'static str,
    /// An address of a new object, of a name that the user chooses.
    pub fresh: fn(&TestEnv) -> String,
    /// Makes the object that a fresh address names, and tells its address as it is printed.
    pub make: fn(&str, u32) -> String,
}

pub const SUBJECTS: [Subject; 7] = [
    Subject {
        kind: "sysv-shm",
        facility: "shm",
        family: "sysv",
        options: &["--size", "4096"],
        lacking: ("--value", "1", &["sysv-sem", "posix-sem"]),
        content: "0 attached",
        fresh: |env| format!("shm:{:#x}", env.key()),
        make: |address, mode| format!("shm:{}", sysv::segment(key_of(address), 4096, bits(mode))),
    },
    Subject {
        kind: "sysv-mq",
        facility: "mq",
        family: "sysv",
        options: &[],
        lacking: ("--max-messages", "3", &["posix-mq"]),
        content: "0 msgs",
        fresh: |env| format!("mq:{:#x}", env.key()),
        make: |address, mode| format!("mq:{}", sysv::queue(key_of(address), bits(mode))),
    },
    Subject {
        kind: "sysv-sem",
        facility: "sem",
        family: "sysv",
        options: &["--count", "3"],
        lacking: ("--max-bytes", "4096", &["sysv-mq"]),
        content: "3 sems",
        fresh: |env| format!("sem:{:#x}", env.key()),
        make: |address, mode| format!("sem:{}", sysv::set(key_of(address), 3, bits(mode))),
    },
    Subject {
        kind: "posix-shm",
        facility: "shm",
        family: "posix",
        options: &["--size", "4096"],
        lacking: ("--count", "2", &["sysv-sem"]),
        content: "",
        fresh: |env| format!("shm:/memory-{}", env.key()),
        make: |address, mode| {
            posix::shared_memory(name_of(address), 4096, mode);
            address.to_owned()
        },
    },
    Subject {
        kind: "posix-mq",
        facility: "mq",
        family: "posix",
        options: &["--max-messages", "4", "--message-size", "64"],
        lacking: ("--max-bytes", "4096", &["sysv-mq"]),
        content: "0/4 msgs",
        fresh: |env| format!("mq:/queue-{}", env.key()),
        make: |address, mode| {
            posix::message_queue(name_of(address), 4, 64, mode);
            address.to_owned()
        },
    },
    Subject {
        kind: "posix-sem",
        facility: "sem",
        family: "posix",
        options: &["--value", "3"],
        lacking: ("--size", "4096", &["sysv-shm", "posix-shm"]),
        content: "value 3",
        fresh: |env| format!("sem:/gate-{}", env.key()),
        make: |address, mode| {
            posix::semaphore(name_of(address), 3, mode);
            address.to_owned()
        },
    },
    Subject {
        kind: "fifo",
        facility: "fifo",
        family: "file",
        options: &[],
        lacking: ("--value", "1", &["sysv-sem", "posix-sem"]),
        content: "",
        fresh: |env| format!("fifo:{}", env.path(&format!("pipe-{}", env.key()))),
        make: |address, mode| {
            fifo::fifo(name_of(address), mode);
            address.to_owned()
        },
    },
];

/// Kinds that are listed only when they are asked for, and that live with processes.
pub const REQUESTED: [Subject; 10] = [
    Subject {
        kind: "word",
        facility: "shm",
        family: "word",
        options: &[],
        lacking: ("--size", "1", &[]),
        content: "semaphore",
        fresh: crate::kinds::words::waited,
        make: |address, mode| {
            use std::os::unix::fs::PermissionsExt;
            let path = format!("/dev/shm{}", memory_of(address));
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            address.to_owned()
        },
    },
    Subject {
        kind: "nameless-mq",
        facility: "mq",
        family: "kernel",
        options: &[],
        lacking: ("--value", "1", &[]),
        content: "0/4 msgs",
        fresh: |env| nameless::kept_queue(&format!("/kept-{}", env.key()), 0o600),
        make: |address, mode| {
            nameless::set_mode(address, mode);
            address.to_owned()
        },
    },
    Subject {
        kind: "nameless-sem",
        facility: "sem",
        family: "kernel",
        options: &[],
        lacking: ("--size", "1", &[]),
        content: "value 3",
        fresh: |env| nameless::kept_semaphore(&format!("/kept-{}", env.key()), 0o600),
        make: |address, mode| {
            nameless::set_mode(address, mode);
            address.to_owned()
        },
    },
    Subject {
        kind: "map",
        facility: "map",
        family: "file",
        options: &[],
        lacking: ("--value", "1", &[]),
        content: "1 mapped",
        fresh: |env| format!("map:{}", env.path(&format!("mapped-{}", env.key()))),
        make: |address, mode| {
            mapped::mapped(name_of(address), mode);
            address.to_owned()
        },
    },
    Subject {
        kind: "nameless-shm",
        facility: "shm",
        family: "kernel",
        options: &[],
        lacking: ("--value", "1", &[]),
        content: "0 B allocated",
        fresh: |_| nameless::kept("fresh"),
        make: |address, mode| {
            nameless::set_mode(address, mode);
            address.to_owned()
        },
    },
    SOCKET,
    PORT,
    Subject {
        kind: "lock",
        facility: "lock",
        family: "file",
        options: &[],
        lacking: ("--size", "1", &[]),
        content: "1 held",
        fresh: |env| format!("lock:{}", env.path(&format!("lock-{}", env.key()))),
        make: |address, mode| {
            lock::locked(name_of(address), mode);
            address.to_owned()
        },
    },
    Subject {
        kind: "pipe",
        facility: "pipe",
        family: "kernel",
        options: &[],
        lacking: ("--size", "1", &[]),
        content: "0 B queued",
        fresh: |_| format!("pipe:[{}]", pipe::kept().inode()),
        make: |address, mode| {
            let inode = name_of(address).trim_matches(['[', ']']);
            pipe::set_mode(inode.parse().unwrap(), mode);
            format!("pipe:{inode}")
        },
    },
    Subject {
        kind: "pid",
        facility: "pid",
        family: "kernel",
        options: &[],
        lacking: ("--size", "1", &[]),
        content: "",
        fresh: |_| format!("pid:{}", process::stopped()),
        make: |address, _| address.to_owned(),
    },
];

/// A socket file is listed on its own when no socket is bound to it.
const SOCKET: Subject = Subject {
    kind: "unix-sock",
    facility: "sock",
    family: "unix",
    options: &[],
    lacking: ("--size", "1", &[]),
    content: "listening 0/",
    fresh: |env| format!("sock:{}", env.path(&format!("socket-{}", env.key()))),
    make: |address, mode| {
        sock::lasting(name_of(address), mode);
        address.to_owned()
    },
};

/// Internet sockets have neither group nor mode nor age.
const PORT: Subject = Subject {
    kind: "inet-sock",
    facility: "sock",
    family: "inet",
    options: &[],
    lacking: ("--size", "1", &[]),
    content: "listening 0/",
    fresh: |_| format!("sock:tcp:{}", sock::free_place()),
    make: |address, _| {
        sock::lasting_listener(place_of(address));
        address.to_owned()
    },
};

fn place_of(address: &str) -> &str {
    name_of(address).strip_prefix("tcp:").unwrap()
}

/// What the kernel says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Bytes of memory, members of a set, bytes that a queue may hold: what a second `create` could change.
    pub extent: u64,
    /// The inode or id: another object under the same name has another one.
    pub identity: u64,
}

impl Subject {
    /// Returns true if objects of the kind are there as long as processes hold them, and only these show them.
    pub fn lives_with_processes(&self) -> bool {
        matches!(self.kind, "lock" | "map" | "word")
            || self.family == "kernel" && self.kind != "pid"
    }

    /// Returns true if objects of the kind have a group, a mode and an age.
    pub fn has_file(&self) -> bool {
        !matches!(self.kind, "inet-sock" | "pid")
    }

    /// How a mode is shown, or what stands for none.
    pub fn mode(&self, mode: &'static str, none: &'static str) -> &'static str {
        if self.has_file() { mode } else { none }
    }

    /// The same in JSON.
    pub fn json_mode(&self, mode: &str) -> serde_json::Value {
        if self.has_file() { mode.into() } else { serde_json::Value::Null }
    }

    /// A new object of this kind, made by plain system calls: its address as it is printed.
    pub fn made(&self, env: &TestEnv) -> String {
        self.made_with(env, 0o600)
    }

    pub fn made_with(&self, env: &TestEnv, mode: u32) -> String {
        (self.make)(&(self.fresh)(env), mode)
    }

    /// `create ADDRESS OPTIONS`.
    pub fn create_arguments(&self, address: &str) -> Vec<String> {
        let options = self.options.iter().map(|option| (*option).to_owned());
        ["create".to_owned(), address.to_owned()].into_iter().chain(options).collect()
    }

    /// What the kernel says of the object with this printed address; `None` when there is none.
    pub fn state(&self, address: &str) -> Option<State> {
        let locator = name_of(address);
        let found = match self.kind {
            "sysv-shm" => sysv::segment_status(id_of(address)).map(|one| State {
                mode: u32::from(one.shm_perm.mode) & 0o777,
                uid: one.shm_perm.uid,
                gid: one.shm_perm.gid,
                extent: one.shm_segsz as u64,
                identity: id_of(address).unsigned_abs().into(),
            }),
            "sysv-mq" => sysv::queue_status(id_of(address)).map(|one| State {
                mode: u32::from(one.msg_perm.mode) & 0o777,
                uid: one.msg_perm.uid,
                gid: one.msg_perm.gid,
                extent: one.msg_qbytes,
                identity: id_of(address).unsigned_abs().into(),
            }),
            "sysv-sem" => sysv::set_status(id_of(address)).map(|one| State {
                mode: u32::from(one.sem_perm.mode) & 0o777,
                uid: one.sem_perm.uid,
                gid: one.sem_perm.gid,
                extent: one.sem_nsems,
                identity: id_of(address).unsigned_abs().into(),
            }),
            "posix-shm" => file_state(&format!("/dev/shm{locator}"), fs::FileType::is_file),
            "posix-sem" => {
                file_state(&format!("/dev/shm/sem.{}", &locator[1..]), fs::FileType::is_file)
            }
            "posix-mq" => file_state(&format!("/dev/mqueue{locator}"), fs::FileType::is_file),
            "fifo" => file_state(locator, FileTypeExt::is_fifo),
            "inet-sock" => sock::is_taken(place_of(address)).map(|()| State {
                mode: 0,
                uid: 0,
                gid: 0,
                extent: 0,
                identity: 0,
            }),
            "unix-sock" => file_state(locator, FileTypeExt::is_socket),
            "pid" => file_state(&format!("/proc/{locator}"), fs::FileType::is_dir),
            "word" => file_state(&format!("/dev/shm{}", memory_of(address)), fs::FileType::is_file),
            "lock" | "map" | "skeleton" => file_state(locator, fs::FileType::is_file),
            "nameless-mq" | "nameless-sem" | "nameless-shm" => {
                nameless::facts(address).map(|facts| state_of(&facts))
            }
            "pipe" => pipe::facts(locator.parse().unwrap()).map(|facts| state_of(&facts)),
            other => panic!("no kind {other}"),
        };
        match found {
            Ok(state) => Some(state),
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(libc::ENOENT | libc::EINVAL | libc::EIDRM)
                ) =>
            {
                None
            }
            Err(error) => panic!("{address}: {error}"),
        }
    }
}

fn file_state(path: &str, is_right: fn(&fs::FileType) -> bool) -> io::Result<State> {
    let facts = fs::symlink_metadata(path)?;
    assert!(is_right(&facts.file_type()), "{path} is a file of another type");
    Ok(state_of(&facts))
}

fn state_of(facts: &fs::Metadata) -> State {
    State {
        mode: facts.mode() & 0o7777,
        uid: facts.uid(),
        gid: facts.gid(),
        extent: facts.size(),
        identity: facts.ino(),
    }
}

/// The kind that `src/kinds/skeleton.rs` adds: it can only be looked at.
pub const SKELETON: Subject = Subject {
    kind: "skeleton",
    facility: "skeleton",
    family: "file",
    options: &[],
    lacking: ("--size", "1", &[]),
    content: "",
    fresh: |env| format!("skeleton:/dev/shm/skeleton/{}", env.key()),
    make: |address, mode| {
        use std::os::unix::fs::PermissionsExt;
        let path = name_of(address);
        fs::create_dir_all("/dev/shm/skeleton").unwrap();
        fs::write(path, "bone").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        address.to_owned()
    },
};

/// Every kind that the program under test has.
pub fn subjects() -> impl Iterator<Item = Subject> {
    SUBJECTS.into_iter().chain(REQUESTED).chain(cfg!(feature = "skeleton").then_some(SKELETON))
}

/// What stands before the offset of a word.
fn memory_of(address: &str) -> &str {
    name_of(address).rsplit_once('+').unwrap().0
}

/// What follows the facility.
pub fn name_of(address: &str) -> &str {
    address.split_once(':').unwrap().1
}

pub fn id_of(address: &str) -> libc::c_int {
    name_of(address).parse().unwrap()
}

pub fn key_of(address: &str) -> u32 {
    u32::from_str_radix(name_of(address).trim_start_matches("0x"), 16).unwrap()
}

fn bits(mode: u32) -> libc::c_int {
    libc::c_int::try_from(mode).unwrap()
}
