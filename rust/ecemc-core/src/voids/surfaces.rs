//! Which surfaces are near a point.

use super::{Region, SLACK};
use crate::simd::dispatch;
use crate::vector::{add, norm, scaled, sub};
use crate::{Cell, Error, Result};

/// Bins in relation to atoms: smaller bins reach less far beyond what is needed, but there are more of them.
const BINS_PER_ATOM: f64 = 1.0;
/// More images than this around one point would take milliseconds, and there are hundreds of points.
const MAX_IMAGES: f64 = 1e7;

/// Centre and radius of an atom.
pub(super) type Sphere = [f64; 4];

/// Distances from a point to all surfaces, and the smallest one.
#[inline]
pub(super) fn measure(atoms: &[Sphere], center: [f64; 3], heights: &mut Vec<f64>) -> f64 {
    heights.resize(atoms.len(), 0.0);
    dispatch(
        #[inline(always)]
        || lowest(atoms, center, heights),
    )
}

#[inline(always)]
fn lowest(atoms: &[Sphere], center: [f64; 3], heights: &mut [f64]) -> f64 {
    for (height, &[x, y, z, radius]) in heights.iter_mut().zip(atoms) {
        let (dx, dy, dz) = (x - center[0], y - center[1], z - center[2]);
        *height = (dx * dx + dy * dy + dz * dz).sqrt() - radius;
    }
    // Eight minima side by side; the smallest of all does not depend on the order.
    let (chunks, rest) = heights.as_chunks::<8>();
    let mut least = [f64::INFINITY; 8];
    for chunk in chunks {
        for k in 0..8 {
            least[k] = if chunk[k] < least[k] { chunk[k] } else { least[k] };
        }
    }
    least.iter().chain(rest).copied().fold(f64::INFINITY, f64::min)
}

/// Appends the atoms whose height is at most `limit`; without branches, since which ones is random.
pub(super) fn keep_below(limit: f64, atoms: &[Sphere], heights: &[f64], kept: &mut Vec<Sphere>) {
    let mut n = kept.len();
    kept.resize(n + atoms.len(), [0.0; 4]);
    for (atom, &height) in atoms.iter().zip(heights) {
        kept[n] = *atom;
        n += usize::from(height <= limit + SLACK);
    }
    kept.truncate(n);
}

/// All atoms of a region, sorted into bins.
pub(super) struct Surfaces {
    atoms: Vec<Sphere>,
    /// Largest radius.
    pub largest: f64,
    basis: Cell,
    /// One bin as a cell.
    bin: Cell,
    heights: [f64; 3],
    n: [i64; 3],
    /// First atom of each bin, the first axis counting fastest.
    starts: Vec<usize>,
}

impl Surfaces {
    /// Of atoms inside a region whose origin is zero.
    pub fn new(positions: &[[f64; 3]], radii: &[f64], region: &Region) -> Result<Self> {
        let width = region.spacing(BINS_PER_ATOM * positions.len() as f64);
        let counts = region.edges.map(|edge| (norm(edge) / width).floor().max(1.0));
        let bin = Cell::new([0, 1, 2].map(|k| scaled(region.edges[k], 1.0 / counts[k])), [false; 3])?;
        let n = counts.map(|n| n as i64);
        let place = |&r: &[f64; 3]| {
            let u = bin.fractional(r);
            let at = |k: usize| (u[k] as i64).clamp(0, n[k] - 1);
            ((at(2) * n[1] + at(1)) * n[0] + at(0)) as usize
        };
        let places: Vec<usize> = positions.iter().map(place).collect();
        let mut starts = vec![0; n.iter().product::<i64>() as usize + 2];
        for &place in &places {
            starts[place + 2] += 1;
        }
        for b in 2..starts.len() {
            starts[b] += starts[b - 1];
        }
        let mut atoms = vec![[0.0; 4]; positions.len()];
        for (&place, (&[x, y, z], &radius)) in places.iter().zip(positions.iter().zip(radii)) {
            atoms[starts[place + 1]] = [x, y, z, radius];
            starts[place + 1] += 1;
        }
        let largest = radii.iter().copied().fold(0.0, f64::max);
        Ok(Self { atoms, largest, basis: region.basis.clone(), heights: bin.heights(), bin, n, starts })
    }

    /// Height of a point, and into `found` all atoms whose surfaces are at most `margin` further away than that.
    ///
    /// `guess` should be a little more than the height.
    pub fn around(&self, point: [f64; 3], margin: f64, guess: f64, near: &mut Near) -> Result<f64> {
        let mut limit = guess;
        loop {
            let reach = (limit + margin + self.largest).max(self.heights[0]);
            self.images(point, reach, &mut near.atoms)?;
            let height = measure(&near.atoms, point, &mut near.heights);
            // What was left out is further than the reach and higher than the reach without the largest radius.
            if height + margin + self.largest <= reach {
                return Ok(height);
            }
            limit = if height.is_finite() { height } else { limit + 2.0 * reach };
        }
    }

    /// All images that can be within `reach` of a point, and some more.
    fn images(&self, point: [f64; 3], reach: f64, found: &mut Vec<Sphere>) -> Result<()> {
        found.clear();
        let (u, pbc, n) = (self.bin.fractional(point), self.basis.pbc(), self.n);
        let far = [0, 1, 2].map(|k| (reach + SLACK) / self.heights[k]);
        let images = (0..3).filter(|&k| pbc[k]).map(|k| 2.0 * far[k] / n[k] as f64).fold(1.0, |p, f| p * f.max(1.0));
        let copies = images * self.atoms.len() as f64;
        if copies > MAX_IMAGES.max(8.0 * self.atoms.len() as f64) {
            let got = format!("a cell so thin or radii so large that {copies:.0e} images of atoms matter");
            return Err(Error::argument("cell", got, format!("fewer than {MAX_IMAGES:.0e}")));
        }
        let range = |k: usize| {
            let (low, high) = ((u[k] - far[k]).floor() as i64, (u[k] + far[k]).floor() as i64);
            if pbc[k] { (low, high) } else { (low.clamp(0, n[k] - 1), high.clamp(0, n[k] - 1)) }
        };
        let [(a0, a1), (b0, b1), (c0, c1)] = [range(0), range(1), range(2)];
        let planes = periods(a0, n[0])..=periods(a1, n[0]);
        for c in c0..=c1 {
            let sc = periods(c, n[2]);
            for b in b0..=b1 {
                let sb = periods(b, n[1]);
                let row = ((c - sc * n[2]) * n[1] + b - sb * n[1]) * n[0];
                for sa in planes.clone() {
                    let (first, last) = ((a0 - sa * n[0]).max(0), (a1 - sa * n[0]).min(n[0] - 1));
                    let atoms = self.starts[(row + first) as usize]..self.starts[(row + last) as usize + 1];
                    let [tx, ty, tz] = self.basis.cartesian([sa, sb, sc].map(|s| s as f64));
                    found.extend(self.atoms[atoms].iter().map(|[x, y, z, radius]| [x + tx, y + ty, z + tz, *radius]));
                }
            }
        }
        Ok(())
    }
}

/// `⌊b / n⌋`, without a division for most.
#[inline]
fn periods(b: i64, n: i64) -> i64 {
    if (0..n).contains(&b) { 0 } else { b.div_euclid(n) }
}

/// Atoms around a point and their heights, kept to be used again.
#[derive(Default)]
pub(super) struct Near {
    pub atoms: Vec<Sphere>,
    pub heights: Vec<f64>,
}

impl Near {
    /// Climbs away from the nearest surface, in steps that get shorter from `step` to `last`, and gives the highest point met.
    pub fn climb(&mut self, start: [f64; 3], step: f64, last: f64, region: &Region) -> [f64; 3] {
        let (mut point, mut step) = (start, step);
        let mut best = (f64::NEG_INFINITY, start);
        loop {
            let height = measure(&self.atoms, point, &mut self.heights);
            if height > best.0 {
                best = (height, point);
            }
            let nearest = self.heights.iter().position(|&h| h == height).map(|k| self.atoms[k]);
            let away = nearest.map(|[x, y, z, _]| sub(point, [x, y, z]));
            match away.map(|away| (away, norm(away))) {
                Some((away, distance)) if step > last => {
                    // From the very middle of an atom all directions lead away.
                    let direction = if distance > 0.0 { scaled(away, 1.0 / distance) } else { [1.0, 0.0, 0.0] };
                    point = region.clamped(add(point, scaled(direction, step)));
                    step *= SHORTER;
                }
                _ => return best.1,
            }
        }
    }
}

/// What is left of a step after a step.
const SHORTER: f64 = 0.75;
