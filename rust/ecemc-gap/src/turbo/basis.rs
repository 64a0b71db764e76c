//! The orthonormal radial basis, without forming the overlap matrix, whose condition number passes 1e15.
//!
//! With `t = 1 − y`, the functions `ψ_k(y) = √(2k+5) t³ J_{k−1}(2t−1)`, J the Jacobi polynomials `P^(0,6)`, are
//! orthonormal on [0, 1] and span the polynomial primitives `φ_a(y) = √(2a+5) t^{a+2}`: `φ = Λ ψ` with a lower-triangular
//! Λ that is known as products, to full relative accuracy. The overlap of the primitives is `S = ΛΛᵀ`, and the basis of
//! the descriptor, `S^{−1/2} φ`, is `Q ψ` with the orthogonal polar factor Q of Λ.

use std::f64::consts::PI;

use super::filter::tail;
use super::quadrature::Rule;
use crate::model::Basis;
use crate::{Error, Result};

/// Λ and Q of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct RadialBasis {
    /// Number of functions.
    pub n: usize,
    /// Lower-triangular, row by row.
    pub lambda: Vec<f64>,
    /// Orthogonal, row by row.
    pub q: Vec<f64>,
}

impl RadialBasis {
    /// For `n` functions; `sigma` is the radial width over the hard cutoff.
    ///
    /// # Errors
    /// [`Error::Argument`] if the Gaussian primitive is so wide that it depends on the polynomials.
    pub fn new(kind: Basis, n: usize, sigma: f64) -> Result<Self> {
        let polynomials = if kind == Basis::Poly3 { n } else { n - 1 };
        let mut lambda = vec![0.0; n * n];
        for a in 0..polynomials {
            for k in 0..=a {
                lambda[a * n + k] = overlap(a + 1, k + 1);
            }
        }
        if kind == Basis::Poly3Gauss {
            let row = gaussian_row(polynomials, sigma);
            let rest = 1.0 - row.iter().map(|x| x * x).sum::<f64>();
            if rest <= 0.0 {
                let got = format!("{sigma:.4} with alpha_max={n}");
                let expected =
                    "so narrow a Gaussian that it is no sum of the polynomials: a smaller atom_sigma_r or alpha_max";
                return Err(Error::argument("atom_sigma_r/rcut_hard of basis=poly3gauss", got, expected));
            }
            lambda[(n - 1) * n..][..n - 1].copy_from_slice(&row);
            lambda[n * n - 1] = rest.sqrt();
        }
        let q = polar_factor(&lambda, n);
        Ok(Self { n, lambda, q })
    }

    /// The last row of Λ.
    pub(super) fn last(&self) -> &[f64] {
        &self.lambda[(self.n - 1) * self.n..]
    }

    /// Q v.
    pub(super) fn rotate(&self, v: &[f64]) -> Vec<f64> {
        self.q.chunks_exact(self.n).map(|row| row.iter().zip(v).map(|(q, v)| q * v).sum()).collect()
    }
}

/// `Λ_ak`, counted from 1.
fn overlap(a: usize, k: usize) -> f64 {
    let power = |a: usize| (a + 2) as f64;
    let (pa, pk) = (power(a), power(k));
    let product: f64 = (1..k).map(|j| (pa - power(j)) / (pa + power(j) + 1.0)).product();
    ((2.0 * pa + 1.0) * (2.0 * pk + 1.0)).sqrt() / (pa + pk + 1.0) * product
}

/// Amplitude of the Gaussian primitive.
pub(super) fn gaussian_norm(sigma: f64) -> f64 {
    (2.0 / sigma).sqrt() * PI.powf(-0.25)
}

/// Products of the Gaussian primitive with the `ψ_k`.
fn gaussian_row(n: usize, sigma: f64) -> Vec<f64> {
    let (legendre, hermite) = (Rule::legendre(48), Rule::hermite(16));
    let gaussian = |y: f64| (-0.5 * (y / sigma).powi(2)).exp();
    let mut row = vec![0.0; n];
    let mut psi = vec![0.0; n];
    for panel in 0..3 {
        for (y, weight) in legendre.between(4.0 * sigma * f64::from(panel), 4.0 * sigma * f64::from(panel + 1)) {
            orthonormal(y, &mut psi);
            row.iter_mut().zip(&psi).for_each(|(sum, psi)| *sum += weight * gaussian(y) * psi);
        }
    }
    let lost = tail(0.0, sigma);
    for (y, weight) in hermite.normal(0.0, sigma) {
        orthonormal(y, &mut psi);
        row.iter_mut().zip(&psi).for_each(|(sum, psi)| *sum -= lost * weight * psi);
    }
    row.iter().map(|x| x * gaussian_norm(sigma)).collect()
}

/// The functions `ψ_1, ψ_2, …` at `y`, by the recursion of the Jacobi polynomials.
pub(super) fn orthonormal(y: f64, psi: &mut [f64]) {
    let t = 1.0 - y;
    let x = 2.0 * t - 1.0;
    let (mut jacobi, mut before) = (1.0, 0.0);
    for (k, psi) in psi.iter_mut().enumerate() {
        let n = k as f64;
        if k == 1 {
            (jacobi, before) = (4.0 * x - 3.0, jacobi);
        } else if k > 1 {
            let upper = (2.0 * n + 5.0) * ((2.0 * n + 6.0) * (2.0 * n + 4.0) * x - 36.0) * jacobi;
            let lower = 2.0 * (n - 1.0) * (n + 5.0) * (2.0 * n + 6.0) * before;
            (jacobi, before) = ((upper - lower) / (2.0 * n * (n + 6.0) * (2.0 * n + 4.0)), jacobi);
        }
        *psi = (2.0 * n + 7.0).sqrt() * t.powi(3) * jacobi;
    }
}

/// The orthogonal polar factor of a square matrix, by Newton's iteration X ← (X + X⁻ᵀ)/2.
fn polar_factor(matrix: &[f64], n: usize) -> Vec<f64> {
    let mut x = matrix.to_vec();
    for _ in 0..100 {
        let inverse = inverse(&x, n);
        let mut change = 0.0_f64;
        for i in 0..n {
            for j in 0..n {
                let next = 0.5 * (x[i * n + j] + inverse[j * n + i]);
                change = change.max((next - x[i * n + j]).abs());
                x[i * n + j] = next;
            }
        }
        if change < 1e-15 {
            break;
        }
    }
    x
}

/// By Gauss and Jordan with row pivots.
fn inverse(matrix: &[f64], n: usize) -> Vec<f64> {
    let width = 2 * n;
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..width).map(|j| if j < n { matrix[i * n + j] } else { f64::from(j - n == i) }).collect())
        .collect();
    for column in 0..n {
        let largest = (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        rows.swap(column, largest.unwrap_or(column));
        let pivot = rows[column].clone();
        for (i, row) in rows.iter_mut().enumerate() {
            let factor = if i == column { 1.0 - pivot[column].recip() } else { row[column] / pivot[column] };
            row.iter_mut().zip(&pivot).for_each(|(x, p)| *x -= factor * p);
        }
    }
    rows.iter().flat_map(|row| &row[n..]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_orthonormal_and_give_the_primitives() {
        let rule = Rule::legendre(24);
        let basis = RadialBasis::new(Basis::Poly3, 8, 0.1).unwrap();
        let mut gram = [0.0; 64];
        let mut psi = [0.0; 8];
        for (y, weight) in rule.between(0.0, 1.0) {
            orthonormal(y, &mut psi);
            (0..64).for_each(|k| gram[k] += weight * psi[k / 8] * psi[k % 8]);
            for a in 0..8 {
                let sum: f64 = (0..8).map(|k| basis.lambda[a * 8 + k] * psi[k]).sum();
                let phi = (2.0 * a as f64 + 7.0).sqrt() * (1.0 - y).powi(a as i32 + 3);
                assert!((sum - phi).abs() < 1e-13, "{a} {y}: {sum} {phi}");
            }
        }
        for k in 0..64 {
            assert!((gram[k] - f64::from(k / 8 == k % 8)).abs() < 1e-13, "{k}: {}", gram[k]);
        }
    }

    #[test]
    fn q_is_orthogonal_and_symmetrises_lambda() {
        for (kind, n) in [(Basis::Poly3, 10), (Basis::Poly3Gauss, 11), (Basis::Poly3Gauss, 4)] {
            let RadialBasis { lambda, q, .. } = RadialBasis::new(kind, n, 0.1).unwrap();
            for i in 0..n {
                for j in 0..n {
                    let dot = |a: &[f64], b: &[f64]| -> f64 { (0..n).map(|k| a[i * n + k] * b[j * n + k]).sum() };
                    assert!((dot(&q, &q) - f64::from(i == j)).abs() < 1e-13);
                    let (one, two) = (dot(&lambda, &q), dot(&q, &lambda));
                    assert!((one - two).abs() < 1e-11, "{kind:?} {n} {i} {j}: {one} {two}");
                }
            }
        }
    }

    #[test]
    fn a_gaussian_that_is_too_wide() {
        let message = RadialBasis::new(Basis::Poly3Gauss, 11, 0.3).unwrap_err().to_string();
        assert!(message.contains("0.3000 with alpha_max=11"), "{message}");
        assert!(RadialBasis::new(Basis::Poly3Gauss, 4, 0.26).is_ok());
    }
}
