//! The predictive variance: what the sparse points leave open.
//!
//! `v = k(p, p) + ρ² − kᵀ (K + ρ²)⁻¹ k` with the covariances `k` of an environment with the sparse points and `K` of these with
//! each other. `(K + ρ²)⁻¹` is never formed: with the Cholesky factor `L` the last term is `|L⁻¹k|²`, which cannot be negative.

use pulp::Simd;

use crate::lanes::{LANES, Row, Wide, Work, dispatch};

/// `ρ`, eV: QUIP's default.
pub const REGULARISATION: f64 = 1e-3;

/// The Cholesky factor of `K + ρ²`.
#[derive(Debug, Clone)]
pub struct Covariance {
    /// The lower triangle, row by row.
    factor: Vec<f64>,
    n: usize,
}

impl Covariance {
    /// Of `n` sparse points, from the lower triangle of `K`; none if the matrix is not positive definite to rounding.
    pub fn new(n: usize, entry: impl Fn(usize, usize) -> f64) -> Option<Self> {
        let mut factor = Vec::with_capacity(n * (n + 1) / 2);
        for s in 0..n {
            let start = factor.len();
            for t in 0..s {
                let (row, other) = (&factor[start..], &factor[t * (t + 1) / 2..]);
                let rest = entry(s, t) - dot(&row[..t], &other[..t]);
                factor.push(rest / factor[t * (t + 1) / 2 + t]);
            }
            let row = &factor[start..];
            let rest = entry(s, s) + REGULARISATION * REGULARISATION - dot(row, row);
            if rest.is_nan() || rest <= 0.0 {
                return None;
            }
            factor.push(rest.sqrt());
        }
        Some(Self { factor, n })
    }

    /// `kᵀ (K + ρ²)⁻¹ k` of eight environments; `k` becomes working space.
    pub fn explained(&self, k: &mut [Row]) -> Row {
        dispatch(Substitution { covariance: self, k: &mut k[..self.n] })
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

struct Substitution<'a> {
    covariance: &'a Covariance,
    k: &'a mut [Row],
}

impl Work for Substitution<'_> {
    type Output = Row;

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) -> Row {
        let mut squares = Wide::<S, V>::splat(simd, 0.0);
        let mut start = 0;
        for s in 0..self.k.len() {
            let mut rest = Wide::load(simd, &self.k[s]);
            for (factor, solved) in self.covariance.factor[start..start + s].iter().zip(&self.k[..s]) {
                rest = Wide::load(simd, solved).mul_add(Wide::splat(simd, -factor), rest);
            }
            let solved = rest.times(Wide::splat(simd, 1.0 / self.covariance.factor[start + s]));
            squares = solved.mul_add(solved, squares);
            solved.store(&mut self.k[s]);
            start += s + 1;
        }
        let mut sums = [0.0; LANES];
        squares.store(&mut sums);
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `K = I + u uᵀ`, of which the inverse is known.
    #[test]
    fn the_quadratic_form_of_the_inverse() {
        let (n, rho) = (21, REGULARISATION * REGULARISATION);
        let u: Vec<f64> = (0..n).map(|s| (s as f64).cos()).collect();
        let covariance = Covariance::new(n, |s, t| u[s] * u[t] + f64::from(u8::from(s == t))).unwrap();
        let k: Vec<Row> = (0..n).map(|s| std::array::from_fn(|lane| (s * 8 + lane) as f64 / 50.0 - 1.0)).collect();
        let found = covariance.explained(&mut k.clone());
        let uu: f64 = u.iter().map(|u| u * u).sum();
        for lane in 0..LANES {
            let kk: f64 = k.iter().map(|row| row[lane] * row[lane]).sum();
            let ku: f64 = k.iter().zip(&u).map(|(row, u)| row[lane] * u).sum();
            let wanted = (kk - ku * ku / (1.0 + rho + uu)) / (1.0 + rho);
            assert!((found[lane] - wanted).abs() < 1e-13 * kk);
        }
        assert!(Covariance::new(2, |s, t| if s == t { 1.0 } else { 1.1 }).is_none());
    }
}
