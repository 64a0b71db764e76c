//! Options of `distance_2b`.

use super::keys::Keys;
use super::soap::{cutoff, transition_width};
use crate::Result;

/// The `distance_2b` descriptor, the distance of a pair, with the width of its Gaussian kernel; lengths in Å.
#[derive(Debug, Clone, PartialEq)]
pub struct PairOptions {
    /// Pairs beyond do not count.
    pub cutoff: f64,
    /// Width of the cosine switch below the cutoff.
    pub cutoff_transition_width: f64,
    /// Atomic numbers of the pair, 0 for any element.
    pub elements: [u8; 2],
    /// Width of the Gaussian kernel: exp(−(r−r')²/2θ²).
    pub theta: f64,
    /// `signal_mean` of the term.
    pub signal_mean: f64,
}

impl PairOptions {
    pub(super) fn from_keys(keys: &Keys) -> Result<Self> {
        let switches = [
            ("only_intra", "F"),
            ("only_inter", "F"),
            ("resid_name", ""),
            ("n_exponents", "1"),
            ("exponents", "1"),
            ("tail_exponent", "0"),
            ("tail_exponent", "0.0"),
        ];
        for (key, _) in switches {
            let Some(value) = keys.text(key) else { continue };
            if !switches.contains(&(key, value)) {
                let known = format!("distance_2b without the key {key}");
                return Err(keys.unsupported(format!("distance_2b with {key}={value}"), known));
            }
        }
        let element = |key| keys.integer(&[key], Some(0), 0, 118).map(|z| z as u8);
        Ok(Self {
            cutoff: cutoff(keys, &["cutoff"])?,
            cutoff_transition_width: transition_width(keys)?,
            elements: [element("Z1")?, element("Z2")?],
            theta: 1.0,
            signal_mean: 0.0,
        })
    }
}
