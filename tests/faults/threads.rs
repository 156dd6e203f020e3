//! No further thread can be had: RLIMIT_NPROC, pids.max, no memory.

use super::failing;
use crate::env::TestEnv;
use crate::makers::sysv;

crate::cases![; Strace: verbs_that_share_work_do_it_alone_where_there_is_no_thread];

fn verbs_that_share_work_do_it_alone_where_there_is_no_thread() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    for verb in ["list", "clean --dry-run --grace 0 --all-users", "list --columns +used-by", "show"]
    {
        let address = format!("shm:{id}");
        let mut words: Vec<&str> = verb.split(' ').filter(|word| *word != "--all-users").collect();
        if verb == "show" {
            words.push(&address);
        }
        for errno in ["EAGAIN", "ENOMEM"] {
            let run = failing(&env, &format!("clone3:error={errno}"), &words).run();
            run.any_code(&[0]).1.says_not("panicked");
        }
    }
}
