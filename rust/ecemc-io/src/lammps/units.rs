//! Systems of units of LAMMPS and what they are in Å, eV, fs.

/// A system of units (`units` command of LAMMPS) with lengths in Å, masses in g/mol and charges in e.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Units {
    /// Time in ps, energy in eV.
    Metal,
    /// Time in fs, energy in kcal/mol.
    Real,
}

/// 1 kcal/mol (thermochemical) in eV, exact since 2019: 4184 J over the elementary charge and the Avogadro constant.
const KCAL_PER_MOL: f64 = 4184.0 / (1.602_176_634e-19 * 6.022_140_76e23);

impl Units {
    /// The units that LAMMPS calls so, if we know them.
    ///
    /// ```
    /// use ecemc_io::Units;
    ///
    /// assert_eq!(Units::named("real"), Some(Units::Real));
    /// assert_eq!(Units::named("lj"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        [Self::Metal, Self::Real].into_iter().find(|units| units.name() == name)
    }

    /// Name in LAMMPS.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metal => "metal",
            Self::Real => "real",
        }
    }

    /// The unit of time in fs.
    pub(super) fn time(self) -> f64 {
        match self {
            Self::Metal => 1000.0,
            Self::Real => 1.0,
        }
    }

    /// The unit of force in eV/Å.
    pub(super) fn force(self) -> f64 {
        match self {
            Self::Metal => 1.0,
            Self::Real => KCAL_PER_MOL,
        }
    }
}
