//! Real spherical harmonics, orthonormal on the unit sphere.
//!
//! With `A_m + iB_m = (x + iy)^m` and the derivatives `Q_lm = d^m P_l(z)/dz^m` of the Legendre polynomials,
//! `Y_{l,m} = N_lm Q_lm A_m` and `Y_{l,−m} = N_lm Q_lm B_m`. They are polynomials in the three components of a unit vector;
//! their gradients are those of the polynomials, of which only the part tangential to the sphere has a meaning.

use std::f64::consts::PI;

use pulp::Simd;

use crate::lanes::{LANES, Row, Wide};

/// Recursion coefficients up to some `l_max`.
#[derive(Debug, Clone)]
pub struct Harmonics {
    l_max: usize,
    /// `N_lm` at `l(l+1)/2 + m`.
    norms: Vec<f64>,
    /// `Q_lm = a z Q_{l−1,m} − b Q_{l−2,m}`, `(a, b)` at the same places.
    steps: Vec<(f64, f64)>,
    /// `Q_mm = (2m − 1)!!`.
    diagonal: Vec<f64>,
}

/// Place of `(l, m)`, `−l ≤ m ≤ l`, in a vector of harmonics.
#[inline(always)]
fn place(l: usize, m: isize) -> usize {
    (l * (l + 1)).wrapping_add_signed(m)
}

#[inline(always)]
fn triangle(l: usize, m: usize) -> usize {
    l * (l + 1) / 2 + m
}

impl Harmonics {
    /// Prepares the recursions.
    pub fn new(l_max: usize) -> Self {
        let (mut norms, mut steps) = (Vec::new(), Vec::new());
        for l in 0..=l_max {
            for m in 0..=l {
                // (l − m)!/(l + m)!
                let ratio: f64 = (l - m + 1..=l + m).map(|k| 1.0 / k as f64).product();
                let both = if m > 0 { 2.0 } else { 1.0 };
                norms.push((both * (2 * l + 1) as f64 / (4.0 * PI) * ratio).sqrt());
                let below = (l - m).max(1) as f64;
                steps.push(((2 * l).saturating_sub(1) as f64 / below, (l + m).saturating_sub(1) as f64 / below));
            }
        }
        let diagonal = (0..=l_max).map(|m| (1..=m).map(|k| (2 * k - 1) as f64).product()).collect();
        Self { l_max, norms, steps, diagonal }
    }

    /// Harmonics for each direction: `(l_max + 1)²`.
    pub fn len(&self) -> usize {
        (self.l_max + 1) * (self.l_max + 1)
    }

    /// Rows of working space: `Q`, `A` and `B`.
    pub fn working_rows(&self) -> usize {
        triangle(self.l_max + 1, 0) + 2 * (self.l_max + 1)
    }

    /// Harmonics of eight unit vectors, in the order `l(l + 1) + m`.
    #[inline(always)]
    pub fn values<S: Simd, const V: usize>(&self, simd: S, u: &[Row; 3], work: &mut [Row], values: &mut [Row]) {
        self.recur::<S, V>(simd, u, work);
        let (q, a, b) = self.parts(work);
        for l in 0..=self.l_max {
            for m in 0..=l {
                let norm = Wide::<S, V>::splat(simd, self.norms[triangle(l, m)]);
                let q = Wide::load(simd, &q[triangle(l, m)]).times(norm);
                q.times(Wide::load(simd, &a[m])).store(&mut values[place(l, m as isize)]);
                if m > 0 {
                    q.times(Wide::load(simd, &b[m])).store(&mut values[place(l, -(m as isize))]);
                }
            }
        }
    }

    /// Harmonics of eight unit vectors and their gradients `[value, x, y, z]`.
    #[inline(always)]
    pub fn gradients<S: Simd, const V: usize>(
        &self,
        simd: S,
        u: &[Row; 3],
        work: &mut [Row],
        gradients: &mut [[Row; 4]],
    ) {
        self.recur::<S, V>(simd, u, work);
        let (q, a, b) = self.parts(work);
        let zero = Wide::<S, V>::splat(simd, 0.0);
        for l in 0..=self.l_max {
            for m in 0..=l {
                let norm = Wide::splat(simd, self.norms[triangle(l, m)]);
                let (a_m, b_m) = (Wide::load(simd, &a[m]), Wide::load(simd, &b[m]));
                let value = Wide::load(simd, &q[triangle(l, m)]).times(norm);
                let along = if m < l { Wide::load(simd, &q[triangle(l, m + 1)]).times(norm) } else { zero };
                let before = m.saturating_sub(1);
                let across = value.times(Wide::splat(simd, m as f64));
                let (da, db) = (across.times(Wide::load(simd, &a[before])), across.times(Wide::load(simd, &b[before])));
                let [y, dx, dy, dz] = &mut gradients[place(l, m as isize)];
                value.times(a_m).store(y);
                da.store(dx);
                db.times(Wide::splat(simd, -1.0)).store(dy);
                along.times(a_m).store(dz);
                if m > 0 {
                    let [y, dx, dy, dz] = &mut gradients[place(l, -(m as isize))];
                    value.times(b_m).store(y);
                    db.store(dx);
                    da.store(dy);
                    along.times(b_m).store(dz);
                }
            }
        }
    }

    /// `Q` in a triangle, `A`, `B`.
    #[inline(always)]
    fn parts<'a>(&self, work: &'a [Row]) -> (&'a [Row], &'a [Row], &'a [Row]) {
        let (q, rest) = work.split_at(triangle(self.l_max + 1, 0));
        let (a, b) = rest.split_at(self.l_max + 1);
        (q, a, b)
    }

    #[inline(always)]
    fn recur<S: Simd, const V: usize>(&self, simd: S, u: &[Row; 3], work: &mut [Row]) {
        let load = |k: usize| Wide::<S, V>::load(simd, &u[k]);
        let (x, y, z) = (load(0), load(1), load(2));
        let (q, rest) = work.split_at_mut(triangle(self.l_max + 1, 0));
        let (a, b) = rest.split_at_mut(self.l_max + 1);
        let minus = Wide::splat(simd, -1.0);
        let (mut re, mut im) = (Wide::splat(simd, 1.0), Wide::splat(simd, 0.0));
        for m in 0..=self.l_max {
            re.store(&mut a[m]);
            im.store(&mut b[m]);
            (re, im) = (re.mul_add(x, im.times(y).times(minus)), re.mul_add(y, im.times(x)));
            q[triangle(m, m)] = [self.diagonal[m]; LANES];
            let (mut before, mut last) = (Wide::splat(simd, 0.0), Wide::splat(simd, self.diagonal[m]));
            for l in m + 1..=self.l_max {
                let (up, down) = self.steps[triangle(l, m)];
                let scaled = before.times(Wide::splat(simd, -down));
                let next = last.times(z).mul_add(Wide::splat(simd, up), scaled);
                next.store(&mut q[triangle(l, m)]);
                (before, last) = (last, next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Work, dispatch};

    struct Compute<'a>(&'a Harmonics, [Row; 3]);

    impl Work for Compute<'_> {
        type Output = (Vec<Row>, Vec<[Row; 4]>);

        fn run<S: Simd, const V: usize>(self, simd: S) -> Self::Output {
            let mut work = vec![[0.0; LANES]; self.0.working_rows()];
            let mut values = vec![[0.0; LANES]; self.0.len()];
            let mut gradients = vec![[[0.0; LANES]; 4]; self.0.len()];
            self.0.values::<S, V>(simd, &self.1, &mut work, &mut values);
            self.0.gradients::<S, V>(simd, &self.1, &mut work, &mut gradients);
            (values, gradients)
        }
    }

    fn directions() -> [Row; 3] {
        let mut u = [[0.0; LANES]; 3];
        for p in 0..LANES {
            let (theta, phi) = (0.1 + 0.41 * p as f64, 1.0 + 2.3 * p as f64);
            let at = [theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()];
            for k in 0..3 {
                u[k][p] = at[k];
            }
        }
        u
    }

    /// `Σ_m Y_lm(u) Y_lm(v) = (2l + 1)/4π P_l(u·v)`.
    #[test]
    fn the_addition_theorem_holds() {
        let (harmonics, u) = (Harmonics::new(9), directions());
        let (values, gradients) = dispatch(Compute(&harmonics, u));
        for (value, gradient) in values.iter().zip(&gradients) {
            assert_eq!(*value, gradient[0]);
        }
        for (p, q) in [(0, 0), (1, 5), (2, 7), (4, 3)] {
            let cosine: f64 = (0..3).map(|k| u[k][p] * u[k][q]).sum();
            let (mut before, mut legendre) = (0.0, 1.0);
            for l in 0..=9 {
                let sum: f64 = values[l * l..(l + 1) * (l + 1)].iter().map(|y| y[p] * y[q]).sum();
                assert!((sum - (2 * l + 1) as f64 / (4.0 * PI) * legendre).abs() < 1e-13, "l = {l}");
                let next = ((2 * l + 1) as f64 * cosine * legendre - l as f64 * before) / (l + 1) as f64;
                (before, legendre) = (legendre, next);
            }
        }
    }

    #[test]
    fn gradients_are_those_along_the_sphere() {
        let (harmonics, u) = (Harmonics::new(6), directions());
        let (_, gradients) = dispatch(Compute(&harmonics, u));
        let h = 1e-5;
        for axis in 0..3 {
            let moved = |by: f64| {
                let mut moved = u;
                for p in 0..LANES {
                    moved[axis][p] += by;
                    let norm = (0..3).map(|k| moved[k][p] * moved[k][p]).sum::<f64>().sqrt();
                    (0..3).for_each(|k| moved[k][p] /= norm);
                }
                dispatch(Compute(&harmonics, moved)).0
            };
            let (above, below) = (moved(h), moved(-h));
            for (lm, gradient) in gradients.iter().enumerate() {
                for p in 0..LANES {
                    let along: f64 = (0..3).map(|k| gradient[k + 1][p] * u[k][p]).sum();
                    let slope = (above[lm][p] - below[lm][p]) / (2.0 * h);
                    assert!((slope - gradient[axis + 1][p] + along * u[axis][p]).abs() < 1e-8);
                }
            }
        }
    }
}
