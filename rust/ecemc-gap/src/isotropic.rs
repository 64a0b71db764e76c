//! The part of the power spectrum with l = 0 in factors.
//!
//! It is a matrix of rank one, `P_ab = c_a c_b`, for environments and sparse points alike. Its part of the dot product is
//! `(Σ_a c_a x_a)²`, so that `K` products do for `K(K + 1)/2`.

use crate::descriptor::Descriptor;
use crate::power_spectrum::Projection;
use crate::products::BlockMatrix;

/// Factors of the sparse points, if these have such; `points` are in internal order.
///
/// They contain the root of the weight that the descriptor has for `l = 0`.
pub(crate) fn factors(points: &[f64], descriptor: &Descriptor) -> Option<BlockMatrix> {
    let Projection::Weights { weights, .. } = &descriptor.projection else { return None };
    let index = |a: usize, b: usize| descriptor.power.index(a.max(b), a.min(b), 0);
    let n = descriptor.power.places().len();
    let root_two = 2f64.sqrt();
    let (scale, tolerance) = (weights[index(0, 0)], 4.0 * f64::EPSILON);
    let fits = |a: usize, b: usize| {
        let expected = if a == b { scale } else { root_two * scale };
        (weights[index(a, b)] - expected).abs() <= tolerance * expected
    };
    if !(scale > 0.0 && (0..n).all(|a| (0..=a).all(|b| fits(a, b)))) {
        return None;
    }
    let mut factors = Vec::with_capacity(points.len() / weights.len() * n);
    for point in points.chunks_exact(weights.len()) {
        let entry = |a: usize, b: usize| point[index(a, b)] / if a == b { 1.0 } else { root_two };
        let vector = root(n, entry)?;
        factors.extend(vector.iter().map(|x| x * scale.sqrt()));
    }
    Some(BlockMatrix::new(&factors, factors.len() / n, n))
}

/// Largest part of a sparse point that its factors may miss.
const TOLERANCE: f64 = 1e-14;

/// The vector of which a matrix is the square, if there is one.
fn root(n: usize, entry: impl Fn(usize, usize) -> f64) -> Option<Vec<f64>> {
    let pivot = (0..n).max_by(|&a, &b| entry(a, a).total_cmp(&entry(b, b)))?;
    let length = entry(pivot, pivot).max(0.0).sqrt();
    let vector: Vec<f64> = (0..n).map(|a| if length > 0.0 { entry(a, pivot) / length } else { 0.0 }).collect();
    let right = |a: usize, b: usize| {
        (entry(a, b) - vector[a] * vector[b]).abs() <= TOLERANCE * entry(pivot, pivot).abs().max(1.0)
    };
    (0..n).all(|a| (0..=a).all(|b| right(a, b))).then_some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_squares_have_a_root() {
        let x = [0.3, -0.7, 0.0, 0.2];
        let found = root(4, |a, b| x[a] * x[b]).unwrap();
        for a in 0..4 {
            assert!((found[a] * found[1] - x[a] * x[1]).abs() < 1e-16);
        }
        assert_eq!(root(2, |_, _| 0.0), Some(vec![0.0; 2]));
        assert!(root(4, |a, b| x[a] * x[b] + if a == b { 1e-6 } else { 0.0 }).is_none());
        assert!(root(2, |a, b| if a == b { -1.0 } else { 0.0 }).is_none());
    }
}
