//! Molecules: connected components of the bond graph under periodic boundaries.
//!
//! A bond `(i, j, S)` joins atom i at `r_i` to the copy of atom j at `r_j + S·cell`. Walking along bonds from the first
//! atom of a molecule and adding up their shifts gives each atom an *image*, such that
//!
//! ```text
//! whole_i = r_i + image_i·cell
//! ```
//!
//! is the unbroken molecule, anchored at its first atom, however large it is compared with the cell. A pair `(i, j, S)`
//! is intramolecular exactly if `index_i = index_j` and `S = image_j − image_i`; an atom and a periodic copy of its own
//! molecule are intermolecular.
//!
//! Where a walk comes back to an atom with another image, the network is bonded to its own periodic copy. It is reported as
//! infinite and never unwrapped.

use std::sync::Arc;

use crate::bonds::{BondGraph, Bonds};
use crate::vector::add;
use crate::{Cell, Error, Result};

/// Which atom belongs to which molecule, and to which periodic image of it.
///
/// All but the images is shared by the frames of a run whose bonds stay the same: a copy costs little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Molecules {
    index: Arc<[u32]>,
    image: Vec<[i32; 3]>,
    infinite: Arc<[bool]>,
    offsets: Arc<[u32]>,
    members: Arc<[u32]>,
}

impl Molecules {
    /// Connected components of `bonds` among `n_atoms` atoms, numbered by their first atoms.
    pub fn from_bonds(n_atoms: usize, bonds: &Bonds) -> Self {
        let graph = BondGraph::new(n_atoms, bonds);
        let mut index = vec![u32::MAX; n_atoms];
        let mut image = vec![[0; 3]; n_atoms];
        let mut infinite = Vec::new();
        let mut queue = Vec::new();
        for first in 0..n_atoms {
            if index[first] != u32::MAX {
                continue;
            }
            let molecule = infinite.len() as u32;
            infinite.push(false);
            index[first] = molecule;
            queue.clear();
            queue.push(first);
            let mut head = 0;
            while let Some(&i) = queue.get(head) {
                head += 1;
                for &(j, shift, _) in graph.neighbours(i) {
                    let there = [0, 1, 2].map(|k| image[i][k] + shift[k]);
                    if index[j as usize] == u32::MAX {
                        index[j as usize] = molecule;
                        image[j as usize] = there;
                        queue.push(j as usize);
                    } else if image[j as usize] != there {
                        infinite[molecule as usize] = true;
                    }
                }
            }
        }
        Self::with_members(index, image, infinite)
    }

    /// Puts together molecules that were found before; `infinite` has one entry per molecule.
    ///
    /// # Errors
    /// [`Error::Argument`] if the lengths differ, an index is out of range or a molecule has no atom.
    pub fn from_parts(index: Vec<u32>, image: Vec<[i32; 3]>, infinite: Vec<bool>) -> Result<Self> {
        let n_molecules = infinite.len();
        if image.len() != index.len() {
            let expected = format!("one row per atom ({})", index.len());
            return Err(Error::argument("molecules.image", format!("{} rows", image.len()), expected));
        }
        if let Some(bad) = index.iter().find(|&&k| k as usize >= n_molecules) {
            return Err(Error::argument("molecules.index", bad, format!("numbers below {n_molecules}")));
        }
        let found = Self::with_members(index, image, infinite);
        match (0..n_molecules).find(|&k| found.members(k).is_empty()) {
            Some(empty) => Err(Error::argument(
                "molecules.index",
                format!("no atom in molecule {empty}"),
                "at least one atom in each molecule",
            )),
            None => Ok(found),
        }
    }

    fn with_members(index: Vec<u32>, image: Vec<[i32; 3]>, infinite: Vec<bool>) -> Self {
        let mut offsets = vec![0u32; infinite.len() + 1];
        for &k in &index {
            offsets[k as usize + 1] += 1;
        }
        for k in 0..infinite.len() {
            offsets[k + 1] += offsets[k];
        }
        let mut next = offsets.clone();
        let mut members = vec![0; index.len()];
        for (atom, &k) in index.iter().enumerate() {
            members[next[k as usize] as usize] = atom as u32;
            next[k as usize] += 1;
        }
        Self { index: index.into(), image, infinite: infinite.into(), offsets: offsets.into(), members: members.into() }
    }

    /// The same molecules where their atoms have other images.
    pub(crate) fn with_image(&self, image: Vec<[i32; 3]>) -> Self {
        Self { image, ..self.clone_shared() }
    }

    fn clone_shared(&self) -> Self {
        let (index, infinite) = (Arc::clone(&self.index), Arc::clone(&self.infinite));
        Self {
            index,
            image: Vec::new(),
            infinite,
            offsets: Arc::clone(&self.offsets),
            members: Arc::clone(&self.members),
        }
    }

    /// Number of molecules.
    pub fn len(&self) -> usize {
        self.infinite.len()
    }

    /// Whether there is no molecule, that is, no atom.
    pub fn is_empty(&self) -> bool {
        self.infinite.is_empty()
    }

    /// Number of atoms.
    pub fn n_atoms(&self) -> usize {
        self.index.len()
    }

    /// Molecule of each atom.
    pub fn index(&self) -> &[u32] {
        &self.index
    }

    /// Image of each atom, see the module's formula; zero for the first atom of each molecule.
    pub fn image(&self) -> &[[i32; 3]] {
        &self.image
    }

    /// Whether each molecule is bonded to its own periodic copy.
    pub fn infinite(&self) -> &[bool] {
        &self.infinite
    }

    /// Atoms of one molecule, ascending.
    pub fn members(&self, molecule: usize) -> &[u32] {
        &self.members[self.offsets[molecule] as usize..self.offsets[molecule + 1] as usize]
    }

    /// Fails unless every molecule is finite.
    ///
    /// # Errors
    /// [`Error::InfiniteMolecule`] with the first one that is not.
    pub fn require_finite(&self) -> Result<()> {
        match self.infinite.iter().position(|&x| x) {
            None => Ok(()),
            Some(molecule) => Err(Error::InfiniteMolecule { molecule, atom: self.members(molecule)[0] as usize }),
        }
    }

    /// `r_i + image_i·cell` of one atom.
    #[inline]
    pub(crate) fn whole(&self, atom: usize, positions: &[[f64; 3]], cell: &Cell) -> [f64; 3] {
        let image = self.image[atom];
        if image == [0; 3] { positions[atom] } else { add(positions[atom], cell.lattice_vector(image)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_add_up_along_bonds() {
        // A chain 0-2-3 that crosses the boundary twice, and atom 1 on its own.
        let bonds = vec![(0, 2, [1, 0, 0]), (2, 3, [1, -1, 0])];
        let found = Molecules::from_bonds(4, &bonds);
        assert_eq!(found.index(), [0, 1, 0, 0]);
        assert_eq!(found.image(), [[0, 0, 0], [0, 0, 0], [1, 0, 0], [2, -1, 0]]);
        assert_eq!((found.members(0), found.members(1)), (&[0u32, 2, 3][..], &[1u32][..]));
        assert!(found.require_finite().is_ok());
    }

    #[test]
    fn networks_through_the_boundary_are_infinite() {
        let chain = Molecules::from_bonds(2, &vec![(0, 1, [0, 0, 0]), (0, 1, [-1, 0, 0])]);
        assert_eq!(chain.infinite(), [true]);
        let own_image = Molecules::from_bonds(2, &vec![(1, 1, [0, 0, 1])]);
        assert_eq!(own_image.infinite(), [false, true]);
        assert_eq!(own_image.require_finite(), Err(Error::InfiniteMolecule { molecule: 1, atom: 1 }));
        let ring = Molecules::from_bonds(3, &vec![(0, 1, [0, 0, 0]), (0, 2, [1, 0, 0]), (1, 2, [1, 0, 0])]);
        assert_eq!(ring.infinite(), [false]);
    }

    #[test]
    fn nothing_has_no_molecules() {
        let none = Molecules::from_bonds(0, &Vec::new());
        assert!(none.is_empty() && none.require_finite().is_ok());
    }

    #[test]
    fn parts_are_checked() {
        let found = Molecules::from_bonds(3, &vec![(0, 2, [0, 0, 1])]);
        let again = Molecules::from_parts(found.index.to_vec(), found.image.clone(), found.infinite.to_vec());
        assert_eq!(again, Ok(found));
        assert!(Molecules::from_parts(vec![0, 2], vec![[0; 3]; 2], vec![false; 2]).is_err());
        assert!(Molecules::from_parts(vec![0, 0], vec![[0; 3]; 2], vec![false; 2]).is_err());
        assert!(Molecules::from_parts(vec![0, 0], vec![[0; 3]; 1], vec![false; 1]).is_err());
    }
}
