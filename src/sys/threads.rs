//! Work that several threads share: `pthread_create(3)`. Where the kernel gives none, the caller does it alone.

use std::thread::{self, Builder};

/// Does the work in this thread and in up to `more` others at the same time, and returns what each of them made of it. `None`
/// stands for one that failed. Threads that cannot be had (RLIMIT_NPROC, pids.max, no memory) are missing in the answer:
/// the work has to be such that those that are there leave nothing undone.
pub fn share<R: Send>(more: usize, work: impl Fn() -> R + Sync) -> Vec<Option<R>> {
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..more).map_while(|_| Builder::new().spawn_scoped(scope, &work).ok()).collect();
        let mut results = vec![Some(work())];
        results.extend(workers.into_iter().map(|worker| worker.join().ok()));
        results
    })
}

/// How many threads besides this one have a processor to run on.
pub fn others() -> usize {
    thread::available_parallelism().map_or(0, |cores| cores.get() - 1)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_item_is_taken_once_by_however_many_threads() {
        for more in [0, 1, 7] {
            let next = AtomicUsize::new(0);
            let counts = share(more, || {
                let mut count = 0;
                while next.fetch_add(1, Ordering::Relaxed) < 1000 {
                    count += 1;
                }
                count
            });
            assert!(counts.len() <= more + 1);
            assert_eq!(counts.into_iter().flatten().sum::<usize>(), 1000);
        }
    }
}
