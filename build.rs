//! Links the unwinder into the program instead of loading `libgcc_s` with it, which takes a tenth of a short run.
//!
//! Also says in one sentence what it is not built for.
//!
//! Where the C compiler does not have it as an archive, nothing changes: the loader finds it at each start.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // System V's structures, the words of a semaphore and the stack of a thread are known for machines of 64 bits.
    let is = |name: &str, value: &str| std::env::var(name).as_deref() == Ok(value);
    if !is("CARGO_CFG_TARGET_POINTER_WIDTH", "64") || !is("CARGO_CFG_TARGET_OS", "linux") {
        println!(
            "cargo::error=ipcctl is for Linux on machines of 64 bits, and the target is not one of them"
        );
        return;
    }
    // For another machine the compiler that answers here would be the wrong one.
    let here = std::env::var("HOST") == std::env::var("TARGET");
    if !here || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    let asked = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output();
    let answer = asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    // A compiler without it repeats the name.
    if let Some(directory) = answer.as_deref().map(Path::new).ok().and_then(Path::parent)
        && directory.is_absolute()
    {
        println!("cargo:rustc-link-search=native={}", directory.display());
        println!("cargo:rustc-link-lib=static=gcc_eh");
    }
}
