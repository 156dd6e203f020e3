//! However many kinds are listed, and in whatever order, the processes are looked at once.

use crate::endpoints::script;
use crate::env::TestEnv;
use crate::makers::{fifo, holder, posix};

crate::cases![
    objects_stand_in_the_order_in_which_they_were_named;
    Strace: one_scan_answers_for_all_kinds_in_whatever_order
];

/// A holder of shared memory and of a FIFO, which has to be opened once by whoever looks at it.
fn one_scan_answers_for_all_kinds_in_whatever_order() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let path = env.path("ctl");
    fifo::fifo(&path, 0o600);
    let opened = path.clone();
    let holder = holder::holding(move || {
        posix::map("/frames");
        std::mem::forget(fifo::fill(&opened, b"x"));
    });
    let fifo = format!("fifo:{path}");
    for words in [
        "list -o address,state,used-by".to_owned(),
        "list fifo shm -o address,used-by,size".to_owned(),
        "list shm fifo -o address,used-by,size".to_owned(),
        format!("list {fifo} shm:/frames -o address,used-by,queued"),
        format!("list shm:/frames {fifo} -o address,used-by,queued"),
        format!("show {fifo} shm:/frames -o address,used-by,queued"),
    ] {
        let trace = env.path("trace");
        let pid = holder.pid();
        let text = format!(
            "strace -f -e trace=openat -o {trace} ipcctl {words} >/dev/null 2>&1; \
             grep -cE 'openat\\([^,]*, \"{pid}\"' {trace}"
        );
        let run = script(&env, &text).run().code(0);
        assert_eq!(run.stdout().trim(), "1", "{words}\n{}", run.report());
    }
}

fn objects_stand_in_the_order_in_which_they_were_named() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let path = env.path("ctl");
    fifo::fifo(&path, 0o600);
    let fifo = format!("fifo:{path}");
    for (one, two) in [(fifo.as_str(), "shm:/frames"), ("shm:/frames", fifo.as_str())] {
        let listed = env.run(["list", one, two, "--format", "plain", "-o", "address"]).ok();
        assert_eq!(listed.lines(), [one, two], "{}", listed.report());
        let shown = env.run(["show", one, two, "--json"]).ok().json();
        let objects = shown["objects"].as_array().unwrap();
        assert_eq!(objects[0]["address"], one, "{shown}");
        assert_eq!(objects[1]["address"], two, "{shown}");
    }
}
