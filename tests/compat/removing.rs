//! `ipcrm` where it differs from util-linux's on purpose: no word too many removes everything, what is the caller's
//! own goes, and reasons are those of what failed.

use crate::isolation;
use crate::makers::{holder, posix, sysv};
use crate::tools::Tools;

crate::cases![
    everything_stays_when_there_is_a_word_too_many,
    a_reason_is_that_of_this_failure;
    SeveralUsers: what_is_mine_goes_even_if_i_may_not_read_it,
    what_cannot_be_looked_at_is_no_failure_of_who_names_no_kind
];

// `ipcrm -a shm`, for `--all=shm`, removed every object there was, and complained of "shm" then.
fn everything_stays_when_there_is_a_word_too_many() {
    let tools = Tools::new();
    let segment = sysv::segment(0x5eed, 10, 0o600);
    let queue = sysv::queue(0x5eed, 0o600);
    posix::shared_memory("/frames", 1, 0o600);
    for line in ["ipcrm -a shm", "ipcrm --all shm", "ipcrm --all=shm shm", "ipcrm -v -a -- -m"] {
        tools.run(line).code(1).says("ipcrm: unknown argument: ").prints("");
    }
    assert!(sysv::segment_status(segment).is_ok());
    tools.run("lsipc -q -r --noheadings -o ID").ok().prints(&format!("{queue}\n"));
    tools.run("lsipc -M -r --noheadings -o NAME").ok().prints("frames\n");
    // An option that names one object is done before the next word is looked at, as ever.
    tools.run("ipcrm -m 0 shm").code(1);
    assert!(sysv::segment_status(segment).is_err());
}

// The empty key had the errno of the call before it, and a long listing on a full disk had none.
fn a_reason_is_that_of_this_failure() {
    let tools = Tools::new();
    let output = tools.ours(&["ipcrm", "-m", "99", "-M", ""]).run().code(1);
    assert_eq!(output.stderr(), "ipcrm: invalid id (99)\nipcrm: failed to parse argument: ''\n");
    sysv::set(0x77, 5000, 0o600);
    let output = tools.script("ipcs -s -i 0 > /dev/full; echo $?").code(0);
    output.prints("1\n");
    assert_eq!(output.stderr(), "ipcs: write error: No space left on device\n");
}

// Without permission to read, objects of the caller's own were left; those of others are none of its business.
fn what_is_mine_goes_even_if_i_may_not_read_it() {
    let tools = Tools::new();
    let theirs = sysv::segment(0x11, 10, 0o600);
    let readable = sysv::segment(0x12, 10, 0o644);
    holder::as_user(70_000, || {
        sysv::segment(0x13, 10, 0);
        sysv::queue(0x13, 0);
        sysv::set(0x13, 1, 0);
    });
    let output = tools.ours(&["ipcrm", "--all=shm"]).by_user(70_000).run().code(1);
    assert_eq!(output.stderr(), format!("ipcrm: permission denied for id ({readable})\n"));
    sysv::mark_for_removal(readable);
    for kind in ["shm", "msg", "sem"] {
        let option = format!("--all={kind}");
        let output = tools.ours(&["ipcrm", &option]).by_user(70_000).run().ok();
        assert_eq!(output.stderr(), "");
    }
    tools.run("lsipc -m -r --noheadings -o ID").ok().prints(&format!("{theirs}\n"));
    tools.run("lsipc -q").ok().prints("");
    tools.run("lsipc -s").ok().prints("");
}

// Before it knew POSIX queues, `ipcrm -a` ended with 0 in a container that has none.
fn what_cannot_be_looked_at_is_no_failure_of_who_names_no_kind() {
    let tools = Tools::new();
    holder::as_user(70_000, || {
        sysv::segment(0x13, 10, 0o600);
    });
    isolation::replace_dev(&["shm", "program"]);
    let all = |option: &str| tools.ours(&["ipcrm", "-v", option]).by_user(70_000).run();
    let output = all("--all").code(0);
    output.says("/dev/mqueue is not mounted").prints("removing shared memory segment id `0'\n");
    all("--all=pmsg").code(1).says("/dev/mqueue is not mounted").prints("");
}
