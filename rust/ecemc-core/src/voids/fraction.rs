//! The fraction of space outside all atoms, on a grid.

use super::{MAX_RADIUS, Region, check};
use crate::vector::{add, dot, norm, scaled, sub};
use crate::{Cell, Error, Result, Workers};

/// More grid points than this would take gigabytes.
const MAX_POINTS: f64 = 4e9;
/// Rows painted between two looks at whether to go on.
const ROWS_PER_CHECK: usize = 1 << 14;

/// Fraction of the points of a regular grid that are further than `probe` (Å) from every van der Waals surface.
///
/// The grid has points no further apart than `spacing` (Å) along each axis, in the middle of equal boxes; the statistical
/// error of the fraction is of the order of spacing × surface / (volume √points). Each atom paints the points it covers: row by
/// row along the first axis, one bit per point.
///
/// # Errors
/// [`Error::Argument`] without atoms or for bad radii, probe or spacing; [`Error::NonFinite`] for NaN positions; [`Error::Interrupted`].
pub fn void_fraction(
    positions: &[[f64; 3]],
    radii: &[f64],
    cell: &Cell,
    probe: f64,
    spacing: f64,
    workers: Workers<'_>,
) -> Result<f64> {
    check(positions, radii)?;
    if !(0.0..=MAX_RADIUS).contains(&probe) {
        return Err(Error::argument("probe", probe, format!("a radius from 0 to {MAX_RADIUS:.0e} Å")));
    }
    let mut grid = Canvas::new(&Region::new(positions, cell)?, spacing)?;
    for (&r, &radius) in positions.iter().zip(radii) {
        grid.paint(r, radius + probe, workers)?;
    }
    let total: usize = grid.n.iter().product();
    Ok(1.0 - grid.painted() as f64 / total as f64)
}

/// One bit for each grid point.
struct Canvas {
    /// Points along each axis.
    n: [usize; 3],
    pbc: [bool; 3],
    /// Point (0, 0, 0).
    origin: [f64; 3],
    /// One box of the grid; its vectors lead from one point to the next.
    step: Cell,
    words: usize,
    bits: Vec<u64>,
    /// Rows painted so far.
    rows: usize,
}

impl Canvas {
    fn new(region: &Region, spacing: f64) -> Result<Self> {
        let lengths = region.edges.map(norm);
        let counts = lengths.map(|length| (length / spacing).ceil().max(1.0));
        // Rows are padded to whole words.
        let points = (counts[0] / 64.0).ceil() * 64.0 * counts[1] * counts[2];
        if !(spacing > 0.0 && points <= MAX_POINTS) {
            let expected = format!("a finite distance > 0 in Å that makes at most {MAX_POINTS:.0e} grid points");
            return Err(Error::argument("spacing", spacing, expected));
        }
        let steps = [0, 1, 2].map(|k| scaled(region.edges[k], 1.0 / counts[k]));
        let n = counts.map(|n| n as usize);
        let words = n[0].div_ceil(64);
        Ok(Self {
            origin: steps.iter().fold(region.origin, |point, &step| add(point, scaled(step, 0.5))),
            // Where the atoms span no length there is one point, and any step will do.
            step: Cell::new(steps, [false; 3])?,
            pbc: region.basis.pbc(),
            bits: vec![0; words * n[1] * n[2]],
            words,
            n,
            rows: 0,
        })
    }

    /// Marks the points within `radius` of `r` and its periodic images.
    fn paint(&mut self, r: [f64; 3], radius: f64, workers: Workers<'_>) -> Result<()> {
        let relative = sub(r, self.origin);
        let (u, heights, along) = (self.step.fractional(relative), self.step.heights(), self.step.matrix()[0]);
        let square = dot(along, along);
        let range = |k: usize| {
            let (low, high) = ((u[k] - radius / heights[k]).ceil() as i64, (u[k] + radius / heights[k]).floor() as i64);
            if self.pbc[k] { low..high + 1 } else { low.max(0)..high.min(self.n[k] as i64 - 1) + 1 }
        };
        let (bs, cs) = (range(1), range(2));
        for c in cs {
            for b in bs.clone() {
                self.rows += 1;
                if self.rows.is_multiple_of(ROWS_PER_CHECK) {
                    workers.check()?;
                }
                // |row + t·along|² <= radius² for t between the roots of a quadratic equation.
                let row = sub(self.step.cartesian([0.0, b as f64, c as f64]), relative);
                let projection = dot(row, along);
                let discriminant = projection * projection - square * (dot(row, row) - radius * radius);
                if discriminant >= 0.0 {
                    let root = discriminant.sqrt();
                    let (low, high) = ((-projection - root) / square, (-projection + root) / square);
                    let wrapped = |k: usize, x: i64| x.rem_euclid(self.n[k] as i64) as usize;
                    let first = (wrapped(2, c) * self.n[1] + wrapped(1, b)) * self.words;
                    self.paint_row(first, low.ceil() as i64, high.floor() as i64);
                }
            }
        }
        Ok(())
    }

    /// Marks the points `low..=high` of a row, around the boundary if it is periodic.
    fn paint_row(&mut self, first: usize, low: i64, high: i64) {
        let n = self.n[0] as i64;
        let row = &mut self.bits[first..first + self.words];
        if !self.pbc[0] {
            set(row, low.max(0), high.min(n - 1));
        } else if high - low + 1 >= n {
            set(row, 0, n - 1);
        } else if low <= high {
            let (low, high) = (low.rem_euclid(n), high.rem_euclid(n));
            if low <= high {
                set(row, low, high);
            } else {
                set(row, low, n - 1);
                set(row, 0, high);
            }
        }
    }

    fn painted(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }
}

/// Sets the bits `low..=high`.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same grid, each point asked for every image.
    fn brute_force(positions: &[[f64; 3]], radii: &[f64], region: &Region, spacing: f64) -> f64 {
        let n = region.edges.map(|e| (norm(e) / spacing).ceil().max(1.0) as usize);
        let m = region.basis.pbc().map(|p| if p { 4i32 } else { 0 });
        let (mut free, mut all) = (0, 0);
        for point in (0..n[0] * n[1] * n[2]).map(|p| [p % n[0], p / n[0] % n[1], p / n[0] / n[1]]) {
            let x = (0..3)
                .fold(region.origin, |x, k| add(x, scaled(region.edges[k], (point[k] as f64 + 0.5) / n[k] as f64)));
            let covered = (0..positions.len()).any(|i| {
                (0..(2 * m[0] + 1) * (2 * m[1] + 1) * (2 * m[2] + 1)).any(|s| {
                    let (a, b) = (2 * m[0] + 1, 2 * m[1] + 1);
                    let shift = [s % a - m[0], s / a % b - m[1], s / a / b - m[2]];
                    let home = sub(positions[i], region.basis.lattice_vector(region.basis.home_shift(positions[i])));
                    norm(sub(add(home, region.basis.lattice_vector(shift)), x)) <= radii[i]
                })
            });
            free += usize::from(!covered);
            all += 1;
        }
        free as f64 / all as f64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn equals_brute_force(
            d in prop::array::uniform3(2.5..6.0f64),
            t in prop::array::uniform3(-1.2..1.2f64),
            pbc in any::<[bool; 3]>(),
            atoms in prop::collection::vec((prop::array::uniform3(-5.0..5.0f64), 0.0..2.0f64), 1..8),
        ) {
            let cell = Cell::new([[d[0], 0.0, t[0]], [t[1], d[1], 0.0], [0.0, t[2], d[2]]], pbc).unwrap();
            let (positions, radii): (Vec<_>, Vec<_>) = atoms.into_iter().unzip();
            let fast = void_fraction(&positions, &radii, &cell, 0.0, 0.4, Workers::serial()).unwrap();
            let slow = brute_force(&positions, &radii, &Region::new(&positions, &cell).unwrap(), 0.4);
            prop_assert!((fast - slow).abs() < 1e-12, "{fast} {slow}");
        }
    }

    #[test]
    fn one_sphere_in_a_cube() {
        let cell = Cell::new([[6.0, 0.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 6.0]], [true; 3]).unwrap();
        let free = |radius: f64, probe| {
            void_fraction(&[[5.9, 0.0, 3.0]], &[radius], &cell, probe, 0.05, Workers::serial()).unwrap()
        };
        let expected = 1.0 - 4.0 / 3.0 * std::f64::consts::PI * 8.0 / 216.0;
        assert!((free(2.0, 0.0) - expected).abs() < 1e-3 && free(2.0, 0.0) == free(1.5, 0.5));
        assert_eq!(free(6.0, 0.0), 0.0);
    }

    #[test]
    fn vast_probes_are_refused_or_interrupted() {
        let cell = Cell::new([[6.0, 0.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 6.0]], [true; 3]).unwrap();
        let free = |r, probe, workers| void_fraction(&[r], &[1.0], &cell, probe, 0.5, workers);
        // Rows as many as whole numbers go: counting them would wrap around and leave everything free.
        assert!(free([0.0; 3], 1e300, Workers::serial()).unwrap_err().to_string().contains("probe"));
        assert_eq!(free([0.0; 3], 1e4, Workers::new(1, &|| true)), Err(Error::Interrupted));
        assert!(free([1e12, 0.0, 0.0], 0.0, Workers::serial()).unwrap_err().to_string().contains("outside"));
    }
}
