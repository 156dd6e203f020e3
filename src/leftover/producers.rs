//! Programs that are known by the names they give, and what follows from such a name.

mod patterns;
mod programs;
mod table;

use std::ffi::OsString;
use std::sync::LazyLock;

use crate::model::{Address, Facility, Locator, Object, Value};
use Meaning::{Transient, Unfinished};
pub use patterns::{beginnings, modules_in};
use patterns::{begins, fits, looks_random};
pub use programs::Program;
pub use table::PRODUCERS;

/// A program and the names it gives.
#[derive(Debug)]
pub struct Producer {
    /// What its objects are.
    facility: Facility,
    /// The name without its slash, or a System V key. `*` is anything, `#` the digits of a process id, `@` its hexadecimal
    /// digits, `?` a letter or digit, `~` one hexadecimal digit.
    pattern: &'static str,
    /// What it is called.
    pub program: &'static str,
    /// What a free object of it is.
    pub meaning: Meaning,
    /// How its name comes about.
    pub shape: Shape,
    /// By what a living process shows that it runs the program.
    pub run_by: &'static Program,
    /// What belongs together.
    group: &'static [Companion],
}

/// What a free object of a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Of use only while the program runs: the process in its name, where there is one, decides.
    Transient,
    /// Meant to be there when nobody uses it.
    Persistent,
    /// A step on the way to the real one, which takes microseconds.
    Unfinished,
}

/// How a name comes about, which says what it can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Its maker drew it at random.
    Random,
    /// The number of its maker is in it. The name may have been handed on to processes that open it after its maker ended.
    Pid,
    /// The number of its maker is in it, and it is there to be read after a crash.
    PostMortem,
    /// A person, a path or a configuration gave it, and the next run gives it again.
    Chosen,
}

/// A member of a group: what it is, and what stands before and after the stem of their names; `*` after it: all whose names
/// begin so, which live together.
type Companion = (Facility, &'static str, &'static str);

/// Who is known to give such a name, and the process that the name tells of.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Who.
    pub producer: &'static Producer,
    /// Which process.
    pub pid: Option<i32>,
    /// What follows on the fixed part of the name has a digit, a capital or an underscore, as what is drawn at random
    /// nearly always has, and a word has not.
    drawn: bool,
}

impl Origin {
    /// The program, where the name says enough to be sure of it: a name of six letters does not.
    pub fn program(&self) -> Option<&'static str> {
        (self.producer.meaning != Unfinished).then_some(self.producer.program)
    }

    /// Returns true if no later run gives such a name again, and a living process that may know it can be told.
    pub fn may_convict(&self) -> bool {
        self.producer.meaning == Transient
            && (self.producer.shape == Shape::Pid
                || self.producer.shape == Shape::Random && self.drawn)
            && self.producer.run_by.can_be_told()
    }

    /// What names begin with all of whose objects are needed as long as one of them is.
    pub fn family(&self) -> Option<(Facility, &'static str)> {
        let whole = self.producer.group.iter().find(|(.., after)| *after == "*");
        whole.map(|(facility, begin, _)| (*facility, *begin))
    }

    /// The addresses of all that may belong to the same group as the object with this address, itself included. Empty when
    /// it stands alone.
    pub fn group(&self, address: &Address) -> Vec<Address> {
        let Locator::Name(name) = &address.locator else { return Vec::new() };
        let Some(name) = name.to_str() else { return Vec::new() };
        let stem = self
            .producer
            .group
            .iter()
            .filter(|(facility, ..)| *facility == address.facility)
            .filter_map(|(_, before, after)| name.strip_prefix(before)?.strip_suffix(after))
            .min_by_key(|stem| stem.len());
        let Some(stem) = stem else { return Vec::new() };
        let member = |(facility, before, after): &Companion| Address {
            facility: *facility,
            locator: Locator::Name(OsString::from(format!("{before}{stem}{after}")).into()),
        };
        self.producer.group.iter().map(member).collect()
    }
}

/// Who is known to give the name or key of this object.
pub fn origin(object: &Object) -> Option<Origin> {
    let facility = object.address.facility;
    match (&object.address.locator, object.facts.get("key")) {
        (Locator::Name(name), _) => of_name(facility, name.as_encoded_bytes(), &object.size),
        (Locator::Id(_), Some(Value::Key(key))) => of_key(facility, *key),
        _ => None,
    }
}

fn of_key(facility: Facility, key: u32) -> Option<Origin> {
    /// Those that are known by a key.
    static KEYS: LazyLock<Vec<(u32, &Producer)>> = LazyLock::new(|| {
        let key = |pattern: &str| u32::from_str_radix(pattern.strip_prefix("0x")?, 16).ok();
        PRODUCERS.iter().filter_map(|producer| Some((key(producer.pattern)?, producer))).collect()
    });
    let is_it = |(one, producer): &&(u32, &Producer)| *one == key && producer.facility == facility;
    let (_, producer) = KEYS.iter().find(is_it)?;
    Some(Origin { producer, pid: None, drawn: false })
}

fn of_name(facility: Facility, name: &[u8], size: &Value) -> Option<Origin> {
    let may_be = |producer: &&Producer| {
        producer.facility == facility && begins(producer.pattern.as_bytes(), name)
    };
    PRODUCERS.iter().filter(may_be).find_map(|producer| {
        let pid = fits(producer.pattern.as_bytes(), name)?;
        let unfinished = || looks_random(name) && !matches!(size, Value::Bytes(33..));
        (producer.meaning != Unfinished || unfinished()).then_some(Origin {
            producer,
            pid,
            drawn: is_drawn(producer, name),
        })
    })
}

fn is_drawn(producer: &Producer, name: &[u8]) -> bool {
    let rest = name.get(patterns::start(producer.pattern).len()..).unwrap_or_default();
    rest.iter().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || *byte == b'_')
}

/// For `fuzz/`: a name, held against those that programs give.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    for facility in Facility::all() {
        if let Some(origin) = of_name(facility, bytes, &Value::Bytes(32)) {
            assert!(origin.pid.is_none_or(|pid| pid >= 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shape::{Pid, PostMortem};
    use super::*;
    use crate::model::Facility::{Mq, Sem, Shm};
    use crate::model::Value;
    use proptest::prelude::*;
    use std::ffi::OsStr;

    fn named(facility: Facility, name: &str) -> Option<Origin> {
        of_name(facility, name.as_bytes(), &Value::None("none"))
    }

    #[test]
    fn names_of_programs_are_recognised_with_the_process_they_tell_of() {
        for (facility, name, program, pid) in [
            (Shm, "psm_0a1b2c3d", "Python multiprocessing.shared_memory", None),
            (Sem, "mp-ab_01xyz", "Python multiprocessing", None),
            (Sem, "loky-4711-abcdefgh", "joblib (loky)", Some(4711)),
            (Shm, "torch_123_456_0", "PyTorch", Some(123)),
            (Shm, "nccl-a1B2c3", "NCCL", None),
            (Shm, "org.mozilla.ipc.99.7", "Firefox", Some(99)),
            (Shm, "doublemapper_12", ".NET", Some(12)),
            (Sem, "clrst0000002a0011223344556677", ".NET", Some(42)),
            (Shm, "fastrtps_port7411_el", "Fast DDS", None),
            (Sem, "fastrtps_port7411_mutex", "Fast DDS", None),
            (Shm, "PostgreSQL.2893915341", "PostgreSQL", None),
        ] {
            let origin = named(facility, name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!((origin.program(), origin.pid), (Some(program), pid), "{name}");
        }
    }

    #[test]
    fn every_line_of_the_table_recognises_a_name_of_its_program() {
        for (at, line) in PRODUCERS.iter().enumerate() {
            let numbered = line.pattern.contains(['#', '@']);
            let shape = matches!(line.shape, Pid | PostMortem);
            assert_eq!(numbered, shape, "{}: only a number tells of a process", line.pattern);
            let earlier = PRODUCERS[..at]
                .iter()
                .any(|one| (one.facility, one.pattern) == (line.facility, line.pattern));
            assert!(!earlier, "{} stands twice", line.pattern);
            if let Some(key) = line.pattern.strip_prefix("0x") {
                let key = u32::from_str_radix(key, 16).unwrap();
                let found = of_key(line.facility, key).unwrap();
                assert_eq!(found.program(), Some(line.program), "{}", line.pattern);
                continue;
            }
            if line.meaning == Transient
                && matches!(line.shape, Shape::Random | Pid)
                && line.run_by.can_be_told()
            {
                let start = patterns::start(line.pattern);
                assert!(start.len() >= 3, "{}: who was told it could not be found", line.pattern);
            }
            let mut letters = "a1B2c3D4".chars().cycle();
            let name: String = line
                .pattern
                .chars()
                .map(|letter| match letter {
                    '*' => "7".to_owned(),
                    '#' => "4711".to_owned(),
                    '@' => "00001267".to_owned(),
                    '~' => "7".to_owned(),
                    '?' => letters.next().unwrap().to_string(),
                    other => other.to_string(),
                })
                .collect();
            let found = of_name(line.facility, name.as_bytes(), &Value::Bytes(32)).unwrap();
            assert_eq!(found.producer.program, line.program, "{name}");
            assert_eq!(found.producer.meaning, line.meaning, "{name}");
            assert_eq!(found.pid, numbered.then_some(4711), "{name}");
        }
    }

    #[test]
    fn only_what_was_drawn_or_numbered_by_a_program_that_can_be_told_may_convict() {
        for (facility, name, may) in [
            (Shm, "psm_0a1b2c3d", true),
            (Sem, "mp-ab01xyzw", true),
            (Sem, "mp-mylocker", false),
            (Shm, "torch_12_456_0", true),
            (Shm, "doublemapper_12", true),
            (Shm, "pulse-shm-2893915341", true),
            (Shm, "jack-0-0", false),
            (Shm, "fastrtps_port7411", false),
            (Shm, "fastrtps_d1a9e04f10a3b217", true),
            (Shm, "fastrtps_mine", false),
            (Shm, "iox2_1234", false),
            (Shm, "nvmf_trace.pid12", false),
            (Mq, "mq-12-1", true),
            (Mq, "roudi", false),
            (Shm, "libpod_lock", false),
            (Sem, "EIcAod", false),
        ] {
            assert_eq!(named(facility, name).unwrap().may_convict(), may, "{name}");
        }
        assert!(named(Shm, "psm_database").is_none(), "a word that a person chose");
    }

    #[test]
    fn a_name_is_found_wherever_it_stands_in_arguments_and_environment() {
        let text = b"python3\0use.py\0--shm=/psm_0a1b2c3d,x\0A=torch_12_1_0\0psm\0";
        let found = patterns::beginnings(text);
        let told = |name: &str| found.iter().any(|one| one.starts_with(name.as_bytes()));
        assert!(told("psm_0a1b2c3d") && told("torch_12_1_0") && !told("psm_0a1b2c3e"));
    }

    #[test]
    fn a_module_is_told_by_the_name_of_its_file() {
        let maps = b"7f-80 r-xp 0 fe:00 1 /usr/lib/libpython3.11.so.1.0\n80-81 rw-p 0 00:00 0 [heap]\n81-82 r--s 0 fe:00 2 /opt/a b/libtorch_cpu.so (deleted)\n";
        assert_eq!(modules_in(maps), ["libpython", "libtorch"]);
        assert!(modules_in(b"7f-80 r-xp 0 fe:00 1 /usr/libpython/x\n").is_empty());
    }

    #[test]
    fn other_names_are_nobodys() {
        for name in
            ["psm_", "psm_0a1b2c3d4", "torch_", "torch_x_1", "nccl-abc", "doublemapper_", ""]
        {
            assert!(named(Shm, name).is_none(), "{name}");
        }
        assert!(named(Shm, "torch_99999999999_1").is_none(), "no process has such a number");
        assert!(named(Shm, "torch_0_1").is_none(), "no process has such a number");
    }

    #[test]
    fn the_objects_of_a_group_find_each_other() {
        let address = |text: &str| Address::parse(OsStr::new(text)).unwrap();
        let group = [
            "shm:/fastrtps_p7",
            "shm:/fastrtps_p7_el",
            "shm:/fastrtps_p7_sl",
            "sem:/fastrtps_p7_mutex",
        ];
        for member in group {
            let member = address(member);
            let Locator::Name(name) = &member.locator else { panic!() };
            let origin = named(member.facility, name.to_str().unwrap()).unwrap();
            assert_eq!(origin.group(&member), group.map(address));
        }
        let alone = address("shm:/psm_0a1b2c3d");
        assert!(named(Shm, "psm_0a1b2c3d").unwrap().group(&alone).is_empty());
    }

    #[test]
    fn a_temporary_name_is_told_from_a_word() {
        for name in ["EIcAod", "a1b2c3", "9xKq2Z"] {
            assert_eq!(named(Sem, name).map(|o| o.producer.meaning), Some(Unfinished), "{name}");
        }
        for name in ["worker", "jobs01", "Worker", "GATE01", "mySem1", "abc_de", "a-b-c-", "123456"]
        {
            assert!(named(Sem, name).is_none(), "{name}");
        }
        let musl = |size| of_name(Shm, b"tmp-123456", &size).map(|o| o.producer.meaning);
        assert_eq!(musl(Value::Bytes(32)), Some(Unfinished));
        assert_eq!(musl(Value::Bytes(4096)), None);
    }

    proptest! {
        #[test]
        fn any_name_is_somebodys_or_nobodys(name: Vec<u8>, number: u32) {
            for facility in Facility::all() {
                let _ = of_name(facility, &name, &Value::Bytes(32));
                let _ = of_name(facility, format!("torch_{number}_{number}").as_bytes(), &Value::Bytes(1));
            }
        }
    }
}
