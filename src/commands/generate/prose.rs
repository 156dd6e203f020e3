//! What people wrote for the manual: the files of `man/prose/`, each by the name of the page that it is part of. They
//! are built in, so that the program can write its manual wherever it is installed.

macro_rules! prose {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../man/prose/", $name)))),*]
    };
}

/// Every file, by its name.
static FILES: &[(&str, &str)] = prose![
    "ipcctl-clean.1",
    "ipcctl-create.1",
    "ipcctl-generate.1",
    "ipcctl-kinds.1",
    "ipcctl-limits.1",
    "ipcctl-list.1",
    "ipcctl-lock.1",
    "ipcctl-move.1",
    "ipcctl-peek.1",
    "ipcctl-post.1",
    "ipcctl-read.1",
    "ipcctl-recv.1",
    "ipcctl-rm.1",
    "ipcctl-semop.1",
    "ipcctl-send.1",
    "ipcctl-set.1",
    "ipcctl-show.1",
    "ipcctl-wait.1",
    "ipcctl-write.1",
    "ipcctl.1",
    "ipcctl.7",
];

/// The text that belongs to the page of this file name.
pub(super) fn of_page(file: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == file).map(|(_, text)| *text)
}

/// The names of the pages of a section of the manual that have prose.
pub(super) fn of_section(section: char) -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(move |(name, _)| name.strip_suffix(section)?.strip_suffix('.'))
}
