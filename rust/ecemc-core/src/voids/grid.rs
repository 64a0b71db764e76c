//! A regular grid over the searched part of space, and the points of it that no sphere covers.

use std::ops::Range;

use super::Region;
use crate::simd::dispatch;
use crate::vector::{add, dot, norm, scaled, sub};
use crate::{Cell, Error, Result, Workers};

/// More grid points than this would take gigabytes.
const MAX_POINTS: f64 = 4e9;
/// Rows painted between two looks at whether to go on.
const ROWS_PER_CHECK: usize = 1 << 14;

/// Points in the middle of equal boxes.
pub(super) struct Grid {
    /// Points along each axis.
    pub n: [usize; 3],
    /// Edges of a box.
    pub edges: [[f64; 3]; 3],
    /// Point (0, 0, 0).
    origin: [f64; 3],
    /// One box as a cell, whose vectors lead from one point to the next.
    step: Cell,
    /// Distances of the planes of points.
    heights: [f64; 3],
    pbc: [bool; 3],
}

impl Grid {
    /// Points no further apart than `spacing` along each axis.
    pub fn new(region: &Region, spacing: f64) -> Result<Self> {
        let lengths = region.edges.map(norm);
        let counts = lengths.map(|length| (length / spacing).ceil().max(1.0));
        // Rows are padded to whole words.
        let points = (counts[0] / 64.0).ceil() * 64.0 * counts[1] * counts[2];
        if !(spacing > 0.0 && points <= MAX_POINTS) {
            let expected = format!("a finite distance > 0 in Å that makes at most {MAX_POINTS:.0e} grid points");
            return Err(Error::argument("spacing", spacing, expected));
        }
        let edges = [0, 1, 2].map(|k| scaled(region.edges[k], 1.0 / counts[k]));
        // Where the atoms span no length there is one point, and any step will do.
        let step = Cell::new(edges, [false; 3])?;
        Ok(Self {
            n: counts.map(|n| n as usize),
            origin: edges.iter().fold(region.origin, |point, &edge| add(point, scaled(edge, 0.5))),
            heights: step.heights(),
            step,
            pbc: region.basis.pbc(),
            edges,
        })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.n.iter().product()
    }

    /// A point by its number; the first axis counts fastest.
    pub fn point(&self, number: usize) -> [f64; 3] {
        let [a, b, _] = self.n;
        let at = [number % a, number / a % b, number / a / b];
        (0..3).fold(self.origin, |point, k| add(point, scaled(self.edges[k], at[k] as f64)))
    }
}

/// One bit for each grid point: whether it is covered.
pub(super) struct Canvas<'a> {
    grid: &'a Grid,
    words: usize,
    bits: Vec<u64>,
    /// Rows painted since the last look at whether to go on.
    rows: usize,
}

impl<'a> Canvas<'a> {
    /// Nothing is covered yet.
    pub fn new(grid: &'a Grid) -> Self {
        let words = grid.n[0].div_ceil(64);
        Self { grid, words, bits: vec![0; words * grid.n[1] * grid.n[2]], rows: 0 }
    }

    /// Marks the points within `radius` of `r` and its periodic images, row by row along the first axis.
    pub fn paint(&mut self, r: [f64; 3], radius: f64, workers: Workers<'_>) -> Result<()> {
        let grid = self.grid;
        let relative = sub(r, grid.origin);
        let u = grid.step.fractional(relative);
        let range = |k: usize| {
            let far = radius / grid.heights[k];
            let (low, high) = ((u[k] - far).ceil() as i64, (u[k] + far).floor() as i64);
            if grid.pbc[k] { low..high + 1 } else { low.max(0)..high.min(grid.n[k] as i64 - 1) + 1 }
        };
        let (bs, cs) = (range(1), range(2));
        for c in cs {
            for first in bs.clone().step_by(ROWS_PER_CHECK) {
                let rows = first..bs.end.min(first + ROWS_PER_CHECK as i64);
                self.rows += rows.end.abs_diff(rows.start) as usize;
                if self.rows >= ROWS_PER_CHECK {
                    workers.check()?;
                    self.rows = 0;
                }
                dispatch(
                    #[inline(always)]
                    || self.paint_rows(relative, radius, rows, c),
                );
            }
        }
        Ok(())
    }

    /// The rows `bs` of plane `c`.
    #[inline(always)]
    fn paint_rows(&mut self, relative: [f64; 3], radius: f64, bs: Range<i64>, c: i64) {
        let grid = self.grid;
        let [along, next, _] = *grid.step.matrix();
        let square = dot(along, along);
        let (inverse, limit) = (1.0 / square, square * (radius * radius));
        let plane = sub(grid.step.cartesian([0.0, 0.0, c as f64]), relative);
        let first = wrapped(c, grid.n[2]) * grid.n[1];
        for b in bs {
            // |row + t·along|² <= radius² for t between the roots of a quadratic equation.
            let row = add(plane, scaled(next, b as f64));
            let projection = dot(row, along);
            let discriminant = projection * projection - square * dot(row, row) + limit;
            if discriminant >= 0.0 {
                let root = discriminant.sqrt();
                let (low, high) = ((-projection - root) * inverse, (-projection + root) * inverse);
                let start = (first + wrapped(b, grid.n[1])) * self.words;
                self.paint_row(start, low.ceil() as i64, high.floor() as i64);
            }
        }
    }

    /// Marks the points `low..=high` of a row, around the boundary if it is periodic.
    #[inline(always)]
    fn paint_row(&mut self, first: usize, low: i64, high: i64) {
        let n = self.grid.n[0] as i64;
        let row = &mut self.bits[first..first + self.words];
        if !self.grid.pbc[0] {
            set(row, low.max(0), high.min(n - 1));
        } else if high - low + 1 >= n {
            set(row, 0, n - 1);
        } else if low <= high {
            let (low, high) = (wrapped(low, n as usize) as i64, wrapped(high, n as usize) as i64);
            if low <= high {
                set(row, low, high);
            } else {
                set(row, low, n - 1);
                set(row, 0, high);
            }
        }
    }

    /// Number of covered points.
    pub fn covered(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Numbers of the points that are not covered, ascending.
    pub fn free(&self) -> Vec<usize> {
        let mut found = Vec::new();
        let n = self.grid.n[0];
        for (row, words) in self.bits.chunks_exact(self.words).enumerate() {
            for (k, &word) in words.iter().enumerate() {
                let mut open = !word;
                while open != 0 {
                    let a = 64 * k + open.trailing_zeros() as usize;
                    open &= open - 1;
                    if a < n {
                        found.push(row * n + a);
                    }
                }
            }
        }
        found
    }
}

/// `x` modulo `n`, without a division for most.
#[inline(always)]
fn wrapped(x: i64, n: usize) -> usize {
    if (0..n as i64).contains(&x) { x as usize } else { x.rem_euclid(n as i64) as usize }
}

/// Sets the bits `low..=high`.
#[inline(always)]
fn set(row: &mut [u64], low: i64, high: i64) {
    if low > high {
        return;
    }
    let (low, high) = (low as usize, high as usize);
    for word in low / 64..=high / 64 {
        let start = low.max(word * 64) - word * 64;
        let end = (high + 1).min(word * 64 + 64) - word * 64;
        row[word] |= (u64::MAX >> (64 - (end - start))) << start;
    }
}
