//! Densities to power spectra `P_{ab,l} = Σ_m c_{a,lm} c_{b,lm}` and back.
//!
//! Internally components stand in the order `l` from the highest to 0, `a`, `b ≤ a`, without weights; [`Projection`] brings them into the order,
//! weights and compression of a descriptor.

use pulp::Simd;

use crate::lanes::{LANES, Row, Wide};

/// The pairs of functions of all channels.
#[derive(Debug, Clone)]
pub struct PowerSpectrum {
    /// Place in a density's `(l, m)` of each function.
    places: Vec<usize>,
    l_max: usize,
    rows: usize,
    density_rows: usize,
}

/// Working space: the density without gaps, its adjoint, and a symmetric matrix.
#[derive(Default)]
pub struct PowerWork {
    density: Vec<Row>,
    matrix: Vec<Row>,
}

impl PowerSpectrum {
    /// `places[a]` is where function `a` stands in the `density_rows` rows that a density has for each `(l, m)`.
    pub fn new(places: Vec<usize>, l_max: usize, density_rows: usize) -> Self {
        let rows = places.len().div_ceil(LANES);
        Self { places, l_max, rows, density_rows }
    }

    /// Pairs of functions.
    pub fn n_pairs(&self) -> usize {
        self.places.len() * (self.places.len() + 1) / 2
    }

    /// Where a function stands in the rows of an `(l, m)` of a density.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// Number of components.
    pub fn len(&self) -> usize {
        self.n_pairs() * (self.l_max + 1)
    }

    /// Length of the buffer for them: they are written eight at a time.
    pub fn buffer_len(&self) -> usize {
        self.len() + LANES
    }

    /// Place of the component of `a ≥ b` and `l`.
    pub fn index(&self, a: usize, b: usize, l: usize) -> usize {
        (self.l_max - l) * self.n_pairs() + a * (a + 1) / 2 + b
    }

    /// Makes working space large enough.
    pub fn prepare(&self, work: &mut PowerWork) {
        work.density.resize((self.l_max + 1) * (self.l_max + 1) * self.rows, [0.0; LANES]);
        work.matrix.resize(self.places.len() * self.rows, [0.0; LANES]);
    }

    /// Removes the gaps between channels.
    fn compact(&self, density: &[Row], work: &mut PowerWork) {
        let from = density.chunks_exact(self.density_rows);
        for (from, to) in from.zip(work.density.chunks_exact_mut(self.rows)) {
            let (from, to) = (from.as_flattened(), to.as_flattened_mut());
            for (to, &place) in to.iter_mut().zip(&self.places) {
                *to = from[place];
            }
        }
    }

    /// The power spectrum of a density.
    #[inline(always)]
    pub fn spectrum<S: Simd, const V: usize>(
        &self,
        simd: S,
        density: &[Row],
        work: &mut PowerWork,
        spectrum: &mut [f64],
    ) {
        self.compact(density, work);
        let mut at = 0;
        for l in (0..=self.l_max).rev() {
            let density = &work.density[l * l * self.rows..(l + 1) * (l + 1) * self.rows];
            for a in 0..self.places.len() {
                // Whole rows are written; what is beyond `b = a` is overwritten by the next ones.
                for row in 0..=a / LANES {
                    let mut sum = Wide::<S, V>::splat(simd, 0.0);
                    for c in density.chunks_exact(self.rows) {
                        let c_a = Wide::splat(simd, c[a / LANES][a % LANES]);
                        sum = Wide::load(simd, &c[row]).mul_add(c_a, sum);
                    }
                    if let Some(place) = spectrum[at + row * LANES..].first_chunk_mut() {
                        sum.store(place);
                    }
                }
                at += a + 1;
            }
        }
    }

    /// The gradient with respect to the density, of something whose gradient with respect to the spectrum is given.
    #[inline(always)]
    pub fn pull_back<S: Simd, const V: usize>(
        &self,
        simd: S,
        density: &[Row],
        gradient: &[f64],
        work: &mut PowerWork,
        adjoint: &mut [Row],
    ) {
        self.compact(density, work);
        let n = self.places.len();
        for l in 0..=self.l_max {
            self.symmetric(&gradient[self.index(0, 0, l)..], &mut work.matrix);
            let densities = work.density[l * l * self.rows..(l + 1) * (l + 1) * self.rows].chunks_exact(self.rows);
            let adjoints = adjoint[l * l * self.density_rows..].chunks_exact_mut(self.density_rows);
            for (c, adjoint) in densities.zip(adjoints) {
                let adjoint = adjoint.as_flattened_mut();
                for row in 0..self.rows {
                    let mut sum = Wide::<S, V>::splat(simd, 0.0);
                    for (&c, h) in c.as_flattened()[..n].iter().zip(work.matrix[row..].iter().step_by(self.rows)) {
                        sum = Wide::load(simd, h).mul_add(Wide::splat(simd, c), sum);
                    }
                    let mut sums = [0.0; LANES];
                    sum.store(&mut sums);
                    for (&place, sum) in self.places[row * LANES..].iter().zip(sums) {
                        adjoint[place] = sum;
                    }
                }
            }
        }
    }

    /// The matrix `H` with which the gradient is `H c`: every pair counts for both of its functions.
    fn symmetric(&self, gradient: &[f64], matrix: &mut [Row]) {
        let width = self.rows * LANES;
        let matrix = matrix.as_flattened_mut();
        let mut at = 0;
        for a in 0..self.places.len() {
            let row = &gradient[at..=at + a];
            matrix[a * width..][..=a].copy_from_slice(row);
            for (b, &g) in row.iter().enumerate() {
                matrix[b * width + a] = g;
            }
            matrix[a * width + a] *= 2.0;
            at += a + 1;
        }
    }
}

/// From internal components to those of a descriptor: `q = T p`.
#[derive(Debug, Clone)]
pub enum Projection {
    /// All components are kept, each with its weight; `order[k]` is the place of internal component `k` in the descriptor.
    Weights {
        /// Weight of each internal component.
        weights: Vec<f64>,
        /// Where it belongs in the descriptor.
        order: Vec<usize>,
    },
    /// A sparse matrix, row by row.
    Sparse {
        /// Where each row's entries end.
        ends: Vec<usize>,
        /// Internal component and value of each entry.
        entries: Vec<(usize, f64)>,
    },
}

impl Projection {
    /// From entries `(component of the descriptor, internal component, value)` of the matrix.
    pub fn new(n_rows: usize, n_internal: usize, mut triples: Vec<(usize, usize, f64)>) -> Self {
        triples.sort_by_key(|&(_, column, _)| column);
        let mut places: Vec<usize> = triples.iter().map(|&(row, _, _)| row).collect();
        places.sort_unstable();
        let each_once = |mut numbers: &mut dyn Iterator<Item = usize>, n: usize| (0..n).eq(&mut numbers);
        if each_once(&mut places.into_iter(), n_rows) && each_once(&mut triples.iter().map(|t| t.1), n_internal) {
            let weights = triples.iter().map(|&(_, _, value)| value).collect();
            return Self::Weights { weights, order: triples.iter().map(|&(row, _, _)| row).collect() };
        }
        triples.sort_by_key(|&(row, column, _)| (row, column));
        let ends = (0..n_rows).map(|row| triples.partition_point(|&(r, _, _)| r <= row)).collect();
        Self::Sparse { ends, entries: triples.into_iter().map(|(_, column, value)| (column, value)).collect() }
    }

    /// Number of components of the descriptor.
    pub fn len(&self) -> usize {
        match self {
            Self::Weights { weights, .. } => weights.len(),
            Self::Sparse { ends, .. } => ends.len(),
        }
    }

    /// Where component `k` of the internal order is found in the descriptor's.
    pub fn place(&self, k: usize) -> usize {
        match self {
            Self::Weights { order, .. } => order[k],
            Self::Sparse { .. } => k,
        }
    }

    /// Writes `T p` into one lane of a panel.
    #[inline(always)]
    pub fn apply(&self, spectrum: &[f64], panel: &mut [Row], lane: usize) {
        match self {
            Self::Weights { weights, .. } => {
                for ((row, w), p) in panel.iter_mut().zip(weights).zip(spectrum) {
                    row[lane] = w * p;
                }
            }
            Self::Sparse { ends, entries } => {
                let mut start = 0;
                for (row, &end) in panel.iter_mut().zip(ends) {
                    let mut sum = 0.0;
                    for &(k, value) in &entries[start..end] {
                        sum += value * spectrum[k];
                    }
                    row[lane] = sum;
                    start = end;
                }
            }
        }
    }

    /// `Tᵀ g` from one lane of a panel.
    #[inline(always)]
    pub fn pull_back(&self, panel: &[Row], lane: usize, gradient: &mut [f64]) {
        match self {
            Self::Weights { weights, .. } => {
                for ((row, w), g) in panel.iter().zip(weights).zip(gradient) {
                    *g = w * row[lane];
                }
            }
            Self::Sparse { ends, entries } => {
                gradient.fill(0.0);
                let mut start = 0;
                for (row, &end) in panel.iter().zip(ends) {
                    for &(k, value) in &entries[start..end] {
                        gradient[k] += value * row[lane];
                    }
                    start = end;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Work, dispatch};

    struct Both<'a>(&'a PowerSpectrum, &'a [Row], &'a [f64]);

    impl Work for Both<'_> {
        type Output = (Vec<f64>, Vec<Row>);

        fn run<S: Simd, const V: usize>(self, simd: S) -> Self::Output {
            let Self(power, density, gradient) = self;
            let (mut spectrum, mut adjoint) = (vec![0.0; power.buffer_len()], vec![[0.0; LANES]; density.len()]);
            let mut work = PowerWork::default();
            power.prepare(&mut work);
            power.spectrum::<S, V>(simd, density, &mut work, &mut spectrum);
            power.pull_back::<S, V>(simd, density, gradient, &mut work, &mut adjoint);
            spectrum.truncate(power.len());
            (spectrum, adjoint)
        }
    }

    /// Two channels, of nine and three functions; the first needs two rows.
    #[test]
    fn spectra_and_adjoints_are_the_sums_that_define_them() {
        let places: Vec<usize> = (0..9).chain(16..19).collect();
        let (l_max, rows) = (2, 3);
        let power = PowerSpectrum::new(places.clone(), l_max, rows);
        let mut density = vec![[0.0; LANES]; 9 * rows];
        for lm in 0..9 {
            for &place in &places {
                density[lm * rows + place / LANES][place % LANES] = ((lm * 37 + place * 11) % 23) as f64 - 11.0;
            }
        }
        let gradient: Vec<f64> = (0..power.len()).map(|k| ((k * 29) % 17) as f64 - 8.0).collect();
        let (spectrum, adjoint) = dispatch(Both(&power, &density, &gradient));
        let c = |a: usize, lm: usize| density[lm * rows + places[a] / LANES][places[a] % LANES];
        let mut wanted = vec![[0.0; LANES]; 9 * rows];
        for l in 0..=l_max {
            for a in 0..places.len() {
                for b in 0..=a {
                    let sum: f64 = (l * l..(l + 1) * (l + 1)).map(|lm| c(a, lm) * c(b, lm)).sum();
                    assert_eq!(spectrum[power.index(a, b, l)], sum);
                    for lm in l * l..(l + 1) * (l + 1) {
                        let g = gradient[power.index(a, b, l)];
                        wanted[lm * rows + places[a] / LANES][places[a] % LANES] += g * c(b, lm);
                        wanted[lm * rows + places[b] / LANES][places[b] % LANES] += g * c(a, lm);
                    }
                }
            }
        }
        assert_eq!(adjoint, wanted);
    }

    #[test]
    fn projections_and_their_transposes() {
        let spectrum = [1.0, -2.0, 4.0];
        let weights = Projection::new(3, 3, vec![(2, 0, 0.5), (0, 1, 3.0), (1, 2, -1.0)]);
        assert!(matches!(weights, Projection::Weights { .. }));
        let sparse = Projection::new(2, 3, vec![(1, 0, 0.5), (0, 1, 3.0), (1, 2, -1.0)]);
        for (projection, wanted) in [(&weights, vec![-6.0, -4.0, 0.5]), (&sparse, vec![-6.0, -3.5])] {
            let n = projection.len();
            let mut panel = vec![[0.0; LANES]; n];
            projection.apply(&spectrum, &mut panel, 3);
            let found: Vec<(usize, f64)> = (0..n).map(|k| (projection.place(k), panel[k][3])).collect();
            for (place, value) in found {
                assert_eq!(value, wanted[place]);
            }
            // g·(T p) = (Tᵀ g)·p
            let mut gradient = [f64::NAN; 3];
            projection.pull_back(&panel, 3, &mut gradient);
            let square: f64 = panel.iter().map(|row| row[3] * row[3]).sum();
            assert_eq!(gradient.iter().zip(&spectrum).map(|(g, p)| g * p).sum::<f64>(), square);
        }
    }
}
