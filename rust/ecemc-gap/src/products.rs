//! The two products with the matrix of sparse points that cost nearly everything.
//!
//! Both run over the same copy of the matrix, stored in blocks of 8×8, and over *panels*: eight environments side by side,
//! `panel[row][environment]`, so that the environments fill the vector registers and neither product needs a sum over
//! lanes. Each environment's sums run over rows in ascending order, whatever stands beside it: its bits do not depend on
//! how environments are cut into panels, nor on the number of panels or threads.

use pulp::{Arch, Simd, WithSimd};

use crate::lanes::{LANES, Row, Wide};

/// Panels multiplied at once where the registers are wide enough.
pub const MAX_PANELS: usize = 3;

/// A matrix of `n_rows × n_columns` numbers in blocks, filled up with zeros.
#[derive(Debug, Clone)]
pub struct BlockMatrix {
    n_rows: usize,
    n_columns: usize,
    blocks: Vec<[Row; LANES]>,
}

impl BlockMatrix {
    /// From a matrix that is stored row by row.
    pub fn new(rows: &[f64], n_rows: usize, n_columns: usize) -> Self {
        let (row_blocks, column_blocks) = (n_rows.div_ceil(LANES), n_columns.div_ceil(LANES));
        let mut blocks = vec![[[0.0; LANES]; LANES]; row_blocks * column_blocks];
        for (r, row) in rows.chunks_exact(n_columns.max(1)).enumerate() {
            for (c, &x) in row.iter().enumerate() {
                blocks[r / LANES * column_blocks + c / LANES][r % LANES][c % LANES] = x;
            }
        }
        Self { n_rows, n_columns, blocks }
    }

    /// Rows of a panel that [`BlockMatrix::times`] makes: the matrix' rows, filled up to whole blocks.
    pub fn padded_rows(&self) -> usize {
        self.n_rows.next_multiple_of(LANES)
    }

    /// Rows of a panel that [`BlockMatrix::transposed_times`] makes.
    pub fn padded_columns(&self) -> usize {
        self.n_columns.next_multiple_of(LANES)
    }

    /// The rows of the matrix as panels of [`BlockMatrix::padded_columns`] rows.
    pub fn as_panels(&self) -> Vec<Row> {
        let transposed = |block: &[Row; LANES]| -> [Row; LANES] {
            std::array::from_fn(|column| std::array::from_fn(|row| block[row][column]))
        };
        self.blocks.iter().flat_map(transposed).collect()
    }

    /// `out = matrix · panels`, for `n` panels of at least [`BlockMatrix::padded_columns`] rows that follow one another;
    /// those of `out` have at least [`BlockMatrix::padded_rows`]. Further rows are left alone.
    pub fn times(&self, n: usize, panels: &[Row], out: &mut [Row]) {
        Arch::new().dispatch(Product { matrix: self, n, panels, out, transposed: false });
    }

    /// `out = matrixᵀ · panels`, with columns and rows the other way round.
    pub fn transposed_times(&self, n: usize, panels: &[Row], out: &mut [Row]) {
        Arch::new().dispatch(Product { matrix: self, n, panels, out, transposed: true });
    }
}

struct Product<'a> {
    matrix: &'a BlockMatrix,
    n: usize,
    panels: &'a [Row],
    out: &'a mut [Row],
    transposed: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    /// Accumulators must fill the registers without overflowing them: vectors in a row, panels, rows.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F64_LANES {
            8 => self.run::<S, 1, MAX_PANELS, 8>(simd),
            4 => self.run::<S, 2, 1, 4>(simd),
            2 => self.run::<S, 4, 1, 2>(simd),
            _ => self.run::<S, 8, 1, 1>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const P: usize, const R: usize>(self, simd: S) {
        let matrix = self.matrix;
        let (n_in, n_out) = if self.transposed {
            (matrix.padded_rows(), matrix.padded_columns())
        } else {
            (matrix.padded_columns(), matrix.padded_rows())
        };
        if n_in == 0 || n_out == 0 || self.n == 0 {
            return;
        }
        let inputs: Vec<&[Row]> = self.panels.chunks_exact(self.panels.len() / self.n).map(|p| &p[..n_in]).collect();
        let panel_rows = self.out.len() / self.n;
        let mut outputs: Vec<&mut [Row]> = self.out.chunks_exact_mut(panel_rows).collect();
        for block in 0..n_out / LANES {
            for (inputs, outputs) in inputs.chunks(P).zip(outputs.chunks_mut(P)) {
                let part = Part { matrix, block, transposed: self.transposed, inputs, outputs };
                match inputs.len() {
                    3 => part.run::<S, V, 3, R>(simd),
                    2 => part.run::<S, V, 2, R>(simd),
                    _ => part.run::<S, V, 1, R>(simd),
                }
            }
        }
    }
}

/// Eight rows of the result, for a few panels.
struct Part<'a, 'b> {
    matrix: &'a BlockMatrix,
    block: usize,
    transposed: bool,
    inputs: &'a [&'a [Row]],
    outputs: &'a mut [&'b mut [Row]],
}

impl Part<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const P: usize, const R: usize>(self, simd: S) {
        let column_blocks = self.matrix.n_columns.div_ceil(LANES);
        let mut panels: [&[[Row; LANES]]; P] = [&[]; P];
        for p in 0..P {
            panels[p] = self.inputs[p].as_chunks().0;
        }
        for first in (0..LANES).step_by(R) {
            let sums = if self.transposed {
                let blocks = (&self.matrix.blocks[self.block..], column_blocks);
                accumulate::<S, V, P, R, true>(simd, blocks, panels, first)
            } else {
                let blocks = (&self.matrix.blocks[self.block * column_blocks..], 1);
                accumulate::<S, V, P, R, false>(simd, blocks, panels, first)
            };
            for r in 0..R {
                for p in 0..P {
                    sums[r][p].store(&mut self.outputs[p][self.block * LANES + first + r]);
                }
            }
        }
    }
}

/// `Σ_k element(k, r) · panel_p[k]` over all rows `k` of the panels, for `R` rows or columns of every so many blocks.
#[inline(always)]
fn accumulate<S: Simd, const V: usize, const P: usize, const R: usize, const TRANSPOSED: bool>(
    simd: S,
    (blocks, stride): (&[[Row; LANES]], usize),
    panels: [&[[Row; LANES]]; P],
    first: usize,
) -> [[Wide<S, V>; P]; R] {
    let zero = Wide::splat(simd, 0.0);
    let mut sums = [[zero; P]; R];
    for at in 0..panels[0].len() {
        let block = &blocks[at * stride];
        // Outside of the inner loops, so that nothing in there can leave them and the sums stay in registers.
        let mut rows = [&[[0.0; LANES]; LANES]; P];
        for p in 0..P {
            rows[p] = &panels[p][at];
        }
        for k in 0..LANES {
            let mut row = [zero; P];
            for p in 0..P {
                row[p] = Wide::load(simd, &rows[p][k]);
            }
            for r in 0..R {
                let factor = Wide::splat(simd, if TRANSPOSED { block[k][first + r] } else { block[first + r][k] });
                for p in 0..P {
                    sums[r][p] = factor.mul_add(row[p], sums[r][p]);
                }
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize) -> Vec<f64> {
        (0..n).map(|k| ((k * 7919 + 13) % 1009) as f64 / 1009.0 - 0.4).collect()
    }

    #[test]
    fn both_products_equal_the_sums_that_define_them() {
        for (m, d, n_panels) in [(1, 1, 1), (5, 13, 2), (17, 31, 3), (16, 8, 4), (9, 40, 7)] {
            let flat = numbers(m * d);
            let matrix = BlockMatrix::new(&flat, m, d);
            let panel = |rows: usize, n: usize| -> Vec<Row> {
                let mut all = vec![[0.0; LANES]; rows * n_panels];
                let x = numbers(n * n_panels * LANES);
                for p in 0..n_panels {
                    for k in 0..n {
                        all[p * rows + k] = std::array::from_fn(|l| x[(p * n + k) * LANES + l]);
                    }
                }
                all
            };
            let (a, b) = (panel(matrix.padded_columns(), d), panel(matrix.padded_rows(), m));
            let mut t = vec![[f64::NAN; LANES]; matrix.padded_rows() * n_panels];
            let mut g = vec![[f64::NAN; LANES]; matrix.padded_columns() * n_panels];
            matrix.times(n_panels, &a, &mut t);
            matrix.transposed_times(n_panels, &b, &mut g);
            for p in 0..n_panels {
                for l in 0..LANES {
                    for s in 0..m {
                        let wanted: f64 = (0..d).map(|k| flat[s * d + k] * a[p * matrix.padded_columns() + k][l]).sum();
                        assert!((t[p * matrix.padded_rows() + s][l] - wanted).abs() < 1e-13);
                    }
                    for k in 0..d {
                        let wanted: f64 = (0..m).map(|s| flat[s * d + k] * b[p * matrix.padded_rows() + s][l]).sum();
                        assert!((g[p * matrix.padded_columns() + k][l] - wanted).abs() < 1e-13);
                    }
                }
            }
        }
    }
}
