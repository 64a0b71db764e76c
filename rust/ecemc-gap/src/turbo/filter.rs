//! Projections of a neighbour's Gaussian on the radial functions, inside the soft cutoff and in the filter beyond it.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use super::basis::orthonormal;
use super::quadrature::Rule;

/// How many widths of a Gaussian are integrated over on either side.
const REACH: f64 = 9.0;

/// `∫_1^∞ exp(−(y−μ)²/2w²) dy`.
pub(super) fn tail(mean: f64, width: f64) -> f64 {
    (0.5 * PI).sqrt() * width * libm::erfc((1.0 - mean) * FRAC_1_SQRT_2 / width)
}

/// A neighbour's Gaussian: its place and width over the hard cutoff, and how the width grows with the place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gaussian {
    pub x: f64,
    pub width: f64,
    pub growth: f64,
}

impl Gaussian {
    fn value(&self, y: f64) -> f64 {
        (-0.5 * ((y - self.x) / self.width).powi(2)).exp()
    }

    /// Logarithmic derivative with respect to the place.
    fn log_slope(&self, y: f64) -> f64 {
        let xi = (y - self.x) / self.width;
        (xi + self.growth * xi * xi) / self.width
    }
}

/// The filter: where it begins, and the width of its Gaussian, over the hard cutoff.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub begin: f64,
    pub width: f64,
    legendre: Rule,
    hermite: Rule,
}

impl Filter {
    pub fn new(begin: f64, nf: f64) -> Self {
        Self { begin, width: (1.0 - begin) / nf, legendre: Rule::legendre(48), hermite: Rule::hermite(16) }
    }

    /// Projections `v_k` on the `ψ_k` and their derivatives with respect to the place; `beyond`: the filter's part too.
    pub fn project(&self, gaussian: &Gaussian, beyond: bool, values: &mut [f64], slopes: &mut [f64]) {
        values.fill(0.0);
        slopes.fill(0.0);
        let mut sums = Sums { psi: vec![0.0; values.len()], values, slopes };
        let reach = REACH * gaussian.width;
        for (y, weight) in self.legendre.between((gaussian.x - reach).max(0.0), (gaussian.x + reach).min(self.begin)) {
            let weight = weight * gaussian.value(y);
            sums.add(y, weight, weight * gaussian.log_slope(y));
        }
        if beyond {
            self.project_beyond(gaussian, &mut sums);
        }
    }

    /// `F·H[ψ]`: the integral from the soft cutoff on, less what the reference's recursion drops at the hard one.
    fn project_beyond(&self, gaussian: &Gaussian, sums: &mut Sums) {
        let product = Product::new(gaussian, self.begin, self.width);
        let reach = REACH * product.width;
        for (y, weight) in self.legendre.between((product.mean - reach).max(self.begin), product.mean + reach) {
            let weight = weight * product.factor * (-0.5 * ((y - product.mean) / product.width).powi(2)).exp();
            sums.add(y, weight, weight * gaussian.log_slope(y));
        }
        // The dropped term is F τ ⟨ψ⟩, and this is its derivative.
        let (tail, tail_slope) = product.tail();
        let amplitude_slope = product.factor_slope * tail + product.factor * tail_slope;
        let amplitude = product.factor * tail;
        for (y, weight) in self.hermite.normal(product.mean, product.width) {
            let xi = (y - product.mean) / product.width;
            let moved = (product.mean_slope * xi + product.width_slope * (xi * xi - 1.0)) / product.width;
            sums.add(y, -weight * amplitude, -weight * (amplitude_slope + amplitude * moved));
        }
    }
}

/// Sums over the points of a quadrature.
struct Sums<'a> {
    psi: Vec<f64>,
    values: &'a mut [f64],
    slopes: &'a mut [f64],
}

impl Sums<'_> {
    fn add(&mut self, y: f64, value: f64, slope: f64) {
        orthonormal(y, &mut self.psi);
        for ((v, s), psi) in self.values.iter_mut().zip(self.slopes.iter_mut()).zip(&self.psi) {
            *v += value * psi;
            *s += slope * psi;
        }
    }
}

/// The product of a neighbour's Gaussian and the filter's: a factor times a Gaussian, with derivatives with respect to
/// the neighbour's place.
struct Product {
    factor: f64,
    factor_slope: f64,
    mean: f64,
    mean_slope: f64,
    width: f64,
    width_slope: f64,
}

impl Product {
    fn new(gaussian: &Gaussian, begin: f64, b: f64) -> Self {
        let Gaussian { x, width: s, growth } = *gaussian;
        let sum = s * s + b * b;
        let distance = begin - x;
        let factor = (-0.5 * distance * distance / sum).exp();
        let mean = (s * s * begin + b * b * x) / sum;
        Self {
            factor,
            factor_slope: factor * (distance / sum + distance * distance * s * growth / (sum * sum)),
            mean,
            mean_slope: (b * b + 2.0 * s * growth * (begin - mean)) / sum,
            width: s * b / sum.sqrt(),
            width_slope: growth * (b / sum.sqrt()).powi(3),
        }
    }

    /// `τ = ∫_1^∞ G dy` and its derivative.
    fn tail(&self) -> (f64, f64) {
        let tail = tail(self.mean, self.width);
        let xi = (1.0 - self.mean) / self.width;
        let end = (-0.5 * xi * xi).exp();
        (tail, end * self.mean_slope + self.width_slope * (tail / self.width + end * xi))
    }
}

/// Projection of a neighbour's Gaussian on the Gaussian primitive, less its amplitude, and the derivative with respect
/// to the place.
pub(super) fn project_on_center(gaussian: &Gaussian, sigma: f64) -> (f64, f64) {
    let Gaussian { x, width: s, growth } = *gaussian;
    let root = sigma.hypot(s);
    let root_slope = s * growth / root;
    let u = sigma * x / (SQRT_2 * s * root);
    let u_slope = sigma * FRAC_1_SQRT_2 * (1.0 / (s * root)) * (1.0 - x * growth / s - x * root_slope / root);
    let front = (0.5 * PI).sqrt() * sigma * s / root * (-0.5 * (x / root).powi(2)).exp();
    let value = front * (1.0 + libm::erf(u));
    let log_slope = growth / s - root_slope / root - x / (root * root) + x * x * root_slope / root.powi(3);
    (value, value * log_slope + front * 2.0 / PI.sqrt() * (-u * u).exp() * u_slope)
}
