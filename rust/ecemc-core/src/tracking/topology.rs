//! The molecules of one frame, and how to find those of the next one with the same bonds.

use std::sync::Arc;

use super::Configuration;
use crate::bonds::BondGraph;
use crate::{BondRule, Bonds, Molecules, Result, Species, Workers, find_bonds, species, structural_bonds};

/// A bonded pair of atoms, `i ≤ j`, whatever the periodic image.
pub(super) type BondedPair = (u32, u32);

/// What stays the same from frame to frame as long as no bond breaks or forms.
#[derive(Debug)]
pub(super) struct Topology {
    /// Structural bonds, ascending; a pair bonded through two images is there twice.
    pub pairs: Vec<BondedPair>,
    /// Species and the species of each molecule, numbered within the frame.
    pub species: (Vec<Species>, Vec<u32>),
    /// Those of the frame in which these bonds were found.
    molecules: Molecules,
    /// Bonds that lead from the first atom of each molecule to all others: atom, next atom, bond, and whether it is walked
    /// from its second atom to its first.
    walk: Vec<(u32, u32, u32, bool)>,
}

/// Molecules and bonds of one frame.
#[derive(Debug)]
pub(super) struct Found {
    pub topology: Arc<Topology>,
    pub molecules: Molecules,
    pub bonds: Bonds,
}

impl Found {
    /// Exactly what finding molecules anew gives; where the bonds are those of `known`, its topology is used again.
    pub fn new(
        frame: &Configuration<'_>,
        rule: &BondRule,
        known: Option<&Arc<Topology>>,
        workers: Workers<'_>,
    ) -> Result<Self> {
        let close = find_bonds(frame.positions, frame.numbers, frame.cell, rule, workers)?;
        // Contacts across angles come and go; without them the molecules and their images are the same.
        let bonds = structural_bonds(close.clone(), frame.positions, frame.numbers, frame.cell);
        if let Some(topology) = known
            && let Some(molecules) = topology.molecules_with(&bonds)
        {
            return Ok(Self { topology: Arc::clone(topology), molecules, bonds });
        }
        let molecules = Molecules::from_bonds(frame.positions.len(), &close);
        let topology = Topology {
            pairs: bonds.iter().map(|&(i, j, _)| (i, j)).collect(),
            species: species(frame.numbers, &bonds, &molecules),
            walk: walk(frame.positions.len(), &bonds),
            molecules: molecules.clone(),
        };
        Ok(Self { topology: Arc::new(topology), molecules, bonds })
    }
}

impl Topology {
    /// The molecules of other positions with these bonds; none if other atoms are bonded or a molecule is, or becomes,
    /// infinite.
    fn molecules_with(&self, bonds: &Bonds) -> Option<Molecules> {
        let same = bonds.len() == self.pairs.len() && bonds.iter().zip(&self.pairs).all(|(b, p)| (b.0, b.1) == *p);
        // The images of an infinite network depend on the walk, so they are not worth a shortcut.
        if !same || self.molecules.infinite().contains(&true) {
            return None;
        }
        let mut image = vec![[0i32; 3]; self.molecules.n_atoms()];
        for &(from, to, bond, backwards) in &self.walk {
            let (start, shift) = (image[from as usize], bonds[bond as usize].2);
            image[to as usize] = [0, 1, 2].map(|k| if backwards { start[k] - shift[k] } else { start[k] + shift[k] });
        }
        let fits = |&(i, j, shift): &(u32, u32, [i32; 3])| {
            let (a, b) = (image[i as usize], image[j as usize]);
            (0..3).all(|k| b[k] - a[k] == shift[k])
        };
        bonds.iter().all(fits).then(|| self.molecules.with_image(image))
    }
}

/// See [`Topology::walk`].
fn walk(n_atoms: usize, bonds: &Bonds) -> Vec<(u32, u32, u32, bool)> {
    let graph = BondGraph::new(n_atoms, bonds);
    let (mut seen, mut steps, mut stack) = (vec![false; n_atoms], Vec::new(), Vec::new());
    for first in 0..n_atoms {
        if std::mem::replace(&mut seen[first], true) {
            continue;
        }
        stack.push(first as u32);
        while let Some(from) = stack.pop() {
            for &(to, _, bond) in graph.neighbours(from as usize) {
                if !std::mem::replace(&mut seen[to as usize], true) {
                    steps.push((from, to, bond, bonds[bond as usize].0 != from));
                    stack.push(to);
                }
            }
        }
    }
    steps
}
