//! Squared displacements as whole numbers, many at a time.

use super::unwrap::{Fixed, PER_ANGSTROM};
use crate::simd::dispatch;

/// Units of a squared displacement per Å²: each is rounded once, to 2⁻²⁸ Å², and from then on sums are exact.
pub(super) const PER_SQUARE_ANGSTROM: f64 = (1u64 << 28) as f64;
/// From `d²` in squared units of a coordinate.
const SCALE: f64 = PER_SQUARE_ANGSTROM / (PER_ANGSTROM * PER_ANGSTROM);
/// 3·2⁵¹. Added to a number below 2⁵¹ it leaves that number, rounded to a whole one, in the last bits: a conversion
/// between integers and floats for which every vector unit has the instructions.
const MAGIC: f64 = 6_755_399_441_055_744.0;
const MAGIC_BITS: i64 = MAGIC.to_bits() as i64;
/// Below it, that conversion is right; 2¹² such numbers add up within 64 bits.
const RANGE: f64 = (1u64 << 51) as f64;

/// The nearest whole number of one below 2⁵¹.
#[inline(always)]
pub(super) fn whole(x: f64) -> i64 {
    ((x + MAGIC).to_bits() as i64).wrapping_sub(MAGIC_BITS)
}

/// `|u − v|²` for each particle, into `squares`; says whether up to 2¹² of them may be added in 64 bits.
pub(super) fn squared_displacements(u: &[Fixed], v: &[Fixed], squares: &mut Vec<u64>) -> bool {
    let n = u.len();
    squares.resize(n, 0);
    let largest = dispatch(
        #[inline(always)]
        || {
            let (u, v, squares) = (&u[..n], &v[..n], &mut squares[..n]);
            let mut largest = 0f64;
            for k in 0..n {
                let square = square(&u[k], &v[k]);
                largest = if square > largest { square } else { largest };
                squares[k] = whole(square) as u64;
            }
            largest
        },
    );
    if largest >= RANGE {
        for k in 0..n {
            squares[k] = square(&u[k], &v[k]).round_ties_even() as u64;
        }
    }
    largest < RANGE
}

/// In units of 2⁻²⁸ Å², not yet rounded.
#[inline(always)]
fn square(u: &Fixed, v: &Fixed) -> f64 {
    let d = |k: usize| f64::from_bits((u[k] - v[k] + MAGIC_BITS) as u64) - MAGIC;
    let (x, y, z) = (d(0), d(1), d(2));
    (x * x + y * y + z * z) * SCALE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_rounded_once() {
        let place = |x: f64| (x * PER_ANGSTROM) as i64;
        // The last one is beyond the range of the fast conversion.
        for scale in [1e-4, 1.0, 700.0, 3e4] {
            let u: Vec<Fixed> = (0..37).map(|k| [place(scale * f64::from(k) / 37.0), place(-scale / 3.0), 5]).collect();
            let v: Vec<Fixed> = (0..37).map(|k| [place(scale / 7.0), 1 - k, place(scale / 2.0)]).collect();
            let mut found = vec![7; 99];
            assert_eq!(squared_displacements(&u, &v, &mut found), scale < 1e3);
            assert_eq!(found.len(), 37);
            for k in 0..37 {
                let exact: i128 = (0..3).map(|c| i128::from(u[k][c] - v[k][c]).pow(2)).sum();
                let error = (found[k] as f64 - exact as f64 / 2f64.powi(36)).abs();
                assert!(error <= 0.5 + 4e-16 * found[k] as f64, "{scale} {k}: {error}");
            }
        }
    }
}
