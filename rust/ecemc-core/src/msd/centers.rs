//! Centres of mass of molecules that keep their atoms and bonds throughout a trajectory.

use super::image::ShortestImage;
use crate::error::check_rows;
use crate::vector::{add, scaled, sub};
use crate::{Cell, Error, Result};

/// Molecules of a reference frame, ready to be made whole in any other.
///
/// Each molecule is put together along its bonds, atom by atom, every bond by its shortest periodic image, so that
/// molecules longer than half the cell come out right. A bond that breaks is followed all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct MolecularCenters {
    /// Atom, and the atom of the same molecule before it in the walk that it is bonded to; the first of a molecule has itself.
    links: Vec<(u32, u32)>,
    /// Molecule of each atom.
    index: Vec<u32>,
    masses: Vec<f64>,
    /// Of the molecules, amu.
    totals: Vec<f64>,
}

impl MolecularCenters {
    /// From the molecule of each atom (numbered from 0), the bonds within molecules, and the masses of the atoms in amu.
    ///
    /// # Errors
    /// [`Error::Argument`] for arrays that do not fit, masses that are not positive, or a molecule that its bonds do not hold together.
    pub fn new(index: &[u32], bonds: &[(u32, u32)], masses: &[f64]) -> Result<Self> {
        let n = index.len();
        if masses.len() != n {
            return Err(Error::argument("masses", masses.len(), format!("{n}, one per atom")));
        }
        if let Some(atom) = masses.iter().position(|&m| !(m.is_finite() && m > 0.0)) {
            return Err(Error::argument(
                "masses",
                format!("{} amu for atom {atom}", masses[atom]),
                "finite numbers > 0",
            ));
        }
        let n_molecules = index.iter().max().map_or(0, |&k| k as usize + 1);
        if n_molecules > n {
            return Err(Error::argument("molecules.index", n_molecules - 1, format!("numbers below {n}")));
        }
        let mut neighbours = vec![Vec::new(); n];
        for &(i, j) in bonds {
            if i.max(j) as usize >= n || index[i as usize] != index[j as usize] {
                return Err(Error::argument("molecules.bonds", format!("({i}, {j})"), "two atoms of one molecule"));
            }
            neighbours[i as usize].push(j);
            neighbours[j as usize].push(i);
        }
        let links = walk(index, &neighbours, n_molecules)?;
        let mut totals = vec![0.0; n_molecules];
        for &(atom, _) in &links {
            totals[index[atom as usize] as usize] += masses[atom as usize];
        }
        Ok(Self { links, index: index.to_vec(), masses: masses.to_vec(), totals })
    }

    /// Number of molecules.
    pub fn len(&self) -> usize {
        self.totals.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.totals.is_empty()
    }

    /// Masses of the molecules, amu.
    pub fn molecular_masses(&self) -> &[f64] {
        &self.totals
    }

    /// Centres of mass of the whole molecules, each near its first atom; not wrapped.
    ///
    /// # Errors
    /// [`Error::Argument`] for another number of atoms, [`Error::NonFinite`], [`Error::SingularCell`].
    pub fn centers(&self, positions: &[[f64; 3]], cell: &Cell) -> Result<Vec<[f64; 3]>> {
        if positions.len() != self.index.len() {
            let expected = format!("{}, as many as before", self.index.len());
            return Err(Error::argument("positions", format!("{} atoms", positions.len()), expected));
        }
        check_rows("positions", positions)?;
        let image = ShortestImage::new(cell)?;
        let mut arms = vec![[0.0; 3]; positions.len()];
        let mut moments = vec![[0.0; 3]; self.len()];
        let mut origins = vec![[0.0; 3]; self.len()];
        for &(atom, before) in &self.links {
            let (atom, before) = (atom as usize, before as usize);
            let molecule = self.index[atom] as usize;
            if atom == before {
                origins[molecule] = positions[atom];
                continue;
            }
            arms[atom] = add(arms[before], image.of(sub(positions[atom], positions[before])));
            moments[molecule] = add(moments[molecule], scaled(arms[atom], self.masses[atom]));
        }
        let center = |k: usize| add(origins[k], scaled(moments[k], 1.0 / self.totals[k]));
        Ok((0..self.len()).map(center).collect())
    }
}

/// All atoms, breadth first from the first atom of each molecule, with the atom each was reached from.
fn walk(index: &[u32], neighbours: &[Vec<u32>], n_molecules: usize) -> Result<Vec<(u32, u32)>> {
    let mut links: Vec<(u32, u32)> = Vec::with_capacity(index.len());
    let mut seen = vec![false; index.len()];
    let mut begun = vec![false; n_molecules];
    let mut head = 0;
    for first in 0..index.len() {
        if seen[first] {
            continue;
        }
        let molecule = index[first] as usize;
        if begun[molecule] {
            let got = format!("molecule {molecule}, whose atom {first} is not bonded to its other atoms");
            return Err(Error::argument("molecules.bonds", got, "bonds that hold each molecule together"));
        }
        (begun[molecule], seen[first]) = (true, true);
        links.push((first as u32, first as u32));
        while let Some(&(atom, _)) = links.get(head) {
            head += 1;
            for &next in &neighbours[atom as usize] {
                if !seen[next as usize] {
                    seen[next as usize] = true;
                    links.push((next, atom));
                }
            }
        }
    }
    match begun.iter().position(|&b| !b) {
        Some(empty) => Err(Error::argument(
            "molecules.index",
            format!("no atom in molecule {empty}"),
            "at least one atom in each molecule",
        )),
        None => Ok(links),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_longer_than_half_the_cell_is_put_together() {
        let cell = Cell::new([[6.0, 0.0, 0.0], [2.5, 6.0, 0.0], [0.0, 0.0, 6.0]], [true; 3]).unwrap();
        let whole = [[1.0, 1.0, 1.0], [2.4, 1.0, 1.0], [3.8, 1.2, 1.0], [5.2, 1.0, 1.1]];
        let broken = [whole[2], whole[0], add(whole[3], [-6.0, 0.0, 0.0]), add(whole[1], [2.5, 6.0, 12.0])];
        let molecule = MolecularCenters::new(&[0; 4], &[(1, 3), (3, 0), (0, 2)], &[3.0, 1.0, 4.0, 2.0]).unwrap();
        let expected = [0, 1, 2].map(|c| (0..4).map(|k| (k + 1) as f64 * whole[k][c]).sum::<f64>() / 10.0);
        let found = molecule.centers(&broken, &cell).unwrap();
        assert!((0..3).all(|c| (found[0][c] - expected[c]).abs() < 1e-12), "{found:?}");
        assert_eq!(molecule.molecular_masses(), [10.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let text = |result: Result<MolecularCenters>| result.unwrap_err().to_string();
        assert!(text(MolecularCenters::new(&[0, 0], &[], &[1.0; 2])).contains("not bonded to its other atoms"));
        assert!(text(MolecularCenters::new(&[0, 1], &[(0, 1)], &[1.0; 2])).contains("two atoms of one molecule"));
        assert!(text(MolecularCenters::new(&[1, 1], &[(0, 1)], &[1.0; 2])).contains("no atom in molecule 0"));
        assert!(text(MolecularCenters::new(&[0, 7], &[], &[1.0; 2])).contains("numbers below 2"));
        assert!(text(MolecularCenters::new(&[0], &[], &[0.0])).contains("masses"));
        let one = MolecularCenters::new(&[0], &[], &[1.0]).unwrap();
        assert!(one.centers(&[[0.0; 3]; 2], &Cell::open()).is_err());
    }
}
