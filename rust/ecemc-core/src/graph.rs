//! Canonical fingerprints of bond graphs: which molecules are the same species.
//!
//! # Algorithm
//!
//! 1. *Colour refinement*: every atom starts with its element as colour; a round mixes into it the multiset of its
//!    neighbours' colours. Rounds go on until they split no class of equal colours any more. For graphs without rings this
//!    tells any two non-isomorphic ones apart.
//! 2. Ring systems such as decalin and bicyclopentyl look alike to step 1, because every atom sees the same tree of
//!    walks. So, if there is a ring, each non-terminal atom in turn is given a colour of its own and step 1 repeated; the
//!    multiset of the outcomes enters the fingerprint.
//!
//! Nothing depends on the order of the atoms, on the platform or on a random state: the same graph has the same
//! fingerprint in every version of the crate.
//!
//! # Limits
//!
//! Bonds have no order, atoms no charge and no orientation: stereoisomers, conformers and charge states are one species.
//! Step 2 can in principle miss highly symmetric graphs (strongly regular ones, which no known molecule is), and
//! ring systems of more than [`INDIVIDUALIZED`] atoms get step 1 only.

/// Ring systems up to this many atoms get the second, quadratic step.
pub const INDIVIDUALIZED: usize = 512;

/// 128-bit fingerprint of a connected bond graph.
///
/// `numbers` are atomic numbers, `bonds` pairs of positions in it, each bond once; repeated pairs and self-bonds, as
/// they occur in the unit cell of a polymer, count. `infinite` marks a network that is bonded to its own periodic image
/// and keeps it apart from a ring molecule of the same connectivity.
///
/// ```
/// use ecemc_core::graph_fingerprint;
/// let water = graph_fingerprint(&[8, 1, 1], &[(0, 1), (0, 2)], false);
/// assert_eq!(water, graph_fingerprint(&[1, 8, 1], &[(0, 1), (1, 2)], false));
/// ```
pub fn graph_fingerprint(numbers: &[u8], bonds: &[(u32, u32)], infinite: bool) -> u128 {
    let graph = Graph::new(numbers.len(), bonds);
    let start: Vec<u64> = numbers.iter().map(|&z| mix(u64::from(z))).collect();
    let plain = graph.refined(start.clone());
    let mut parts = plain.clone();
    let has_ring = bonds.len() >= numbers.len();
    if has_ring && numbers.len() <= INDIVIDUALIZED {
        for atom in (0..numbers.len()).filter(|&atom| graph.neighbours(atom).len() > 1) {
            let mut marked = plain.clone();
            marked[atom] = mix(marked[atom] ^ MARK);
            parts.push(digest(graph.refined(marked), 0));
        }
    }
    let size = mix(numbers.len() as u64) ^ mix(bonds.len() as u64 + MARK) ^ u64::from(infinite);
    (u128::from(digest(parts.clone(), size)) << 64) | u128::from(digest(parts, size ^ MARK))
}

/// An arbitrary odd constant that sets "this atom" and the second half of the fingerprint apart.
const MARK: u64 = 0x9e37_79b9_7f4a_7c15;

/// Neighbours of each atom in one array.
struct Graph {
    offsets: Vec<usize>,
    neighbours: Vec<u32>,
}

impl Graph {
    fn new(n: usize, bonds: &[(u32, u32)]) -> Self {
        let mut offsets = vec![0; n + 1];
        for &(a, b) in bonds {
            offsets[a as usize + 1] += 1;
            offsets[b as usize + 1] += 1;
        }
        for k in 0..n {
            offsets[k + 1] += offsets[k];
        }
        let mut next = offsets.clone();
        let mut neighbours = vec![0; 2 * bonds.len()];
        for &(a, b) in bonds {
            for (from, to) in [(a, b), (b, a)] {
                neighbours[next[from as usize]] = to;
                next[from as usize] += 1;
            }
        }
        Self { offsets, neighbours }
    }

    fn neighbours(&self, atom: usize) -> &[u32] {
        &self.neighbours[self.offsets[atom]..self.offsets[atom + 1]]
    }

    /// Colour refinement until the number of classes stays the same.
    fn refined(&self, mut colours: Vec<u64>) -> Vec<u64> {
        let mut classes = count_distinct(&colours);
        loop {
            let next: Vec<u64> = (0..colours.len())
                .map(|atom| {
                    // A sum of mixed colours stands for the multiset, whatever the order of the neighbours.
                    let around =
                        self.neighbours(atom).iter().fold(0u64, |sum, &b| sum.wrapping_add(mix(colours[b as usize])));
                    mix(mix(colours[atom] ^ MARK).wrapping_add(mix(around)))
                })
                .collect();
            colours = next;
            let finer = count_distinct(&colours);
            if finer <= classes {
                return colours;
            }
            classes = finer;
        }
    }
}

fn count_distinct(colours: &[u64]) -> usize {
    let mut sorted = colours.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

/// One number for a multiset.
fn digest(mut parts: Vec<u64>, seed: u64) -> u64 {
    parts.sort_unstable();
    parts.into_iter().fold(mix(seed), |state, part| mix(state.rotate_left(5) ^ part))
}

/// A bijection of 64-bit numbers in which every input bit moves every output bit (the finaliser of splitmix64).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(MARK);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carbons(bonds: &[(u32, u32)]) -> u128 {
        let n = bonds.iter().map(|b| b.0.max(b.1) as usize + 1).max().unwrap_or(1);
        graph_fingerprint(&vec![6; n], bonds, false)
    }

    #[test]
    fn ring_systems_that_colour_refinement_confuses() {
        let decalin = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (5, 6), (6, 7), (7, 8), (8, 9), (9, 0)];
        let bicyclopentyl = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 5)];
        assert_ne!(carbons(&decalin), carbons(&bicyclopentyl));
        let hexagon = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)];
        let triangles = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)];
        assert_ne!(carbons(&hexagon), carbons(&triangles));
        // Prismane and benzene's other valence isomer with three bonds per atom.
        let prism = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)];
        let k33 = [(0, 3), (0, 4), (0, 5), (1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)];
        assert_ne!(carbons(&prism), carbons(&k33));
    }

    #[test]
    fn relabelling_changes_nothing() {
        let bonds = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (5, 6), (6, 7)];
        let numbers = [6, 6, 8, 6, 7, 6, 6, 1];
        let expected = graph_fingerprint(&numbers, &bonds, false);
        let order = [3u32, 7, 0, 5, 1, 6, 2, 4];
        let mut relabelled = [0u8; 8];
        for (old, &new) in order.iter().enumerate() {
            relabelled[new as usize] = numbers[old];
        }
        let mut moved: Vec<_> = bonds.map(|(a, b)| (order[b as usize], order[a as usize])).to_vec();
        moved.reverse();
        assert_eq!(graph_fingerprint(&relabelled, &moved, false), expected);
        assert_ne!(graph_fingerprint(&numbers, &bonds, true), expected);
    }

    #[test]
    fn fingerprints_never_change() {
        // Stored results and species names hold these numbers: do not edit.
        let water = graph_fingerprint(&[8, 1, 1], &[(0, 1), (0, 2)], false);
        assert_eq!(format!("{water:032x}"), "68437f58f5f1055c96f33b0d3ecb87c2");
    }

    #[test]
    fn counts_and_multiple_bonds_matter() {
        assert_ne!(carbons(&[(0, 1)]), carbons(&[(0, 1), (0, 1)]));
        assert_ne!(carbons(&[]), carbons(&[(0, 0)]));
        assert_ne!(graph_fingerprint(&[6], &[], false), graph_fingerprint(&[7], &[], false));
    }
}
