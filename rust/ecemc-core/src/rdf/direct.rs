//! All pairs, one image each: for cutoffs up to half the cell and not too many atoms.
//!
//! If `r_max` is at most half the smallest height of the cell, a pair has at most one image within `r_max`, the one found by
//! rounding fractional differences ([`Cell::min_periodic_height`]). The vector of that image is computed from the same
//! wrapped coordinates and with the same operations as in the cell grid, `(w_j − w_i) + shift`, so both count the same.

use std::ops::Range;

use super::bins::RdfBins;
use super::histogram::{ByElement, Elements, Histogram, squared_length, tally};
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
    let atoms = ByElement::new(grid, places, elements);
    let fractions = match image {
        NearestImage::Orthorhombic(_) => Fractions::default(),
        NearestImage::General => Fractions::new(&atoms, cell),
    };
    workers.map_chunks(grid.len(), ROWS, |rows| {
        let mut histogram = vec![0; elements.n_pairs() * bins.stride()];
        let work = Rows { bins, atoms: &atoms, elements, rows };
        match image {
            NearestImage::Orthorhombic(lengths) => dispatch(
                #[inline(always)]
                || work.count(&mut histogram, |i, js| orthorhombic(&atoms, *lengths, i, js)),
            ),
            NearestImage::General => dispatch(
                #[inline(always)]
                || work.count(&mut histogram, |i, js| general(&atoms, &fractions, cell.matrix(), i, js)),
            ),
        }
        Ok(histogram)
    })
}

/// The pairs of some first atoms with all later ones.
struct Rows<'a> {
    bins: &'a RdfBins,
    atoms: &'a ByElement,
    elements: &'a Elements,
    rows: Range<usize>,
}

impl Rows<'_> {
    /// `metric(i, js)` gives the function from a place in `js` to the squared distance from i.
    #[inline(always)]
    fn count<D: Fn(usize) -> f64>(&self, histogram: &mut [u64], metric: impl Fn(usize, Range<usize>) -> D) {
        let (limits, starts) = (self.bins.limits(), &self.atoms.starts);
        for a in 0..self.elements.len() {
            for i in self.rows.start.max(starts[a])..self.rows.end.min(starts[a + 1]) {
                for b in a..self.elements.len() {
                    let js = starts[b].max(i + 1)..starts[b + 1];
                    let begin = self.elements.pair(a, b) * self.bins.stride();
                    let slots = &mut histogram[begin..begin + self.bins.stride()];
                    tally(self.bins, &limits, slots, js.len(), metric(i, js), |_| 0);
                }
            }
        }
    }
}

#[inline(always)]
fn orthorhombic(atoms: &ByElement, [lx, ly, lz]: [f64; 3], i: usize, js: Range<usize>) -> impl Fn(usize) -> f64 {
    let (xi, yi, zi) = (atoms.x[i], atoms.y[i], atoms.z[i]);
    let (x, y, z) = (&atoms.x[js.clone()], &atoms.y[js.clone()], &atoms.z[js]);
    #[inline(always)]
    move |k| {
        let (dx, dy, dz) = ((x[k] - xi).abs(), (y[k] - yi).abs(), (z[k] - zi).abs());
        squared_length(dx.min(lx - dx), dy.min(ly - dy), dz.min(lz - dz))
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
    fn new(atoms: &ByElement, cell: &Cell) -> Self {
        let pbc = cell.pbc();
        let along = |k: usize| {
            let fraction = |n: usize| cell.fractional([atoms.x[n], atoms.y[n], atoms.z[n]])[k];
            (0..atoms.x.len()).map(|n| if pbc[k] { fraction(n) } else { 0.0 }).collect()
        };
        Self { a: along(0), b: along(1), c: along(2) }
    }
}

#[inline(always)]
fn general(atoms: &ByElement, f: &Fractions, m: &[[f64; 3]; 3], i: usize, js: Range<usize>) -> impl Fn(usize) -> f64 {
    let m = *m;
    let (xi, yi, zi) = (atoms.x[i], atoms.y[i], atoms.z[i]);
    let (ai, bi, ci) = (f.a[i], f.b[i], f.c[i]);
    let (x, y, z) = (&atoms.x[js.clone()], &atoms.y[js.clone()], &atoms.z[js.clone()]);
    let (a, b, c) = (&f.a[js.clone()], &f.b[js.clone()], &f.c[js]);
    #[inline(always)]
    move |k| {
        let nearest = |difference: f64| ROUND - (difference + ROUND);
        let s = [nearest(a[k] - ai), nearest(b[k] - bi), nearest(c[k] - ci)];
        let shift = |axis: usize| s[0] * m[0][axis] + s[1] * m[1][axis] + s[2] * m[2][axis];
        squared_length((x[k] - xi) + shift(0), (y[k] - yi) + shift(1), (z[k] - zi) + shift(2))
    }
}
