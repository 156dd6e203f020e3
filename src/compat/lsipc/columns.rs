//! The columns of `lsipc` and the subjects that have them, as tables.

use crate::model::{Facility, Family};

/// One column.
pub(super) struct Column {
    /// Its heading.
    pub(super) name: &'static str,
    /// What it is called when one object is shown.
    pub(super) label: &'static str,
    pub(super) right: bool,
    /// May it be shortened on a terminal?
    pub(super) cut: bool,
    /// The fact of the kind that it prints, where it prints one.
    pub(super) fact: Option<&'static str>,
    pub(super) cell: Cell,
}

/// How a column's text is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    Key,
    Id,
    Name,
    Owner,
    Permissions,
    /// A user or group id.
    Person,
    UserName,
    GroupName,
    Uid,
    User,
    Gid,
    Group,
    /// The file's owner stands for its creator, whom nobody keeps.
    FileUserName,
    FileGroupName,
    Time,
    /// The object's size.
    Size,
    Bytes,
    Count,
    Pid,
    Status,
    Command,
    /// Filled in by who has no object.
    Text,
}

const fn left(
    name: &'static str,
    label: &'static str,
    fact: Option<&'static str>,
    cell: Cell,
) -> Column {
    Column { name, label, right: false, cut: false, fact, cell }
}

const fn right(
    name: &'static str,
    label: &'static str,
    fact: Option<&'static str>,
    cell: Cell,
) -> Column {
    Column { right: true, ..left(name, label, fact, cell) }
}

static KEY: Column = left("KEY", "Key", Some("key"), Cell::Key);
static ID: Column = left("ID", "ID", None, Cell::Id);
static OWNER: Column = right("OWNER", "Owner", None, Cell::Owner);
static PERMS: Column = right("PERMS", "Permissions", None, Cell::Permissions);
static CUID: Column = right("CUID", "Creator UID", Some("cuid"), Cell::Person);
static CUSER: Column = left("CUSER", "Creator user", Some("cuid"), Cell::UserName);
static CGID: Column = right("CGID", "Creator GID", Some("cgid"), Cell::Person);
static CGROUP: Column = left("CGROUP", "Creator group", Some("cgid"), Cell::GroupName);
static UID: Column = right("UID", "UID", None, Cell::Uid);
static USER: Column = left("USER", "User name", None, Cell::User);
static GID: Column = right("GID", "GID", None, Cell::Gid);
static GROUP: Column = left("GROUP", "Group name", None, Cell::Group);
static CTIME: Column = right("CTIME", "Last change", Some("changed"), Cell::Time);

static SIZE: Column = right("SIZE", "Segment size", None, Cell::Size);
static NATTCH: Column = right("NATTCH", "Attached processes", Some("attached"), Cell::Count);
static STATUS: Column = left("STATUS", "Status", Some("marked"), Cell::Status);
static ATTACH: Column = right("ATTACH", "Attach time", Some("last-attach"), Cell::Time);
static DETACH: Column = right("DETACH", "Detach time", Some("last-detach"), Cell::Time);
static COMMAND: Column =
    Column { cut: true, ..left("COMMAND", "Creator command", Some("creator-pid"), Cell::Command) };
static CPID: Column = right("CPID", "Creator PID", Some("creator-pid"), Cell::Pid);
static LPID: Column = right("LPID", "Last user PID", Some("last-pid"), Cell::Pid);

static USEDBYTES: Column = right("USEDBYTES", "Bytes used", Some("bytes"), Cell::Bytes);
static MSGS: Column = left("MSGS", "Messages", Some("messages"), Cell::Count);
static SEND: Column = right("SEND", "Msg sent", Some("last-send"), Cell::Time);
static RECV: Column = right("RECV", "Msg received", Some("last-receive"), Cell::Time);
static LSPID: Column = right("LSPID", "Msg sender", Some("sender-pid"), Cell::Pid);
static LRPID: Column = right("LRPID", "Msg receiver", Some("receiver-pid"), Cell::Pid);

static NSEMS: Column = right("NSEMS", "Semaphores", Some("count"), Cell::Count);
static OTIME: Column = right("OTIME", "Last operation", Some("last-operation"), Cell::Time);

static NAME: Column = left("NAME", "Name", None, Cell::Name);
static FILE_CUID: Column = right("CUID", "Creator UID", None, Cell::Uid);
static FILE_CUSER: Column = left("CUSER", "Creator user", None, Cell::FileUserName);
static FILE_CGID: Column = right("CGID", "Creator GID", None, Cell::Gid);
static FILE_CGROUP: Column = left("CGROUP", "Creator group", None, Cell::FileGroupName);
static MTIME: Column = right("MTIME", "Last action", Some("modified"), Cell::Time);
static USED: Column = right("MTIME", "Last action", Some("last-used"), Cell::Time);
static SVAL: Column = right("SVAL", "Value", Some("value"), Cell::Count);

static RESOURCE: Column = left("RESOURCE", "Resource", None, Cell::Text);
static DESCRIPTION: Column = left("DESCRIPTION", "Description", None, Cell::Text);
static LIMIT: Column = right("LIMIT", "Limit", None, Cell::Text);
static IN_USE: Column = right("USED", "Used", None, Cell::Text);
static SHARE: Column = right("USE%", "Use", None, Cell::Text);

/// The columns of one semaphore of a set.
pub(super) static ELEMENT: [&Column; 6] = [
    &right("SEMNUM", "", None, Cell::Text),
    &right("VALUE", "", None, Cell::Text),
    &right("NCOUNT", "", None, Cell::Text),
    &right("ZCOUNT", "", None, Cell::Text),
    &right("PID", "", None, Cell::Text),
    &Column { cut: true, ..right("COMMAND", "", None, Cell::Text) },
];

type Columns = &'static [&'static Column];

/// What a run is about.
pub(super) struct Subject {
    /// The long option that asks for it.
    pub(super) option: &'static str,
    pub(super) facility: Facility,
    pub(super) family: Family,
    /// What its objects are called together in JSON.
    pub(super) records: &'static str,
    /// What one of them is called that is not there.
    pub(super) title: &'static str,
    /// All its columns, in the order in which one object is shown.
    pub(super) all: Columns,
    /// Those that are shown unless told.
    pub(super) usual: Columns,
    /// Those that `--creator` adds.
    pub(super) creator: Columns,
    /// Those that `--time` shows.
    pub(super) times: Columns,
}

/// In the order in which help lists them.
pub(super) static SUBJECTS: [Subject; 6] = [
    Subject {
        option: "shmems",
        facility: Facility::Shm,
        family: Family::Sysv,
        records: "sharedmemory",
        title: "id",
        all: &[
            &KEY, &ID, &OWNER, &PERMS, &CUID, &CUSER, &CGID, &CGROUP, &UID, &USER, &GID, &GROUP,
            &CTIME, &SIZE, &NATTCH, &STATUS, &ATTACH, &DETACH, &COMMAND, &CPID, &LPID,
        ],
        usual: &[
            &KEY, &ID, &PERMS, &OWNER, &SIZE, &NATTCH, &STATUS, &CTIME, &CPID, &LPID, &COMMAND,
        ],
        creator: &[&CUID, &CGID, &UID, &GID],
        times: &[
            &KEY, &ID, &PERMS, &OWNER, &SIZE, &NATTCH, &STATUS, &CTIME, &CPID, &LPID, &ATTACH,
            &DETACH, &COMMAND,
        ],
    },
    Subject {
        option: "queues",
        facility: Facility::Mq,
        family: Family::Sysv,
        records: "messages",
        title: "id",
        all: &[
            &KEY, &ID, &OWNER, &PERMS, &CUID, &CUSER, &CGID, &CGROUP, &UID, &USER, &GID, &GROUP,
            &CTIME, &USEDBYTES, &MSGS, &SEND, &RECV, &LSPID, &LRPID,
        ],
        usual: &[&KEY, &ID, &PERMS, &OWNER, &USEDBYTES, &MSGS, &LSPID, &LRPID],
        creator: &[&CUID, &CGID, &UID, &GID],
        times: &[
            &KEY, &ID, &PERMS, &OWNER, &USEDBYTES, &MSGS, &LSPID, &LRPID, &SEND, &RECV, &CTIME,
        ],
    },
    Subject {
        option: "semaphores",
        facility: Facility::Sem,
        family: Family::Sysv,
        records: "semaphores",
        title: "id",
        all: &[
            &KEY, &ID, &OWNER, &PERMS, &CUID, &CUSER, &CGID, &CGROUP, &UID, &USER, &GID, &GROUP,
            &CTIME, &NSEMS, &OTIME,
        ],
        usual: &[&KEY, &ID, &PERMS, &OWNER, &NSEMS],
        creator: &[&CUID, &CGID, &UID, &GID],
        times: &[&KEY, &ID, &PERMS, &OWNER, &NSEMS, &OTIME, &CTIME],
    },
    Subject {
        option: "posix-shmems",
        facility: Facility::Shm,
        family: Family::Posix,
        records: "posix-sharedmemory",
        title: "shared memory segment",
        all: &[
            &OWNER,
            &PERMS,
            &FILE_CUID,
            &FILE_CUSER,
            &FILE_CGID,
            &FILE_CGROUP,
            &NAME,
            &MTIME,
            &SIZE,
        ],
        usual: &[&NAME, &PERMS, &OWNER, &SIZE, &MTIME],
        creator: &[&FILE_CUID, &FILE_CGID],
        times: &[&NAME, &PERMS, &OWNER, &SIZE, &MTIME],
    },
    Subject {
        option: "posix-mqueues",
        facility: Facility::Mq,
        family: Family::Posix,
        records: "posix-messages",
        title: "message queue",
        all: &[
            &OWNER,
            &PERMS,
            &FILE_CUID,
            &FILE_CUSER,
            &FILE_CGID,
            &FILE_CGROUP,
            &NAME,
            &USED,
            &USEDBYTES,
            &MSGS,
        ],
        usual: &[&NAME, &PERMS, &OWNER, &USED, &USEDBYTES, &MSGS],
        creator: &[&FILE_CUID, &FILE_CGID],
        times: &[&NAME, &PERMS, &OWNER, &USED, &USEDBYTES, &MSGS],
    },
    Subject {
        option: "posix-semaphores",
        facility: Facility::Sem,
        family: Family::Posix,
        records: "posix-semaphores",
        title: "semaphore",
        all: &[
            &OWNER,
            &PERMS,
            &FILE_CUID,
            &FILE_CUSER,
            &FILE_CGID,
            &FILE_CGROUP,
            &NAME,
            &MTIME,
            &SVAL,
        ],
        usual: &[&NAME, &PERMS, &OWNER, &MTIME, &SVAL],
        creator: &[&FILE_CUID, &FILE_CGID],
        times: &[&NAME, &PERMS, &OWNER, &MTIME, &SVAL],
    },
];

/// The columns of limits.
pub(super) static LIMITS: [&Column; 5] = [&RESOURCE, &DESCRIPTION, &LIMIT, &IN_USE, &SHARE];

/// Why there are no columns to print.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// The list has an empty element.
    Empty,
    Unknown(String),
    /// A column of other subjects.
    Elsewhere(String),
}

/// The columns that a list names, out of `all`; with `+` before it, after the `usual` ones. What is wrong is told
/// with the rest of the list, as ever.
pub(super) fn choose(
    list: &str,
    all: Columns,
    usual: Columns,
) -> Result<Vec<&'static Column>, Bad> {
    let (mut columns, list) = match list.strip_prefix('+') {
        Some(list) => (usual.to_vec(), list),
        None => (Vec::new(), list),
    };
    let mut rest = list;
    loop {
        let end = rest.find(',').filter(|end| end + 1 < rest.len());
        let name = &rest[..end.unwrap_or(rest.len())];
        if name.is_empty() {
            return Err(Bad::Empty);
        }
        let is_named = |column: &&&'static Column| column.name.eq_ignore_ascii_case(name);
        match all.iter().find(is_named) {
            Some(column) => columns.push(column),
            None if everywhere().any(|column| column.name.eq_ignore_ascii_case(name)) => {
                return Err(Bad::Elsewhere(rest.to_owned()));
            }
            None => return Err(Bad::Unknown(rest.to_owned())),
        }
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => return Ok(columns),
        }
    }
}

fn everywhere() -> impl Iterator<Item = &'static Column> {
    SUBJECTS.iter().flat_map(|subject| subject.all).chain(&LIMITS).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Result<Vec<&'static str>, Bad> {
        let columns = choose(list, SUBJECTS[2].all, SUBJECTS[2].usual)?;
        Ok(columns.iter().map(|column| column.name).collect())
    }

    #[test]
    fn a_list_replaces_the_usual_columns_or_adds_to_them() {
        assert_eq!(names("id,Key"), Ok(vec!["ID", "KEY"]));
        assert_eq!(names("+otime"), Ok(vec!["KEY", "ID", "PERMS", "OWNER", "NSEMS", "OTIME"]));
    }

    #[test]
    fn what_is_wrong_is_told_with_the_rest_of_the_list() {
        assert_eq!(names("ID,SEND,KEY"), Err(Bad::Elsewhere("SEND,KEY".into())));
        assert_eq!(names("ID,NAME"), Err(Bad::Elsewhere("NAME".into())));
        assert_eq!(names("ID, KEY"), Err(Bad::Unknown(" KEY".into())));
        assert_eq!(names("ID,"), Err(Bad::Unknown("ID,".into())));
        for list in ["", "+", ",ID", "ID,,KEY"] {
            assert_eq!(names(list), Err(Bad::Empty), "{list}");
        }
    }

    #[test]
    fn usual_columns_are_among_all_columns() {
        for subject in &SUBJECTS {
            for column in subject.usual.iter().chain(subject.creator).chain(subject.times) {
                assert!(subject.all.iter().any(|one| one.name == column.name), "{}", column.name);
            }
        }
    }
}
