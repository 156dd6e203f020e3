//! The kernel's limits on sets of semaphores: what they are, how much is used, and which of them a refusal means.

use std::io;

use super::super::{limit_reached, remove_or_raise};
use crate::model::{Class, Fault, Limit, Object, Shortage, Use, Value, Who};
use crate::sys::sem;

pub(super) fn limits() -> Vec<Limit> {
    let limits = sem::limits();
    let usage = sem::usage().map(|(usage, _)| usage);
    let limit = |value: fn(&sem::Limits) -> u64| match &limits {
        Ok(limits) => Value::Count(value(limits)),
        Err(error) => Value::Unknown(Fault::reason(error)),
    };
    let used = |value: fn(&sem::Usage) -> u64| match &usage {
        Ok(usage) => Value::Count(value(usage)),
        Err(error) => Value::Unknown(Fault::reason(error)),
    };
    let knob = "kernel.sem";
    let nothing = || Value::None("none");
    vec![
        Limit {
            name: "SEMMNI",
            about: "sets (fourth number of the knob)",
            limit: limit(|limits| limits.max_sets),
            used: used(|usage| usage.sets),
            who: Who::OWNERS,
            knob,
        },
        Limit {
            name: "SEMMNS",
            about: "semaphores in all sets (second number)",
            limit: limit(|limits| limits.max_semaphores),
            used: used(|usage| usage.semaphores),
            who: Who::Owners(count),
            knob,
        },
        Limit {
            name: "SEMMSL",
            about: "semaphores in one set (first number)",
            limit: limit(|limits| limits.max_per_set),
            used: nothing(),
            who: Who::Nobody,
            knob,
        },
        Limit {
            name: "SEMOPM",
            about: "operations in one semop (third number)",
            limit: limit(|limits| limits.max_operations),
            used: nothing(),
            who: Who::Nobody,
            knob,
        },
        Limit {
            name: "SEMVMX",
            about: "highest value of a semaphore",
            limit: limit(|limits| limits.max_value),
            used: nothing(),
            who: Who::Nobody,
            knob: "fixed in the kernel",
        },
    ]
}

/// The semaphores of a set.
fn count(object: &Object) -> u64 {
    match object.facts.get("count") {
        Some(Value::Count(count)) => *count,
        _ => 0,
    }
}

/// What a refusal of semget(2) means, for a set of so many semaphores.
pub(super) fn create_fault(error: &io::Error, count: u64) -> Fault {
    match (error.raw_os_error(), sem::limits(), sem::usage()) {
        (Some(libc::EINVAL), Ok(limits), _) if count > limits.max_per_set => Fault::new(
            Class::Limit,
            format!("a set has at most {} semaphores (SEMMSL), not {count}", limits.max_per_set),
        )
        .hint("raise the first number of kernel.sem"),
        (Some(libc::ENOSPC), Ok(limits), Ok((usage, _))) => limit_reached(&[
            Shortage {
                name: "SEMMNS",
                unit: " semaphores",
                used: Use::Exactly(usage.semaphores),
                limit: limits.max_semaphores,
                more: count,
                hint: remove_or_raise("sem", "the second number of kernel.sem"),
            },
            Shortage {
                name: "SEMMNI",
                unit: "",
                used: Use::Exactly(usage.sets),
                limit: limits.max_sets,
                more: 1,
                hint: remove_or_raise("sem", "the fourth number of kernel.sem"),
            },
        ]),
        _ => Fault::from_os(error),
    }
}
