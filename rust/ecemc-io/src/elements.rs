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
