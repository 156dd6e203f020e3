//! `ipcmk` and `ipcrm`: the same words, and the same left behind, as with the system's own.

use crate::makers::holder::{self, Holder};
use crate::makers::sysv;
use crate::tools::{Tools, objects_of_every_sort};

crate::cases![
    ;
    Peers: what_ipcmk_makes_is_the_same,
    what_ipcmk_cannot_make_is_refused_the_same,
    sizes_are_read_the_same,
    what_ipcrm_removes_is_the_same,
    what_ipcrm_cannot_remove_is_refused_the_same,
    the_old_syntax_of_ipcrm_is_the_same,
    all_of_a_kind_goes_the_same;
    PeersAsRoot: what_belongs_to_others_is_refused_the_same
];

/// Runs each line, and says of each what it was and how it ended.
fn each(lines: &str) -> String {
    let commands = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let commands =
        commands.map(|line| format!("echo '# {}'; {line}; echo \"= $?\"", line.replace('\'', "")));
    commands.collect::<Vec<_>>().join("\n")
}

/// Three of each facility, with keys of which none is like another.
fn three_of_each() {
    for key in [0x11, 0x12, 0x13] {
        sysv::segment(key, 10, 0o644);
        sysv::queue(key, 0o644);
        sysv::set(key, 1, 0o644);
    }
}

fn nothing() {}

fn what_ipcmk_makes_is_the_same() {
    let said = Tools::new().same_effect(
        nothing,
        &each(
            "ipcmk -M 100
             ipcmk -M 1k -p 600
             ipcmk -Q
             ipcmk -Q -p 7777
             ipcmk -S 3
             ipcmk -M 1KB -S 2 -Q
             ipcmk --sh 5
             ipcmk -M 10 -M 20
             ipcmk -Q -Q
             ipcmk --queue operand
             ipcmk -p 0 -S 1",
        ),
    );
    assert!(said.contains("Shared memory id: 2\nMessage queue id: 2\nSemaphore id: 1\n"), "{said}");
}

fn what_ipcmk_cannot_make_is_refused_the_same() {
    let said = Tools::new().same_effect(
        nothing,
        &each(
            "ipcmk
             ipcmk operand
             ipcmk -p 600
             ipcmk -x
             ipcmk --s 3
             ipcmk -M
             ipcmk --mode
             ipcmk -M 0
             ipcmk -M abc
             ipcmk -M ''
             ipcmk -M -1
             ipcmk -M 16E
             ipcmk -M 99999999999999999999
             ipcmk -M 0 -Q
             ipcmk -S 0
             ipcmk -S abc
             ipcmk -S -1
             ipcmk -S 99999999
             ipcmk -S 99999999999",
        ),
    );
    assert!(said.contains("create share memory failed: Invalid argument\n= 1\n"), "{said}");
}

fn sizes_are_read_the_same() {
    Tools::new().same_effect(
        nothing,
        &each(
            "ipcmk -M 1kib
             ipcmk -M 1KB
             ipcmk -M 1.5K
             ipcmk -M 0x10
             ipcmk -M 010
             ipcmk -M +5
             ipcmk -M ' 5'
             ipcmk -M 00
             ipcmk -M '1 K'
             ipcmk -M 1Kx
             ipcmk -M 1B
             ipcmk -M 1.5
             ipcmk -M 1.
             ipcmk -M 1.K
             ipcmk -M .5K
             ipcmk -M 1KI
             ipcmk -M 09
             ipcmk -M 0x
             ipcmk -M 1Z",
        ),
    );
}

fn what_ipcrm_removes_is_the_same() {
    let said = Tools::new().same_effect(
        three_of_each,
        &each(
            "ipcrm -m 0
             ipcrm -v -m 1
             ipcrm -v -q 1 -s 0
             ipcrm -M 0x13
             ipcrm -v -Q 0x11 -S 19
             ipcrm -S 022 -v
             ipcrm --shmem-id=2 --queue-key 0x13
             ipcrm -v",
        ),
    );
    assert!(
        said.contains("removing message queue id `1'\nremoving semaphore id `0'\n= 0\n"),
        "{said}"
    );
}

fn what_ipcrm_cannot_remove_is_refused_the_same() {
    let said = Tools::new().same_effect(
        three_of_each,
        &each(
            "ipcrm -m 99
             ipcrm -q 99 -s 98
             ipcrm -M 0x99
             ipcrm -Q 0x99
             ipcrm -S 0x99
             ipcrm -M 0
             ipcrm -Q 0x0
             ipcrm -M abc
             ipcrm -m abc
             ipcrm -m ''
             ipcrm -M ''
             ipcrm -m 0099 -q -0 -s +99 -s -5
             ipcrm shm 0099 +98
             ipcrm -m -1
             ipcrm -M -1
             ipcrm -m 4294967297
             ipcrm -m 99999999999999999999
             ipcrm -M 99999999999999999999
             ipcrm -M 0xffffffff
             ipcrm -m 99 -m abc -m 0
             ipcrm -m 0 operand
             ipcrm operand 1
             ipcrm -m
             ipcrm --shmem-id
             ipcrm -x
             ipcrm --sh 3
             ipcrm --all=foo
             ipcrm -afoo
             ipcrm -- shm 1
             ipcrm -v shm 1
             ipcrm --id 7",
        ),
    );
    assert!(said.contains("ipcrm: invalid id (99)\n= 1\n"), "{said}");
}

fn the_old_syntax_of_ipcrm_is_the_same() {
    let said = Tools::new().same_effect(
        three_of_each,
        &each(
            "ipcrm shm
             ipcrm shm 99
             ipcrm shm abc
             ipcrm shm -5
             ipcrm shm 99999999999999999999
             ipcrm shm 0
             ipcrm msg 0 99 1
             ipcrm sem -v 0
             ipcrm sem 0x1
             ipcrm sem 1 2
             ipcrm SHM 1
             ipcrm sh 1
             ipcrm shm -h",
        ),
    );
    assert!(said.contains("resource(s) deleted\n= 0\n"), "{said}");
}

fn all_of_a_kind_goes_the_same() {
    let said = Tools::new().same_effect(
        || (three_of_each(), objects_of_every_sort()),
        &each(
            "ipcrm -v --all=msg
             ipcrm -v -asem
             ipcrm --all=msg --all=shm -v -q 0",
        ),
    );
    assert!(said.contains("removing shared memory segment id `2'"), "{said}");
}

fn what_belongs_to_others_is_refused_the_same() {
    let make = || -> Vec<Holder> {
        three_of_each();
        sysv::segment(0x98, 5, 0o600);
        sysv::queue(0x98, 0o600);
        holder::as_user(65534, || {
            sysv::segment(0x99, 5, 0o600);
        });
        Vec::new()
    };
    let as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups ipcrm";
    let said = Tools::new().same_effect(
        make,
        &each(&format!(
            "{as_nobody} -m 0
             {as_nobody} -v -q 1
             {as_nobody} -S 0x11
             {as_nobody} shm 0 77 1
             {as_nobody} -v --all=sem
             {as_nobody} -v --all=shm
             {as_nobody} -v --all=msg"
        )),
    );
    assert!(said.contains("ipcrm: permission denied for id (0)\n"), "{said}");
}
