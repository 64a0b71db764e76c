//! The dot-product kernel: energies of environments and their gradients with respect to the descriptors.

use std::sync::OnceLock;

use pulp::Simd;

use crate::descriptor::{Batch, Descriptor};
use crate::isotropic;
use crate::lanes::{LANES, Row, Wide, Work, dispatch};
use crate::model::TermFile;
use crate::products::BlockMatrix;
use crate::variance::{Covariance, REGULARISATION};

/// `e(p) = Σ_s w_s (p·x_s + o_s)^ζ`, where the part with `l = 0` of the dot product is the square of `c·y_s` if there are
/// such factors.
#[derive(Debug)]
pub struct DotProductKernel {
    /// Without the part with `l = 0` if that is in factors.
    points: BlockMatrix,
    factors: Option<BlockMatrix>,
    weights: Vec<f64>,
    /// Constant component of the environments, and what it adds to the products.
    constant: f64,
    offsets: Vec<f64>,
    exponent: Exponent,
    /// `δ²`.
    scale: f64,
    /// Strength and constant component of each sparse point.
    others: Vec<[f64; 2]>,
    covariance: OnceLock<Option<Covariance>>,
}

#[derive(Debug, Clone, Copy)]
enum Exponent {
    Integer(u32),
    Real(f64),
}

/// Exponents up to this are multiplied out.
const MOST_FACTORS: f64 = 16.0;

impl DotProductKernel {
    /// Of a term; `points` are its sparse points in the descriptor's internal order, without constant components.
    pub fn new(term: &TermFile, points: &[f64], descriptor: &Descriptor) -> Self {
        let (d, n) = (descriptor.dimension(), descriptor.projection.len());
        let integer = term.zeta.fract() == 0.0 && (1.0..=MOST_FACTORS).contains(&term.zeta);
        let exponent = if integer { Exponent::Integer(term.zeta as u32) } else { Exponent::Real(term.zeta) };
        let scale = term.delta * term.delta;
        let constant = descriptor.extra.unwrap_or(0.0);
        let last = term.sparse.chunks_exact(d).map(|x| if d > n { x[n] } else { 0.0 });
        let others: Vec<[f64; 2]> = term.cutoffs.iter().zip(last).map(|(&c, last)| [c, last]).collect();
        let factors = isotropic::factors(points, descriptor);
        let kept = if factors.is_some() { n - descriptor.power.n_pairs() } else { n };
        let rest: Vec<f64> = points.chunks_exact(n.max(1)).flat_map(|x| &x[..kept]).copied().collect();
        Self {
            points: BlockMatrix::new(&rest, others.len(), kept),
            factors,
            weights: term.alpha.iter().zip(&term.cutoffs).map(|(a, c)| scale * a * c).collect(),
            constant,
            offsets: others.iter().map(|[_, last]| constant * last).collect(),
            exponent,
            scale,
            others,
            covariance: OnceLock::new(),
        }
    }

    /// Whether it wants the densities with `l = 0`.
    pub fn has_isotropic_factors(&self) -> bool {
        self.factors.is_some()
    }

    /// Energies of the environments of a batch, eV; with `gradients`, those with respect to the descriptors come into the
    /// batch.
    pub fn evaluate(&self, batch: &mut Batch, gradients: bool, energies: &mut [Row]) {
        let n = energies.len();
        let rows = self.points.padded_rows();
        let Batch { panels, isotropic, products, roots, .. } = batch;
        self.products(n, panels, isotropic, products, roots);
        batch.along.resize(n, [0.0; LANES]);
        for (k, products) in batch.products.chunks_exact_mut(rows).enumerate() {
            let roots = batch.roots.get_mut(k * rows..(k + 1) * rows).unwrap_or_default();
            [energies[k], batch.along[k]] = dispatch(Powers { kernel: self, products, roots });
        }
        batch.isotropic_gradients.clear();
        if gradients {
            batch.gradients.clear();
            batch.gradients.resize(batch.panels.len(), [0.0; LANES]);
            self.points.transposed_times(n, &batch.products, &mut batch.gradients);
            if let Some(factors) = &self.factors {
                batch.isotropic_gradients.resize(batch.isotropic.len(), [0.0; LANES]);
                factors.transposed_times(n, &batch.roots, &mut batch.isotropic_gradients);
            }
        }
    }

    /// Dot products of `n` panels with the sparse points, without constant components, and their roots with `l = 0`.
    fn products(&self, n: usize, panels: &[Row], isotropic: &[Row], products: &mut Vec<Row>, roots: &mut Vec<Row>) {
        products.resize(n * self.points.padded_rows(), [0.0; LANES]);
        self.points.times(n, panels, products);
        roots.clear();
        if let Some(factors) = &self.factors {
            roots.resize(products.len(), [0.0; LANES]);
            factors.times(n, isotropic, roots);
            dispatch(AddSquares { roots, products });
        }
    }

    /// Makes ready for [`DotProductKernel::variances`], once; `false` if the sparse points allow none.
    pub fn prepare_variances(&self) -> bool {
        self.covariance.get_or_init(|| self.covariance_of_points()).is_some()
    }

    /// Predictive variances of the environments of a batch, eV².
    pub fn variances(&self, batch: &mut Batch, variances: &mut [Row]) {
        let Some(Some(covariance)) = self.covariance.get() else { return };
        let Batch { panels, isotropic, products, roots, .. } = batch;
        self.products(variances.len(), panels, isotropic, products, roots);
        let panels = panels.chunks_exact(panels.len() / variances.len().max(1));
        let products = products.chunks_exact_mut(self.points.padded_rows());
        for ((panel, products), variances) in panels.zip(products).zip(variances) {
            for ((row, offset), [strength, _]) in products.iter_mut().zip(&self.offsets).zip(&self.others) {
                *row = row.map(|t| self.scale * strength * self.exponent.power(t + offset));
            }
            let explained = covariance.explained(products);
            for lane in 0..LANES {
                let square = panel.iter().fold(self.constant * self.constant, |sum, row| sum + row[lane] * row[lane]);
                let prior = self.scale * self.exponent.power(square) + REGULARISATION * REGULARISATION;
                variances[lane] = prior - explained[lane];
            }
        }
    }

    fn covariance_of_points(&self) -> Option<Covariance> {
        let (n, rows) = (self.others.len(), self.points.padded_rows());
        let factors = self.factors.as_ref().map_or_else(Vec::new, BlockMatrix::as_panels);
        let (mut products, mut roots) = (Vec::new(), Vec::new());
        self.products(n.div_ceil(LANES), &self.points.as_panels(), &factors, &mut products, &mut roots);
        Covariance::new(n, |s, t| {
            let ([strength_s, last_s], [strength_t, last_t]) = (self.others[s], self.others[t]);
            let product = products[s / LANES * rows + t][s % LANES] + last_s * last_t;
            self.scale * strength_s * strength_t * self.exponent.power(product)
        })
    }
}

impl Exponent {
    fn power(self, t: f64) -> f64 {
        match self {
            Self::Integer(zeta) => t.powi(zeta as i32),
            // Rounding may bring a product that cannot be negative below zero.
            Self::Real(zeta) => t.max(0.0).powf(zeta),
        }
    }
}

/// Adds the squares of the roots to the products.
struct AddSquares<'a> {
    roots: &'a [Row],
    products: &'a mut [Row],
}

impl Work for AddSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        for (root, product) in self.roots.iter().zip(self.products) {
            let root = Wide::<S, V>::load(simd, root);
            root.mul_add(root, Wide::load(simd, product)).store(product);
        }
    }
}

/// Turns a panel of products, and of roots if there are any, into derivatives with respect to them; gives the energies and
/// the sums of products with derivatives.
struct Powers<'a> {
    kernel: &'a DotProductKernel,
    products: &'a mut [Row],
    roots: &'a mut [Row],
}

impl Work for Powers<'_> {
    type Output = [Row; 2];

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) -> [Row; 2] {
        let DotProductKernel { weights, offsets, exponent, .. } = self.kernel;
        let one = Wide::<S, V>::splat(simd, 1.0);
        let (mut energies, mut along) = (Wide::splat(simd, 0.0), Wide::splat(simd, 0.0));
        for ((row, &w), &offset) in self.products.iter_mut().zip(weights).zip(offsets) {
            let product = Wide::load(simd, row);
            let t = product.mul_add(one, Wide::splat(simd, offset));
            let (power, zeta) = match *exponent {
                Exponent::Integer(zeta) => {
                    let mut power = one;
                    for _ in 1..zeta {
                        power = power.times(t);
                    }
                    (power, f64::from(zeta))
                }
                Exponent::Real(zeta) => {
                    t.store(row);
                    *row = row.map(|t| if t > 0.0 { t.powf(zeta - 1.0) } else { 0.0 });
                    (Wide::load(simd, row), zeta)
                }
            };
            let derivative = power.times(Wide::splat(simd, w * zeta));
            energies = derivative.mul_add(t.times(Wide::splat(simd, 1.0 / zeta)), energies);
            along = derivative.mul_add(product, along);
            derivative.store(row);
        }
        for (root, derivative) in self.roots.iter_mut().zip(self.products.iter()) {
            let twice = Wide::<S, V>::load(simd, root).times(Wide::splat(simd, 2.0));
            twice.times(Wide::load(simd, derivative)).store(root);
        }
        let n = weights.len();
        self.products[n..].fill([0.0; LANES]);
        let mut sums = [[0.0; LANES]; 2];
        energies.store(&mut sums[0]);
        along.store(&mut sums[1]);
        sums
    }
}
