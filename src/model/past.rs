//! What an object itself tells of those who made and used it, without a look at any process.

/// A process that an object remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What it was to the object: `creator`, `last sender`.
    pub role: &'static str,
    /// Its number; 0 for none, or for one that this pid namespace cannot see.
    pub pid: i32,
    /// When it acted, seconds since the epoch; `None` when it never did, or when that is not told.
    pub time: Option<i64>,
    /// It was the last to take from a semaphore, which has nothing left to take.
    pub took: bool,
}

/// How long an object may lie untouched between two uses of a program that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsePattern {
    /// Memory and the semaphores beside it: somebody holds it while it is needed.
    Steady,
    /// Queues and sets: programs come and go.
    Occasional,
    /// Once it is unused no process can use it again.
    Once,
}

/// Messages that nobody has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// How many.
    pub messages: u64,
    /// Bytes of all of them; `None` where they could not be read.
    pub bytes: Option<u64>,
    /// When the last was sent, seconds since the epoch.
    pub sent: Option<i64>,
    /// The last may have been sent earlier: the kernel does not tell sending from receiving.
    pub or_earlier: bool,
}

/// What an object remembers. Two looks at an object that nobody used or changed in between are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The processes, as far as they can be read; or why not.
    pub actors: Result<Vec<Actor>, &'static str>,
    /// The newest time of making, changing or using it, seconds since the epoch; `None` when it is not known.
    pub last: Option<i64>,
    /// That time is one of use. Otherwise the kernel noted a change, and does not note every use.
    pub used: bool,
    /// When the kernel last noted a change: a time that nobody can set at will.
    pub changed: Option<i64>,
    /// User and group of who made it, where the kernel keeps them besides the owner.
    pub creator: Option<(u32, u32)>,
    /// How long it may lie untouched.
    pub pace: UsePattern,
    /// Messages that nobody has taken; `None` of what holds none, and where it could not be read.
    pub pending: Option<Pending>,
    /// Callers that it counts as waiting on it, although a killed one stays counted.
    pub stranded: u32,
    /// It can be in use by another machine, which shares its file system.
    pub shared: bool,
    /// Nobody has opened or changed it since the moment it was made.
    pub untouched: bool,
    /// Names that it has.
    pub links: u32,
    /// Bytes of memory that it takes, as far as the look at it told.
    pub memory: u64,
    /// What else must be the same for it to be the same object: key, size, time of birth.
    pub serial: [u64; 3],
}

impl History {
    /// Bytes of memory that are given back when its name goes. A file with another name stays.
    pub fn freed(&self) -> u64 {
        if self.links > 1 { 0 } else { self.memory }
    }

    /// That of an object which keeps none.
    pub const NONE: Self = Self {
        actors: Err("it keeps no history"),
        last: None,
        used: false,
        changed: None,
        creator: None,
        pace: UsePattern::Steady,
        pending: None,
        stranded: 0,
        shared: false,
        untouched: false,
        links: 0,
        memory: 0,
        serial: [0; 3],
    };
}
