//! Ten scripts as administrators write them around `ipcs` and `ipcrm`. With the links first in PATH each of them
//! prints and does the same as with the system's tools.

use crate::makers::holder::Holder;
use crate::makers::sysv;
use crate::tools::{Tools, objects_of_every_sort};

crate::cases![
    ;
    Peers: a_sum_over_a_column,
    a_loop_over_ids,
    by_owner,
    orphans_by_nattch,
    what_is_marked_for_removal,
    the_share_of_a_limit_in_use,
    queues_that_are_filling_up,
    keys_of_a_database,
    makers_that_are_gone,
    a_report_in_json_and_pairs,
    making_using_and_removing
];

fn objects() -> Vec<Holder> {
    let holders = objects_of_every_sort();
    for key in [0x0052_e2c1, 0x0052_e2c2] {
        sysv::segment(key, 56, 0o600);
    }
    holders
}

#[track_caller]
fn same(script: &str) -> String {
    Tools::new().same_effect(objects, script)
}

fn a_sum_over_a_column() {
    let said = same(
        "ipcs -m | awk 'NR > 3 && NF { sum += $5 < 1e9 ? $5 : 0; n++ } END { print n, sum }'
         ipcs -s | awk '/^0x/ { sum += $5 } END { print \"semaphores:\", sum }'
         ipcs -q | sed -n 's/^0x[0-9a-f]* *[0-9]* *[a-z]* *[0-7]* *\\([0-9]*\\) .*/\\1/p' | sort -n | tail -1",
    );
    assert!(said.contains("semaphores: 1006\n133\n"), "{said}");
}

fn a_loop_over_ids() {
    let said = same(
        "for id in $(ipcs -m | awk '$2 ~ /^[0-9]+$/ { print $2 }'); do
             ipcs -m -i $id | grep -E '^(mode|Shared)' | tr '\\n' ' '; echo
         done
         ipcs -s | tail -n +4 | while read -r key id rest; do
             [ -n \"$id\" ] && ipcs -s -i \"$id\" | sed -n 's/^nsems = //p'
         done",
    );
    assert!(said.contains("shmid=0 mode=0640\taccess_perms=0640 \n"), "{said}");
}

fn by_owner() {
    let said = same(
        "ME=$(id -un | cut -c1-10)
         for kind in m q s; do
             for id in $(ipcs -$kind | awk -v me=\"$ME\" '$3 == me { print $2 }'); do
                 ipcrm -$kind $id && echo removed $kind
             done
         done
         ipcs -c | grep -c \" $ME \"",
    );
    assert!(said.contains("removed m\n") && said.contains("removed s\n"), "{said}");
}

fn orphans_by_nattch() {
    let said = same(
        "ipcs -m | awk '$6 == 0 { print $2 }' | while read id; do ipcrm -m $id; done
         ipcs -m | awk 'NR > 3 && NF && $6 == 0' | wc -l
         ipcs -m | grep -c '^0x'",
    );
    assert!(said.starts_with("0\n3\n"), "{said}");
}

fn what_is_marked_for_removal() {
    let said = same(
        "ipcs -m | grep dest | awk '{ print $2, $NF }'
         test $(ipcs -m | grep -cw dest) -eq 2 && echo two are waiting for their last detach
         ipcs -m | awk '/locked/ { locked++ } END { print locked + 0, \"locked\" }'",
    );
    assert!(said.contains("two are waiting"), "{said}");
}

fn the_share_of_a_limit_in_use() {
    let said = same(
        "max=$(ipcs -l -m | awk -F= '/max number of segments/ { print $2 + 0 }')
         used=$(ipcs -u -m | awk '/segments allocated/ { print $3 }')
         echo \"SEGMENTS $used of $max\"
         [ $((100 * used / max)) -lt 90 ] && echo OK || echo CRITICAL
         arrays=$(ipcs -us | sed -n 's/used arrays = //p')
         limit=$(ipcs -ls | sed -n 's/max number of arrays = //p')
         awk -v u=$arrays -v l=$limit 'BEGIN { printf \"%.4f%%\\n\", 100 * u / l }'
         ipcs -l -q | cut -d= -f2 | tr -d ' '",
    );
    assert!(said.contains("OK\n"), "{said}");
}

fn queues_that_are_filling_up() {
    let said = same(
        "ipcs -q | awk '$6 > 0 { print \"queue\", $2, \"has\", $6, \"messages,\", $5, \"bytes\" }'
         for q in $(ipcs -q | awk '/^0x/ { print $2 }'); do
             eval $(ipcs -q -i $q | grep -o 'cbytes=[0-9]*\\|qbytes=[0-9]*')
             echo \"$q: $((100 * cbytes / qbytes))%\"
         done",
    );
    assert!(said.contains("has 2 messages, 133 bytes\n"), "{said}");
}

fn keys_of_a_database() {
    let said = same(
        "ipcs -m | grep -i 0x0052e2c | cut -d' ' -f1 | while read key; do
             ipcrm -M $key && echo \"$key is gone\"
         done
         ipcs -m | grep -q 0x0052e2c1 || echo clean
         ipcrm -M 0x0052e2c1; echo $?",
    );
    assert!(said.contains("clean\nipcrm: invalid key (0x0052e2c1)\n1\n"), "{said}");
}

fn makers_that_are_gone() {
    let said = same(
        "ipcs -mp | awk '$3 ~ /^[0-9]+$/ { print $1, $3 }' | while read id pid; do
             [ -d /proc/$pid ] || { echo \"$id: its maker is gone\"; ipcrm shm $id; }
         done
         ipcs -qp | awk 'NF == 4 && $3 ~ /^[0-9]+$/ && $3 > 0' | wc -l",
    );
    assert!(said.contains("its maker is gone\nresource(s) deleted\n"), "{said}");
}

fn a_report_in_json_and_pairs() {
    let said = same(
        "lsipc -m -J -o ID,SIZE,STATUS
         lsipc -s -e -o ID,NSEMS | while read -r line; do eval \"$line\"; echo \"$ID has $NSEMS\"; done
         lsipc -q -r --noheadings -b -o ID,USEDBYTES,MSGS | sort -k2,2nr | head -1
         lsipc -m -n -o KEY | sort | uniq -c | sort -rn | head -1",
    );
    assert!(said.contains("0 133 2\n") || said.contains(" 133 2\n"), "{said}");
}

fn making_using_and_removing() {
    let said = same(
        "set -e
         id=$(ipcmk -M 64K -p 0600 | awk '{ print $NF }')
         test \"$(ipcs -m | awk -v id=$id '$2 == id { print $4, $5 }')\" = '600 65536'
         q=$(ipcmk -Q | sed 's/Message queue id: //')
         ipcs -q | grep -q \" $q \" && echo made
         ipcrm -m $id -q $q
         ipcs -m | awk -v id=$id '$2 == id' | wc -l",
    );
    assert!(said.starts_with("made\n0\n0\n"), "{said}");
}
