//! What a density expansion needs to know of its radial functions.

/// From which side of a point a function is evaluated; it matters at [`RadialFunctions::break_points`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The limit from smaller distances.
    Below,
    /// The limit from larger distances.
    Above,
}

/// The radial functions `F_nl(r)` of one channel: a neighbour at `r·u` adds `F_nl(r) Y_lm(u)` to the density.
pub trait RadialFunctions {
    /// Number of radial functions for each `l`.
    fn n_max(&self) -> usize;

    /// Highest angular momentum, inclusive.
    fn l_max(&self) -> usize;

    /// Neighbours at this distance, Å, and beyond add nothing.
    fn cutoff(&self) -> f64;

    /// Distances between 0 and the cutoff where the functions or a derivative jump, ascending.
    fn break_points(&self) -> Vec<f64>;

    /// Values and exact derivatives at `r`, in the order `n·(l_max + 1) + l`.
    fn evaluate(&self, r: f64, side: Side, values: &mut [f64], slopes: &mut [f64]);
}
