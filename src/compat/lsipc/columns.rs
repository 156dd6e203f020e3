//! The columns of `lsipc` and the subjects that have them, as tables.

use crate::model::{Facility, Family};

/// One column.
pub(super) struct LsipcColumn {
    /// Its heading.
    pub(super) name: &'static str,
    /// What it is called when one object is shown.
    pub(super) label: &'static str,
    pub(super) right: bool,
    /// It may be shortened on a terminal.
    pub(super) cut: bool,
    /// The fact of the kind that it prints, where it prints one.
    pub(super) fact: Option<&'static str>,
    pub(super) cell: CellSource,
}

/// How a column's text is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CellSource {
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
    cell: CellSource,
) -> LsipcColumn {
    LsipcColumn { name, label, right: false, cut: false, fact, cell }
}

const fn right(
    name: &'static str,
    label: &'static str,
    fact: Option<&'static str>,
    cell: CellSource,
) -> LsipcColumn {
    LsipcColumn { right: true, ..left(name, label, fact, cell) }
}

static KEY: LsipcColumn = left("KEY", "Key", Some("key"), CellSource::Key);
static ID: LsipcColumn = left("ID", "ID", None, CellSource::Id);
static OWNER: LsipcColumn = right("OWNER", "Owner", None, CellSource::Owner);
static PERMS: LsipcColumn = right("PERMS", "Permissions", None, CellSource::Permissions);
static CUID: LsipcColumn = right("CUID", "Creator UID", Some("cuid"), CellSource::Person);
static CUSER: LsipcColumn = left("CUSER", "Creator user", Some("cuid"), CellSource::UserName);
static CGID: LsipcColumn = right("CGID", "Creator GID", Some("cgid"), CellSource::Person);
static CGROUP: LsipcColumn = left("CGROUP", "Creator group", Some("cgid"), CellSource::GroupName);
static UID: LsipcColumn = right("UID", "UID", None, CellSource::Uid);
static USER: LsipcColumn = left("USER", "User name", None, CellSource::User);
static GID: LsipcColumn = right("GID", "GID", None, CellSource::Gid);
static GROUP: LsipcColumn = left("GROUP", "Group name", None, CellSource::Group);
static CTIME: LsipcColumn = right("CTIME", "Last change", Some("changed"), CellSource::Time);

static SIZE: LsipcColumn = right("SIZE", "Segment size", None, CellSource::Size);
static NATTCH: LsipcColumn =
    right("NATTCH", "Attached processes", Some("attached"), CellSource::Count);
static STATUS: LsipcColumn = left("STATUS", "Status", Some("marked"), CellSource::Status);
static ATTACH: LsipcColumn = right("ATTACH", "Attach time", Some("last-attach"), CellSource::Time);
static DETACH: LsipcColumn = right("DETACH", "Detach time", Some("last-detach"), CellSource::Time);
static COMMAND: LsipcColumn = LsipcColumn {
    cut: true,
    ..left("COMMAND", "Creator command", Some("creator-pid"), CellSource::Command)
};
static CPID: LsipcColumn = right("CPID", "Creator PID", Some("creator-pid"), CellSource::Pid);
static LPID: LsipcColumn = right("LPID", "Last user PID", Some("last-pid"), CellSource::Pid);

static USEDBYTES: LsipcColumn = right("USEDBYTES", "Bytes used", Some("bytes"), CellSource::Bytes);
static MSGS: LsipcColumn = left("MSGS", "Messages", Some("messages"), CellSource::Count);
static SEND: LsipcColumn = right("SEND", "Msg sent", Some("last-send"), CellSource::Time);
static RECV: LsipcColumn = right("RECV", "Msg received", Some("last-receive"), CellSource::Time);
static LSPID: LsipcColumn = right("LSPID", "Msg sender", Some("sender-pid"), CellSource::Pid);
static LRPID: LsipcColumn = right("LRPID", "Msg receiver", Some("receiver-pid"), CellSource::Pid);

static NSEMS: LsipcColumn = right("NSEMS", "Semaphores", Some("count"), CellSource::Count);
static OTIME: LsipcColumn =
    right("OTIME", "Last operation", Some("last-operation"), CellSource::Time);

static NAME: LsipcColumn = left("NAME", "Name", None, CellSource::Name);
static FILE_CUID: LsipcColumn = right("CUID", "Creator UID", None, CellSource::Uid);
static FILE_CUSER: LsipcColumn = left("CUSER", "Creator user", None, CellSource::FileUserName);
static FILE_CGID: LsipcColumn = right("CGID", "Creator GID", None, CellSource::Gid);
static FILE_CGROUP: LsipcColumn = left("CGROUP", "Creator group", None, CellSource::FileGroupName);
static MTIME: LsipcColumn = right("MTIME", "Last action", Some("modified"), CellSource::Time);
static USED: LsipcColumn = right("MTIME", "Last action", Some("last-used"), CellSource::Time);
static SVAL: LsipcColumn = right("SVAL", "Value", Some("value"), CellSource::Count);

static RESOURCE: LsipcColumn = left("RESOURCE", "Resource", None, CellSource::Text);
static DESCRIPTION: LsipcColumn = left("DESCRIPTION", "Description", None, CellSource::Text);
static LIMIT: LsipcColumn = right("LIMIT", "Limit", None, CellSource::Text);
static IN_USE: LsipcColumn = right("USED", "Used", None, CellSource::Text);
static SHARE: LsipcColumn = right("USE%", "Use", None, CellSource::Text);

/// The columns of one semaphore of a set.
pub(super) static ELEMENT: [&LsipcColumn; 6] = [
    &right("SEMNUM", "", None, CellSource::Text),
    &right("VALUE", "", None, CellSource::Text),
    &right("NCOUNT", "", None, CellSource::Text),
    &right("ZCOUNT", "", None, CellSource::Text),
    &right("PID", "", None, CellSource::Text),
    &LsipcColumn { cut: true, ..right("COMMAND", "", None, CellSource::Text) },
];

type Columns = &'static [&'static LsipcColumn];

/// What a run is about.
pub(super) struct LsipcSubject {
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
pub(super) static SUBJECTS: [LsipcSubject; 6] = [
    LsipcSubject {
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
    LsipcSubject {
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
    LsipcSubject {
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
    LsipcSubject {
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
    LsipcSubject {
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
    LsipcSubject {
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
pub(super) static LIMITS: [&LsipcColumn; 5] = [&RESOURCE, &DESCRIPTION, &LIMIT, &IN_USE, &SHARE];

/// Why there are no columns to print.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ColumnError {
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
) -> Result<Vec<&'static LsipcColumn>, ColumnError> {
    let (mut columns, list) = match list.strip_prefix('+') {
        Some(list) => (usual.to_vec(), list),
        None => (Vec::new(), list),
    };
    let mut rest = list;
    loop {
        let end = rest.find(',').filter(|end| end + 1 < rest.len());
        let name = &rest[..end.unwrap_or(rest.len())];
        if name.is_empty() {
            return Err(ColumnError::Empty);
        }
        let is_named = |column: &&&'static LsipcColumn| column.name.eq_ignore_ascii_case(name);
        match all.iter().find(is_named) {
            Some(column) => columns.push(column),
            None if everywhere().any(|column| column.name.eq_ignore_ascii_case(name)) => {
                return Err(ColumnError::Elsewhere(rest.to_owned()));
            }
            None => return Err(ColumnError::Unknown(rest.to_owned())),
        }
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => return Ok(columns),
        }
    }
}

fn everywhere() -> impl Iterator<Item = &'static LsipcColumn> {
    SUBJECTS.iter().flat_map(|subject| subject.all).chain(&LIMITS).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Result<Vec<&'static str>, ColumnError> {
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
        assert_eq!(names("ID,SEND,KEY"), Err(ColumnError::Elsewhere("SEND,KEY".into())));
        assert_eq!(names("ID,NAME"), Err(ColumnError::Elsewhere("NAME".into())));
        assert_eq!(names("ID, KEY"), Err(ColumnError::Unknown(" KEY".into())));
        assert_eq!(names("ID,"), Err(ColumnError::Unknown("ID,".into())));
        for list in ["", "+", ",ID", "ID,,KEY"] {
            assert_eq!(names(list), Err(ColumnError::Empty), "{list}");
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
