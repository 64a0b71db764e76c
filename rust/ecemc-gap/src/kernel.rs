//! The dot-product kernel: energies of environments and their gradients with respect to the descriptors.

use pulp::Simd;

use crate::lanes::{LANES, Row, Wide, Work, dispatch};
use crate::products::BlockMatrix;

/// `e(p) = Σ_s w_s (p·x_s + o_s)^ζ`.
#[derive(Debug, Clone)]
pub struct DotProductKernel {
    points: BlockMatrix,
    weights: Vec<f64>,
    offsets: Vec<f64>,
    exponent: Exponent,
}

#[derive(Debug, Clone, Copy)]
enum Exponent {
    Integer(u32),
    Real(f64),
}

/// Exponents up to this are multiplied out.
const MOST_FACTORS: f64 = 16.0;

impl DotProductKernel {
    /// `points` one after another, of `dimension` components; `weights` with the kernel's scale; `offsets` are what
    /// constant components add to the products.
    pub fn new(points: &[f64], dimension: usize, weights: Vec<f64>, offsets: Vec<f64>, zeta: f64) -> Self {
        let integer = zeta.fract() == 0.0 && (1.0..=MOST_FACTORS).contains(&zeta);
        let exponent = if integer { Exponent::Integer(zeta as u32) } else { Exponent::Real(zeta) };
        Self { points: BlockMatrix::new(points, dimension), weights, offsets, exponent }
    }

    /// Energies of the environments in `panels`, eV; `panels` become the gradients with respect to the descriptors if
    /// these are wanted. `products` is working space.
    pub fn evaluate(
        &self,
        panels: &mut [Row],
        gradients: Option<&mut [Row]>,
        products: &mut Vec<Row>,
        energies: &mut [Row],
    ) {
        let n_panels = panels.len() / self.points.padded_columns().max(1);
        products.resize(n_panels * self.points.padded_rows(), [0.0; LANES]);
        self.points.times(panels, products);
        for (products, energies) in products.chunks_exact_mut(self.points.padded_rows()).zip(energies) {
            *energies = dispatch(Powers { kernel: self, products });
        }
        if let Some(gradients) = gradients {
            self.points.transposed_times(products, gradients);
        }
    }
}

/// Turns a panel of products into derivatives with respect to them, and gives the energies.
struct Powers<'a> {
    kernel: &'a DotProductKernel,
    products: &'a mut [Row],
}

impl Work for Powers<'_> {
    type Output = Row;

    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) -> Row {
        let DotProductKernel { weights, offsets, exponent, .. } = self.kernel;
        let mut energies = Wide::<S, V>::splat(simd, 0.0);
        let one = Wide::splat(simd, 1.0);
        for ((row, &w), &offset) in self.products.iter_mut().zip(weights).zip(offsets) {
            let t = Wide::load(simd, row).mul_add(one, Wide::splat(simd, offset));
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
                    // Rounding may bring a product that cannot be negative below zero.
                    *row = row.map(|t| if t > 0.0 { t.powf(zeta - 1.0) } else { 0.0 });
                    (Wide::load(simd, row), zeta)
                }
            };
            let derivative = power.times(Wide::splat(simd, w * zeta));
            energies = derivative.mul_add(t.times(Wide::splat(simd, 1.0 / zeta)), energies);
            derivative.store(row);
        }
        let n = weights.len();
        self.products[n..].fill([0.0; LANES]);
        let mut sums = [0.0; LANES];
        energies.store(&mut sums);
        sums
    }
}
