//! Run-time choice of the widest vector unit.

/// Runs `work` compiled for the best instruction set of this machine.
///
/// The closure must be small enough to be inlined. Results do not depend on the choice: the compiler never fuses a
/// multiplication and an addition on its own, and sums are not reordered.
#[inline]
pub(crate) fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Name of the instruction set that kernels are run with on this machine.
pub fn simd_level() -> &'static str {
    match pulp::Arch::new() {
        #[cfg(target_arch = "x86_64")]
        pulp::Arch::V4(_) => "AVX-512",
        #[cfg(target_arch = "x86_64")]
        pulp::Arch::V3(_) => "AVX2",
        #[cfg(target_arch = "aarch64")]
        pulp::Arch::Neon(_) => "NEON",
        _ => "the baseline instruction set",
    }
}
