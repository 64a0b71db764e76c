//! Run-time choice of the widest vector unit.

/// Runs `work` compiled for the best instruction set of this machine.
///
/// The closure must be small enough to be inlined. Results do not depend on the choice: the compiler never fuses a
/// multiplication and an addition on its own, and sums are not reordered.
#[inline]
pub(crate) fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
