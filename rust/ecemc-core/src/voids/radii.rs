//! Van der Waals radii of the main-group elements.

/// Atomic numbers and radii in Å.
///
/// A. Bondi, J. Phys. Chem. 68, 441 (1964), completed for the main group and revised for H by M. Mantina et al., J. Phys.
/// Chem. A 113, 5806 (2009), table 12 (<https://doi.org/10.1021/jp8111556>). The authors give none for transition metals, lanthanides
/// and actinides.
#[rustfmt::skip]
const RADII: [(u8, f64); 44] = [
    (1, 1.10), (2, 1.40),
    (3, 1.81), (4, 1.53), (5, 1.92), (6, 1.70), (7, 1.55), (8, 1.52), (9, 1.47), (10, 1.54),
    (11, 2.27), (12, 1.73), (13, 1.84), (14, 2.10), (15, 1.80), (16, 1.80), (17, 1.75), (18, 1.88),
    (19, 2.75), (20, 2.31), (31, 1.87), (32, 2.11), (33, 1.85), (34, 1.90), (35, 1.83), (36, 2.02),
    (37, 3.03), (38, 2.49), (49, 1.93), (50, 2.17), (51, 2.06), (52, 2.06), (53, 1.98), (54, 2.16),
    (55, 3.43), (56, 2.68), (81, 1.96), (82, 2.02), (83, 2.07), (84, 1.97), (85, 2.02), (86, 2.20),
    (87, 3.48), (88, 2.83),
];

/// The van der Waals radius of an element in Å, `None` outside the main group.
///
/// ```
/// assert_eq!(ecemc_core::voids::van_der_waals_radius(6), Some(1.70));
/// ```
pub fn van_der_waals_radius(number: u8) -> Option<f64> {
    RADII.iter().find(|(z, _)| *z == number).map(|(_, radius)| *radius)
}
