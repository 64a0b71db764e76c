//! The largest empty sphere, by branch and bound.

use super::{Region, check};
use crate::simd::dispatch;
use crate::vector::{add, norm, scaled, sub};
use crate::{Cell, Error, Result, Workers};

/// A sphere that touches atoms and overlaps none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmptySphere {
    /// Å; negative if atoms overlap so much that every point is inside one.
    pub radius: f64,
    /// Å, wrapped into the cell along periodic axes.
    pub center: [f64; 3],
}

/// The largest sphere outside all atoms, to `tolerance` (Å): no sphere is larger than `radius + tolerance`.
///
/// # Algorithm
/// The height f is 1-Lipschitz: in a piece of space with centre c and half diagonal h it is at most `f(c) + h`. Pieces
/// whose bound does not exceed the best centre found so far by more than the tolerance are dropped, others are halved along
/// their longest edge, level by level. An atom can be the nearest to some point of the piece only if
/// `|c − r_i| − R_i <= f(c) + 2h`; each piece keeps the list of those, taken from its parent's, so no other structure is
/// needed for any cell, radius or size of void.
///
/// # Errors
/// [`Error::Argument`] without atoms, for bad radii or a tolerance that is not positive; [`Error::NonFinite`] for NaN positions;
/// [`Error::Interrupted`].
pub fn largest_empty_sphere(
    positions: &[[f64; 3]],
    radii: &[f64],
    cell: &Cell,
    tolerance: f64,
    workers: Workers<'_>,
) -> Result<EmptySphere> {
    check(positions, radii)?;
    if !(tolerance > 0.0 && tolerance.is_finite()) {
        return Err(Error::argument("tolerance", tolerance, "a finite length > 0 in Å"));
    }
    let region = Region::new(positions, cell)?;
    let root = Piece::root(positions, radii, &region)?;
    let mut best = (root.height, root.center);
    let mut level = vec![root];
    let mut edges = region.edges;
    while !level.is_empty() {
        let axis = (0..3).max_by(|&a, &b| norm(edges[a]).total_cmp(&norm(edges[b]))).unwrap_or(0);
        edges[axis] = scaled(edges[axis], 0.5);
        let (step, half) = (scaled(edges[axis], 0.5), half_diagonal(&edges));
        let floor = best.0 + tolerance;
        let halves = workers.map_chunks(level.len(), PIECES, |range| Ok(split(&level[range], step, half, floor)))?;
        level = halves.into_iter().flatten().collect();
        for piece in &level {
            // Pieces come in a fixed order, so that of equal heights the first one always wins.
            if piece.height > best.0 {
                best = (piece.height, piece.center);
            }
        }
        level.retain(|piece| piece.height + half > best.0 + tolerance);
    }
    let (radius, center) = (best.0, add(region.middle(), best.1));
    Ok(EmptySphere { radius, center: sub(center, cell.lattice_vector(cell.home_shift(center))) })
}

/// Pieces of space that are one piece of work.
const PIECES: usize = 64;
/// Å; rounding must not drop the nearest atom of a point at the edge of a piece.
const SLACK: f64 = 1e-9;
/// More images of atoms than this in the first list would need gigabytes.
const MAX_IMAGES: f64 = 1e8;

/// A part of the region, as large as all others of its level.
struct Piece {
    /// Relative to the middle of the region.
    center: [f64; 3],
    /// Height at the centre.
    height: f64,
    /// Centres and radii of the atoms that can be nearest to a point of the piece.
    atoms: Vec<[f64; 4]>,
}

impl Piece {
    /// The whole region; all coordinates are relative to its middle, so that none is large.
    fn root(positions: &[[f64; 3]], radii: &[f64], region: &Region) -> Result<Self> {
        let (cell, middle) = (&region.basis, region.middle());
        let home = |r: [f64; 3]| sub(r, cell.lattice_vector(cell.home_shift(sub(r, region.origin))));
        let atoms: Vec<[f64; 4]> = positions
            .iter()
            .zip(radii)
            .map(|(&r, &radius)| {
                let [x, y, z] = sub(home(r), middle);
                [x, y, z, radius]
            })
            .collect();
        let mut heights = vec![0.0; atoms.len()];
        // Further images can only lower the height, so the reach is at least as long as needed.
        let reach = measure(&atoms, [0.0; 3], &mut heights) + 2.0 * half_diagonal(&region.edges);
        let atoms = images(&atoms, region, reach, radii.iter().copied().fold(0.0, f64::max))?;
        heights.resize(atoms.len(), 0.0);
        Ok(Self { center: [0.0; 3], height: measure(&atoms, [0.0; 3], &mut heights), atoms })
    }
}

/// All images of the atoms whose surfaces are within `reach` of the middle.
fn images(atoms: &[[f64; 4]], region: &Region, reach: f64, largest: f64) -> Result<Vec<[f64; 4]>> {
    let (cell, far) = (&region.basis, SLACK + (reach + largest).max(0.0));
    let (heights, pbc) = (cell.heights(), cell.pbc());
    // Atoms are within half a cell of the middle along each periodic axis.
    let n = [0, 1, 2].map(|k| if pbc[k] { (far / heights[k] + 0.5).ceil() } else { 0.0 });
    let copies = n.iter().map(|n| 2.0 * n + 1.0).product::<f64>() * atoms.len() as f64;
    if copies > MAX_IMAGES {
        let got = format!("a cell so thin or radii so large that {copies:.0e} images of atoms matter");
        return Err(Error::argument("cell", got, format!("fewer than {MAX_IMAGES:.0e}")));
    }
    let (half, n) = (half_diagonal(&region.edges), n.map(|n| n as i32));
    let mut found = Vec::new();
    for a in -n[0]..=n[0] {
        for b in -n[1]..=n[1] {
            for c in -n[2]..=n[2] {
                let t = cell.lattice_vector([a, b, c]);
                if norm(t) > far + half + SLACK {
                    continue;
                }
                found.extend(atoms.iter().filter_map(|&[x, y, z, radius]| {
                    let r = add([x, y, z], t);
                    (norm(r) - radius <= reach + SLACK).then_some([r[0], r[1], r[2], radius])
                }));
            }
        }
    }
    Ok(found)
}

/// Half of the longest diagonal.
fn half_diagonal(edges: &[[f64; 3]; 3]) -> f64 {
    let corners = [[1.0, 1.0, 1.0], [1.0, 1.0, -1.0], [1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]];
    let diagonal = |s: [f64; 3]| norm((0..3).fold([0.0; 3], |sum, k| add(sum, scaled(edges[k], s[k]))));
    0.5 * corners.into_iter().map(diagonal).fold(0.0, f64::max)
}

/// The halves of some pieces, those without a chance to rise above `floor` left out. `half` is their half diagonal.
fn split(pieces: &[Piece], step: [f64; 3], half: f64, floor: f64) -> Vec<Piece> {
    let mut halves = Vec::new();
    let (mut heights, mut kept) = (Vec::new(), Vec::new());
    for piece in pieces {
        for center in [sub(piece.center, step), add(piece.center, step)] {
            heights.resize(piece.atoms.len(), 0.0);
            let height = dispatch(
                #[inline(always)]
                || measure(&piece.atoms, center, &mut heights),
            );
            if height + half > floor {
                kept.resize(piece.atoms.len() + 1, [0.0; 4]);
                let n = keep_below(height + 2.0 * half, &piece.atoms, &heights, &mut kept);
                halves.push(Piece { center, height, atoms: kept[..n].to_vec() });
            }
        }
    }
    halves
}

/// Distances from a point to all surfaces, and the smallest one.
#[inline(always)]
fn measure(atoms: &[[f64; 4]], center: [f64; 3], heights: &mut [f64]) -> f64 {
    let heights = &mut heights[..atoms.len()];
    for (height, &[x, y, z, radius]) in heights.iter_mut().zip(atoms) {
        let (dx, dy, dz) = (x - center[0], y - center[1], z - center[2]);
        *height = (dx * dx + dy * dy + dz * dz).sqrt() - radius;
    }
    // Eight minima side by side; the smallest of all does not depend on the order.
    let (chunks, rest) = heights.as_chunks::<8>();
    let mut least = [f64::INFINITY; 8];
    for chunk in chunks {
        for k in 0..8 {
            least[k] = least[k].min(chunk[k]);
        }
    }
    least.iter().chain(rest).copied().fold(f64::INFINITY, f64::min)
}

/// Copies the atoms whose height is at most `limit`; without branches, since which ones is random.
fn keep_below(limit: f64, atoms: &[[f64; 4]], heights: &[f64], kept: &mut [[f64; 4]]) -> usize {
    let limit = limit + SLACK;
    let mut n = 0;
    for (atom, &height) in atoms.iter().zip(heights) {
        kept[n] = *atom;
        n += usize::from(height <= limit);
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lattice(cell: [[f64; 3]; 3], basis: &[[f64; 3]], radius: f64) -> f64 {
        let cell = Cell::new(cell, [true; 3]).unwrap();
        let radii = vec![radius; basis.len()];
        let found = largest_empty_sphere(basis, &radii, &cell, 1e-6, Workers::serial()).unwrap();
        assert_eq!(found, largest_empty_sphere(basis, &radii, &cell, 1e-6, Workers::rayon()).unwrap());
        found.radius
    }

    #[test]
    fn holes_of_lattices() {
        let (sc, a) = ([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]], 4.0);
        assert!((lattice(sc, &[[0.2, 7.0, -5.0]], 0.5) - (1.5 * 3f64.sqrt() - 0.5)).abs() < 2e-6);
        let fcc = [[0.0, 2.0, 2.0], [2.0, 0.0, 2.0], [2.0, 2.0, 0.0]];
        assert!((lattice(fcc, &[[0.1, 0.2, 0.3]], 1.0) - (a / 2.0 - 1.0)).abs() < 2e-6);
        let bcc = [[-2.0, 2.0, 2.0], [2.0, -2.0, 2.0], [2.0, 2.0, -2.0]];
        assert!((lattice(bcc, &[[0.1, 0.2, 0.3]], 1.0) - (5f64.sqrt() / 4.0 * a - 1.0)).abs() < 2e-6);
        // The same lattice from a very skewed cell, with a coincident atom.
        let skewed = [[3.0, 0.0, 0.0], [300.0, 3.0, 0.0], [-60.0, 33.0, 3.0]];
        assert!((lattice(skewed, &[[0.0; 3], [3.0, 0.0, 0.0]], 0.5) - (1.5 * 3f64.sqrt() - 0.5)).abs() < 2e-6);
        // Everything is inside an atom.
        assert!((lattice(sc, &[[0.0; 3]], 4.0) - (1.5 * 3f64.sqrt() - 4.0)).abs() < 2e-6);
    }

    #[test]
    fn open_axes_end_at_the_atoms() {
        let pair =
            largest_empty_sphere(&[[0.0; 3], [0.0, 0.0, 8.0]], &[1.0, 2.0], &Cell::open(), 1e-4, Workers::serial());
        let pair = pair.unwrap();
        assert!((pair.radius - 2.5).abs() < 2e-4 && (pair.center[2] - 3.5).abs() < 2e-4);
        let single = largest_empty_sphere(&[[1.0; 3]], &[1.2], &Cell::open(), 1e-4, Workers::serial()).unwrap();
        assert_eq!((single.radius, single.center), (-1.2, [1.0; 3]));
    }
}
