//! Descriptor strings.

use super::keys::Keys;
use super::{Files, KNOWN_VERSION, MAX_COMPONENTS, PairOptions, SoapOptions, TurboOptions};
use crate::error::excerpt;
use crate::{Error, Result};

/// Which descriptor, with its options.
#[derive(Debug, Clone, PartialEq)]
pub enum DescriptorOptions {
    /// The power spectrum of the neighbour density.
    Soap(SoapOptions),
    /// The same with other radial and angular functions.
    SoapTurbo(TurboOptions),
    /// The distance of a pair.
    Distance2b(PairOptions),
}

impl DescriptorOptions {
    /// Number of components.
    pub fn dimension(&self) -> usize {
        match self {
            Self::Soap(options) => options.dimension(),
            Self::SoapTurbo(options) => options.dimension(),
            Self::Distance2b(_) => 1,
        }
    }

    /// Name of the descriptor, as in its string.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Soap(_) => "soap",
            Self::SoapTurbo(_) => "soap_turbo",
            Self::Distance2b(_) => "distance_2b",
        }
    }
}

/// Reads a descriptor string such as `soap cutoff=6 n_max=8 l_max=4 atom_sigma=0.5 n_species=2 species_Z={1 8} Z=8`.
///
/// Keys that the descriptor does not know are ignored, as the reference does: strings carry keys of the fit too.
/// Gives the options, and notes for the user. `files` gives the `compress_file`, if the string names one.
///
/// # Errors
/// As [`parse_model`](super::parse_model).
///
/// ```
/// let text = "soap_turbo rcut_hard=4 l_max=3 alpha_max=4 atom_sigma=.5 basis=poly3gauss n_species=2 species_Z={6 8}";
/// let (options, notes) = ecemc_gap::parse_descriptor(text, &|_| unreachable!("no compress_file"))?;
/// assert_eq!((options.name(), options.dimension(), notes.len()), ("soap_turbo", 8 * 9 / 2 * 4, 0));
/// # Ok::<(), ecemc_gap::Error>(())
/// ```
pub fn parse_descriptor(text: &str, files: &Files) -> Result<(DescriptorOptions, Vec<String>)> {
    let mut notes = Vec::new();
    Ok((parse(text, "descriptor", KNOWN_VERSION, files, &mut notes)?, notes))
}

/// The options of a descriptor string that stands at `place` in a model of version `gap_version`.
pub(super) fn parse(
    text: &str,
    place: &str,
    gap_version: u64,
    files: &Files,
    notes: &mut Vec<String>,
) -> Result<DescriptorOptions> {
    let keys = Keys::new(text, place)?;
    let options = match ["soap_turbo", "soap", "distance_2b"].into_iter().find(|name| keys.has(name)) {
        Some("soap_turbo") => DescriptorOptions::SoapTurbo(TurboOptions::from_keys(&keys, gap_version, files, notes)?),
        Some("soap") => DescriptorOptions::Soap(SoapOptions::from_keys(&keys, gap_version)?),
        Some(_) => DescriptorOptions::Distance2b(PairOptions::from_keys(&keys)?),
        None => {
            let what = format!("the descriptor {}", excerpt(text.trim()));
            return Err(Error::unsupported(place, what, "soap, soap_turbo and distance_2b"));
        }
    };
    match options.dimension() {
        n if n > MAX_COMPONENTS => {
            Err(keys.unsupported(format!("a descriptor of {n} components"), format!("{MAX_COMPONENTS}")))
        }
        _ => Ok(options),
    }
}
