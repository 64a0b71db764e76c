//! Radial functions as piecewise polynomials.

use pulp::Simd;

use crate::lanes::{LANES, Row, Wide};
use crate::{RadialFunctions, Result, Side};

/// Degree of the polynomials.
const DEGREE: usize = 9;
/// Wanted: the largest error of a function over its largest value.
const TOLERANCE: f64 = 1e-13;
/// Accepted, where the exact functions are themselves no better.
const ACCEPTED: f64 = 1e-9;
/// Shortest distance in the table, Å: below, where atoms of a liquid never are, the exact functions are used.
const NEAREST: f64 = 0.25;
/// Intervals of a segment at the beginning, and at most.
const INTERVALS: (usize, usize) = (4, 1024);
/// Points between the nodes of an interval where the error is measured.
const CHECKS: usize = 2 * DEGREE + 1;

/// All functions of a channel, tabulated.
///
/// Polynomials of degree 9 go through the exact functions at the Chebyshev nodes of each interval. Intervals are halved
/// until the error between the nodes, measured at twice as many points, is below 1e-13 of the function's largest value or
/// is rounding of the exact functions. Slopes are those of the polynomials: exact derivatives of the tabulated functions.
pub struct RadialTable {
    exact: Box<dyn RadialFunctions + Send + Sync>,
    segments: Vec<Segment>,
    /// Interval by interval, highest power first, rows of one function for each `n`, in the order of `l`.
    coefficients: Vec<Row>,
    rows_per_l: usize,
    n_rows: usize,
    error: f64,
}

/// Between break points: intervals of equal length.
struct Segment {
    start: f64,
    end: f64,
    n: usize,
    per_length: f64,
    first: usize,
}

impl Segment {
    fn new(start: f64, end: f64, n: usize, first: usize) -> Self {
        Self { start, end, n, per_length: n as f64 / (end - start), first }
    }

    /// Number of the interval and the place in it, from −1 to 1.
    #[inline(always)]
    fn locate(&self, r: f64) -> (usize, f64) {
        let at = (r - self.start) * self.per_length;
        let interval = (at as usize).min(self.n - 1);
        (self.first + interval, 2.0 * (at - interval as f64) - 1.0)
    }

    /// The distance that stands at a place of an interval of this segment.
    fn distance(&self, interval: usize, place: f64) -> f64 {
        self.start + (interval as f64 + 0.5 * (1.0 + place)) / self.per_length
    }
}

impl RadialTable {
    /// Tabulates.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the functions cannot be represented to nine digits: they are not smooth between their
    /// break points, or their own rounding is larger.
    pub fn new(exact: Box<dyn RadialFunctions + Send + Sync>) -> Result<Self> {
        let rows_per_l = exact.n_max().div_ceil(LANES);
        let n_rows = rows_per_l * (exact.l_max() + 1);
        let mut table = Self { exact, segments: Vec::new(), coefficients: Vec::new(), rows_per_l, n_rows, error: 0.0 };
        let (nearest, cutoff) = (NEAREST.min(table.exact.cutoff() / 8.0), table.exact.cutoff());
        let mut ends: Vec<f64> =
            table.exact.break_points().into_iter().filter(|&r| r > nearest && r < cutoff).collect();
        ends.push(cutoff);
        let scales = table.scales(nearest, cutoff);
        let mut start = nearest;
        for end in ends {
            table.add_segment(start, end, &scales);
            start = end;
        }
        if table.error < ACCEPTED {
            return Ok(table);
        }
        let got = format!("radial functions that a table represents to {:.0e} only", table.error);
        Err(crate::Error::argument("descriptor", got, "fewer radial functions or larger atomic widths"))
    }

    /// Whether the two tables are the same, number by number.
    pub fn equals(&self, other: &Self) -> bool {
        self.cutoff() == other.cutoff() && self.n_rows == other.n_rows && self.coefficients == other.coefficients
    }

    /// Rows of all functions at one distance.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Rows for each angular momentum.
    pub fn rows_per_l(&self) -> usize {
        self.rows_per_l
    }

    /// Distance beyond which all functions are zero.
    pub fn cutoff(&self) -> f64 {
        self.exact.cutoff()
    }

    /// Largest absolute value of each function, in rows.
    fn scales(&self, start: f64, end: f64) -> Vec<Row> {
        let mut scales = vec![[f64::MIN_POSITIVE; LANES]; self.n_rows];
        for k in 0..=256 {
            let (values, _) = self.exact_rows(start + (end - start) * f64::from(k) / 256.0, Side::Below);
            for (scale, value) in scales.as_flattened_mut().iter_mut().zip(values.as_flattened()) {
                *scale = scale.max(value.abs());
            }
        }
        scales
    }

    fn add_segment(&mut self, start: f64, end: f64, scales: &[Row]) {
        let first = self.coefficients.len() / ((DEGREE + 1) * self.n_rows);
        let (mut n, mut last) = (INTERVALS.0, f64::INFINITY);
        loop {
            let segment = Segment::new(start, end, n, first);
            let fitted: Vec<Row> = (0..n).flat_map(|k| self.fit(&segment, k)).collect();
            let error = (0..n).map(|k| self.error_of(&segment, k, &fitted, scales)).fold(0.0, f64::max);
            // Rounding of the exact functions does not become smaller with the intervals.
            let exhausted = n >= INTERVALS.1 || (error < ACCEPTED && error > 0.25 * last);
            if error < TOLERANCE || exhausted {
                self.error = self.error.max(error);
                self.coefficients.extend(fitted);
                self.segments.push(segment);
                return;
            }
            (n, last) = (2 * n, error);
        }
    }

    /// Coefficients of one interval.
    fn fit(&self, segment: &Segment, interval: usize) -> Vec<Row> {
        let nodes: [f64; DEGREE + 1] =
            std::array::from_fn(|k| ((k as f64 + 0.5) * std::f64::consts::PI / (DEGREE + 1) as f64).cos());
        let values = nodes.map(|x| self.exact_rows(segment.distance(interval, x), Side::Above).0);
        let monomials = monomials(&nodes);
        let mut rows = vec![[0.0; LANES]; (DEGREE + 1) * self.n_rows];
        for (power, weights) in monomials.iter().enumerate() {
            for row in 0..self.n_rows {
                let at = (DEGREE - power) * self.n_rows + row;
                rows[at] = std::array::from_fn(|k| weights.iter().zip(&values).map(|(w, v)| w * v[row][k]).sum());
            }
        }
        rows
    }

    fn error_of(&self, segment: &Segment, interval: usize, fitted: &[Row], scales: &[Row]) -> f64 {
        let size = (DEGREE + 1) * self.n_rows;
        let fitted = &fitted[interval * size..(interval + 1) * size];
        let mut error: f64 = 0.0;
        for check in 0..=CHECKS {
            let x = 2.0 * check as f64 / CHECKS as f64 - 1.0;
            // At its ends an interval is judged by its own side of a break point.
            let side = if check == 0 { Side::Above } else { Side::Below };
            let exact = self.exact_rows(segment.distance(interval, x).min(segment.end), side).0;
            for row in 0..self.n_rows {
                for k in 0..LANES {
                    let horner = (0..=DEGREE).fold(0.0, |sum, p| sum * x + fitted[p * self.n_rows + row][k]);
                    error = error.max((horner - exact[row][k]).abs() / scales[row][k]);
                }
            }
        }
        error
    }

    /// The exact functions, in rows.
    fn exact_rows(&self, r: f64, side: Side) -> (Vec<Row>, Vec<Row>) {
        let (n_max, n_l) = (self.exact.n_max(), self.exact.l_max() + 1);
        let (mut values, mut slopes) = (vec![0.0; n_max * n_l], vec![0.0; n_max * n_l]);
        self.exact.evaluate(r, side, &mut values, &mut slopes);
        let rows = |flat: &[f64]| {
            let mut rows = vec![[0.0; LANES]; self.n_rows];
            for (k, &x) in flat.iter().enumerate() {
                let (n, l) = (k / n_l, k % n_l);
                rows[l * self.rows_per_l + n / LANES][n % LANES] = x;
            }
            rows
        };
        (rows(&values), rows(&slopes))
    }

    /// The polynomial's rows, the place in its interval, and places per distance; nothing below the table.
    #[inline(always)]
    fn interval(&self, r: f64) -> Option<(&[Row], f64, f64)> {
        let segment = self.segments.iter().rev().find(|segment| r >= segment.start)?;
        let (interval, place) = segment.locate(r);
        let size = (DEGREE + 1) * self.n_rows;
        Some((&self.coefficients[interval * size..][..size], place, 2.0 * segment.per_length))
    }

    /// Values of all functions at a distance below the cutoff.
    #[inline(always)]
    pub fn values<S: Simd, const V: usize>(&self, simd: S, r: f64, values: &mut [Row]) {
        let Some((rows, place, _)) = self.interval(r) else {
            return values.copy_from_slice(&self.exact_rows(r, Side::Above).0);
        };
        let x = Wide::<S, V>::splat(simd, place);
        for (k, value) in values.iter_mut().enumerate() {
            let mut sum = Wide::splat(simd, 0.0);
            for row in rows[k..].iter().step_by(self.n_rows) {
                sum = sum.mul_add(x, Wide::load(simd, row));
            }
            sum.store(value);
        }
    }

    /// Values and derivatives of all functions at a distance below the cutoff.
    #[inline(always)]
    pub fn values_and_slopes<S: Simd, const V: usize>(&self, simd: S, r: f64, values: &mut [Row], slopes: &mut [Row]) {
        let Some((rows, place, per_length)) = self.interval(r) else {
            let exact = self.exact_rows(r, Side::Above);
            values.copy_from_slice(&exact.0);
            return slopes.copy_from_slice(&exact.1);
        };
        let (x, per_length) = (Wide::<S, V>::splat(simd, place), Wide::splat(simd, per_length));
        for (k, (value, slope)) in values.iter_mut().zip(slopes).enumerate() {
            let (mut sum, mut derivative) = (Wide::splat(simd, 0.0), Wide::splat(simd, 0.0));
            for row in rows[k..].iter().step_by(self.n_rows) {
                derivative = derivative.mul_add(x, sum);
                sum = sum.mul_add(x, Wide::load(simd, row));
            }
            sum.store(value);
            derivative.times(per_length).store(slope);
        }
    }
}

/// `[power][node]`: what the value at each node adds to the coefficient of each power.
fn monomials(nodes: &[f64; DEGREE + 1]) -> [[f64; DEGREE + 1]; DEGREE + 1] {
    // Chebyshev polynomials as sums of powers: T_{n+1} = 2x T_n − T_{n−1}.
    let mut chebyshev = [[0.0; DEGREE + 1]; DEGREE + 1];
    chebyshev[0][0] = 1.0;
    chebyshev[1][1] = 1.0;
    for n in 2..=DEGREE {
        for p in 0..=DEGREE {
            let raised = if p > 0 { 2.0 * chebyshev[n - 1][p - 1] } else { 0.0 };
            chebyshev[n][p] = raised - chebyshev[n - 2][p];
        }
    }
    let mut weights = [[0.0; DEGREE + 1]; DEGREE + 1];
    for (n, polynomial) in chebyshev.iter().enumerate() {
        for (node, x) in nodes.iter().enumerate() {
            let norm = if n == 0 { 1.0 } else { 2.0 } / (DEGREE + 1) as f64;
            let value = norm * (n as f64 * x.acos()).cos();
            for p in 0..=DEGREE {
                weights[p][node] += value * polynomial[p];
            }
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Work, dispatch};
    use crate::soap::SoapRadial;
    use crate::turbo::expansion;
    use crate::{DescriptorOptions, parse_descriptor};

    struct At<'a>(&'a RadialTable, f64);

    impl Work for At<'_> {
        type Output = [Vec<Row>; 3];

        fn run<S: Simd, const V: usize>(self, simd: S) -> Self::Output {
            let mut rows = [(); 3].map(|()| vec![[0.0; LANES]; self.0.n_rows()]);
            let [only, values, slopes] = &mut rows;
            self.0.values::<S, V>(simd, self.1, only);
            self.0.values_and_slopes::<S, V>(simd, self.1, values, slopes);
            rows
        }
    }

    fn tables() -> Vec<RadialTable> {
        let strings = [
            "soap cutoff=3.0 n_max=8 l_max=4 atom_sigma=0.3",
            "soap cutoff=6.0 cutoff_transition_width=1.0 n_max=9 l_max=6 atom_sigma=0.5",
            "soap cutoff=2.0 n_max=2 l_max=0 atom_sigma=0.4 cutoff_dexp=2 cutoff_rate=0",
            "soap_turbo rcut_hard=3 l_max=4 alpha_max=8 atom_sigma=0.3 basis=poly3gauss n_species=1 species_Z=1",
        ];
        let table = |text: &&str| match parse_descriptor(text, &|_| unreachable!()).unwrap().0 {
            DescriptorOptions::Soap(options) => RadialTable::new(Box::new(SoapRadial::new(&options).unwrap())),
            DescriptorOptions::SoapTurbo(options) => {
                RadialTable::new(expansion(&options, None).unwrap().radial.remove(0))
            }
            DescriptorOptions::Distance2b(_) => unreachable!(),
        };
        strings.iter().map(|text| table(text).unwrap()).collect()
    }

    #[test]
    fn tables_are_the_exact_functions() {
        for table in tables() {
            assert!(table.error < 1e-12, "{:e}", table.error);
            let scales = table.scales(NEAREST, table.cutoff());
            for k in 1..997 {
                let r = table.cutoff() * f64::from(k) / 997.0;
                let [only, values, slopes] = dispatch(At(&table, r));
                assert_eq!(only, values);
                let exact = table.exact_rows(r, Side::Above);
                for row in 0..table.n_rows() {
                    for k in 0..LANES {
                        let scale = if r < NEAREST { f64::INFINITY } else { scales[row][k] };
                        assert!((values[row][k] - exact.0[row][k]).abs() <= 5e-13 * scale);
                        assert!((slopes[row][k] - exact.1[row][k]).abs() <= 1e-9 * scale);
                    }
                }
            }
        }
    }

    #[test]
    fn slopes_are_those_of_the_tabulated_functions() {
        for table in tables() {
            let scales = table.scales(NEAREST, table.cutoff());
            for r in [0.71, 1.234, 1.77] {
                let h = 1e-3;
                let at = |by: f64| dispatch(At(&table, r + by))[1].clone();
                let (a, b, c, d) = (at(h), at(-h), at(2.0 * h), at(-2.0 * h));
                let slopes = &dispatch(At(&table, r))[2];
                for row in 0..table.n_rows() {
                    for k in 0..LANES {
                        let slope = (8.0 * (a[row][k] - b[row][k]) - (c[row][k] - d[row][k])) / (12.0 * h);
                        assert!((slope - slopes[row][k]).abs() < 1e-7 * scales[row][k]);
                    }
                }
            }
        }
    }
}
