//! Eigenvalues and eigenvectors of symmetric 3×3 matrices.

/// Eigenvalues and the matching eigenvectors (unit length, rows) of a symmetric matrix, by Jacobi rotations.
///
/// Small eigenvalues carry an error of about 1e-16 of the largest. Ordered as they fall out, not by size.
pub(crate) fn symmetric_eigen(matrix: [[f64; 3]; 3]) -> ([f64; 3], [[f64; 3]; 3]) {
    let mut a = matrix;
    let mut vectors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    // Convergence is quadratic: five sweeps are typical, the bound only guards against NaN.
    for _ in 0..30 {
        let off = a[0][1].abs() + a[0][2].abs() + a[1][2].abs();
        let diagonal = a[0][0].abs() + a[1][1].abs() + a[2][2].abs();
        if off <= 1e-18 * diagonal || off == 0.0 {
            break;
        }
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            rotate(&mut a, &mut vectors, p, q);
        }
    }
    ([a[0][0], a[1][1], a[2][2]], vectors)
}

/// Makes `a[p][q]` zero by a rotation in the plane of axes p and q.
fn rotate(a: &mut [[f64; 3]; 3], vectors: &mut [[f64; 3]; 3], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let cotangent = (a[q][q] - a[p][p]) / (2.0 * a[p][q]); // cot 2φ
    // tan φ, the smaller root of t² + 2 t cot(2φ) = 1; a square that overflows gives the right limit, 0.
    let t = 1f64.copysign(cotangent) / (cotangent.abs() + (1.0 + cotangent * cotangent).sqrt());
    let c = 1.0 / (1.0 + t * t).sqrt();
    let s = t * c;
    let r = 3 - p - q;
    let (pq, pr, qr) = (a[p][q], a[p][r], a[q][r]);
    a[p][p] -= t * pq;
    a[q][q] += t * pq;
    (a[p][q], a[q][p]) = (0.0, 0.0);
    (a[p][r], a[q][r]) = (c * pr - s * qr, s * pr + c * qr);
    (a[r][p], a[r][q]) = (a[p][r], a[q][r]);
    for k in 0..3 {
        let (u, v) = (vectors[p][k], vectors[q][k]);
        (vectors[p][k], vectors[q][k]) = (c * u - s * v, s * u + c * v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{dot, norm, scaled, sub, times};

    fn check(m: [[f64; 3]; 3]) {
        let (values, vectors) = symmetric_eigen(m);
        let size = values.iter().fold(0f64, |x, y| x.max(y.abs()));
        for k in 0..3 {
            assert!(norm(sub(times(vectors[k], &m), scaled(vectors[k], values[k]))) <= 1e-14 * size, "{m:?}");
            for l in 0..3 {
                assert!((dot(vectors[k], vectors[l]) - f64::from(u8::from(k == l))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn vectors_are_orthonormal_and_solve_the_equation() {
        check([[2.0, -1.0, 0.3], [-1.0, 5.0, 0.7], [0.3, 0.7, 1.0]]);
        check([[0.0; 3]; 3]);
        check([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]);
        check([[1.0, 1e-12, 0.0], [1e-12, 1.0, 1e-300], [0.0, 1e-300, 1e-30]]);
        check([[1e100, 1e99, 0.0], [1e99, 1e50, 1.0], [0.0, 1.0, 1e-100]]);
    }

    #[test]
    fn the_small_eigenvalue_of_a_linear_molecule_is_small() {
        // 1 − u uᵀ for a slanted unit vector u has the eigenvalues 0, 1, 1.
        let u = scaled([1.0, 2.0, -0.5], 1.0 / norm([1.0, 2.0, -0.5]));
        let m = [0, 1, 2].map(|i| [0, 1, 2].map(|j| f64::from(u8::from(i == j)) - u[i] * u[j]));
        check(m);
        let mut values = symmetric_eigen(m).0;
        values.sort_by(f64::total_cmp);
        assert!(values[0].abs() < 1e-15 && (values[1] - 1.0).abs() < 1e-15);
    }
}
