//! Options of `soap`.

use super::keys::Keys;
use super::{MAX_L, MAX_N};
use crate::Result;

/// Models written before have no factor 1/√(2l+1).
const SINCE_L_FACTOR: u64 = 1_423_143_769;
/// Models written before add the central atom to every channel.
const SINCE_REFERENCE_OPTION: u64 = 1_426_512_068;

/// The `soap` descriptor; names as in its descriptor string, lengths in Å.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools)] // they are its options
pub struct SoapOptions {
    /// Neighbours beyond do not count.
    pub cutoff: f64,
    /// Width of the cosine switch below the cutoff.
    pub cutoff_transition_width: f64,
    /// Number of radial functions.
    pub n_max: usize,
    /// Highest angular momentum, inclusive.
    pub l_max: usize,
    /// Width of the atomic Gaussians.
    pub atom_sigma: f64,
    /// Enters the radius of the radial basis.
    pub basis_error_exponent: f64,
    /// Weight of the central atom's own Gaussian.
    pub central_weight: f64,
    /// Whether the central atom counts in every channel.
    pub central_reference_all_species: bool,
    /// Atomic numbers of the channels, in their order; `[0]` is one channel for every element.
    pub species: Vec<u8>,
    /// Atomic numbers of the centres; 0 among them: every atom.
    pub centers: Vec<u8>,
    /// Value of the extra last component.
    pub covariance_sigma0: f64,
    /// Whether the power spectrum has norm one.
    pub normalise: bool,
    /// Exponent of the radial damping, 0 for none.
    pub cutoff_dexp: u32,
    /// Length of the radial damping.
    pub cutoff_scale: f64,
    /// Rate of the radial damping.
    pub cutoff_rate: f64,
    /// One descriptor for the whole structure.
    pub average: bool,
    /// Only pairs of equal radial functions.
    pub diagonal_radial: bool,
    /// Whether the power spectrum has the factor 1/√(2l+1): not in models from before 2015.
    pub l_factor: bool,
}

impl SoapOptions {
    /// Number of components, the extra one included.
    pub fn dimension(&self) -> usize {
        let (s, n) = (self.species.len(), self.n_max);
        let pairs = if self.diagonal_radial { n * s * (s + 1) / 2 } else { s * n * (s * n + 1) / 2 };
        pairs * (self.l_max + 1) + 1
    }

    pub(super) fn from_keys(keys: &Keys, gap_version: u64) -> Result<Self> {
        refuse_unknown(keys)?;
        let species = channels(keys)?;
        let cutoff = cutoff(keys, &["cutoff"])?;
        let all_species = keys.logical(&["central_reference_all_species"], species.len() == 1)?;
        Ok(Self {
            cutoff,
            cutoff_transition_width: transition_width(keys)?,
            n_max: keys.size(&["n_max"], 1, MAX_N)?,
            l_max: keys.size(&["l_max"], 0, MAX_L)?,
            atom_sigma: keys.within(&["atom_sigma", "atom_gaussian_width"], None, cutoff / 100.0, cutoff)?,
            basis_error_exponent: keys.within(&["basis_error_exponent"], Some(10.0), 0.01, 100.0)?,
            central_weight: keys.within(&["central_weight"], Some(1.0), -1e6, 1e6)?,
            central_reference_all_species: all_species || gap_version < SINCE_REFERENCE_OPTION,
            species,
            centers: centers(keys)?,
            covariance_sigma0: keys.within(&["covariance_sigma0"], Some(0.0), -1e6, 1e6)?,
            normalise: keys.logical(&["normalise", "normalize"], true)?,
            cutoff_dexp: keys.integer(&["cutoff_dexp"], Some(0), 0, 100)? as u32,
            cutoff_scale: keys.within(&["cutoff_scale"], Some(1.0), 0.01, 100.0)?,
            cutoff_rate: keys.within(&["cutoff_rate"], Some(1.0), 0.0, 1e6)?,
            average: keys.logical(&["average"], false)?,
            diagonal_radial: keys.logical(&["diagonal_radial"], false)?,
            l_factor: gap_version >= SINCE_L_FACTOR,
        })
    }
}

/// Compressions and other radial bases are refused by name, unless they are switched off.
fn refuse_unknown(keys: &Keys) -> Result<()> {
    if let Some(basis) = keys.text("radial_basis").filter(|&basis| basis != "EQUISPACED_GAUSS") {
        return Err(keys.unsupported(format!("soap with radial_basis={basis}"), "radial_basis=EQUISPACED_GAUSS"));
    }
    let off = ["F", "false", "0", ""];
    let switches = [
        ("nu_R", "2"),
        ("nu_S", "2"),
        ("Z_map", ""),
        ("coupling", "T"),
        ("Z_mix", "F"),
        ("R_mix", "F"),
        ("sym_mix", "F"),
    ];
    for (key, harmless) in switches.into_iter().chain([("K", "0")]) {
        let Some(value) = keys.text(key) else { continue };
        if value != harmless && !(harmless == "F" && off.contains(&value)) && !(harmless == "T" && value == "true") {
            return Err(keys.unsupported(format!("soap with {key}={value}"), format!("soap without the key {key}")));
        }
    }
    Ok(())
}

/// The channels: `n_species` and `species_Z`.
fn channels(keys: &Keys) -> Result<Vec<u8>> {
    let n = keys.integer(&["n_species"], Some(1), 1, 118)?;
    let species = match keys.species("species_Z")? {
        None if n == 1 => vec![0],
        None => return Err(keys.fault("n_species", format!("{n} without species_Z"), "species_Z={...} too")),
        Some(species) => species,
    };
    if species.len() != n {
        let expected = format!("n_species={n}, the same number");
        return Err(keys.fault("species_Z", format!("{} atomic numbers", species.len()), expected));
    }
    distinct(keys, "species_Z", &species)?;
    if n > 1 && species.contains(&0) {
        return Err(keys.unsupported("the wildcard 0 beside other elements in species_Z", "species_Z=0 alone"));
    }
    Ok(species)
}

fn centers(keys: &Keys) -> Result<Vec<u8>> {
    let n = keys.integer(&["n_Z"], Some(1), 1, 119)?;
    let centers = keys.species("Z")?.unwrap_or(vec![0]);
    if centers.len() != n {
        return Err(keys.fault("Z", format!("{} atomic numbers", centers.len()), format!("n_Z={n}, the same number")));
    }
    distinct(keys, "Z", &centers)?;
    Ok(centers)
}

/// A cutoff in Å: with a larger one every atom of a liquid would have more than ten thousand neighbours.
pub(super) fn cutoff(keys: &Keys, names: &[&'static str]) -> Result<f64> {
    keys.within(names, None, 0.1, 30.0)
}

/// The width of the cosine switch, Å; 0 is none.
pub(super) fn transition_width(keys: &Keys) -> Result<f64> {
    match keys.real(&["cutoff_transition_width"], Some(0.5))? {
        0.0 => Ok(0.0),
        width => keys.bounded("cutoff_transition_width", width, 0.001, 100.0),
    }
}

/// Refuses an element that is listed twice.
pub(super) fn distinct(keys: &Keys, key: &str, species: &[u8]) -> Result<()> {
    let twice = species.iter().enumerate().find(|&(at, z)| species[..at].contains(z));
    twice.map_or(Ok(()), |(_, z)| Err(keys.fault(key, format!("the atomic number {z} twice"), "each one once")))
}
