//! The radial basis: grid, overlap, and the matrix that takes a function on the grid into the orthonormal basis.

use std::f64::consts::PI;

use crate::model::SoapOptions;
use crate::{Error, Result};

/// Gaussians `exp(−a (r − ρ_n)²)` on the grid `ρ_n = n·r_b/n_max` and what makes them orthonormal with weight r².
#[derive(Debug, Clone)]
pub struct SoapBasis {
    /// `a = 1/(2σ²)`, Å⁻².
    pub exponent: f64,
    /// Grid points `ρ_n`, Å.
    pub grid: Vec<f64>,
    /// Lower Cholesky factor of the overlap matrix, row by row.
    pub cholesky: Vec<f64>,
    /// `C⁻¹L` with the Gaussians' values on the grid `C`, row by row.
    pub transfer: Vec<f64>,
}

impl SoapBasis {
    /// # Errors
    /// [`Error::Argument`] if the Gaussians are so dense that they depend on each other.
    pub fn new(options: &SoapOptions) -> Result<Self> {
        let (n, sigma) = (options.n_max, options.atom_sigma);
        let exponent = 0.5 / (sigma * sigma);
        let basis_cutoff = options.cutoff + sigma * (2.0 * options.basis_error_exponent * 10f64.ln()).sqrt();
        let grid: Vec<f64> = (0..n).map(|k| k as f64 * (basis_cutoff / n as f64)).collect();
        let square = |entry: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            grid.iter().flat_map(|&p| grid.iter().map(move |&q| entry(p, q))).collect()
        };
        let gaussians = square(&|p, q| (-exponent * (p - q) * (p - q)).exp());
        let cholesky = factor(square(&|p, q| overlap(exponent, p, q)), n)?;
        let transfer = solve(gaussians, cholesky.clone(), n)?;
        Ok(Self { exponent, grid, cholesky, transfer })
    }
}

/// `∫_0^∞ r² φ_p φ_q dr`.
fn overlap(exponent: f64, p: f64, q: f64) -> f64 {
    let (d, t) = (p - q, 0.5 * (p + q));
    let tail = t * (-2.0 * exponent * t * t).exp() / (4.0 * exponent);
    let bulk = (t * t + 0.25 / exponent) * 0.5 * (0.5 * PI / exponent).sqrt();
    (-0.5 * exponent * d * d).exp() * (tail + bulk * (1.0 + libm::erf(t * (2.0 * exponent).sqrt())))
}

fn dependent() -> Error {
    let expected = "fewer radial functions, a smaller atom_sigma or a larger cutoff";
    Error::argument("n_max", "radial functions that depend on each other to rounding", expected)
}

/// The lower Cholesky factor of a symmetric matrix.
fn factor(mut matrix: Vec<f64>, n: usize) -> Result<Vec<f64>> {
    for row in 0..n {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| matrix[row * n + k] * matrix[column * n + k]).sum();
            let rest = matrix[row * n + column] - known;
            matrix[row * n + column] = if row > column {
                rest / matrix[column * n + column]
            } else if rest > 0.0 {
                rest.sqrt()
            } else {
                return Err(dependent());
            };
        }
        matrix[row * n + row + 1..(row + 1) * n].fill(0.0);
    }
    Ok(matrix)
}

/// `matrix⁻¹·right`, by elimination with row exchanges.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>, n: usize) -> Result<Vec<f64>> {
    for pivot in 0..n {
        let best = (pivot..n).max_by(|&p, &q| matrix[p * n + pivot].abs().total_cmp(&matrix[q * n + pivot].abs()));
        let best = best.unwrap_or(pivot);
        if matrix[best * n + pivot] == 0.0 {
            return Err(dependent());
        }
        for k in 0..n {
            matrix.swap(pivot * n + k, best * n + k);
            right.swap(pivot * n + k, best * n + k);
        }
        for row in pivot + 1..n {
            let factor = matrix[row * n + pivot] / matrix[pivot * n + pivot];
            for k in 0..n {
                matrix[row * n + k] -= factor * matrix[pivot * n + k];
                right[row * n + k] -= factor * right[pivot * n + k];
            }
        }
    }
    for row in (0..n).rev() {
        for k in 0..n {
            let known: f64 = (row + 1..n).map(|m| matrix[row * n + m] * right[m * n + k]).sum();
            right[row * n + k] = (right[row * n + k] - known) / matrix[row * n + row];
        }
    }
    Ok(right)
}
