//! Atoms sorted into bins, and which bins can hold neighbours of which.

use std::ops::Range;

use super::reduction::reduce;
use crate::error::check_rows;
use crate::vector::{add, scaled};
use crate::{Cell, Error, Result};

/// Atoms of one or more adjacent bins, all seen through the same lattice shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// First atom, in sorted order.
    pub start: usize,
    /// One past the last atom, in sorted order.
    pub end: usize,
    /// Index into [`CellGrid::shifts`].
    pub shift: usize,
}

/// Atoms wrapped into a short basis of the lattice and sorted into bins.
///
/// # Algorithm
/// 1. The periodic cell vectors are shortened (`reduction`), other axes replaced by orthonormal ones.
/// 2. Along axis k there are `n_k` bins of height `h_k`; the stencil reaches `m_k = ⌈cutoff / h_k⌉` bins to either side.
///    Two points whose bins differ by more than `m_k` are separated by `m_k` whole bins, hence by at least the cutoff:
///    no neighbour is missed, in whatever cell, also when `m_k` reaches around the cell several times (`cutoff > L`).
/// 3. Bins are numbered with the last axis fastest, so that neighbouring bins along it form one [`Run`].
#[derive(Debug, Clone)]
pub struct CellGrid {
    /// Wrapped coordinates in sorted order, Å.
    pub x: Vec<f64>,
    /// See `x`.
    pub y: Vec<f64>,
    /// See `x`.
    pub z: Vec<f64>,
    /// `order[k]` is the input index of sorted atom k. Ascending within each bin.
    pub order: Vec<u32>,
    /// `places[i]` is the place of input atom i in the sorted order.
    pub places: Vec<u32>,
    /// The shift of each sorted atom in units of the *given* cell: `r = wrapped + homes·cell`.
    pub homes: Vec<[i32; 3]>,
    /// Lattice shifts that runs refer to, in units of the given cell, ascending.
    pub shifts: Vec<[i32; 3]>,
    /// The same in Å.
    pub shift_vectors: Vec<[f64; 3]>,
    /// How much a distance between wrapped coordinates may differ from the exact one, Å.
    pub tolerance: f64,
    starts: Vec<u32>,
    bins: [usize; 3],
    reach: [usize; 3],
    images: [i32; 3],
    pbc: [bool; 3],
    shift_codes: Vec<u32>,
    views: [Views; 3],
}

/// What is seen along one axis from each bin.
#[derive(Debug, Clone, Default)]
struct Views {
    entries: Vec<View>,
    offsets: Vec<u32>,
}

/// Bins `start..end` along an axis, seen through a lattice shift along it.
#[derive(Debug, Clone, Copy)]
struct View {
    /// What the shift adds to the code of the whole shift.
    code: i32,
    start: u32,
    end: u32,
}

impl Views {
    fn of(&self, home: usize) -> &[View] {
        &self.entries[self.offsets[home] as usize..self.offsets[home + 1] as usize]
    }
}

/// Atoms per bin below which finer bins cost more than they save.
const ATOMS_PER_BIN: f64 = 4.0;

impl CellGrid {
    /// Sorts atoms into bins for pairs closer than `cutoff` (Å).
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN or infinite positions; [`Error::Argument`] for a bad cutoff, too many atoms
    /// or positions absurdly far outside the cell.
    pub fn new(positions: &[[f64; 3]], cell: &Cell, cutoff: f64) -> Result<Self> {
        check_positions(positions)?;
        if !(cutoff.is_finite() && cutoff > 0.0) {
            return Err(Error::argument("cutoff", cutoff, "a finite distance > 0 in Å"));
        }
        let pbc = cell.pbc();
        let (short, transform) = reduce(&periodic_rows(cell), pbc);
        let basis = Cell::new(short, pbc)?;
        let fractional: Vec<[f64; 3]> = positions.iter().map(|&r| basis.fractional(r)).collect();
        let layout = Layout::new(&fractional, &basis, cutoff)?;
        let mut grid = Self::sorted(positions, &fractional, &basis, &transform, &layout);
        grid.number_shifts(cell, &transform);
        Ok(grid)
    }

    /// Number of atoms.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no atom.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Number of bins.
    pub fn n_bins(&self) -> usize {
        self.bins.iter().product()
    }

    /// Index of the shift (0, 0, 0).
    pub fn no_shift(&self) -> usize {
        self.shifts.len() / 2 // every shift and its negative are there, in order
    }

    /// The atoms of a bin, in sorted order.
    pub fn atoms(&self, bin: usize) -> Range<usize> {
        self.starts[bin] as usize..self.starts[bin + 1] as usize
    }

    /// Everything that can be within the cutoff of an atom of `bin`, the bin itself included.
    ///
    /// `runs` is emptied first. A sorted atom `j` seen from the wrapped atom `i` through a run stands at
    /// `wrapped_j + shift_vectors[run.shift]`; in terms of the input positions that is the pair
    /// `S = shifts[run.shift] + homes[i] − homes[j]`.
    pub fn runs(&self, bin: usize, runs: &mut Vec<Run>) {
        runs.clear();
        let home = [bin / (self.bins[1] * self.bins[2]), bin / self.bins[2] % self.bins[1], bin % self.bins[2]];
        let [along_x, along_y, along_z] = [0, 1, 2].map(|axis| self.views[axis].of(home[axis]));
        for x in along_x {
            for y in along_y {
                let row = (x.start as usize * self.bins[1] + y.start as usize) * self.bins[2];
                for z in along_z {
                    let start = self.starts[row + z.start as usize] as usize;
                    let end = self.starts[row + z.end as usize] as usize;
                    if start < end {
                        runs.push(Run {
                            start,
                            end,
                            shift: self.shift_codes[(x.code + y.code + z.code) as usize] as usize,
                        });
                    }
                }
            }
        }
    }

    /// The bins within reach along an axis, those that are seen through the same lattice shift joined if they may be.
    fn views(&self, axis: usize) -> Views {
        let (n, reach, periodic) = (self.bins[axis] as i64, self.reach[axis] as i64, self.pbc[axis]);
        let mut unit = [0; 3];
        unit[axis] = 1;
        let (none, weight) = (self.code([0; 3]), self.code(unit) - self.code([0; 3]));
        let mut views = Views { entries: Vec::new(), offsets: vec![0] };
        for home in 0..n {
            let (first, last) = (home - reach, home + reach);
            let (low, high) = if periodic { (periods(first, n), periods(last, n)) } else { (0, 0) };
            for s in low..=high {
                let (start, end) = ((first - s * n).max(0), (last - s * n).min(n - 1) + 1);
                // Codes add up over the axes; that of no shift is counted in once, along the last one.
                let code = s * weight as i64 + if axis == 2 { none as i64 } else { 0 };
                let view = |start: i64, end: i64| View { code: code as i32, start: start as u32, end: end as u32 };
                if axis == 2 {
                    views.entries.push(view(start, end));
                } else {
                    views.entries.extend((start..end).map(|bin| view(bin, bin + 1)));
                }
            }
            views.offsets.push(views.entries.len() as u32);
        }
        views
    }

    fn code(&self, s: [i32; 3]) -> usize {
        let width = self.images.map(|r| (2 * r + 1) as usize);
        let at = |k: usize| (s[k] + self.images[k]) as usize;
        (at(0) * width[1] + at(1)) * width[2] + at(2)
    }

    /// Counting sort of the atoms by bin.
    fn sorted(
        positions: &[[f64; 3]],
        fractional: &[[f64; 3]],
        basis: &Cell,
        transform: &[[i64; 3]; 3],
        layout: &Layout,
    ) -> Self {
        let n_bins: usize = layout.bins.iter().product();
        let bins: Vec<(u32, [i32; 3])> = fractional.iter().map(|&f| layout.place(f)).collect();
        let mut starts = vec![0u32; n_bins + 1];
        for (bin, _) in &bins {
            starts[*bin as usize + 1] += 1;
        }
        for b in 0..n_bins {
            starts[b + 1] += starts[b];
        }
        let mut order = vec![0u32; positions.len()];
        let mut places = vec![0u32; positions.len()];
        let mut next = starts.clone();
        for (i, (bin, _)) in bins.iter().enumerate() {
            places[i] = next[*bin as usize];
            order[next[*bin as usize] as usize] = i as u32;
            next[*bin as usize] += 1;
        }
        let wrapped = |&i: &u32| add(positions[i as usize], scaled(basis.lattice_vector(bins[i as usize].1), -1.0));
        let wrapped: Vec<[f64; 3]> = order.iter().map(wrapped).collect();
        let column = |k: usize| wrapped.iter().map(|r| r[k]).collect();
        let largest = positions.iter().flatten().fold(0.0f64, |a, &b| a.max(b.abs()));
        Self {
            x: column(0),
            y: column(1),
            z: column(2),
            homes: order.iter().map(|&i| in_given_basis(bins[i as usize].1, transform)).collect(),
            order,
            places,
            shifts: Vec::new(),
            shift_vectors: Vec::new(),
            // A few roundings of numbers as large as the largest coordinate.
            tolerance: 1e-10 + 64.0 * f64::EPSILON * largest,
            starts,
            bins: layout.bins,
            reach: layout.reach,
            images: [0; 3],
            pbc: basis.pbc(),
            shift_codes: Vec::new(),
            views: Default::default(),
        }
    }

    /// Numbers all lattice shifts the stencil can meet so that their order is that of `S`.
    fn number_shifts(&mut self, cell: &Cell, transform: &[[i64; 3]; 3]) {
        self.images = [0, 1, 2].map(|k| if self.pbc[k] { self.reach[k].div_ceil(self.bins[k]) as i32 } else { 0 });
        let mut all: Vec<([i32; 3], usize)> = Vec::new();
        for a in -self.images[0]..=self.images[0] {
            for b in -self.images[1]..=self.images[1] {
                for c in -self.images[2]..=self.images[2] {
                    all.push((in_given_basis([a, b, c], transform), all.len()));
                }
            }
        }
        all.sort_unstable();
        self.shift_codes = vec![0; all.len()];
        for (rank, (_, code)) in all.iter().enumerate() {
            self.shift_codes[*code] = rank as u32;
        }
        self.views = [0, 1, 2].map(|axis| self.views(axis));
        self.shifts = all.iter().map(|(s, _)| *s).collect();
        self.shift_vectors = self.shifts.iter().map(|&s| cell.lattice_vector(s)).collect();
    }
}

/// `⌊b / n⌋`, without a division for the bins inside the cell, which are most.
#[inline]
fn periods(b: i64, n: i64) -> i64 {
    if (0..n).contains(&b) { 0 } else { b.div_euclid(n) }
}

/// Atoms further than this many cells outside are refused: their coordinates have lost their digits.
const FAR: f64 = 1e8;

/// # Errors
/// [`Error::Argument`] for fractional coordinates absurdly far outside a periodic cell.
pub(crate) fn check_near(fractional: &[[f64; 3]], pbc: [bool; 3]) -> Result<()> {
    if fractional.iter().any(|f| (0..3).any(|k| pbc[k] && f[k].abs() > FAR)) {
        return Err(Error::argument(
            "positions",
            "atoms more than 1e8 cells outside the cell",
            "positions nearer the cell",
        ));
    }
    Ok(())
}

/// How space is cut into bins.
struct Layout {
    bins: [usize; 3],
    reach: [usize; 3],
    origin: [f64; 3],
    per_fraction: [f64; 3],
    pbc: [bool; 3],
}

impl Layout {
    fn new(fractional: &[[f64; 3]], basis: &Cell, cutoff: f64) -> Result<Self> {
        let (pbc, heights) = (basis.pbc(), basis.heights());
        let mut origin = [0.0; 3];
        let mut extent = [1.0; 3];
        for k in (0..3).filter(|&k| !pbc[k]) {
            let (low, high) = fractional.iter().fold((f64::MAX, f64::MIN), |(l, h), f| (l.min(f[k]), h.max(f[k])));
            if low <= high {
                (origin[k], extent[k]) = (low, (high - low).max(1e-3));
            }
        }
        check_near(fractional, pbc)?;
        let size = [0, 1, 2].map(|k| extent[k] * heights[k]);
        // Slightly more than the cutoff, so that rounding in a fractional coordinate cannot move a neighbour out of reach.
        let reach_length = cutoff * (1.0 + 1e-9) + 1e-9;
        let bins = bin_counts(size, reach_length, fractional.len());
        let reach = [0, 1, 2].map(|k| (reach_length / (size[k] / bins[k] as f64) - 1e-12).ceil());
        check_work(cutoff, fractional.len(), bins, reach, pbc)?;
        Ok(Self {
            bins,
            reach: reach.map(|r| r as usize),
            origin,
            per_fraction: [0, 1, 2].map(|k| bins[k] as f64 / extent[k]),
            pbc,
        })
    }

    /// Bin and home cell (in the short basis) of a fractional point.
    fn place(&self, f: [f64; 3]) -> (u32, [i32; 3]) {
        let home = [0, 1, 2].map(|k| if self.pbc[k] { f[k].floor() } else { 0.0 });
        let at = |k: usize| (((f[k] - home[k] - self.origin[k]) * self.per_fraction[k]) as usize).min(self.bins[k] - 1);
        (((at(0) * self.bins[1] + at(1)) * self.bins[2] + at(2)) as u32, home.map(|h| h as i32))
    }
}

/// More candidates than this would take hours and more memory than there is.
const MAX_CANDIDATES: f64 = 2e10;
/// As many images of the cell reach it out to a hundred times its size.
const MAX_IMAGES: f64 = 1e7;

/// Refuses cutoffs that are absurd for the cell and the number of atoms before anything is allocated.
fn check_work(cutoff: f64, n_atoms: usize, bins: [usize; 3], reach: [f64; 3], pbc: [bool; 3]) -> Result<()> {
    let seen = |k: usize| (2.0 * reach[k] + 1.0) / bins[k] as f64;
    let images: f64 = (0..3).filter(|&k| pbc[k]).map(|k| seen(k).max(1.0)).product();
    let candidates = (0..3).map(|k| if pbc[k] { seen(k) } else { seen(k).min(1.0) }).product::<f64>();
    let candidates = candidates * (n_atoms as f64).powi(2);
    if images > MAX_IMAGES || candidates > MAX_CANDIDATES {
        let got = format!("{cutoff:.3e} Å, which reaches {images:.1e} images of the cell and {candidates:.1e} pairs");
        return Err(Error::argument("cutoff", got, "a distance with fewer pairs, or a larger cell"));
    }
    Ok(())
}

/// Bins of the cutoff's size, or of half of it where the atoms are dense; never many more bins than atoms.
fn bin_counts(size: [f64; 3], reach: f64, n_atoms: usize) -> [usize; 3] {
    let counts = |width: f64| size.map(|s| (s / width).floor().clamp(1.0, 1e5));
    let total = |c: [f64; 3]| c.iter().product::<f64>();
    let fine = counts(reach / 2.0);
    let mut counts = if total(fine) * ATOMS_PER_BIN <= n_atoms as f64 { fine } else { counts(reach) };
    while total(counts) > 2.0 * n_atoms as f64 + 64.0 {
        counts = counts.map(|c| (c * 0.75).floor().max(1.0));
    }
    counts.map(|c| c as usize)
}

/// The cell with non-periodic vectors removed: the grid puts orthonormal ones in their place.
fn periodic_rows(cell: &Cell) -> [[f64; 3]; 3] {
    [0, 1, 2].map(|k| if cell.pbc()[k] { cell.matrix()[k] } else { [0.0; 3] })
}

fn in_given_basis(s: [i32; 3], transform: &[[i64; 3]; 3]) -> [i32; 3] {
    [0, 1, 2].map(|c| (0..3).map(|k| i64::from(s[k]) * transform[k][c]).sum::<i64>() as i32)
}

fn check_positions(positions: &[[f64; 3]]) -> Result<()> {
    if positions.len() >= u32::MAX as usize {
        return Err(Error::argument("positions", format!("{} atoms", positions.len()), "fewer than 2^32"));
    }
    check_rows("positions", positions)
}
