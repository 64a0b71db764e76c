//! A neighbour in the radial and angular functions of one channel.

use std::f64::consts::PI;

use super::basis::{RadialBasis, gaussian_norm};
use super::filter::{Filter, Gaussian, project_on_center};
use crate::bessel::scaled_bessel;
use crate::model::{Basis, TurboChannel, TurboOptions};
use crate::{RadialFunctions, Result, Side};

/// `F_nl(r) = 4π R_n(r) A_l(r)`: the radial part of a neighbour's Gaussian in the orthonormal basis, and its angular
/// part, an exponential of the cosine in spherical harmonics.
#[derive(Debug, Clone)]
pub struct TurboRadial {
    channel: TurboChannel,
    kind: Basis,
    cutoff: f64,
    l_max: usize,
    enhancement: u8,
    filter: Filter,
    basis: RadialBasis,
    /// The last row of this channel's own Λ, unless `basis` is its own.
    own_last: Option<Vec<f64>>,
}

impl TurboRadial {
    /// The functions of channel `s`; `donor` is the descriptor whose radial basis is used, if that is another one.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if a radial basis depends on itself.
    pub fn new(options: &TurboOptions, s: usize, donor: Option<&TurboOptions>) -> Result<Self> {
        let own = radial_basis(options, s)?;
        let donated = donor.map(|donor| radial_basis(donor, s)).transpose()?.filter(|donated| *donated != own);
        let (basis, own_last) = match donated {
            Some(donated) => (donated, Some(own.last().to_vec())),
            None => (own, None),
        };
        Ok(Self {
            channel: options.channels[s].clone(),
            kind: options.basis,
            cutoff: options.rcut_hard,
            l_max: options.l_max,
            enhancement: options.radial_enhancement,
            filter: Filter::new(options.rcut_soft / options.rcut_hard, options.nf),
            basis,
            own_last,
        })
    }

    /// What the central atom adds to each radial function with l = 0, if it belongs to this channel.
    pub fn center(&self) -> Vec<f64> {
        let n = self.n_max();
        let (weight, sigma_r, sigma_t) =
            (self.channel.central_weight, self.channel.atom_sigma_r, self.channel.atom_sigma_t);
        let scale = weight * (4.0 * PI).sqrt() / (sigma_t * sigma_t);
        if self.kind == Basis::Poly3 {
            let (mut values, mut slopes) = (vec![0.0; n], vec![0.0; n]);
            self.radial(0.0, Side::Above, &mut values, &mut slopes);
            return values.iter().map(|r| scale * self.cutoff * self.cutoff * r).collect();
        }
        let sigma = sigma_r / self.cutoff;
        let enhancement = [1.0, (2.0 / PI).sqrt() * sigma, sigma * sigma][usize::from(self.enhancement)];
        let factor = enhancement * PI.powf(0.25) * (0.5 * sigma_r).sqrt() * self.cutoff.powi(3) / sigma_r;
        self.basis.rotate(self.basis.last()).iter().map(|x| scale * factor * x).collect()
    }

    /// Where the filter's part is switched on, and where the Gaussian primitive's is switched off.
    fn switches(&self) -> (f64, f64) {
        let (sigma, growth) = (self.channel.atom_sigma_r, self.channel.atom_sigma_r_scaling);
        let filter = (self.filter.begin * self.cutoff - 4.0 * sigma) / (1.0 + 4.0 * growth);
        let center = if growth < 0.25 { 8.0 * sigma / (1.0 - 4.0 * growth) } else { f64::INFINITY };
        (filter, center)
    }

    /// The radial coefficients `R_n` and their derivatives with respect to the distance.
    pub fn radial(&self, r: f64, side: Side, values: &mut [f64], slopes: &mut [f64]) {
        let growth = self.channel.atom_sigma_r_scaling;
        let x = r / self.cutoff;
        let gaussian = Gaussian { x, width: self.channel.atom_sigma_r / self.cutoff + growth * x, growth };
        let past = |switch: f64| r > switch || (r == switch && side == Side::Above);
        let (filter, center) = self.switches();
        self.filter.project(&gaussian, past(filter), values, slopes);
        self.close(&gaussian, !past(center), values, slopes);
        let (a, a_slope) = self.amplitude(&gaussian);
        let (v, v_slope) = (self.basis.rotate(values), self.basis.rotate(slopes));
        let root = self.cutoff.sqrt();
        for n in 0..values.len() {
            values[n] = root * a * v[n];
            slopes[n] = root / self.cutoff * (a_slope * v[n] + a * v_slope[n]);
        }
    }

    /// Replaces the last projection by what is left of the last primitive, in the basis that is used.
    fn close(&self, gaussian: &Gaussian, near: bool, values: &mut [f64], slopes: &mut [f64]) {
        let n = values.len();
        let (last, last_slope) = match (self.kind, &self.own_last) {
            (Basis::Poly3, None) => return,
            (Basis::Poly3, Some(own)) => (dot(own, values), dot(own, slopes)),
            (Basis::Poly3Gauss, _) if near => {
                let sigma = self.channel.atom_sigma_r / self.cutoff;
                let (value, slope) = project_on_center(gaussian, sigma);
                (gaussian_norm(sigma) * value, gaussian_norm(sigma) * slope)
            }
            (Basis::Poly3Gauss, _) => (0.0, 0.0),
        };
        let row = self.basis.last();
        values[n - 1] = (last - dot(&row[..n - 1], values)) / row[n - 1];
        slopes[n - 1] = (last_slope - dot(&row[..n - 1], slopes)) / row[n - 1];
    }

    /// The amplitude of a neighbour and its derivative with respect to the scaled distance.
    fn amplitude(&self, gaussian: &Gaussian) -> (f64, f64) {
        let Gaussian { x, width, growth } = *gaussian;
        let k = self.channel.amplitude_scaling;
        let (decay, decay_slope) = if k == 0.0 {
            (1.0, 0.0)
        } else {
            // 1 − 3x² + 2x³, without cancellation at the cutoff.
            let w = (1.0 - x) * (1.0 - x) * (1.0 + 2.0 * x);
            (w.powf(k), k * 6.0 * (x * x - x) * w.powf(k - 1.0))
        };
        let a = decay / width;
        let a_slope = (decay_slope - growth * a) / width;
        let root = (2.0 / PI).sqrt();
        let (e, e_slope) = match self.enhancement {
            0 => (1.0, 0.0),
            1 => (x + root * width, 1.0 + root * growth),
            _ => (
                x * x + width * width + 2.0 * root * width * x,
                2.0 * (x + width * growth) + 2.0 * root * (width + x * growth),
            ),
        };
        (a * e, a_slope * e + a * e_slope)
    }

    /// The angular coefficients `A_l` and their derivatives with respect to the distance.
    fn angular(&self, r: f64) -> (Vec<f64>, Vec<f64>) {
        let growth = self.channel.atom_sigma_t_scaling;
        let width = self.channel.atom_sigma_t + growth * r;
        let z = (r / width).powi(2);
        let mut f = vec![0.0; self.l_max + 2];
        scaled_bessel(z, &mut f);
        let scale = (self.cutoff / width).powi(2);
        let z_slope = 2.0 * r / (width * width) * (1.0 - growth * r / width);
        let slope = |l: usize| {
            let below = if l > 0 { l as f64 * f[l - 1] } else { 0.0 };
            let f_slope = (below + (l + 1) as f64 * f[l + 1]) / (2 * l + 1) as f64 - f[l];
            scale * (f_slope * z_slope - 2.0 * growth / width * f[l])
        };
        let slopes = (0..=self.l_max).map(slope).collect();
        (f[..=self.l_max].iter().map(|f| scale * f).collect(), slopes)
    }
}

fn radial_basis(options: &TurboOptions, s: usize) -> Result<RadialBasis> {
    let channel = &options.channels[s];
    RadialBasis::new(options.basis, channel.alpha_max, channel.atom_sigma_r / options.rcut_hard)
}

/// Over the shorter of the two.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl RadialFunctions for TurboRadial {
    fn n_max(&self) -> usize {
        self.basis.n
    }

    fn l_max(&self) -> usize {
        self.l_max
    }

    fn cutoff(&self) -> f64 {
        self.cutoff
    }

    fn break_points(&self) -> Vec<f64> {
        let (filter, center) = self.switches();
        let center = if self.kind == Basis::Poly3Gauss { center } else { f64::INFINITY };
        let mut points: Vec<f64> = [filter, center].into_iter().filter(|&r| r > 0.0 && r < self.cutoff).collect();
        points.sort_by(f64::total_cmp);
        points.dedup();
        points
    }

    fn evaluate(&self, r: f64, side: Side, values: &mut [f64], slopes: &mut [f64]) {
        let (n, n_l) = (self.n_max(), self.l_max + 1);
        let (mut radial, mut radial_slopes) = (vec![0.0; n], vec![0.0; n]);
        self.radial(r, side, &mut radial, &mut radial_slopes);
        let (angular, angular_slopes) = self.angular(r);
        for k in 0..n {
            for l in 0..n_l {
                values[k * n_l + l] = 4.0 * PI * radial[k] * angular[l];
                slopes[k * n_l + l] = 4.0 * PI * (radial_slopes[k] * angular[l] + radial[k] * angular_slopes[l]);
            }
        }
    }
}
