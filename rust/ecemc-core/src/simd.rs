//! Run-time choice of the widest vector unit.

/// Runs `work` compiled for the best instruction set of this machine.
///
/// The closure must be small enough to be inlined. Results do not depend on the choice: the compiler never fuses a
/// multiplication and an addition on its own, and sums are not reordered.
#[inline]
pub(crate) fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Marks and moves to the front some of eight numbers.
pub(crate) trait Compress: Copy {
    /// One bit for each number below the limit.
    fn below(self, numbers: &[f64; 8], limit: f64) -> u8;

    /// The numbers whose bit is set in `mask`, in order; what follows them is of no meaning.
    fn pack(self, mask: u8, numbers: [u64; 8]) -> [u64; 8];
}

/// One instruction of AVX-512.
#[cfg(target_arch = "x86_64")]
impl Compress for pulp::x86::V4 {
    #[inline(always)]
    fn below(self, numbers: &[f64; 8], limit: f64) -> u8 {
        self.cmp_lt_f64x8(pulp::bytemuck::cast(*numbers), self.splat_f64x8(limit)).0
    }

    #[inline(always)]
    fn pack(self, mask: u8, numbers: [u64; 8]) -> [u64; 8] {
        use pulp::bytemuck::cast;
        cast(self.avx512f._mm512_maskz_compress_epi64(mask, cast(numbers)))
    }
}

/// By a table, for all other processors.
#[derive(Clone, Copy)]
pub(crate) struct ByTable;

/// For each mask the numbers of its bits, packed to the left.
const PACKED: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut mask = 0;
    while mask < table.len() {
        let (mut lane, mut n) = (0, 0);
        while lane < 8 {
            if mask >> lane & 1 == 1 {
                table[mask][n] = lane as u8;
                n += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
};

impl Compress for ByTable {
    #[inline(always)]
    fn below(self, numbers: &[f64; 8], limit: f64) -> u8 {
        (0..8).fold(0, |mask, k| mask | u8::from(numbers[k] < limit) << k)
    }

    #[inline(always)]
    fn pack(self, mask: u8, numbers: [u64; 8]) -> [u64; 8] {
        PACKED[usize::from(mask)].map(|lane| numbers[usize::from(lane & 7)])
    }
}

/// Work that packs, by whatever means there are.
pub(crate) trait Packing {
    /// What comes of it.
    type Output;

    /// Does it; must be inlined.
    fn run(self, compress: impl Compress) -> Self::Output;
}

/// As [`dispatch`], for work that packs.
#[inline]
pub(crate) fn dispatch_packing<W: Packing>(work: W) -> W::Output {
    match pulp::Arch::new() {
        #[cfg(target_arch = "x86_64")]
        pulp::Arch::V4(simd) => pulp::Simd::vectorize(
            simd,
            #[inline(always)]
            || work.run(simd),
        ),
        arch => arch.dispatch(
            #[inline(always)]
            || work.run(ByTable),
        ),
    }
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
