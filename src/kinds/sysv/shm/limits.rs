//! The kernel's limits on segments: what they are, how much is used, and which of them a refusal means.

use std::io;
use std::path::Path;

use super::super::{fault, limit_reached, remove_or_raise};
use crate::kinds::capability::Query;
use crate::model::{Class, Fault, Limit, Object, Shortage, Use, Value, Who};
use crate::sys::shm;

pub(super) fn limits(look: &Query) -> Vec<Limit> {
    let usage = shm::usage();
    let limits = shm::limits();
    let limit = |value: fn(&shm::Limits) -> Value| match &limits {
        Ok(limits) => value(limits),
        Err(error) => Value::Unknown(Fault::reason(error)),
    };
    let used = |value: fn(&shm::Usage) -> Value| match &usage {
        Ok(usage) => value(usage),
        Err(error) => Value::Unknown(Fault::reason(error)),
    };
    vec![
        Limit {
            name: "SHMMNI",
            about: "segments",
            limit: limit(|limits| Value::Count(limits.max_segments)),
            used: used(|usage| Value::Count(usage.used_ids.unsigned_abs().into())),
            who: Who::OWNERS,
            knob: "kernel.shmmni",
        },
        Limit {
            name: "SHMALL",
            about: "pages in all segments",
            limit: limit(|limits| Value::Count(limits.max_pages)),
            used: used(|usage| Value::Count(usage.pages)),
            who: Who::Owners(pages),
            knob: "kernel.shmall",
        },
        Limit {
            name: "SHMMAX",
            about: "bytes in one segment",
            limit: limit(|limits| Value::Bytes(limits.max_bytes)),
            used: Value::None("none"),
            who: Who::Nobody,
            knob: "kernel.shmmax",
        },
        Limit {
            name: "SHM_RMID_FORCED",
            about: "whether unattached segments go when their maker ends",
            limit: match is_rmid_forced(look) {
                Ok(forced) => Value::Flag(forced),
                Err(error) => Value::Unknown(Fault::reason(&error)),
            },
            used: Value::None("none"),
            who: Who::Nobody,
            knob: "kernel.shm_rmid_forced",
        },
    ]
}

/// Whether the kernel removes a segment as soon as its maker has ended and no process has it attached: `proc(5)`.
pub(super) fn is_rmid_forced(look: &Query) -> io::Result<bool> {
    Ok(std::fs::read(look.proc.join("sys/kernel/shm_rmid_forced"))?.starts_with(b"1"))
}

/// What a refusal of shmget(2) means, for so many bytes in huge pages of a size, or in ordinary ones.
pub(super) fn create_fault(
    error: &io::Error,
    look: &Query,
    (size, huge): (u64, Option<u64>),
) -> Fault {
    let pages = size.div_ceil(procfs::page_size());
    match (error.raw_os_error(), shm::limits(), shm::usage()) {
        (Some(libc::EINVAL), _, _) if huge.is_some() => {
            Fault::usage("the kernel has no huge pages of that size")
                .hint("see /sys/kernel/mm/hugepages")
        }
        (Some(libc::EINVAL), _, _) if size == 0 => Fault::usage("a segment has at least one byte"),
        (Some(libc::EINVAL), Ok(limits), _) if size > limits.max_bytes => Fault::new(
            Class::Limit,
            format!("a segment has at most {} bytes (SHMMAX), not {size}", limits.max_bytes),
        )
        .hint("raise kernel.shmmax"),
        (Some(libc::ENOSPC), Ok(limits), Ok(usage)) => limit_reached(&[
            Shortage {
                name: "SHMALL",
                unit: " pages",
                used: Use::Exactly(usage.pages),
                limit: limits.max_pages,
                more: pages,
                hint: remove_or_raise("shm", "kernel.shmall"),
            },
            Shortage {
                name: "SHMMNI",
                unit: "",
                used: Use::Exactly(usage.used_ids.unsigned_abs().into()),
                limit: limits.max_segments,
                more: 1,
                hint: remove_or_raise("shm", "kernel.shmmni"),
            },
        ]),
        (Some(libc::ENOMEM), _, _) => match huge {
            Some(page) => huge_shortage(size, page),
            None => memory_shortage(look, size),
        }
        .map_or_else(|| Fault::from_os(error), |short| short.fault()),
        (Some(libc::EPERM), _, _) => Fault::new(Class::Denied, "huge pages need CAP_IPC_LOCK")
            .hint_of_user("run as root or as a member of the group in vm.hugetlb_shm_group"),
        (Some(libc::EEXIST | libc::EACCES), _, _) => Fault::from_os(error),
        _ => fault(error),
    }
}

/// The pages of a segment, as the kernel counts them.
fn pages(object: &Object) -> u64 {
    match object.size {
        Value::Bytes(bytes) => bytes.div_ceil(procfs::page_size()),
        _ => 0,
    }
}

fn number_in(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Why so many bytes were not to be had: what may be promised in all is a limit where overcommitting is off
/// (`proc_sys_vm(5)`), and else what there is of memory and swap.
fn memory_shortage(look: &Query, size: u64) -> Option<Shortage> {
    let text = std::fs::read_to_string(look.proc.join("meminfo")).ok()?;
    let bytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kilobytes.checked_mul(1024)
    };
    let strict = number_in(&look.proc.join("sys/vm/overcommit_memory")) == Some(2);
    let short = |name, used, limit, hint: &str| {
        let hint = hint.to_owned();
        let short = Shortage { name, unit: " bytes", used, limit, more: size, hint };
        Some(short).filter(Shortage::is_short)
    };
    if strict {
        let used = Use::Exactly(bytes("Committed_AS")?);
        short("CommitLimit", used, bytes("CommitLimit")?, "raise vm.overcommit_ratio, or add swap")
    } else {
        let all = bytes("MemTotal")?.saturating_add(bytes("SwapTotal")?);
        short("the size of memory and swap", Use::Unknown, all, "add swap, or ask for less")
    }
}

/// Why huge pages of this size were not to be had.
fn huge_shortage(size: u64, page: u64) -> Option<Shortage> {
    let directory = format!("/sys/kernel/mm/hugepages/hugepages-{}kB", page / 1024);
    let pages = |name: &str| number_in(&Path::new(&directory).join(name));
    let (all, free) = (pages("nr_hugepages")?, pages("free_hugepages")?);
    let (promised, extra) = (pages("resv_hugepages")?, pages("nr_overcommit_hugepages")?);
    Some(Shortage {
        name: "vm.nr_hugepages",
        unit: " huge pages",
        used: Use::Exactly(all.saturating_sub(free).saturating_add(promised)),
        limit: all.saturating_add(extra),
        more: size.div_ceil(page),
        hint: "raise vm.nr_hugepages".to_owned(),
    })
}

/// What a refusal of SHM_LOCK means.
pub(super) fn lock_fault(error: &io::Error) -> Fault {
    match error.raw_os_error() {
        Some(libc::ENOMEM) => Fault::new(Class::Limit, "locking it would exceed RLIMIT_MEMLOCK")
            .hint("raise it with ulimit -l, or run with CAP_IPC_LOCK"),
        Some(libc::EPERM) => Fault::new(Class::Denied, "permission denied, or RLIMIT_MEMLOCK is 0")
            .hint("run as its owner with ulimit -l above 0, or as root"),
        _ => fault(error),
    }
}
