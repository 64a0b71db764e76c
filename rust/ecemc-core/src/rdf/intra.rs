//! Intramolecular pairs: from the members of each molecule, with the image that the whole molecule has.

use super::bins::RdfBins;
use super::histogram::{Elements, squared_length};
use crate::neighbors::CellGrid;
use crate::vector::{add, sub};
use crate::{Cell, Molecules, Result, Workers};

/// Molecules that are one piece of work.
const MOLECULES: usize = 1024;

/// Counts of intramolecular pairs; never more than the count of all pairs, bin by bin.
///
/// The pair (i, j) of a molecule has the one shift `S = image_j − image_i`, in wrapped coordinates
/// `w = r − home·cell` the shift `S + home_j − home_i`. Its vector `(w_j − w_i) + shift·cell` is the same sum of the same
/// numbers as in the loops over all pairs, so it falls into the same bin. And it is among the pairs counted there:
/// the grid visits every image within range; the loop over nearest images visits only one, but a vector shorter than
/// `r_max <= h/2` is that one. So the difference of the two counts is exactly the number of the other,
/// intermolecular pairs. A pair whose image in the molecule is beyond `r_max` is counted nowhere here, and if another image
/// of the pair is within range, that is intermolecular.
pub(super) fn pairs(
    bins: &RdfBins,
    grid: &CellGrid,
    cell: &Cell,
    molecules: &Molecules,
    places: &[u8],
    elements: &Elements,
    workers: Workers<'_>,
) -> Result<Vec<u64>> {
    if molecules.n_atoms() != places.len() {
        let expected = format!("{}, one entry per atom", places.len());
        return Err(crate::Error::argument("molecules", format!("{} atoms", molecules.n_atoms()), expected));
    }
    let atoms = InputOrder::new(grid, molecules);
    let size = elements.n_pairs() * bins.n_bins();
    let pieces = workers.map_chunks(molecules.len(), MOLECULES, |range| {
        let mut counts = vec![0u64; size];
        for molecule in range.filter(|&m| !molecules.infinite()[m]) {
            let members = molecules.members(molecule);
            for (k, &i) in members.iter().enumerate() {
                for &j in &members[k + 1..] {
                    if let Some(bin) = bins.find(atoms.squared_distance(i as usize, j as usize, cell)) {
                        let pair = elements.pair(places[i as usize].into(), places[j as usize].into());
                        counts[pair * bins.n_bins() + bin] += 1;
                    }
                }
            }
        }
        Ok(counts)
    })?;
    let mut counts = vec![0; size];
    for piece in pieces {
        for (sum, n) in counts.iter_mut().zip(piece) {
            *sum += n;
        }
    }
    Ok(counts)
}

/// Wrapped coordinates and the way back to the whole molecule, in the order of the input.
struct InputOrder {
    wrapped: Vec<[f64; 3]>,
    /// `image + home`: the whole atom is at `wrapped + whole·cell`.
    whole: Vec<[i32; 3]>,
}

impl InputOrder {
    fn new(grid: &CellGrid, molecules: &Molecules) -> Self {
        let mut wrapped = vec![[0.0; 3]; grid.len()];
        let mut whole = vec![[0; 3]; grid.len()];
        for (sorted, &atom) in grid.order.iter().enumerate() {
            let (image, home) = (molecules.image()[atom as usize], grid.homes[sorted]);
            wrapped[atom as usize] = [grid.x[sorted], grid.y[sorted], grid.z[sorted]];
            whole[atom as usize] = [0, 1, 2].map(|k| image[k] + home[k]);
        }
        Self { wrapped, whole }
    }

    #[inline]
    fn squared_distance(&self, i: usize, j: usize, cell: &Cell) -> f64 {
        let shift = [0, 1, 2].map(|k| self.whole[j][k] - self.whole[i][k]);
        let apart = sub(self.wrapped[j], self.wrapped[i]);
        let [x, y, z] = if shift == [0; 3] { apart } else { add(apart, cell.lattice_vector(shift)) };
        squared_length(x, y, z)
    }
}
