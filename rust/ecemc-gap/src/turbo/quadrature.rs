//! Integrals of polynomials times Gaussians.

use std::f64::consts::PI;

/// Nodes and weights on [−1, 1], or against exp(−t²) on the whole line.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    nodes: Vec<(f64, f64)>,
}

impl Rule {
    /// Gauss-Legendre; the nodes are zeros of Legendre polynomials, by Newton's method.
    pub fn legendre(n: usize) -> Self {
        let node = |k: usize| {
            let mut x = (PI * (k as f64 + 0.75) / (n as f64 + 0.5)).cos();
            for _ in 0..20 {
                let (p, slope) = legendre(n, x);
                x -= p / slope;
            }
            let slope = legendre(n, x).1;
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        };
        Self { nodes: (0..n).map(node).collect() }
    }

    /// Gauss-Hermite; the nodes are eigenvalues of a tridiagonal matrix, found by counting its signs.
    pub fn hermite(n: usize) -> Self {
        let bound = (2.0 * n as f64 + 2.0).sqrt();
        let node = |k: usize| {
            let (mut low, mut high) = (-bound, bound);
            while high - low > 1e-3 {
                let middle = 0.5 * (low + high);
                if below(n, middle) > k { high = middle } else { low = middle }
            }
            let mut x = 0.5 * (low + high);
            for _ in 0..20 {
                let (value, before) = hermite(n, x);
                x -= value / ((2.0 * n as f64).sqrt() * before);
            }
            let before = hermite(n, x).1;
            (x, 1.0 / (n as f64 * before * before))
        };
        Self { nodes: (0..n).map(node).collect() }
    }

    /// Points and weights of the integral from `low` to `high`, of a Gauss-Legendre rule; none if `low ≥ high`.
    pub fn between(&self, low: f64, high: f64) -> impl Iterator<Item = (f64, f64)> {
        let half = 0.5 * (high - low).max(0.0);
        self.nodes.iter().filter(move |_| half > 0.0).map(move |&(x, w)| (low + half * (1.0 + x), half * w))
    }

    /// Points and weights of the mean over a normal distribution, of a Gauss-Hermite rule.
    pub fn normal(&self, mean: f64, width: f64) -> impl Iterator<Item = (f64, f64)> {
        let (stretch, unit) = (std::f64::consts::SQRT_2 * width, PI.sqrt().recip());
        self.nodes.iter().map(move |&(t, w)| (mean + stretch * t, unit * w))
    }
}

/// Legendre polynomial and its derivative.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut p, mut before) = (1.0, 0.0);
    for k in 1..=n {
        let k = k as f64;
        (p, before) = (((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k, p);
    }
    (p, n as f64 * (x * p - before) / (x * x - 1.0))
}

/// Orthonormal Hermite polynomials of degree `n` and `n − 1`.
fn hermite(n: usize, x: f64) -> (f64, f64) {
    let (mut h, mut before) = (PI.powf(-0.25), 0.0);
    for k in 1..=n {
        let k = k as f64;
        (h, before) = ((2.0 / k).sqrt() * x * h - ((k - 1.0) / k).sqrt() * before, h);
    }
    (h, before)
}

/// How many zeros of the Hermite polynomial are below `x`: changes of sign in the sequence of all degrees.
fn below(n: usize, x: f64) -> usize {
    let changes = (1..=n).filter(|&k| {
        let (h, before) = hermite(k, x);
        h * before < 0.0 || h == 0.0
    });
    n - changes.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legendre_rule_integrates_polynomials() {
        let rule = Rule::legendre(24);
        for degree in 0..48 {
            let sum: f64 = rule.between(0.0, 1.0).map(|(x, w)| w * x.powi(degree)).sum();
            assert!((sum - 1.0 / f64::from(degree + 1)).abs() < 1e-15, "{degree}: {sum}");
        }
        assert_eq!(rule.between(1.0, 0.5).count(), 0);
    }

    #[test]
    fn hermite_rule_gives_moments_of_the_normal_distribution() {
        let rule = Rule::hermite(16);
        let mut moment = 1.0;
        for k in 0..16 {
            let even: f64 = rule.normal(0.0, 0.5).map(|(x, w)| w * x.powi(2 * k)).sum();
            assert!((even / moment - 1.0).abs() < 1e-12, "{k}: {even} {moment}");
            let odd: f64 = rule.normal(0.0, 0.5).map(|(x, w)| w * x.powi(2 * k + 1)).sum();
            assert!(odd.abs() < 1e-12 * moment, "{k}: {odd}");
            moment *= 0.25 * f64::from(2 * k + 1);
        }
        let mean: f64 = rule.normal(3.0, 0.5).map(|(x, w)| w * x).sum();
        assert!((mean - 3.0).abs() < 1e-14);
    }
}
