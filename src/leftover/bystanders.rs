//! Programs that come back for no object of another: what starts, watches and shows programs, and what uses no IPC at
//! all. And programs that do what a script or a person tells them: shells and interpreters. Tables; make no call.

/// Programs that hand nothing on and open nothing: by the names of their executables. `*` stands for any rest.
const BYSTANDERS: &[&str] = &[
    // Starting and watching others.
    "init",
    "systemd",
    "systemd-*",
    "(sd-pam)",
    "openrc-init",
    "runit",
    "s6-*",
    "tini",
    "tini-static",
    "dumb-init",
    "docker-init",
    "catatonit",
    "pause",
    "conmon",
    "crun",
    "runc",
    "containerd",
    "containerd-shim*",
    "dockerd",
    "podman",
    "cron",
    "crond",
    "atd",
    "anacron",
    "polkitd",
    "dbus-daemon",
    "dbus-broker*",
    "udevd",
    "elogind*",
    // Letting people in.
    "sshd",
    "sshd-session",
    "sshd-auth",
    "dropbear",
    "login",
    "agetty",
    "getty",
    "mingetty",
    "su",
    "sudo",
    "sudo-rs",
    "doas",
    "runuser",
    "pkexec",
    "ssh-agent",
    "gpg-agent",
    // Keeping a terminal.
    "tmux",
    "tmux: server",
    "tmux: client",
    "screen",
    "script",
    "mosh-server",
    "ssh",
    "unshare",
    "nsenter",
    "setsid",
    "timeout",
    "nohup",
    "stdbuf",
    "watch",
    // Writing a log.
    "rsyslogd",
    "syslog-ng",
    "syslogd",
    "klogd",
    "auditd",
    "logger",
    // Using no IPC.
    "sleep",
    "tail",
    "head",
    "cat",
    "tee",
    "grep",
    "sort",
    "less",
    "more",
    "man",
    "vi",
    "vim",
    "vim.*",
    "nano",
    "top",
    "htop",
    "inotifywait",
    "yes",
    "pstree",
];

/// Shells, which do what a person types or what a script says.
const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "ash", "zsh", "zsh-*", "ksh", "ksh93", "mksh", "oksh", "fish", "csh",
    "tcsh", "yash", "rbash",
];

/// Programs that do what a script says, or pass on what they read as arguments of others.
const INTERPRETERS: &[&str] = &[
    "perl*", "python*", "pypy*", "ruby*", "node", "nodejs", "deno", "bun", "lua*", "php*",
    "tclsh*", "wish*", "expect", "guile*", "make", "gmake", "ninja", "awk", "gawk", "mawk",
    "xargs", "parallel", "R", "Rscript", "julia", "pwsh", "java", "beam.smp", "gdb", "lldb", "jq",
    "socat",
];

/// Many programs in one executable, which its first argument tells apart.
const BOXES: &[&str] = &["busybox", "toybox", "coreutils"];

/// Returns true if a name fits an entry, whose `*` at the end stands for any rest.
pub fn fits(entry: &str, name: &str) -> bool {
    match entry.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == entry,
    }
}

fn is_one(of: &[&str], name: &str) -> bool {
    of.iter().any(|entry| fits(entry, name))
}

/// Returns true if a program of this name comes back for nothing.
pub fn is_bystander(name: &str) -> bool {
    is_one(BYSTANDERS, name)
}

/// Returns true if a program of this name is a shell.
pub fn is_shell(name: &str) -> bool {
    is_one(SHELLS, name)
}

/// Returns true if a program of this name does what a script says. A shell does, too, unless a person types at it.
pub fn is_interpreter(name: &str) -> bool {
    is_one(INTERPRETERS, name)
}

/// The name of what runs: that of the executable, or of the applet of a box of many. `(deleted)` follows the name of an
/// executable that was replaced.
pub fn program<'a>(path: &'a str, first: &'a str) -> &'a str {
    let base = |path: &'a str| path.rsplit('/').next().unwrap_or(path);
    let name = base(path.strip_suffix(" (deleted)").unwrap_or(path));
    match is_one(BOXES, name) {
        true => base(first.trim_start_matches('-')),
        false => name,
    }
}

/// Returns true if a shell with these arguments reads what it does from its standard input: neither a script nor a
/// command is named.
pub fn reads_input(arguments: &[&str]) -> bool {
    let mut rest = arguments.iter().skip(1);
    while let Some(word) = rest.next() {
        match *word {
            "-" | "--" => return rest.next().is_none(),
            "--rcfile" | "--init-file" | "-o" | "+o" | "-O" | "+O" => drop(rest.next()),
            // Fish and others have the command in a long option, too.
            long if long.starts_with("--") => {
                if long.starts_with("--command") {
                    return false;
                }
            }
            flags if flags.starts_with(['-', '+']) => {
                if flags.contains('c') {
                    return false;
                }
            }
            // A script.
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_by_its_executable_and_an_applet_by_its_own_name() {
        assert_eq!(program("/usr/bin/python3.11 (deleted)", ""), "python3.11");
        assert_eq!(program("/bin/busybox", "-sh"), "sh");
        assert_eq!(program("/bin/busybox", "/bin/sleep"), "sleep");
        assert!(
            is_bystander("systemd-logind") && is_bystander("sleep") && !is_bystander("sleeper")
        );
        assert!(is_interpreter("python3.11") && is_shell("bash") && !is_interpreter("postgres"));
    }

    #[test]
    fn a_shell_with_a_script_or_a_command_is_none_at_which_a_person_types() {
        for words in [
            &["bash"][..],
            &["-bash"],
            &["bash", "-l"],
            &["bash", "--norc", "-i"],
            &["bash", "--rcfile", "/dev/null"],
            &["bash", "-o", "vi"],
            &["sh", "-"],
            &["zsh", "+m"],
            &[],
        ] {
            assert!(reads_input(words), "{words:?}");
        }
        for words in [
            &["sh", "-c", "true"][..],
            &["bash", "-lc", "true"],
            &["bash", "-ic", "true"],
            &["bash", "job.sh"],
            &["bash", "--norc", "job.sh", "-i"],
            &["bash", "-o", "errexit", "job.sh"],
            &["sh", "--", "job.sh"],
            &["fish", "--command", "true"],
        ] {
            assert!(!reads_input(words), "{words:?}");
        }
    }
}
