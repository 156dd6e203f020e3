//! The names that programs are known to give: a line each. A name proves nothing by itself; it says which process to ask
//! for, what belongs together, and what is meant to outlive its maker.

use super::Meaning::{Persistent, Transient, Unfinished};
use super::Shape::{Chosen, Pid, PostMortem, Random};
use super::programs::*;
use super::{Companion, Meaning, Producer, Shape};
use crate::model::Facility::{self, Mq, Sem, Shm};

/// Objects that stand alone.
const ALONE: &[Companion] = &[];
/// A segment or port of Fast DDS with its two lock files and its mutex.
const WITH_LOCKS: &[Companion] =
    &[(Shm, "", ""), (Shm, "", "_el"), (Shm, "", "_sl"), (Sem, "", "_mutex")];
/// All objects of iceoryx2: each node of it cleans up after dead ones itself, and half of what one left keeps it from that.
const IOX2: &[Companion] = &[(Shm, "iox2_", "*")];
/// A ring buffer of libqb.
const RING: &[Companion] = &[(Shm, "", "-header"), (Shm, "", "-data")];
/// Both directions of avatar2.
const BOTH_WAYS: &[Companion] = &[(Mq, "", "_tx_queue"), (Mq, "", "_rx_queue")];

const fn of(
    facility: Facility,
    pattern: &'static str,
    program: &'static str,
    meaning: Meaning,
    shape: Shape,
    run_by: &'static Program,
    group: &'static [Companion],
) -> Producer {
    Producer { facility, pattern, program, meaning, shape, run_by, group }
}

/// The table. The first line that fits counts. What is true of every name of a program stands in its line; a name
/// that may mean two things gets the more careful line.
#[rustfmt::skip]
pub static PRODUCERS: &[Producer] = &[
    of(Shm,"psm_~~~~~~~~",                           "Python multiprocessing.shared_memory",  Transient,  Random,     &PYTHON,     ALONE),
    of(Shm,"pym-#-????????",                         "Python multiprocessing",                Transient,  Pid,        &PYTHON,     ALONE),
    of(Sem,"mp-????????",                            "Python multiprocessing",                Transient,  Random,     &PYTHON,     ALONE),
    of(Sem,"loky-#-????????",                        "joblib (loky)",                         Transient,  Pid,        &PYTHON,     ALONE),
    of(Shm,"torch_#_*",                              "PyTorch",                               Transient,  Pid,        &TORCH,      ALONE),
    of(Shm,"cuda.shm.*",                             "CUDA",                                  Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"nccl-??????",                            "NCCL",                                  Transient,  Random,     &NCCL,       ALONE),
    of(Shm,"vader_segment.*",                        "Open MPI",                              Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"sm_segment.*",                           "Open MPI",                              Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"open_mpi.*",                             "Open MPI",                              Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"mpich_shar_tmp??????",                   "MPICH",                                 Transient,  Random,     &MPICH,      ALONE),
    of(Shm,"psm2_shm.*",                             "PSM2",                                  Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"psm3_shm.*",                             "PSM3",                                  Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Sem,"psm3_nic_affinity*",                     "PSM3",                                  Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"ucx_shm_posix_*",                        "UCX",                                   Transient,  Random,     &UCX,        ALONE),
    of(Shm,"fastrtps_port*",                         "Fast DDS",                              Transient,  Chosen,     &UNTOLD,     WITH_LOCKS),
    of(Shm,"fastrtps_*",                             "Fast DDS",                              Transient,  Random,     &FAST_DDS,   WITH_LOCKS),
    of(Sem,"fastrtps_*_mutex",                       "Fast DDS",                              Transient,  Random,     &FAST_DDS,   WITH_LOCKS),
    of(Shm,"fastdds_*",                              "Fast DDS",                              Transient,  Random,     &FAST_DDS,   WITH_LOCKS),
    of(Sem,"fastdds_*_mutex",                        "Fast DDS",                              Transient,  Random,     &FAST_DDS,   WITH_LOCKS),
    of(Shm,"fast_datasharing_*",                     "Fast DDS",                              Transient,  Random,     &FAST_DDS,   ALONE),
    of(Shm,"iceoryx_mgmt",                           "iceoryx",                               Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Mq, "roudi",                                  "iceoryx",                               Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"iox2_*",                                 "iceoryx2",                              Transient,  Random,     &UNTOLD,     IOX2),
    of(Shm,"*.zenoh",                                "Zenoh",                                 Transient,  Random,     &UNTOLD,     ALONE),
    of(Shm,".org.chromium.*",                        "Chromium",                              Transient,  Random,     &UNTOLD,     ALONE),
    of(Shm,".com.google.Chrome.*",                   "Chrome",                                Transient,  Random,     &UNTOLD,     ALONE),
    of(Shm,"org.mozilla.ipc.#.*",                    "Firefox",                               Transient,  Pid,        &FIREFOX,    ALONE),
    of(Shm,"WK2SharedMemory.*",                      "WebKit",                                Transient,  Random,     &WEBKIT,     ALONE),
    of(Shm,"doublemapper_#",                         ".NET",                                  Transient,  Pid,        &DOTNET,     ALONE),
    of(Sem,"clrst@????????????????",                 ".NET",                                  Transient,  Pid,        &DOTNET,     ALONE),
    of(Sem,"clrco@????????????????",                 ".NET",                                  Transient,  Pid,        &DOTNET,     ALONE),
    of(Sem,"clrct@????????????????",                 ".NET",                                  Transient,  Pid,        &DOTNET,     ALONE),
    of(Shm,"mono.#",                                 "Mono",                                  Transient,  Pid,        &MONO,       ALONE),
    of(Shm,"PostgreSQL.*",                           "PostgreSQL",                            Transient,  Random,     &POSTGRESQL, ALONE),
    of(Shm,"pulse-shm-*",                            "PulseAudio",                            Transient,  Random,     &PULSEAUDIO, ALONE),
    of(Shm,"ora_*",                                  "Oracle Database",                       Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"jack-shm-registry",                      "JACK",                                  Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"jack-*",                                 "JACK",                                  Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"jack_sem.*",                             "JACK",                                  Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Sem,"jack_sem.*",                             "JACK",                                  Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x282929",                               "JACK",                                  Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Sem,"0x282929",                               "JACK",                                  Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"lttng-ust-wait-*",                       "LTTng",                                 Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"libpod_lock",                            "Podman",                                Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"libpod_rootless_lock_*",                 "Podman",                                Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"ValveIPCSHM_*",                          "Steam",                                 Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"u*-ValveIPCSharedObj-Steam",             "Steam",                                 Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"u*-Shm_*",                               "Steam",                                 Transient,  Random,     &UNTOLD,     ALONE),
    of(Shm,"qipc_sharedmemory_*",                    "Qt",                                    Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Sem,"qipc_systemsem_*",                       "Qt",                                    Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Sem,"ADBE_*",                                 "Adobe Reader",                          Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"ShM.*H*",                                "Apache",                                Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"qb-*-#-*-header",                        "libqb",                                 Transient,  PostMortem, &UNTOLD,     RING),
    of(Shm,"qb-*-#-*-data",                          "libqb",                                 Transient,  PostMortem, &UNTOLD,     RING),
    of(Shm,"stress-ng-#-*-*",                        "stress-ng",                             Transient,  Pid,        &STRESS_NG,  ALONE),
    of(Mq, "mq-#-*",                                 "stress-ng",                             Transient,  Pid,        &STRESS_NG,  ALONE),
    of(Shm,"bwactl",                                 "bwa",                                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"bwaidx-*",                               "bwa",                                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x4e545030",                             "NTP reference clock",                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x4e545031",                             "NTP reference clock",                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x4e545032",                             "NTP reference clock",                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x4e545033",                             "NTP reference clock",                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x4e545034",                             "NTP reference clock",                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x4e545035",                             "NTP reference clock",                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x4e545036",                             "NTP reference clock",                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x4e545037",                             "NTP reference clock",                   Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"0x47505344",                             "gpsd",                                  Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"looking-glass*",                         "Looking Glass",                         Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"rocm_smi_card*",                         "ROCm SMI",                              Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"sr_main",                                "sysrepo",                               Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"sr_mod",                                 "sysrepo",                               Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"sr_ext",                                 "sysrepo",                               Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"sr_*.running",                           "sysrepo",                               Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"sr_*.operational",                       "sysrepo",                               Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"sr_*.startup",                           "sysrepo",                               Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"sr_*.candidate",                         "sysrepo",                               Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"envoy_shared_memory_*",                  "Envoy",                                 Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"FTL-*",                                  "Pi-hole FTL",                           Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"??????_locals",                          "MosaicML Streaming",                    Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"??????_filelock",                        "MosaicML Streaming",                    Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"__IPC_SHM__*",                           "cpp-ipc",                               Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"*_trace.pid#",                           "SPDK",                                  Transient,  PostMortem, &SPDK,       ALONE),
    of(Shm,"spdk_*_conns.#",                         "SPDK",                                  Transient,  Pid,        &SPDK,       ALONE),
    of(Shm,"nvmf_trace.*",                           "SPDK",                                  Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"zm.mmap.*",                              "ZoneMinder",                            Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"TT_UMD_LOCK.*",                          "Tenstorrent UMD",                       Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Shm,"shared_mla_tp*_p#",                      "SGLang",                                Transient,  Pid,        &SGLANG,     ALONE),
    of(Shm,"sgl_shm_*_#_*",                          "SGLang",                                Transient,  Pid,        &SGLANG,     ALONE),
    of(Shm,"multi_tokenizer_args_#",                 "SGLang",                                Transient,  Pid,        &SGLANG,     ALONE),
    of(Shm,"vllm_offload_*",                         "vLLM",                                  Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"VLLM_OBJECT_STORAGE_SHM_BUFFER_*",       "vLLM",                                  Transient,  Random,     &VLLM,       ALONE),
    of(Shm,"moe_shared_l*_lr*_all",                  "TensorRT-LLM",                          Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"cmx*",                                   "Global Arrays (ComEx)",                 Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Sem,"cmx*",                                   "Global Arrays (ComEx)",                 Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"ecal_~~~~~~~~",                          "eCAL",                                  Transient,  Random,     &ECAL,       ALONE),
    of(Shm,"mlc-*-*-*-*",                            "morloc",                                Transient,  Random,     &UNTOLD,     ALONE),
    of(Shm,"mori_*",                                 "mori (R)",                              Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Mq, "agnocast*",                              "Agnocast",                              Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"agnocast*",                              "Agnocast",                              Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Mq, "EMU#_tx_queue",                          "avatar2",                               Transient,  Pid,        &AVATAR,     BOTH_WAYS),
    of(Mq, "EMU#_rx_queue",                          "avatar2",                               Transient,  Pid,        &AVATAR,     BOTH_WAYS),
    of(Shm,"sharedgl_shared_memory",                 "SharedGL",                              Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"osrm-region*",                           "OSRM",                                  Persistent, Chosen,     &UNTOLD,     ALONE),
    of(Sem,"0x19910612",                             "EasyLogger",                            Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Shm,"statbar",                                "statbar",                               Transient,  Chosen,     &UNTOLD,     ALONE),
    of(Sem,"??????",                                 "GNU C library",                         Unfinished, Random,     &UNTOLD,     ALONE),
    of(Shm,"tmp-*",                                  "musl C library",                        Unfinished, Random,     &UNTOLD,     ALONE),
];
