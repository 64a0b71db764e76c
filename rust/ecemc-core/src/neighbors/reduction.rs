//! A short basis for a skewed lattice.

use crate::vector::{dot, scaled, sub};

/// Shortens periodic cell vectors by whole multiples of each other until none gets shorter.
///
/// Returns the new rows `a'` and the integer matrix `T` with `a' = T·a`; the lattice is the same. Without it a strongly
/// skewed cell has faces so close together that a cell list would visit thousands of empty images.
pub(crate) fn reduce(matrix: &[[f64; 3]; 3], pbc: [bool; 3]) -> ([[f64; 3]; 3], [[i64; 3]; 3]) {
    let mut a = *matrix;
    let mut t = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    // Each step shortens a vector by a finite amount, so the loop ends; the bound only guards against rounding cycles.
    for _ in 0..1000 {
        let mut changed = false;
        for k in (0..3).filter(|&k| pbc[k]) {
            for l in (0..3).filter(|&l| pbc[l] && l != k) {
                let multiple = (dot(a[k], a[l]) / dot(a[l], a[l])).round_ties_even();
                let shorter = sub(a[k], scaled(a[l], multiple));
                if multiple != 0.0 && dot(shorter, shorter) < dot(a[k], a[k]) * (1.0 - 1e-12) {
                    a[k] = shorter;
                    t[k] = [0, 1, 2].map(|c| t[k][c] - multiple as i64 * t[l][c]);
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    (a, t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cell;

    #[test]
    fn keeps_the_volume_and_maps_back() {
        let skewed = [[3.0, 0.0, 0.0], [301.0, 4.0, 0.0], [-77.0, 1003.0, 5.0]];
        let (short, t) = reduce(&skewed, [true; 3]);
        let cell = Cell::new(short, [true; 3]).unwrap();
        assert!((cell.volume().unwrap() - 60.0).abs() < 1e-9);
        assert!(short.iter().flatten().all(|x| x.abs() < 6.0), "{short:?}");
        for k in 0..3 {
            for c in 0..3 {
                let sum: f64 = (0..3).map(|l| t[k][l] as f64 * skewed[l][c]).sum();
                assert!((sum - short[k][c]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn leaves_non_periodic_axes_alone() {
        let slab = [[3.0, 0.0, 0.0], [7.0, 4.0, 0.0], [9.0, 9.0, 5.0]];
        let (short, _) = reduce(&slab, [true, true, false]);
        assert_eq!(short[2], slab[2]);
        assert_eq!(short[1], [1.0, 4.0, 0.0]);
    }
}
