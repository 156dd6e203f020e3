//! `list` and `show` against a process that makes and removes objects at full speed.

use std::fs;

use crate::env::TestEnv;
use crate::makers::{fifo, holder, posix, sysv};

crate::cases![list_and_show_end_well_while_objects_come_and_go];

/// Runs of `list` and of `show`. Few, because the suite is run often; races that took one run in twenty in
/// other tools are met many times over.
const RUNS: usize = 100;

const KEY: u32 = 0x5eed;

/// Makes and removes one object of each kind, for ever.
fn churn(pipe: &str) {
    loop {
        let segment = sysv::segment(KEY, 4096, 0o600);
        let queue = sysv::queue(KEY, 0o600);
        let set = sysv::set(KEY, 40, 0o600);
        posix::shared_memory("/churn", 4096, 0o600);
        posix::semaphore("/churn", 1, 0o600);
        posix::message_queue("/churn", 1, 1, 0o600);
        fifo::fifo(pipe, 0o600);
        sysv::mark_for_removal(segment);
        sysv::remove_queue(queue);
        sysv::remove_set(set);
        posix::remove_queue("/churn");
        for file in ["/dev/shm/churn", "/dev/shm/sem.churn", pipe] {
            fs::remove_file(file).unwrap();
        }
    }
}

fn list_and_show_end_well_while_objects_come_and_go() {
    let env = TestEnv::new();
    posix::shared_memory("/stays", 1, 0o600);
    let pipe = env.path("churn");
    let fifo_address = format!("fifo:{pipe}");
    let churning = holder::churning(|| churn(&pipe));
    let addresses = [
        "shm:0x5eed",
        "mq:0x5eed",
        "sem:0x5eed",
        "shm:/churn",
        "sem:/churn",
        "mq:/churn",
        &fifo_address,
    ];
    let mut met = 0;
    for run in 0..RUNS {
        // Every fact, so that each object is asked about more than once; what vanishes meanwhile is left out.
        let (_, listing) =
            env.run(["list", "--json", "-o", "+resident,semaphores,value,queued"]).any_code(&[0]);
        let (_, quiet) = env.run(["list", "shm", "mq", "sem"]).any_code(&[0]);
        assert!(quiet.stderr().is_empty(), "{}", quiet.report());
        assert!(listing.addresses().contains(&"shm:/stays".to_owned()), "{}", listing.report());
        met += listing.objects().len() - 1;
        let address = addresses[run % addresses.len()];
        let (code, shown) = env.run(["show", address, "--json"]).any_code(&[0, 3]);
        if code == 0 {
            shown.only();
        } else {
            shown.says(address).says("no such object");
        }
    }
    assert!(met > 0, "no listing met any object: the process that makes them does not run");
    drop(churning);
}
