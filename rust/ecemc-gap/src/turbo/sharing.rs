//! Whose radial basis a descriptor uses.
//!
//! The reference computes a radial basis anew only if the total number of radial functions differs from that of the
//! descriptor before. In a model, a descriptor therefore uses the basis of the first one in a run of neighbours with the
//! same number, even if widths, cutoff or kind of the basis differ. `gap_fit` does the same, so that models with several
//! cutoffs are only right with it.

use crate::model::{DescriptorOptions, TurboOptions};
use crate::{Error, Result};

/// For each descriptor of a model, in its order, the one whose radial basis it uses instead of its own; and notes that
/// name the descriptors, counted from 1, for which that makes a difference.
///
/// # Errors
/// [`Error::Unsupported`] if two descriptors would share a basis that has not the same sizes in both.
pub fn donors(terms: &[&DescriptorOptions]) -> Result<(Vec<Option<usize>>, Vec<String>)> {
    let mut donors = vec![None; terms.len()];
    let mut notes = Vec::new();
    let mut first: Option<(usize, &TurboOptions)> = None;
    for (k, term) in terms.iter().enumerate() {
        let DescriptorOptions::SoapTurbo(options) = term else { continue };
        match first {
            Some((donor, basis)) if basis.layout().n() == options.layout().n() => {
                check_sizes(k, options, donor, basis)?;
                if differs(options, basis) {
                    donors[k] = Some(donor);
                    notes.push(format!(
                        "descriptor {} uses the radial basis of descriptor {}, as QUIP and gap_fit do",
                        k + 1,
                        donor + 1
                    ));
                }
            }
            _ => first = Some((k, options)),
        }
    }
    Ok((donors, notes))
}

fn check_sizes(k: usize, options: &TurboOptions, donor: usize, basis: &TurboOptions) -> Result<()> {
    let (here, there) = (options.layout(), basis.layout());
    if here.alphas() == there.alphas() {
        return Ok(());
    }
    let what = format!(
        "to share the radial basis of descriptor {}, alpha_max {:?}, as QUIP does when their sums agree",
        donor + 1,
        there.alphas()
    );
    let place = format!("descriptor {}, alpha_max {:?}", k + 1, here.alphas());
    Err(Error::unsupported(place, what, "the same alpha_max in both"))
}

/// Whether the two have different radial bases: that of the polynomials depends on nothing but their number.
fn differs(a: &TurboOptions, b: &TurboOptions) -> bool {
    let width = |options: &TurboOptions, s: usize| options.channels[s].atom_sigma_r / options.rcut_hard;
    a.basis != b.basis
        || (a.basis == crate::model::Basis::Poly3Gauss && (0..a.channels.len()).any(|s| width(a, s) != width(b, s)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_descriptor;

    fn turbo(more: &str) -> DescriptorOptions {
        let text = format!("soap_turbo l_max=2 rcut_hard=4 n_species=2 species_Z={{1 8}} basis=poly3gauss {more}");
        parse_descriptor(&text, &|_| unreachable!()).unwrap().0
    }

    #[test]
    fn the_first_of_a_run_gives_its_basis() {
        let (a, b) = (turbo("alpha_max=4 atom_sigma=0.5"), turbo("alpha_max=4 atom_sigma=0.4"));
        let (c, d) = (turbo("alpha_max=5 atom_sigma=0.4"), turbo("alpha_max=4 atom_sigma=0.5 rcut_hard=3"));
        let soap = parse_descriptor("soap cutoff=3 n_max=2 l_max=2 atom_sigma=0.5", &|_| unreachable!()).unwrap().0;
        let (donors_of, notes) = donors(&[&a, &a, &b, &soap, &d, &c, &b, &c, &b]).unwrap();
        assert_eq!(donors_of, [None, None, Some(0), None, Some(0), None, None, None, None]);
        assert!(notes.len() == 2 && notes[0].starts_with("descriptor 3 uses the radial basis of descriptor 1"));
        let poly = turbo("alpha_max=4 atom_sigma=0.5 basis=poly3");
        let wide = turbo("alpha_max=4 atom_sigma=0.6 basis=poly3");
        assert_eq!(donors(&[&poly, &wide, &a]).unwrap().0, [None, None, Some(0)]);
    }

    #[test]
    fn equal_sums_of_unequal_sizes_are_refused() {
        let (a, b) = (turbo("alpha_max={4 6} atom_sigma=0.5"), turbo("alpha_max={5 5} atom_sigma=0.5"));
        let message = donors(&[&a, &b]).unwrap_err().to_string();
        assert!(message.contains("descriptor 2, alpha_max [5, 5]"), "{message}");
    }
}
