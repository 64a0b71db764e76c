//! The largest empty sphere, by branch and bound.

use std::ops::Range;

use super::grid::{Canvas, Grid};
use super::surfaces::{Near, Sphere, Surfaces, keep_below, measure};
use super::{Region, SLACK, check};
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
/// The height f is 1-Lipschitz: in a piece of space with centre c and half diagonal h it is at most `f(c) + h`.
///
/// 1. From the highest points of a coarse grid one climbs away from whatever surface is nearest, in ever shorter steps: the
///    highest point met, b, is near the highest of all.
/// 2. Of the pieces of a finer grid only those can hold a point above `b + tolerance` whose centres are further than
///    `b + tolerance − h` from all surfaces. The atoms paint the others: one bit per piece.
/// 3. The few that are left are halved along each axis, level by level. Those whose bound does not exceed the best
///    centre found so far by more than the tolerance are dropped. An atom can be the nearest to some point of a piece only if
///    `|c − r_i| − R_i <= f(c) + 2h`; each piece keeps the list of those, taken from its parent's.
///
/// # Errors
/// [`Error::Argument`] without atoms, for bad radii or a tolerance that is not positive, or if more images of atoms matter
/// than could be looked at; [`Error::NonFinite`] for NaN positions; [`Error::Interrupted`].
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
    let mut region = Region::new(positions, cell)?;
    // All coordinates are relative to the origin of the region, so that none is large.
    let origin = std::mem::take(&mut region.origin);
    let home = |&r: &[f64; 3]| {
        let r = sub(r, origin);
        sub(r, region.basis.lattice_vector(region.basis.home_shift(r)))
    };
    let homes: Vec<[f64; 3]> = positions.iter().map(home).collect();
    let surfaces = Surfaces::new(&homes, radii, &region)?;
    let best = first_guess(&surfaces, &region, positions.len(), tolerance, workers)?;
    let spacing = region.spacing(PIECES_PER_ATOM * positions.len() as f64);
    let grid = Grid::new(&region, spacing.max(PIECE_PER_VOID * (best.0 + surfaces.largest)))?;
    let mut search = Search { best, edges: grid.edges, tolerance };
    let free = search.uncovered(&homes, radii, &region, &grid, workers)?;
    let mut level = workers.map_chunks(free.len(), PIECES, |range| {
        search.pieces(free[range].iter().map(|&number| grid.point(number)), &surfaces)
    })?;
    while search.look(&level) {
        let smaller = search.smaller();
        level = workers.map_chunks(level.len(), 1, |block| Ok(smaller.split(&level[block.start], search.edges)))?;
        search = smaller;
    }
    let (radius, center) = (search.best.0, add(origin, search.best.1));
    Ok(EmptySphere { radius, center: sub(center, cell.lattice_vector(cell.home_shift(center))) })
}

/// Points where climbs may start.
const STARTS_PER_ATOM: f64 = 0.2;
/// Climbs.
const CLIMBS: usize = 4;
/// Pieces of the first level, at most.
const PIECES_PER_ATOM: f64 = 13.0;
/// Their size in relation to the distance of atoms across the void, if that makes fewer.
const PIECE_PER_VOID: f64 = 0.3;
/// Pieces of space that are one piece of work.
const PIECES: usize = 64;

/// A point that is as high as any, or not much lower, and its height.
fn first_guess(
    surfaces: &Surfaces,
    region: &Region,
    n: usize,
    tolerance: f64,
    workers: Workers<'_>,
) -> Result<(f64, [f64; 3])> {
    let spacing = region.spacing(STARTS_PER_ATOM * n as f64);
    let grid = Grid::new(region, spacing)?;
    let heights = workers.map_chunks(grid.len(), PIECES, |range| {
        let mut near = Near::default();
        range.map(|number| Ok((surfaces.around(grid.point(number), 0.0, 0.0, &mut near)?, number))).collect()
    })?;
    let mut starts: Vec<(f64, usize)> = heights.into_iter().flat_map(|chunk: Vec<_>| chunk).collect();
    // The lower number first among equals, in order that the choice is always the same.
    starts.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    starts.truncate(CLIMBS);
    let tops = workers.map_chunks(starts.len(), 1, |k| {
        let mut near = Near::default();
        let (height, start) = (starts[k.start].0, grid.point(starts[k.start].1));
        surfaces.around(start, 0.5 * spacing, height, &mut near)?;
        let top = near.climb(start, 0.25 * spacing, 0.5 * tolerance, region);
        // Far from the start other atoms may be near.
        Ok((surfaces.around(top, 0.0, height + spacing, &mut near)?, top))
    })?;
    Ok(tops.into_iter().fold((f64::NEG_INFINITY, [0.0; 3]), |best, top| if top.0 > best.0 { top } else { best }))
}

/// A part of the region, as large as all others of its level.
struct Piece {
    center: [f64; 3],
    /// Height at the centre.
    height: f64,
    /// Where in the list of the block the atoms are that can be nearest to a point of the piece.
    atoms: Range<usize>,
}

/// Some pieces of a level.
#[derive(Default)]
struct Block {
    pieces: Vec<Piece>,
    atoms: Vec<Sphere>,
}

/// What is known on a level.
struct Search {
    /// Highest point so far.
    best: (f64, [f64; 3]),
    /// Of the pieces.
    edges: [[f64; 3]; 3],
    tolerance: f64,
}

impl Search {
    /// Only points above that are of interest.
    fn floor(&self) -> f64 {
        self.best.0 + self.tolerance
    }

    fn half(&self) -> f64 {
        half_diagonal(&self.edges)
    }

    /// The points of the grid whose pieces are not known to be without a chance.
    fn uncovered(
        &self,
        atoms: &[[f64; 3]],
        radii: &[f64],
        region: &Region,
        grid: &Grid,
        workers: Workers<'_>,
    ) -> Result<Vec<usize>> {
        let mut canvas = Canvas::new(grid);
        // No two points of the region, or images of them, are further apart.
        let everything = region.edges.map(norm).iter().sum::<f64>() + SLACK;
        for (&r, &radius) in atoms.iter().zip(radii) {
            let covered = radius + self.floor() - self.half() - SLACK;
            if covered > 0.0 {
                canvas.paint(r, covered.min(everything), workers)?;
            }
        }
        Ok(canvas.free())
    }

    /// Pieces with these centres, those without a chance left out.
    fn pieces(&self, centers: impl Iterator<Item = [f64; 3]>, surfaces: &Surfaces) -> Result<Block> {
        let (mut block, mut near, half) = (Block::default(), Near::default(), self.half());
        for center in centers {
            let height = surfaces.around(center, 2.0 * half, self.best.0, &mut near)?;
            if height + half > self.floor() {
                block.push(center, height, 2.0 * half, &near.atoms, &near.heights);
            }
        }
        Ok(block)
    }

    /// Takes note of the highest centre of a level; whether there is another level to come.
    fn look(&mut self, level: &[Block]) -> bool {
        for piece in level.iter().flat_map(|block| &block.pieces) {
            // Pieces come in a fixed order, so that of equal heights the first one always wins.
            if piece.height > self.best.0 {
                self.best = (piece.height, piece.center);
            }
        }
        level.iter().any(|block| !block.pieces.is_empty())
    }

    /// The same with halved edges; short ones are left until the others are as short.
    fn smaller(&self) -> Self {
        let longest = self.edges.map(norm).into_iter().fold(0.0, f64::max);
        let edges = self.edges.map(|edge| if norm(edge) > 0.6 * longest { scaled(edge, 0.5) } else { edge });
        Self { edges, ..*self }
    }

    /// The pieces of this level within the larger pieces of a block.
    fn split(&self, block: &Block, edges: [[f64; 3]; 3]) -> Block {
        let mut centers = vec![[0.0; 3]];
        for k in (0..3).filter(|&k| edges[k] != self.edges[k]) {
            let step = scaled(self.edges[k], 0.5);
            centers = centers.iter().flat_map(|&c| [sub(c, step), add(c, step)]).collect();
        }
        let (mut parts, mut heights, half) = (Block::default(), Vec::new(), self.half());
        let parent = half_diagonal(&edges);
        for piece in block.pieces.iter().filter(|piece| piece.height + parent > self.floor()) {
            let atoms = &block.atoms[piece.atoms.clone()];
            for &offset in &centers {
                let center = add(piece.center, offset);
                let height = measure(atoms, center, &mut heights);
                if height + half > self.floor() {
                    parts.push(center, height, 2.0 * half, atoms, &heights);
                }
            }
        }
        parts
    }
}

impl Block {
    /// Adds a piece with those of the atoms that are at most `margin` higher than the lowest.
    fn push(&mut self, center: [f64; 3], height: f64, margin: f64, atoms: &[Sphere], heights: &[f64]) {
        let start = self.atoms.len();
        keep_below(height + margin, atoms, heights, &mut self.atoms);
        self.pieces.push(Piece { center, height, atoms: start..self.atoms.len() });
    }
}

/// Half of the longest diagonal.
fn half_diagonal(edges: &[[f64; 3]; 3]) -> f64 {
    let corners = [[1.0, 1.0, 1.0], [1.0, 1.0, -1.0], [1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]];
    let diagonal = |s: [f64; 3]| norm((0..3).fold([0.0; 3], |sum, k| add(sum, scaled(edges[k], s[k]))));
    0.5 * corners.into_iter().map(diagonal).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Height of a point of a region at the origin, by looking at every image.
    fn height(homes: &[[f64; 3]], radii: &[f64], region: &Region, point: [f64; 3]) -> f64 {
        let images = region.basis.pbc().map(|p| if p { -3..=3 } else { 0..=0 });
        let mut lowest = f64::INFINITY;
        for a in images[0].clone() {
            for b in images[1].clone() {
                for c in images[2].clone() {
                    let from = sub(point, region.basis.lattice_vector([a, b, c]));
                    let surfaces = homes.iter().zip(radii).map(|(&r, radius)| norm(sub(from, r)) - radius);
                    lowest = surfaces.fold(lowest, f64::min);
                }
            }
        }
        lowest
    }

    /// Halves pieces along their longest edge, whatever is in them, until none can be higher than `best + tolerance`.
    fn halve(f: &impl Fn([f64; 3]) -> f64, center: [f64; 3], edges: [[f64; 3]; 3], tolerance: f64, best: &mut f64) {
        let height = f(center);
        *best = best.max(height);
        if height + half_diagonal(&edges) > *best + tolerance {
            let longest = (0..3).max_by(|&a, &b| norm(edges[a]).total_cmp(&norm(edges[b]))).unwrap();
            let mut halves = edges;
            halves[longest] = scaled(edges[longest], 0.5);
            let step = scaled(edges[longest], 0.25);
            halve(f, add(center, step), halves, tolerance, best);
            halve(f, sub(center, step), halves, tolerance, best);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn equals_branch_and_bound_without_lists(
            d in prop::array::uniform3(2.5..6.0f64),
            t in prop::array::uniform3(-1.2..1.2f64),
            pbc in any::<[bool; 3]>(),
            atoms in prop::collection::vec((prop::array::uniform3(-5.0..5.0f64), 0.0..2.0f64), 1..12),
            tolerance in 0.01..0.2f64,
        ) {
            let cell = Cell::new([[d[0], 0.0, t[0]], [t[1], d[1], 0.0], [0.0, t[2], d[2]]], pbc).unwrap();
            let (positions, radii): (Vec<_>, Vec<_>) = atoms.into_iter().unzip();
            let found = largest_empty_sphere(&positions, &radii, &cell, tolerance, Workers::serial()).unwrap();
            prop_assert_eq!(found, largest_empty_sphere(&positions, &radii, &cell, tolerance, Workers::rayon()).unwrap());
            let region = Region::new(&positions, &cell).unwrap();
            let home = |&r: &[f64; 3]| sub(r, region.basis.lattice_vector(region.basis.home_shift(r)));
            let homes: Vec<_> = positions.iter().map(home).collect();
            let f = |point| height(&homes, &radii, &region, point);
            prop_assert!((f(home(&found.center)) - found.radius).abs() < 1e-9);
            let mut best = f64::NEG_INFINITY;
            let center = region.edges.iter().fold(region.origin, |point, &edge| add(point, scaled(edge, 0.5)));
            halve(&f, center, region.edges, tolerance, &mut best);
            prop_assert!((best - found.radius).abs() <= tolerance, "{best} {found:?}");
        }
    }

    #[test]
    fn any_tolerance_and_atoms_at_the_same_place() {
        let cell = Cell::new([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], [true; 3]).unwrap();
        for atoms in [vec![[2.0; 3]], vec![[2.0; 3]; 9]] {
            let radii = vec![1.0; atoms.len()];
            for tolerance in [1e-6, 0.5, 1e300] {
                let found = largest_empty_sphere(&atoms, &radii, &cell, tolerance, Workers::serial()).unwrap();
                let least = 12f64.sqrt() - 1.0 - tolerance;
                assert!(found.radius >= least && found.radius <= 12f64.sqrt() - 1.0 + 1e-9, "{found:?} {tolerance}");
            }
        }
    }

    #[test]
    fn absurdly_thin_cells_are_refused() {
        let cell = Cell::new([[1e-9, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]], [true; 3]).unwrap();
        let refused = largest_empty_sphere(&[[0.0; 3]], &[1.0], &cell, 0.01, Workers::serial()).unwrap_err();
        assert!(refused.to_string().contains("so thin"), "{refused}");
    }

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
