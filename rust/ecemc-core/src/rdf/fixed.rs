//! Sums of reals that do not depend on the order of the summands.

use crate::{Error, Result};

/// Bits behind the binary point.
const FRACTION_BITS: i32 = 72;

/// Å³; leaves room for 2⁸ such summands, and for 2⁵⁶ of 1 Å³.
pub(super) const LARGEST: f64 = (1u64 << 48) as f64;

/// A weight `V/N²` as a whole number of units of 2⁻⁷² Å³.
///
/// Each weight is rounded once, by at most 1.1e-22 Å³: relative to a liquid's V/N² that is 1e-19 for a thousand atoms and
/// less than 1e-14 up to a billion. From then on all sums are sums of integers, exact and associative.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight(u128);

impl Weight {
    /// # Errors
    /// [`Error::Argument`] for more than [`LARGEST`].
    pub fn new(weight: f64) -> Result<Self> {
        if (0.0..=LARGEST).contains(&weight) {
            Ok(Self((weight * 2f64.powi(FRACTION_BITS)).round() as u128))
        } else {
            Err(Error::argument("cell", format!("V/N² = {weight:e} Å³"), "a volume below 3e14 Å³"))
        }
    }

    /// Adds `n` times the weight to a sum.
    pub fn add_to(self, sum: &mut u128, n: u64) -> Result<()> {
        *sum = self.0.checked_mul(n.into()).and_then(|x| sum.checked_add(x)).ok_or_else(overflow)?;
        Ok(())
    }
}

/// `a + b` of two sums.
pub(super) fn added(a: u128, b: u128) -> Result<u128> {
    a.checked_add(b).ok_or_else(overflow)
}

/// A sum in Å³.
pub(super) fn to_f64(sum: u128) -> f64 {
    sum as f64 * 2f64.powi(-FRACTION_BITS)
}

fn overflow() -> Error {
    Error::argument("frames", "sums beyond 2^56 Å³", "fewer frames or cells nearer to the density of a liquid")
}
