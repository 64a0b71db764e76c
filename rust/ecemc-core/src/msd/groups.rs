//! Particles sorted by group, so that the sum over a group is a loop over neighbours in memory.

use std::ops::Range;

use crate::{Error, Result};

/// Particles that are one piece of a sum, see [`super::squares::squared_displacements`].
const PIECE: usize = 1 << 12;

/// The group of each particle and the order in which particles are stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Groups {
    /// Group of each particle, as given.
    pub of: Vec<u32>,
    /// Given number of each stored particle; none if it is the same.
    order: Option<Vec<u32>>,
    /// Group and stored particles; no group spans more than one of them unless it is large.
    pub pieces: Vec<(u32, Range<usize>)>,
    /// Particles in each group.
    pub sizes: Vec<u64>,
}

impl Groups {
    /// # Errors
    /// [`Error::Argument`] without particles, or for a number of a group that is not below the number of particles.
    pub fn new(of: &[u32]) -> Result<Self> {
        let n = of.len();
        if n == 0 {
            return Err(Error::argument("groups", "no particles", "at least one particle"));
        }
        let n_groups = of.iter().max().map_or(0, |&g| g as usize + 1);
        if n_groups > n {
            return Err(Error::argument("groups", n_groups - 1, format!("numbers below the number of particles, {n}")));
        }
        let mut sizes = vec![0u64; n_groups];
        for &group in of {
            sizes[group as usize] += 1;
        }
        let order = (!of.is_sorted()).then(|| {
            let mut order: Vec<u32> = (0..n as u32).collect();
            order.sort_by_key(|&k| of[k as usize]);
            order
        });
        let mut pieces = Vec::new();
        let mut start = 0;
        for (group, &size) in sizes.iter().enumerate() {
            let end = start + size as usize;
            while start < end {
                let stop = end.min(start + PIECE);
                pieces.push((group as u32, start..stop));
                start = stop;
            }
        }
        Ok(Self { of: of.to_vec(), order, pieces, sizes })
    }

    /// Values of particles in the order in which they are stored.
    pub fn sorted<T: Copy>(&self, values: &[T]) -> Vec<T> {
        match &self.order {
            None => values.to_vec(),
            Some(order) => order.iter().map(|&k| values[k as usize]).collect(),
        }
    }

    /// Values in the order of [`Self::sorted`] back in the order of particles as given.
    pub fn as_given<T: Copy>(&self, sorted: &[T]) -> Vec<T> {
        let mut values = sorted.to_vec();
        for (&k, &value) in self.order.iter().flatten().zip(sorted) {
            values[k as usize] = value;
        }
        values
    }
}
