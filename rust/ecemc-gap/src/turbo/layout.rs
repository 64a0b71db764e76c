//! In which order the components of a power spectrum are stored.

/// The components (n, n', l) with n ≤ n': n outermost, l innermost; functions of one channel follow on one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    alphas: Vec<usize>,
    l_max: usize,
}

impl Layout {
    /// From the number of radial functions of each channel, and the highest angular momentum.
    pub fn new(alphas: Vec<usize>, l_max: usize) -> Self {
        Self { alphas, l_max }
    }

    /// Number of radial functions of each channel.
    pub fn alphas(&self) -> &[usize] {
        &self.alphas
    }

    /// Number of radial functions of all channels.
    pub fn n(&self) -> usize {
        self.alphas.iter().sum()
    }

    /// Highest angular momentum.
    pub fn l_max(&self) -> usize {
        self.l_max
    }

    /// Number of components.
    pub fn dimension(&self) -> usize {
        self.n() * (self.n() + 1) / 2 * (self.l_max + 1)
    }

    /// The pairs n ≤ n' in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let n = self.n();
        (0..n).flat_map(move |a| (a..n).map(move |b| (a, b)))
    }

    /// Whether each radial function is the first of its channel.
    pub fn firsts(&self) -> Vec<bool> {
        self.alphas.iter().flat_map(|&alpha| (0..alpha).map(|k| k == 0)).collect()
    }

    /// Number of components that [`super::SparseMatrix::trivial`] keeps.
    pub fn trivial_dimension(&self) -> usize {
        let (n, others) = (self.n(), self.n() - self.alphas.len());
        (n * (n + 1) / 2 - others * (others + 1) / 2) * (self.l_max + 1)
    }

    /// Number of components that [`super::SparseMatrix::mixing`] gives.
    pub fn mixed_dimension(&self, nu_r: usize, nu_s: usize) -> usize {
        let (first, second) = Mixed::new(self, nu_r, nu_s).sizes();
        let pairs =
            if nu_r.is_multiple_of(2) && nu_s.is_multiple_of(2) { first * (first + 1) / 2 } else { first * second };
        pairs * (self.l_max + 1)
    }
}

/// The two sets of mixed functions of an `A_B` compression.
pub(super) struct Mixed {
    alpha: usize,
    radial: [usize; 2],
    species: [usize; 2],
}

impl Mixed {
    /// For channels of equal size.
    pub fn new(layout: &Layout, nu_r: usize, nu_s: usize) -> Self {
        let (alpha, s) = (layout.alphas[0], layout.alphas.len());
        let sizes = |nu: usize, all: usize| [if nu > 0 { all } else { 1 }, if nu == 2 { all } else { 1 }];
        Self { alpha, radial: sizes(nu_r, alpha), species: sizes(nu_s, s) }
    }

    /// How many functions there are in the first and in the second set.
    pub fn sizes(&self) -> (usize, usize) {
        (self.radial[0] * self.species[0], self.radial[1] * self.species[1])
    }

    /// To which function of set `k` a radial function `n` goes.
    pub fn index(&self, k: usize, n: usize) -> usize {
        (n / self.alpha % self.species[k]) * self.radial[k] + n % self.alpha % self.radial[k]
    }
}
