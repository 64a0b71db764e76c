//! The `distance_2b` term: energies of pairs by their distance.

use std::f64::consts::PI;
use std::sync::OnceLock;

use crate::descriptor::{Coincident, Environments};
use crate::lanes::{LANES, Row};
use crate::model::{PairOptions, TermFile};
use crate::variance::{Covariance, REGULARISATION};

/// `e(r) = f(r) (C + Σ_s w_s exp(−(r − r_s)²/2θ²))` for each pair of two elements, for either of its atoms.
///
/// As in QUIP, a pair thus counts twice. `C` is the square of the term's mean times the sum of its weights.
pub(crate) struct PairTerm {
    cutoff: f64,
    width: f64,
    elements: [u8; 2],
    theta: f64,
    /// Distance and weight of each sparse point.
    gaussians: Vec<(f64, f64)>,
    constant: f64,
    /// `δ²` and the square of the mean.
    scales: [f64; 2],
    /// Cutoff function of each sparse point.
    strengths: Vec<f64>,
    covariance: OnceLock<Option<Covariance>>,
}

impl PairTerm {
    pub fn new(options: &PairOptions, file: &TermFile) -> Self {
        let strengths = || file.alpha.iter().zip(&file.cutoffs).map(|(alpha, cutoff)| alpha * cutoff);
        let weights = strengths().map(|strength| file.delta * file.delta * strength);
        Self {
            cutoff: options.cutoff,
            width: options.cutoff_transition_width,
            elements: options.elements,
            theta: options.theta,
            gaussians: file.sparse.iter().copied().zip(weights).collect(),
            constant: options.signal_mean * options.signal_mean * strengths().sum::<f64>(),
            scales: [file.delta * file.delta, options.signal_mean * options.signal_mean],
            strengths: file.cutoffs.clone(),
            covariance: OnceLock::new(),
        }
    }

    pub fn cutoff(&self) -> f64 {
        self.cutoff
    }

    /// Whether the pairs are such with an atom of this element.
    pub fn is_center(&self, number: u8) -> bool {
        self.elements.iter().any(|&z| z == 0 || z == number)
    }

    fn is_pair(&self, a: u8, b: u8) -> bool {
        let fits = |z: u8, number: u8| z == 0 || z == number;
        let [p, q] = self.elements;
        fits(p, a) && fits(q, b) || fits(p, b) && fits(q, a)
    }

    /// Adds energies of the atoms, and, if wanted, gradients with respect to their pair vectors.
    ///
    /// # Errors
    /// [`Coincident`] atoms.
    pub fn evaluate(
        &self,
        environments: &Environments<'_>,
        energies: &mut [f64],
        mut pairs: Option<&mut [[f64; 3]]>,
    ) -> Result<(), Coincident> {
        let mut slot = 0;
        for (&i, energy) in environments.atoms.iter().zip(energies) {
            environments.neighbors(i as usize, self.cutoff, |number, vector, distance, at| {
                if self.is_pair(environments.element(), number) {
                    let (e, slope) = self.energy(distance);
                    *energy += e;
                    if let Some(pairs) = &mut pairs {
                        let pair = &mut pairs[slot + at];
                        *pair = [0, 1, 2].map(|k| pair[k] + slope * vector[k] / distance);
                    }
                }
            })?;
            slot += environments.table.of(i as usize).len();
        }
        Ok(())
    }

    /// Energy and its derivative.
    fn energy(&self, r: f64) -> (f64, f64) {
        let (mut sum, mut slope) = (self.constant, 0.0);
        for &(at, weight) in &self.gaussians {
            let x = (r - at) / self.theta;
            let gaussian = weight * (-0.5 * x * x).exp();
            sum += gaussian;
            slope -= gaussian * x / self.theta;
        }
        let (f, df) = self.switch(r);
        (f * sum, df * sum + f * slope)
    }

    /// Cutoff function and its derivative.
    fn switch(&self, r: f64) -> (f64, f64) {
        let begin = self.cutoff - self.width;
        if r <= begin {
            return (1.0, 0.0);
        }
        let phase = PI * (r - begin) / self.width;
        (0.5 * (1.0 + phase.cos()), -0.5 * PI / self.width * phase.sin())
    }

    /// Makes ready for [`PairTerm::variances`], once; `false` if the sparse points allow none.
    pub fn prepare_variances(&self) -> bool {
        let entry =
            |s: usize, t: usize| self.strengths[s] * self.strengths[t] * self.covariance(self.gaussians[s].0, t);
        self.covariance.get_or_init(|| Covariance::new(self.gaussians.len(), entry)).is_some()
    }

    /// Without cutoff functions.
    fn covariance(&self, r: f64, s: usize) -> f64 {
        let x = (r - self.gaussians[s].0) / self.theta;
        self.scales[0] * (-0.5 * x * x).exp() + self.scales[1]
    }

    /// Adds predictive variances of the energies of all pairs to either of their atoms.
    ///
    /// # Errors
    /// [`Coincident`] atoms.
    pub fn variances(&self, environments: &Environments<'_>, variances: &mut [f64]) -> Result<(), Coincident> {
        let Some(Some(covariance)) = self.covariance.get() else { return Ok(()) };
        let mut pairs = Vec::new();
        for (k, &i) in environments.atoms.iter().enumerate() {
            environments.neighbors(i as usize, self.cutoff, |number, _, distance, _| {
                if self.is_pair(environments.element(), number) {
                    pairs.push((k, distance));
                }
            })?;
        }
        for pairs in pairs.chunks(LANES) {
            let mut switches = [0.0; LANES];
            let mut rows: Vec<Row> = vec![[0.0; LANES]; self.strengths.len()];
            for (lane, &(_, r)) in pairs.iter().enumerate() {
                switches[lane] = self.switch(r).0;
                for (s, row) in rows.iter_mut().enumerate() {
                    row[lane] = switches[lane] * self.strengths[s] * self.covariance(r, s);
                }
            }
            let explained = covariance.explained(&mut rows);
            for (lane, &(k, _)) in pairs.iter().enumerate() {
                let prior = self.scales[0] + self.scales[1] + REGULARISATION * REGULARISATION;
                variances[k] += switches[lane] * switches[lane] * prior - explained[lane];
            }
        }
        Ok(())
    }
}
