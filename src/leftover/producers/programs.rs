//! The programs behind the names: by which executables and loaded modules a living process shows that it runs one. A
//! table, a line a program. One that cannot be told so has none, and its names convict nothing.

/// A program, or a library by which programs come by its names.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    /// Names of executables; `*` at the end stands for any rest.
    pub executables: &'static [&'static str],
    /// How the names of the files begin that its processes have mapped.
    pub modules: &'static [&'static str],
}

const fn program(
    executables: &'static [&'static str],
    modules: &'static [&'static str],
) -> Program {
    Program { executables, modules }
}

impl Program {
    /// Returns true if a process can show that it runs it.
    pub fn can_be_told(&self) -> bool {
        !self.executables.is_empty() || !self.modules.is_empty()
    }
}

/// One that no executable and no module tells: linked statically, or not known well enough.
pub static UNTOLD: Program = program(&[], &[]);

#[rustfmt::skip]
mod table {
    use super::{Program, program};

    pub static PYTHON: Program = program(&["python*", "pypy*", "uwsgi*"], &["libpython", "libpypy", "_posixshmem", "_multiprocessing"]);
    pub static TORCH: Program = program(&["python*", "pypy*", "torch_shm_manager"], &["libtorch", "libshm", "libpython", "libc10"]);
    pub static NCCL: Program = program(&[], &["libnccl", "librccl", "libtorch"]);
    pub static MPICH: Program = program(&["hydra_*", "mpiexec*", "mpirun*"], &["libmpi", "libmpich", "libpmpi"]);
    pub static UCX: Program = program(&[], &["libucs", "libuct", "libucp"]);
    pub static FAST_DDS: Program = program(&["fastdds*", "ros2"], &["libfastrtps", "libfastdds", "libfastcdr"]);
    pub static FIREFOX: Program = program(&["firefox*", "thunderbird*", "plugin-container", "librewolf*", "waterfox*"], &["libxul"]);
    pub static WEBKIT: Program = program(&["WebKit*", "epiphany*", "MiniBrowser"], &["libwebkit", "libjavascriptcore", "libWPEWebKit"]);
    pub static DOTNET: Program = program(&["dotnet", "pwsh"], &["libcoreclr", "libclrjit", "libclrgc", "System.Private.CoreLib"]);
    pub static MONO: Program = program(&["mono*"], &["libmono", "mscorlib"]);
    pub static POSTGRESQL: Program = program(&["postgres*", "postmaster", "edb-postgres"], &[]);
    pub static PULSEAUDIO: Program = program(&["pulseaudio", "pipewire*", "wireplumber"], &["libpulse"]);
    pub static STRESS_NG: Program = program(&["stress-ng*"], &[]);
    pub static SPDK: Program = program(&["spdk*", "nvmf_tgt", "iscsi_tgt", "vhost", "bdevperf"], &["libspdk"]);
    pub static SGLANG: Program = program(&["python*", "sglang*"], &["libpython", "libtorch"]);
    pub static VLLM: Program = program(&["python*", "vllm*"], &["libpython", "libtorch"]);
    pub static ECAL: Program = program(&["ecal_*"], &["libecal"]);
    pub static AVATAR: Program = program(&["python*", "qemu-system-*", "panda-system-*"], &["libpython"]);
}
pub use table::*;
