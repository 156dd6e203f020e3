//! Programs that are known by the names they give: a table, one line an entry. A name proves nothing by itself; it says
//! which process to ask for, what belongs together, and what is meant to outlive its maker.

use std::ffi::OsString;
use std::sync::LazyLock;

use super::evidence::Named;
use crate::model::{Address, Facility, Locator, Object, Value};

/// A program and the names it gives.
#[derive(Debug)]
pub struct Producer {
    /// What its objects are.
    facility: Facility,
    /// The name without its slash, or a System V key. `*` is anything, `#` the digits of a process id, `@` its hexadecimal
    /// digits, `?` a letter or digit.
    pattern: &'static str,
    /// What it is called.
    pub program: &'static str,
    /// What a free object of it is.
    pub meaning: Meaning,
    /// How its name comes about.
    shape: Shape,
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
    /// The process that is its only user writes its own number into it.
    Pid,
    /// The number of its maker is in it, but the name is given to other processes, which may open it after their worker
    /// ended; or nobody has tried that it is otherwise.
    HandedOn,
    /// The number of its maker is in it, and it is there to be read after a crash.
    PostMortem,
    /// A person, a path or a configuration gave it, and the next run gives it again.
    Chosen,
}

/// A member of a group: what it is, and what stands before and after the stem of their names.
type Companion = (Facility, &'static str, &'static str);

use Facility::{Mq, Sem, Shm};
use Meaning::{Persistent, Transient, Unfinished};
use Shape::{Chosen, HandedOn, Pid, PostMortem, Random};

/// Objects that stand alone.
const ALONE: &[Companion] = &[];
/// A segment or port of Fast DDS with its two lock files and its mutex.
const FAST_DDS: &[Companion] =
    &[(Shm, "", ""), (Shm, "", "_el"), (Shm, "", "_sl"), (Sem, "", "_mutex")];

/// A ring buffer of libqb.
const LIBQB: &[Companion] = &[(Shm, "", "-header"), (Shm, "", "-data")];
/// Both directions of avatar2.
const AVATAR: &[Companion] = &[(Mq, "", "_tx_queue"), (Mq, "", "_rx_queue")];

const fn of(
    facility: Facility,
    pattern: &'static str,
    program: &'static str,
    meaning: Meaning,
    shape: Shape,
    group: &'static [Companion],
) -> Producer {
    Producer { facility, pattern, program, meaning, shape, group }
}

/// The table. The first line that fits counts. What is true of every name of a program stands in its line; a name
/// that may mean two things gets the more careful line.
#[rustfmt::skip]
pub static PRODUCERS: &[Producer] = &[
    of(Shm,"psm_????????",                            "Python multiprocessing.shared_memory", Transient,  Random,     ALONE),
    of(Shm,"pym-#-????????",                          "Python multiprocessing",               Transient,  Pid,        ALONE),
    of(Sem,"mp-????????",                             "Python multiprocessing",               Transient,  Random,     ALONE),
    of(Sem,"loky-#-????????",                         "joblib (loky)",                        Transient,  Pid,        ALONE),
    of(Shm,"torch_#_*",                               "PyTorch",                              Transient,  HandedOn,   ALONE),
    of(Shm,"cuda.shm.*",                              "CUDA",                                 Transient,  Chosen,     ALONE),
    of(Shm,"nccl-??????",                             "NCCL",                                 Transient,  Random,     ALONE),
    of(Shm,"vader_segment.*",                         "Open MPI",                             Transient,  Chosen,     ALONE),
    of(Shm,"sm_segment.*",                            "Open MPI",                             Transient,  Chosen,     ALONE),
    of(Shm,"open_mpi.*",                              "Open MPI",                             Transient,  Chosen,     ALONE),
    of(Shm,"mpich_shar_tmp??????",                    "MPICH",                                Transient,  Random,     ALONE),
    of(Shm,"psm2_shm.*",                              "PSM2",                                 Transient,  Chosen,     ALONE),
    of(Shm,"psm3_shm.*",                              "PSM3",                                 Transient,  Chosen,     ALONE),
    of(Sem,"psm3_nic_affinity*",                      "PSM3",                                 Transient,  Chosen,     ALONE),
    of(Shm,"ucx_shm_posix_*",                         "UCX",                                  Transient,  Random,     ALONE),
    of(Shm,"fastrtps_port*",                          "Fast DDS",                             Transient,  Chosen,     FAST_DDS),
    of(Shm,"fastrtps_*",                              "Fast DDS",                             Transient,  Random,     FAST_DDS),
    of(Sem,"fastrtps_*_mutex",                        "Fast DDS",                             Transient,  Random,     FAST_DDS),
    of(Shm,"fastdds_*",                               "Fast DDS",                             Transient,  Random,     FAST_DDS),
    of(Sem,"fastdds_*_mutex",                         "Fast DDS",                             Transient,  Random,     FAST_DDS),
    of(Shm,"fast_datasharing_*",                      "Fast DDS",                             Transient,  Random,     ALONE),
    of(Shm,"iceoryx_mgmt",                            "iceoryx",                              Transient,  Chosen,     ALONE),
    of(Mq, "roudi",                                   "iceoryx",                              Transient,  Chosen,     ALONE),
    of(Shm,"iox2_*",                                  "iceoryx2",                             Transient,  Random,     ALONE),
    of(Shm,"*.zenoh",                                 "Zenoh",                                Transient,  Random,     ALONE),
    of(Shm,".org.chromium.*",                         "Chromium",                             Transient,  Random,     ALONE),
    of(Shm,".com.google.Chrome.*",                    "Chrome",                               Transient,  Random,     ALONE),
    of(Shm,"org.mozilla.ipc.#.*",                     "Firefox",                              Transient,  Pid,        ALONE),
    of(Shm,"WK2SharedMemory.*",                       "WebKit",                               Transient,  Random,     ALONE),
    of(Shm,"doublemapper_#",                          ".NET",                                 Transient,  Pid,        ALONE),
    of(Sem,"clrst@????????????????",                  ".NET",                                 Transient,  Pid,        ALONE),
    of(Sem,"clrco@????????????????",                  ".NET",                                 Transient,  Pid,        ALONE),
    of(Sem,"clrct@????????????????",                  ".NET",                                 Transient,  Pid,        ALONE),
    of(Shm,"mono.#",                                  "Mono",                                 Transient,  HandedOn,   ALONE),
    of(Shm,"PostgreSQL.*",                            "PostgreSQL",                           Transient,  Random,     ALONE),
    of(Shm,"pulse-shm-*",                             "PulseAudio",                           Transient,  Random,     ALONE),
    of(Shm,"ora_*",                                   "Oracle Database",                      Persistent, Chosen,     ALONE),
    of(Shm,"jack-shm-registry",                       "JACK",                                 Persistent, Chosen,     ALONE),
    of(Shm,"jack-*",                                  "JACK",                                 Transient,  Chosen,     ALONE),
    of(Shm,"jack_sem.*",                              "JACK",                                 Transient,  Chosen,     ALONE),
    of(Sem,"jack_sem.*",                              "JACK",                                 Transient,  Chosen,     ALONE),
    of(Shm,"0x282929",                                "JACK",                                 Persistent, Chosen,     ALONE),
    of(Sem,"0x282929",                                "JACK",                                 Persistent, Chosen,     ALONE),
    of(Shm,"lttng-ust-wait-*",                        "LTTng",                                Persistent, Chosen,     ALONE),
    of(Shm,"libpod_lock",                             "Podman",                               Persistent, Chosen,     ALONE),
    of(Shm,"libpod_rootless_lock_*",                  "Podman",                               Persistent, Chosen,     ALONE),
    of(Shm,"ValveIPCSHM_*",                           "Steam",                                Persistent, Chosen,     ALONE),
    of(Shm,"u*-ValveIPCSharedObj-Steam",              "Steam",                                Persistent, Chosen,     ALONE),
    of(Shm,"u*-Shm_*",                                "Steam",                                Transient,  Random,     ALONE),
    of(Shm,"qipc_sharedmemory_*",                     "Qt",                                   Persistent, Chosen,     ALONE),
    of(Sem,"qipc_systemsem_*",                        "Qt",                                   Persistent, Chosen,     ALONE),
    of(Sem,"ADBE_*",                                  "Adobe Reader",                         Persistent, Chosen,     ALONE),
    of(Shm,"ShM.*H*",                                 "Apache",                               Transient,  Chosen,     ALONE),
    of(Shm,"qb-*-#-*-header",                         "libqb",                                Transient,  PostMortem, LIBQB),
    of(Shm,"qb-*-#-*-data",                           "libqb",                                Transient,  PostMortem, LIBQB),
    of(Shm,"stress-ng-#-*-*",                         "stress-ng",                            Transient,  Pid,        ALONE),
    of(Mq, "mq-#-*",                                  "stress-ng",                            Transient,  Pid,        ALONE),
    of(Shm,"bwactl",                                  "bwa",                                  Persistent, Chosen,     ALONE),
    of(Shm,"bwaidx-*",                                "bwa",                                  Persistent, Chosen,     ALONE),
    of(Shm,"0x4e545030",                              "NTP reference clock",                  Persistent, Chosen,     ALONE),
    of(Shm,"0x4e545031",                              "NTP reference clock",                  Persistent, Chosen,     ALONE),
    of(Shm,"0x4e545032",                              "NTP reference clock",                  Persistent, Chosen,     ALONE),
    of(Shm,"0x4e545033",                              "NTP reference clock",                  Persistent, Chosen,     ALONE),
    of(Shm,"0x4e545034",                              "NTP reference clock",                  Persistent, Chosen,     ALONE),
    of(Shm,"0x4e545035",                              "NTP reference clock",                  Persistent, Chosen,     ALONE),
    of(Shm,"0x4e545036",                              "NTP reference clock",                  Persistent, Chosen,     ALONE),
    of(Shm,"0x4e545037",                              "NTP reference clock",                  Persistent, Chosen,     ALONE),
    of(Shm,"0x47505344",                              "gpsd",                                 Persistent, Chosen,     ALONE),
    of(Shm,"looking-glass*",                          "Looking Glass",                        Persistent, Chosen,     ALONE),
    of(Shm,"rocm_smi_card*",                          "ROCm SMI",                             Persistent, Chosen,     ALONE),
    of(Shm,"sr_*",                                    "sysrepo",                              Persistent, Chosen,     ALONE),
    of(Shm,"*.running",                               "sysrepo",                              Persistent, Chosen,     ALONE),
    of(Shm,"*.operational",                           "sysrepo",                              Persistent, Chosen,     ALONE),
    of(Shm,"*.startup",                               "sysrepo",                              Persistent, Chosen,     ALONE),
    of(Shm,"*.candidate",                             "sysrepo",                              Persistent, Chosen,     ALONE),
    of(Shm,"envoy_shared_memory_*",                   "Envoy",                                Transient,  Chosen,     ALONE),
    of(Shm,"FTL-*",                                   "Pi-hole FTL",                          Transient,  Chosen,     ALONE),
    of(Shm,"??????_locals",                           "MosaicML Streaming",                   Transient,  Chosen,     ALONE),
    of(Shm,"??????_filelock",                         "MosaicML Streaming",                   Transient,  Chosen,     ALONE),
    of(Shm,"__IPC_SHM__*",                            "cpp-ipc",                              Transient,  Chosen,     ALONE),
    of(Shm,"*_trace.pid#",                            "SPDK",                                 Transient,  PostMortem, ALONE),
    of(Shm,"spdk_*_conns.#",                          "SPDK",                                 Transient,  HandedOn,   ALONE),
    of(Shm,"nvmf_trace.*",                            "SPDK",                                 Persistent, Chosen,     ALONE),
    of(Shm,"zm.mmap.*",                               "ZoneMinder",                           Transient,  Chosen,     ALONE),
    of(Shm,"TT_UMD_LOCK.*",                           "Tenstorrent UMD",                      Persistent, Chosen,     ALONE),
    of(Shm,"shared_mla_tp*_p#",                       "SGLang",                               Transient,  HandedOn,   ALONE),
    of(Shm,"sgl_shm_*_#_*",                           "SGLang",                               Transient,  HandedOn,   ALONE),
    of(Shm,"multi_tokenizer_args_#",                  "SGLang",                               Transient,  HandedOn,   ALONE),
    of(Shm,"vllm_offload_*",                          "vLLM",                                 Transient,  Chosen,     ALONE),
    of(Shm,"VLLM_OBJECT_STORAGE_SHM_BUFFER_*",        "vLLM",                                 Transient,  Random,     ALONE),
    of(Shm,"moe_shared_l*_lr*_all",                   "TensorRT-LLM",                         Transient,  Chosen,     ALONE),
    of(Shm,"cmx*",                                    "Global Arrays (ComEx)",                Transient,  Chosen,     ALONE),
    of(Sem,"cmx*",                                    "Global Arrays (ComEx)",                Transient,  Chosen,     ALONE),
    of(Shm,"ecal_????????",                           "eCAL",                                 Transient,  Random,     ALONE),
    of(Shm,"mlc-*-*-*-*",                             "morloc",                               Transient,  Random,     ALONE),
    of(Shm,"mori_*",                                  "mori (R)",                             Transient,  Chosen,     ALONE),
    of(Mq, "EMU#_tx_queue",                           "avatar2",                              Transient,  HandedOn,   AVATAR),
    of(Mq, "EMU#_rx_queue",                           "avatar2",                              Transient,  HandedOn,   AVATAR),
    of(Shm,"sharedgl_shared_memory",                  "SharedGL",                             Transient,  Chosen,     ALONE),
    of(Shm,"osrm-region*",                            "OSRM",                                 Persistent, Chosen,     ALONE),
    of(Sem,"0x19910612",                              "EasyLogger",                           Transient,  Chosen,     ALONE),
    of(Shm,"statbar",                                 "statbar",                              Transient,  Chosen,     ALONE),
    of(Sem,"??????",                                  "GNU C library",                        Unfinished, Random,     ALONE),
    of(Shm,"tmp-*",                                   "musl C library",                       Unfinished, Random,     ALONE),
];

/// Who is known to give such a name, and the process that the name tells of.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Who.
    pub producer: &'static Producer,
    /// Which process.
    pub pid: Option<i32>,
}

impl Origin {
    /// The program, where the name says enough to be sure of it: a name of six letters does not.
    pub fn program(&self) -> Option<&'static str> {
        (self.producer.meaning != Unfinished).then_some(self.producer.program)
    }

    /// Returns true if no later run gives such a name again.
    pub fn is_for_once(&self) -> bool {
        self.producer.meaning == Transient && self.producer.shape != Chosen
    }

    /// What the end of the process in the name proves.
    pub fn proof_of_end(&self, pid: i32) -> Named {
        match self.producer.shape {
            Pid => Named::Over(pid),
            PostMortem => Named::ForLater(pid),
            HandedOn | Random | Chosen => Named::HandedOn(pid),
        }
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
    Some(Origin { producer, pid: None })
}

fn of_name(facility: Facility, name: &[u8], size: &Value) -> Option<Origin> {
    let may_be = |producer: &&Producer| {
        producer.facility == facility && begins(producer.pattern.as_bytes(), name)
    };
    PRODUCERS.iter().filter(may_be).find_map(|producer| {
        let pid = fits(producer.pattern.as_bytes(), name)?;
        let unfinished = || looks_random(name) && !matches!(size, Value::Bytes(33..));
        (producer.meaning != Unfinished || unfinished()).then_some(Origin { producer, pid })
    })
}

/// Matches a name against a pattern, and finds the process id in it.
fn fits(pattern: &[u8], name: &[u8]) -> Option<Option<i32>> {
    let Some((&first, rest)) = pattern.split_first() else {
        return name.is_empty().then_some(None);
    };
    match first {
        b'*' => {
            let mut places = (0..=name.len()).rev().filter(|at| begins(rest, &name[*at..]));
            places.find_map(|at| fits(rest, &name[at..]))
        }
        b'#' => number(rest, name, 10, name.len()),
        b'@' => number(rest, name, 16, 8),
        _ => {
            let (&letter, tail) = name.split_first()?;
            let same = if first == b'?' { is_letter(letter) } else { letter == first };
            if same { fits(rest, tail) } else { None }
        }
    }
}

/// Returns true if the name may fit, as far as its first and last letter say: few names begin and end as a pattern does.
fn begins(pattern: &[u8], name: &[u8]) -> bool {
    let agree = |one: Option<&u8>, other: Option<&u8>| {
        matches!(one, Some(b'*' | b'#' | b'@' | b'?')) || one == other
    };
    agree(pattern.first(), name.first()) && agree(pattern.last(), name.last())
}

/// All digits that come now are the number of a process.
fn number(rest: &[u8], name: &[u8], radix: u32, most: usize) -> Option<Option<i32>> {
    let length =
        name.iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let digits = std::str::from_utf8(&name[..length]).ok()?;
    let pid = i32::from_str_radix(digits, radix).ok().filter(|pid| *pid > 0)?;
    fits(rest, &name[length..]).map(|_| Some(pid))
}

/// Letters of temporary names: mkstemp(3), and Python's tempfile, which has an underscore too.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Returns true if a name was made by a machine. Words, in upper or lower case or with capitals, and numbers at the end were not.
fn looks_random(name: &[u8]) -> bool {
    if let Some(number) = name.strip_prefix(b"tmp-") {
        return number.iter().all(u8::is_ascii_digit);
    }
    let run = |rest: &[u8], sort: fn(&u8) -> bool| rest.iter().take_while(|b| sort(b)).count();
    let mut rest = name;
    while !rest.is_empty() {
        let upper = run(rest, u8::is_ascii_uppercase);
        let lower = run(&rest[upper..], u8::is_ascii_lowercase);
        let digits = run(&rest[upper + lower..], u8::is_ascii_digit);
        let length = upper + lower + digits;
        if length == 0 {
            return false;
        }
        // A word has more than one small letter, and nothing after its number.
        if lower == 1 || digits > 0 && length < rest.len() {
            return name.iter().all(u8::is_ascii_alphanumeric);
        }
        rest = &rest[length..];
    }
    false
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
    use super::*;
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
            let shape = matches!(line.shape, Pid | HandedOn | PostMortem);
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
            let mut letters = "a1B2c3D4".chars().cycle();
            let name: String = line
                .pattern
                .chars()
                .map(|letter| match letter {
                    '*' => "7".to_owned(),
                    '#' => "4711".to_owned(),
                    '@' => "00001267".to_owned(),
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
    fn a_process_that_handed_its_name_on_proves_nothing_by_its_end() {
        let proof = |name| named(Shm, name).unwrap().proof_of_end(12);
        assert_eq!(proof("doublemapper_12"), Named::Over(12));
        assert_eq!(proof("torch_12_456_0"), Named::HandedOn(12), "the main process opens it later");
        assert_eq!(proof("nvmf_trace.pid12"), Named::ForLater(12), "it is read after a crash");
        assert_eq!(proof("jack-0-0"), Named::HandedOn(12), "its name is chosen");
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
