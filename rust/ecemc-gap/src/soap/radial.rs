//! A neighbour's Gaussian in the radial basis, times the cutoff function.

use std::f64::consts::PI;

use super::SoapBasis;
use crate::bessel::scaled_bessel;
use crate::model::SoapOptions;
use crate::{RadialFunctions, Result, Side};

/// `R_nl(r) = f(r) Σ_m g_l(ρ_m; r) T_mn` with `g_l = exp(−a(r − ρ)²)·e^{−x} i_l(x)`, `x = 2 a r ρ`.
///
/// `i_l` are modified spherical Bessel functions of the first kind, by the recursion that is stable for every argument.
#[derive(Debug, Clone)]
pub struct SoapRadial {
    basis: SoapBasis,
    cutoff: Cutoff,
    l_max: usize,
}

impl SoapRadial {
    /// # Errors
    /// [`crate::Error::Argument`] if the basis depends on itself.
    pub fn new(options: &SoapOptions) -> Result<Self> {
        Ok(Self { basis: SoapBasis::new(options)?, cutoff: Cutoff::new(options), l_max: options.l_max })
    }

    /// What the central atom of weight one adds to each radial function with l = 0.
    pub fn center(&self) -> Vec<f64> {
        let y00 = 0.5 / PI.sqrt();
        self.basis.cholesky[..self.n_max()].iter().map(|x| x * y00).collect()
    }
}

impl RadialFunctions for SoapRadial {
    fn n_max(&self) -> usize {
        self.basis.grid.len()
    }

    fn l_max(&self) -> usize {
        self.l_max
    }

    fn cutoff(&self) -> f64 {
        self.cutoff.end
    }

    fn break_points(&self) -> Vec<f64> {
        let begin = self.cutoff.end - self.cutoff.width;
        if self.cutoff.width > 0.0 && begin > 0.0 { vec![begin] } else { Vec::new() }
    }

    fn evaluate(&self, r: f64, _: Side, values: &mut [f64], slopes: &mut [f64]) {
        let (n, n_l) = (self.n_max(), self.l_max + 1);
        let (f, df) = self.cutoff.evaluate(r);
        let exponent = self.basis.exponent;
        let mut bessel = vec![0.0; n_l + 1];
        values.fill(0.0);
        slopes.fill(0.0);
        for (&rho, transfer) in self.basis.grid.iter().zip(self.basis.transfer.chunks_exact(n)) {
            scaled_bessel(2.0 * exponent * r * rho, &mut bessel);
            let gaussian = (-exponent * (r - rho) * (r - rho)).exp();
            for l in 0..n_l {
                let below = if l > 0 { l as f64 * bessel[l - 1] } else { 0.0 };
                let coupled = (below + (l + 1) as f64 * bessel[l + 1]) / (2 * l + 1) as f64;
                let g = gaussian * bessel[l];
                let dg = 2.0 * exponent * (rho * gaussian * coupled - r * g);
                for (k, &t) in transfer.iter().enumerate() {
                    values[k * n_l + l] += f * g * t;
                    slopes[k * n_l + l] += (df * g + f * dg) * t;
                }
            }
        }
    }
}

/// The cosine switch and the optional damping.
#[derive(Debug, Clone)]
struct Cutoff {
    end: f64,
    width: f64,
    exponent: i32,
    scale: f64,
    rate: f64,
}

impl Cutoff {
    fn new(options: &SoapOptions) -> Self {
        Self {
            end: options.cutoff,
            width: options.cutoff_transition_width,
            exponent: options.cutoff_dexp as i32,
            scale: options.cutoff_scale,
            rate: options.cutoff_rate,
        }
    }

    /// Value and derivative; the limit from below at the cutoff.
    fn evaluate(&self, r: f64) -> (f64, f64) {
        let begin = self.end - self.width;
        let (f, df) = if r <= begin {
            (1.0, 0.0)
        } else {
            let phase = PI * (r - begin) / self.width;
            (0.5 * (1.0 + phase.cos()), -0.5 * PI / self.width * phase.sin())
        };
        let (damping, slope) = self.damping(r);
        (f * damping, df * damping + f * slope)
    }

    fn damping(&self, r: f64) -> (f64, f64) {
        if self.exponent == 0 {
            return (1.0, 0.0);
        }
        let e = f64::from(self.exponent);
        if self.rate == 0.0 {
            let power = (self.scale / r).powi(self.exponent);
            return (power, -e * power / r);
        }
        let power = (r / self.scale).powi(self.exponent);
        let damping = self.rate / (self.rate + power);
        let growth = e * (r / self.scale).powi(self.exponent - 1) / self.scale;
        (damping, -damping * growth / (self.rate + power))
    }
}
