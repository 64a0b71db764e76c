//! Options of `soap_turbo`.

use super::keys::Keys;
use super::soap::{cutoff, distinct};
use super::{Files, MAX_COMPONENTS, MAX_L};
use crate::turbo::{Layout, SparseMatrix};
use crate::{Error, Result};

/// From here to [`CENTRAL_WEIGHT_MENDED`], a central weight that is no array of several counts as 1.
const CENTRAL_WEIGHT_LOST: u64 = 1_697_391_753;
const CENTRAL_WEIGHT_MENDED: u64 = 1_783_255_808;

/// The radial primitives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Polynomials.
    Poly3,
    /// Polynomials, and a Gaussian at the centre as the last one.
    Poly3Gauss,
}

/// How the power spectrum is made shorter.
#[derive(Debug, Clone, PartialEq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Keeps the components with the first radial function of some channel.
    Trivial,
    /// Mixes channels, `compress_mode=A_B`: A is `nu_r`, B is `nu_s`.
    Mixing {
        /// Order in the radial functions, up to 2.
        nu_r: usize,
        /// Order in the species, up to 2.
        nu_s: usize,
    },
    /// The matrix of a `compress_file`.
    File(SparseMatrix),
}

/// One channel of the density; names as in the descriptor string, lengths in Å.
#[derive(Debug, Clone, PartialEq)]
pub struct TurboChannel {
    /// Atomic number.
    pub species: u8,
    /// Number of radial functions.
    pub alpha_max: usize,
    /// Radial width of the atomic Gaussian at the centre.
    pub atom_sigma_r: f64,
    /// Its growth with the distance.
    pub atom_sigma_r_scaling: f64,
    /// Tangential width of the atomic Gaussian at the centre.
    pub atom_sigma_t: f64,
    /// Its growth with the distance.
    pub atom_sigma_t_scaling: f64,
    /// Exponent of the amplitude's decay with the distance.
    pub amplitude_scaling: f64,
    /// Weight of the central atom.
    pub central_weight: f64,
}

/// The `soap_turbo` descriptor; names as in its descriptor string, lengths in Å.
#[derive(Debug, Clone, PartialEq)]
pub struct TurboOptions {
    /// Neighbours beyond do not count.
    pub rcut_hard: f64,
    /// Where the filter begins.
    pub rcut_soft: f64,
    /// Highest angular momentum, inclusive.
    pub l_max: usize,
    /// Sharpness of the filter.
    pub nf: f64,
    /// Power of the distance in the amplitude: 0, 1 or 2.
    pub radial_enhancement: u8,
    /// The radial primitives.
    pub basis: Basis,
    /// The channels, in their order.
    pub channels: Vec<TurboChannel>,
    /// Channel of the central atom, counted from 0 (`central_index` less one).
    pub central_channel: usize,
    /// How the power spectrum is made shorter.
    pub compression: Compression,
}

impl TurboOptions {
    /// How the power spectrum is stored.
    pub fn layout(&self) -> Layout {
        Layout::new(self.channels.iter().map(|channel| channel.alpha_max).collect(), self.l_max)
    }

    /// Number of components, after compression.
    pub fn dimension(&self) -> usize {
        let layout = self.layout();
        match &self.compression {
            Compression::None => layout.dimension(),
            Compression::Trivial => layout.trivial_dimension(),
            Compression::Mixing { nu_r, nu_s } => layout.mixed_dimension(*nu_r, *nu_s),
            Compression::File(matrix) => matrix.rows,
        }
    }

    pub(super) fn from_keys(keys: &Keys, gap_version: u64, files: &Files, notes: &mut Vec<String>) -> Result<Self> {
        let basis = basis(keys)?;
        if let Some(mode) = keys.text("scaling_mode").filter(|&mode| mode != "polynomial") {
            return Err(keys.unsupported(format!("soap_turbo with scaling_mode={mode}"), "scaling_mode=polynomial"));
        }
        let rcut_hard = cutoff(keys, &["rcut_hard", "cutoff"])?;
        let transition = keys.real(&["cutoff_transition_width"], Some(0.5))?;
        let rcut_soft = keys.within(&["rcut_soft"], Some(rcut_hard - transition), 0.001, rcut_hard - 0.001)?;
        let channels = channels(keys, basis, rcut_hard)?;
        let central_channel = keys.integer(&["central_index"], Some(1), 1, channels.len())? - 1;
        let mut options = Self {
            rcut_hard,
            rcut_soft,
            l_max: keys.size(&["l_max"], 0, MAX_L)?,
            nf: keys.within(&["nf"], Some(4.0), 0.1, 100.0)?,
            radial_enhancement: keys.integer(&["radial_enhancement"], Some(0), 0, 2)? as u8,
            basis,
            channels,
            central_channel,
            compression: Compression::None,
        };
        mend_central_weight(keys, &mut options, gap_version, notes);
        let n = options.layout().dimension();
        if n > MAX_COMPONENTS {
            return Err(keys.unsupported(format!("a power spectrum of {n} components"), format!("{MAX_COMPONENTS}")));
        }
        options.compression = compression(keys, &options.layout(), files)?;
        let exact = match basis {
            Basis::Poly3 => 7,
            Basis::Poly3Gauss => 8,
        };
        if options.channels.iter().any(|channel| channel.alpha_max > exact) {
            notes.push(format!(
                "{}: alpha_max above {exact}: QUIP's own radial basis is inexact there (more than 1e-6 in the descriptor)",
                keys.place
            ));
        }
        Ok(options)
    }
}

fn basis(keys: &Keys) -> Result<Basis> {
    match keys.text("basis").unwrap_or("poly3") {
        "poly3" => Ok(Basis::Poly3),
        "poly3gauss" => Ok(Basis::Poly3Gauss),
        other => Err(keys.unsupported(format!("soap_turbo with basis={other}"), "basis=poly3 and basis=poly3gauss")),
    }
}

fn channels(keys: &Keys, basis: Basis, rcut_hard: f64) -> Result<Vec<TurboChannel>> {
    let n = keys.integer(&["n_species"], Some(1), 1, 118)?;
    let species =
        keys.species("species_Z")?.ok_or_else(|| keys.fault("species_Z", "no species_Z", "species_Z={...}"))?;
    if species.len() != n {
        let expected = format!("n_species={n}, the same number");
        return Err(keys.fault("species_Z", format!("{} atomic numbers", species.len()), expected));
    }
    distinct(keys, "species_Z", &species)?;
    if species.contains(&0) {
        return Err(keys.unsupported("the wildcard 0 in species_Z of soap_turbo", "atomic numbers from 1 to 118"));
    }
    let each = |names: &[&'static str], default| per_channel(keys, names, default, n);
    let alpha = each(&["alpha_max", "n_max"], None)?;
    let sigma_r = each(&["atom_sigma_r", "atom_sigma"], None)?;
    let sigma_t = each(&["atom_sigma_t", "atom_sigma"], None)?;
    let scaling_r = each(&["atom_sigma_r_scaling", "atom_sigma_scaling"], Some(0.0))?;
    let scaling_t = each(&["atom_sigma_t_scaling", "atom_sigma_scaling"], Some(0.0))?;
    let amplitude = each(&["amplitude_scaling"], Some(1.0))?;
    let central = each(&["central_weight"], Some(1.0))?;
    let channel = |s: usize| -> Result<TurboChannel> {
        Ok(TurboChannel {
            species: species[s],
            alpha_max: alpha_max(keys, alpha[s], basis)?,
            atom_sigma_r: keys.bounded("atom_sigma_r", sigma_r[s], rcut_hard / 100.0, rcut_hard)?,
            atom_sigma_r_scaling: keys.bounded("atom_sigma_r_scaling", scaling_r[s], 0.0, 10.0)?,
            atom_sigma_t: keys.bounded("atom_sigma_t", sigma_t[s], rcut_hard / 100.0, rcut_hard)?,
            atom_sigma_t_scaling: keys.bounded("atom_sigma_t_scaling", scaling_t[s], 0.0, 10.0)?,
            amplitude_scaling: amplitude_scaling(keys, amplitude[s])?,
            central_weight: keys.bounded("central_weight", central[s], -1e6, 1e6)?,
        })
    };
    (0..n).map(channel).collect()
}

/// One number for each channel, or one for all.
fn per_channel(keys: &Keys, names: &[&'static str], default: Option<f64>, n: usize) -> Result<Vec<f64>> {
    let Some(&key) = names.iter().find(|&&key| keys.has(key)) else {
        let missing =
            || keys.fault(names[0], "nothing", format!("{}={{one number for each channel}}", names.join(" or ")));
        return Ok(vec![default.ok_or_else(missing)?; n]);
    };
    let values = keys.reals(key)?.unwrap_or_default();
    match values.len() {
        1 => Ok(vec![values[0]; n]),
        len if len == n => Ok(values),
        len => Err(keys.fault(key, format!("{len} numbers"), format!("1 or n_species={n} numbers"))),
    }
}

fn alpha_max(keys: &Keys, value: f64, basis: Basis) -> Result<usize> {
    let (low, high) = match basis {
        Basis::Poly3 => (1, 10),
        Basis::Poly3Gauss => (2, 11),
    };
    if value.fract() == 0.0 && value >= low as f64 && value <= high as f64 {
        return Ok(value as usize);
    }
    Err(keys.fault("alpha_max", value.to_string(), format!("an integer from {low} to {high} with this basis")))
}

/// Between 0 and 1 the slope at the cutoff would be infinite.
fn amplitude_scaling(keys: &Keys, value: f64) -> Result<f64> {
    keys.bounded("amplitude_scaling", value, 0.0, 100.0)?;
    if value == 0.0 || value >= 1.0 {
        return Ok(value);
    }
    Err(keys.unsupported(format!("soap_turbo with amplitude_scaling={value}"), "0 and numbers from 1 upwards"))
}

/// Some versions of the reference lose the central weight unless it is an array of several: then 1 was meant.
fn mend_central_weight(keys: &Keys, options: &mut TurboOptions, gap_version: u64, notes: &mut Vec<String>) {
    let n = options.channels.len();
    let array = n > 1 && keys.reals("central_weight").ok().flatten().is_some_and(|values| values.len() == n);
    let lost = (CENTRAL_WEIGHT_LOST..CENTRAL_WEIGHT_MENDED).contains(&gap_version);
    if array || !lost || options.channels.iter().all(|channel| channel.central_weight == 1.0) {
        return;
    }
    for channel in &mut options.channels {
        channel.central_weight = 1.0;
    }
    notes.push(format!(
        "{}: central_weight={} is taken as 1, as the version of QUIP that wrote this model does unless it is an array \
         of several numbers in braces",
        keys.place,
        keys.text("central_weight").unwrap_or_default()
    ));
}

fn compression(keys: &Keys, layout: &Layout, files: &Files) -> Result<Compression> {
    let given = |key| keys.text(key).filter(|&value| value != "None" && !value.is_empty());
    if let Some(name) = given("compress_file") {
        let place = format!("{}, compress_file {name}", keys.place);
        let bytes = super::sparse::file(name, keys.place, files)?;
        return SparseMatrix::from_text(&bytes, layout, MAX_COMPONENTS)
            .map(Compression::File)
            .map_err(|(got, expected)| Error::format(place, got, expected));
    }
    let Some(mode) = given("compress_mode") else { return Ok(Compression::None) };
    if mode == "trivial" {
        return Ok(Compression::Trivial);
    }
    let digit = |text: &str| text.parse().ok().filter(|&nu: &usize| nu <= 2);
    let Some((nu_r, nu_s)) = mode.split_once('_').and_then(|(a, b)| Some((digit(a)?, digit(b)?))) else {
        let known = "trivial, A_B with A and B from 0 to 2, and compress_file";
        return Err(keys.unsupported(format!("soap_turbo with compress_mode={mode}"), known));
    };
    if layout.alphas().iter().any(|&alpha| alpha != layout.alphas()[0]) {
        let got = format!("compress_mode={mode} with unequal alpha_max");
        return Err(keys.fault("compress_mode", got, "the same alpha_max in every channel"));
    }
    Ok(Compression::Mixing { nu_r, nu_s })
}
