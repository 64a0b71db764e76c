//! Chemical symbols.

/// Symbols by atomic number; 0 is `X`, an atom of no element.
#[rustfmt::skip]
pub const SYMBOLS: [&str; 119] = [
    "X", "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K",
    "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",
    "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr",
    "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au",
    "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es",
    "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
];

/// Standard atomic masses in amu by atomic number (IUPAC 2016, conventional values; the longest-lived isotope where there is
/// none); 0 for `X`.
#[rustfmt::skip]
pub(crate) const STANDARD_MASSES: [f64; 119] = [
    0.0, 1.008, 4.002_602, 6.94, 9.012_183_1, 10.81, 12.011, 14.007, 15.999, 18.998_403_163, 20.1797, 22.989_769_28,
    24.305, 26.981_538_5, 28.085, 30.973_761_998, 32.06, 35.45, 39.948, 39.0983, 40.078, 44.955_908, 47.867, 50.9415,
    51.9961, 54.938_044, 55.845, 58.933_194, 58.6934, 63.546, 65.38, 69.723, 72.63, 74.921_595, 78.971, 79.904,
    83.798, 85.4678, 87.62, 88.905_84, 91.224, 92.906_37, 95.95, 97.907_21, 101.07, 102.9055, 106.42, 107.8682,
    112.414, 114.818, 118.71, 121.76, 127.6, 126.904_47, 131.293, 132.905_451_96, 137.327, 138.905_47, 140.116,
    140.907_66, 144.242, 144.912_76, 150.36, 151.964, 157.25, 158.925_35, 162.5, 164.930_33, 167.259, 168.934_22,
    173.054, 174.9668, 178.49, 180.947_88, 183.84, 186.207, 190.23, 192.217, 195.084, 196.966_569, 200.592, 204.38,
    207.2, 208.9804, 208.982_43, 209.987_15, 222.017_58, 223.019_74, 226.025_41, 227.027_75, 232.0377, 231.035_88,
    238.028_91, 237.048_17, 244.064_21, 243.061_38, 247.070_35, 247.070_31, 251.079_59, 252.083, 257.095_11,
    258.098_43, 259.101, 262.11, 267.122, 268.126, 271.134, 270.133, 269.1338, 278.156, 281.165, 281.166, 285.177,
    286.182, 289.19, 289.194, 293.204, 293.208, 294.214,
];

const UNKNOWN: u8 = u8::MAX;
const LETTERS: usize = 27;

/// Atomic numbers by first letter and second letter (0 without one).
static TABLE: [u8; 26 * LETTERS] = table();

const fn table() -> [u8; 26 * LETTERS] {
    let mut table = [UNKNOWN; 26 * LETTERS];
    let mut z = 0;
    while z < SYMBOLS.len() {
        let symbol = SYMBOLS[z].as_bytes();
        let first = (symbol[0] - b'A') as usize;
        let second = if symbol.len() == 2 { (symbol[1] - b'a' + 1) as usize } else { 0 };
        table[first * LETTERS + second] = z as u8;
        z += 1;
    }
    table
}

/// The atomic number of a chemical symbol in any case (`Cl`, `CL`, `cl`), or of a number such as `17`.
///
/// ```
/// assert_eq!(ecemc_io::atomic_number(b"Li"), Some(3));
/// assert_eq!(ecemc_io::atomic_number(b"OW"), None);
/// ```
#[inline]
pub fn atomic_number(text: &[u8]) -> Option<u8> {
    let letter = |byte: u8| (byte | 0x20).wrapping_sub(b'a') as usize;
    let (first, second) = match *text {
        [a] => (letter(a), 0),
        [a, b] if letter(b) < 26 => (letter(a), letter(b) + 1),
        _ => return number(text),
    };
    if first >= 26 {
        return number(text);
    }
    let z = TABLE[first * LETTERS + second];
    (z != UNKNOWN).then_some(z)
}

#[cold]
fn number(text: &[u8]) -> Option<u8> {
    let digits = text.iter().all(u8::is_ascii_digit);
    let z: u8 = std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()?;
    ((z as usize) < SYMBOLS.len()).then_some(z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_found_in_any_case() {
        for (z, symbol) in SYMBOLS.iter().enumerate() {
            for text in [(*symbol).to_string(), symbol.to_uppercase(), symbol.to_lowercase(), z.to_string()] {
                assert_eq!(atomic_number(text.as_bytes()), Some(z as u8), "{text}");
            }
        }
    }

    #[test]
    fn labels_are_not_elements() {
        for text in ["", "Q", "OW", "HW1", "C1", "1C", "119", "-1", "6.0", "Lit", "@", "[", "{a", "a{", "\u{e9}"] {
            assert_eq!(atomic_number(text.as_bytes()), None, "{text}");
        }
    }
}
