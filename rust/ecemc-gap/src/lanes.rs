//! Eight numbers at a time, in as many registers as they need on this machine.

use pulp::{Arch, Simd, WithSimd};

/// Numbers in a row, the unit in which all arrays of the engine are laid out.
pub const LANES: usize = 8;

/// Eight numbers in memory.
pub type Row = [f64; LANES];

/// A row in `V` registers.
///
/// Loops over registers are written out: what is not inlined into the code of an instruction set is compiled without it,
/// and closures are not always inlined.
#[derive(Clone, Copy)]
pub struct Wide<S: Simd, const V: usize> {
    simd: S,
    registers: [S::f64s; V],
}

impl<S: Simd, const V: usize> Wide<S, V> {
    /// Eight times the same number.
    #[inline(always)]
    pub fn splat(simd: S, x: f64) -> Self {
        Self { simd, registers: [simd.splat_f64s(x); V] }
    }

    /// From memory.
    #[inline(always)]
    pub fn load(simd: S, row: &Row) -> Self {
        let mut wide = Self::splat(simd, 0.0);
        wide.registers.copy_from_slice(S::as_simd_f64s(row).0);
        wide
    }

    /// To memory.
    #[inline(always)]
    pub fn store(self, row: &mut Row) {
        S::as_mut_simd_f64s(row).0.copy_from_slice(&self.registers);
    }

    /// `self · factor + addend`, rounded once where the machine can.
    #[inline(always)]
    pub fn mul_add(self, factor: Self, mut addend: Self) -> Self {
        for v in 0..V {
            addend.registers[v] = self.simd.mul_add_e_f64s(self.registers[v], factor.registers[v], addend.registers[v]);
        }
        addend
    }

    /// `self · factor`.
    #[inline(always)]
    pub fn times(mut self, factor: Self) -> Self {
        for v in 0..V {
            self.registers[v] = self.simd.mul_f64s(self.registers[v], factor.registers[v]);
        }
        self
    }

    /// The sum of the eight.
    #[inline(always)]
    pub fn sum(self) -> f64 {
        let mut all = self.registers[0];
        for v in 1..V {
            all = self.simd.add_f64s(all, self.registers[v]);
        }
        self.simd.reduce_sum_f64s(all)
    }
}

/// Work on rows, compiled once for each instruction set.
pub trait Work {
    /// What comes of it.
    type Output;

    /// Does it; must be inlined. `V` registers make a row.
    fn run<S: Simd, const V: usize>(self, simd: S) -> Self::Output;
}

/// Does the work with the best instruction set of this machine.
///
/// Sums of products are rounded once or twice depending on the machine: bits are the same on one machine for any number of
/// threads, but not from one machine to another.
#[inline]
pub fn dispatch<W: Work>(work: W) -> W::Output {
    Arch::new().dispatch(Adapter(work))
}

struct Adapter<W>(W);

impl<W: Work> WithSimd for Adapter<W> {
    type Output = W::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> W::Output {
        match S::F64_LANES {
            8 => self.0.run::<S, 1>(simd),
            4 => self.0.run::<S, 2>(simd),
            2 => self.0.run::<S, 4>(simd),
            _ => self.0.run::<S, 8>(simd),
        }
    }
}
