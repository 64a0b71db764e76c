//! All pairs, one image each: for cutoffs up to half the cell and not too many atoms.
//!
//! If `r_max` is at most half the smallest height of the cell, a pair has at most one image within `r_max`, the one found by
//! rounding fractional differences ([`Cell::min_periodic_height`]). The vector of that image is computed from the same
//! wrapped coordinates and with the same operations as in the cell grid, `(w_j − w_i) + shift`, so both count the same.

use std::ops::Range;

use super::bins::{Block, RdfBins};
use super::histogram::{Coordinates, Elements, Histogram, squared_length};
use crate::neighbors::CellGrid;
use crate::simd::dispatch;
use crate::{Cell, Result, Workers};

/// Atoms whose rows of pairs are one piece of work.
const ROWS: usize = 64;
/// Adding and taking away 1.5·2⁵² rounds to the nearest whole number, ties to even.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// Rounding of fractional coordinates near ±1/2 must not pick another image of a pair within range.
const SAFETY: f64 = 1.0 - 1e-9;

/// How the nearest image is found.
pub(super) enum NearestImage {
    /// Vectors along x, y and z: their lengths, infinite along non-periodic axes.
    ///
    /// The component of the nearest image is `min(|d|, L − |d|)`, which has the same bits as `|d ± L|`.
    Orthorhombic([f64; 3]),
    /// Any vectors.
    General,
}

impl NearestImage {
    /// Whether, and how, every pair within `r_max` is found by its nearest image.
    pub fn covering(cell: &Cell, r_max: f64) -> Option<Self> {
        let (m, pbc) = (cell.matrix(), cell.pbc());
        let along_axes = (0..3).all(|k| !pbc[k] || (0..3).all(|c| (c == k) == (m[k][c] != 0.0)));
        if along_axes {
            let lengths = [0, 1, 2].map(|k| if pbc[k] { m[k][k].abs() } else { f64::INFINITY });
            lengths.iter().all(|&l| r_max <= 0.5 * l).then_some(Self::Orthorhombic(lengths))
        } else {
            (r_max <= 0.5 * SAFETY * cell.min_periodic_height()).then_some(Self::General)
        }
    }
}

/// Histograms of all pairs i < j, one for each piece of work.
pub(super) fn all_pairs(
    bins: &RdfBins,
    grid: &CellGrid,
    cell: &Cell,
    image: &NearestImage,
    places: &[u8],
    elements: &Elements,
    workers: Workers<'_>,
) -> Result<Vec<Histogram>> {
    let mut order: Vec<usize> = (0..grid.len()).collect();
    order.sort_by_key(|&k| places[grid.order[k] as usize]);
    let atoms = Coordinates::new(grid, &order);
    let fractions = match image {
        NearestImage::Orthorhombic(_) => Fractions::default(),
        NearestImage::General => Fractions::new(&atoms, cell),
    };
    workers.map_chunks(grid.len(), ROWS, |rows| {
        let mut histogram = vec![0; elements.n_pairs() * bins.stride()];
        let work = Rows { bins, elements, rows };
        match image {
            NearestImage::Orthorhombic(lengths) => dispatch(
                #[inline(always)]
                || work.count(&mut histogram, |i, first, n| orthorhombic(&atoms, *lengths, i, first, n)),
            ),
            NearestImage::General => dispatch(
                #[inline(always)]
                || work.count(&mut histogram, |i, first, n| general(&atoms, &fractions, cell, i, first, n)),
            ),
        }
        Ok(histogram)
    })
}

/// The pairs of some first atoms with all later ones.
struct Rows<'a> {
    bins: &'a RdfBins,
    elements: &'a Elements,
    rows: Range<usize>,
}

impl Rows<'_> {
    /// `metric(i, first, n)` gives the squared distances from atom i to `n` atoms from `first` on.
    #[inline(always)]
    fn count<D: Fn(usize) -> (f64, u32)>(&self, histogram: &mut [u64], metric: impl Fn(usize, usize, usize) -> D) {
        let (mut block, starts) = (Block::new(self.bins), self.elements.starts());
        for a in 0..self.elements.len() {
            for i in self.rows.start.max(starts[a])..self.rows.end.min(starts[a + 1]) {
                for b in a..self.elements.len() {
                    let js = starts[b].max(i + 1)..starts[b + 1];
                    let begin = self.elements.pair(a, b) * self.bins.stride();
                    let partial = &mut histogram[begin..begin + self.bins.stride()];
                    block.pieces(
                        js,
                        #[inline(always)]
                        |first, n| metric(i, first, n),
                        #[inline(always)]
                        |slots| {
                            for &slot in slots {
                                partial[slot as usize] += 1;
                            }
                        },
                    );
                }
            }
        }
    }
}

#[inline(always)]
fn orthorhombic(
    atoms: &Coordinates,
    [lx, ly, lz]: [f64; 3],
    i: usize,
    first: usize,
    n: usize,
) -> impl Fn(usize) -> (f64, u32) {
    let (xi, yi, zi) = (atoms.x[i], atoms.y[i], atoms.z[i]);
    let (x, y, z) = (&atoms.x[first..][..n], &atoms.y[first..][..n], &atoms.z[first..][..n]);
    #[inline(always)]
    move |k| {
        let (dx, dy, dz) = ((x[k] - xi).abs(), (y[k] - yi).abs(), (z[k] - zi).abs());
        (squared_length(dx.min(lx - dx), dy.min(ly - dy), dz.min(lz - dz)), 0)
    }
}

/// Fractional coordinates, zero along non-periodic axes so that their differences round to no shift.
#[derive(Default)]
struct Fractions {
    a: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
}

impl Fractions {
    fn new(atoms: &Coordinates, cell: &Cell) -> Self {
        let pbc = cell.pbc();
        let along = |k: usize| {
            let fraction = |n: usize| cell.fractional([atoms.x[n], atoms.y[n], atoms.z[n]])[k];
            (0..atoms.x.len()).map(|n| if pbc[k] { fraction(n) } else { 0.0 }).collect()
        };
        Self { a: along(0), b: along(1), c: along(2) }
    }
}

#[inline(always)]
fn general(
    atoms: &Coordinates,
    f: &Fractions,
    cell: &Cell,
    i: usize,
    first: usize,
    n: usize,
) -> impl Fn(usize) -> (f64, u32) {
    let m = *cell.matrix();
    let (xi, yi, zi) = (atoms.x[i], atoms.y[i], atoms.z[i]);
    let (ai, bi, ci) = (f.a[i], f.b[i], f.c[i]);
    let (x, y, z) = (&atoms.x[first..][..n], &atoms.y[first..][..n], &atoms.z[first..][..n]);
    let (a, b, c) = (&f.a[first..][..n], &f.b[first..][..n], &f.c[first..][..n]);
    #[inline(always)]
    move |k| {
        let (sa, sb, sc) = (nearest_shift(a[k] - ai), nearest_shift(b[k] - bi), nearest_shift(c[k] - ci));
        let dx = (x[k] - xi) + (sa * m[0][0] + sb * m[1][0] + sc * m[2][0]);
        let dy = (y[k] - yi) + (sa * m[0][1] + sb * m[1][1] + sc * m[2][1]);
        let dz = (z[k] - zi) + (sa * m[0][2] + sb * m[1][2] + sc * m[2][2]);
        (squared_length(dx, dy, dz), 0)
    }
}

/// Minus the nearest whole number.
#[inline(always)]
fn nearest_shift(fraction: f64) -> f64 {
    ROUND - (fraction + ROUND)
}
