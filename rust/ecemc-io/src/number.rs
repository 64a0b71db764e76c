//! Decimal text to `f64`, correctly rounded, eight digits at a time.

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
const INTEGER_POWERS: [u64; 9] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
/// Every whole number up to here is a double.
const EXACT: u64 = 1 << 53;

/// Whether a byte separates columns or lines.
#[inline]
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

/// The same byte eight times.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// How many of the first bytes of a word are spaces.
#[inline(always)]
fn spaces(word: u64) -> usize {
    ((word ^ all(b' ')).trailing_zeros() / 8) as usize
}

/// How many of the next bytes are spaces, at most eight.
#[inline(always)]
pub(crate) fn leading_spaces(bytes: &[u8], at: usize) -> Option<usize> {
    word(bytes, at).map(spaces)
}

/// Index of the first point in a word, 8 without one.
#[inline(always)]
fn point_in(word: u64) -> usize {
    let zero_at_point = word ^ all(b'.');
    // High bits are set in zero bytes; a borrow makes wrong ones only after the first right one.
    (zero_at_point.wrapping_sub(all(1)) & !zero_at_point & all(0x80)).trailing_zeros() as usize / 8
}

/// The bytes of a word as values of digits, and the high bit of each byte that is none.
#[inline(always)]
fn digits(word: u64) -> (u64, u64) {
    let values = word ^ all(b'0');
    (values, (((values & all(0x7F)) + all(0x76)) | values) & all(0x80))
}

/// The number that eight digits write, the first in the lowest byte.
#[inline(always)]
fn join(values: u64) -> u64 {
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let (low, high) = (pairs & 0x0000_00FF_0000_00FF, (pairs >> 16) & 0x0000_00FF_0000_00FF);
    low.wrapping_mul(0x000F_4240_0000_0064).wrapping_add(high.wrapping_mul(0x0000_2710_0000_0001)) >> 32
}

/// Reads at least one space and a number such as `-12.34567890` or `1.5e-3` from `at` on; gives it and the index after it.
///
/// Where the next number starts is known as soon as the point of this one is found, so that the processor works on several
/// at once: all the rest hangs on branches that it guesses right.
///
/// None for everything out of the ordinary, which [`parse_real`] then judges: no point among the next 17 bytes, none or more
/// than seven digits before it, a mantissa beyond 2⁵³, a power of ten beyond 10^±22 (up to there mantissa and power are
/// exact, so that one multiplication or division rounds correctly: Clinger, "How to read floating point numbers
/// accurately", 1990), other characters, the first or last bytes of the input.
#[inline(always)]
pub(crate) fn fast_real(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    if *bytes.get(at)? != b' ' {
        return None;
    }
    let from = at + 1;
    let head = word(bytes, from)?;
    let (mut offset, mut blanks) = (point_in(head), spaces(head));
    if offset == 8 {
        let next = word(bytes, from + 8)?;
        offset += point_in(next);
        if blanks == 8 {
            blanks += spaces(next);
        }
    }
    let point = from + offset;
    let before = word(bytes, point.checked_sub(8)?)?;
    let (values, others) = digits(before);
    let n = others.leading_zeros() / 8;
    if offset == 16 || n == 0 || n == 8 {
        return None;
    }
    let integer = join(values & (u64::MAX << (64 - 8 * n)));
    let sign = (before >> (56 - 8 * n)) as u8;
    let negative = sign == b'-';
    if offset != blanks + n as usize + usize::from(negative || sign == b'+') {
        return None;
    }
    let (mantissa, decimals, mut end) = fraction(bytes, point + 1, integer)?;
    let power = *POWERS.get(decimals)?;
    // At most 2⁵³, so that a sign does no harm: there is one instruction for it, and none for numbers without.
    let mantissa = mantissa as i64 as f64;
    let size = if bytes.get(end).is_none_or(|&byte| is_space(byte)) {
        mantissa / power
    } else {
        let (exponent, after) = power_of_ten(bytes, end)?;
        end = after;
        scaled(mantissa, exponent - decimals as i32)?
    };
    Some((f64::from_bits(size.to_bits() | (u64::from(negative) << 63)), end))
}

/// Digits after the point: mantissa (at most 2⁵³) that they extend, their number, index after them.
#[inline(always)]
fn fraction(bytes: &[u8], at: usize, integer: u64) -> Option<(u64, usize, usize)> {
    let (values, others) = digits(word(bytes, at)?);
    if others != 0 {
        let n = (others.trailing_zeros() / 8) as usize;
        // Two shifts, for the one of 64 bits is none.
        let padded = values << (8 * (7 - n)) << 8;
        return Some((integer * INTEGER_POWERS[n] + join(padded), n, at + n));
    }
    let eight = integer * INTEGER_POWERS[8] + join(values);
    // A fixed step, not one that waits for the count above: eight decimals are the usual case.
    let at = at + 8;
    if !bytes.get(at).is_some_and(u8::is_ascii_digit) {
        return Some((eight, 8, at));
    }
    let (values, others) = digits(word(bytes, at)?);
    let n = (others.trailing_zeros() / 8) as usize;
    if n == 8 || eight > EXACT / INTEGER_POWERS[n] {
        return None;
    }
    let mantissa = eight * INTEGER_POWERS[n] + join(values << (64 - 8 * n));
    (mantissa <= EXACT).then_some((mantissa, 8 + n, at + n))
}

/// `value · 10^exponent`, where one rounding does it.
fn scaled(value: f64, exponent: i32) -> Option<f64> {
    let power = *POWERS.get(exponent.unsigned_abs() as usize)?;
    Some(if exponent < 0 { value / power } else { value * power })
}

/// `e-05` and the like, up to three digits, followed by a space.
fn power_of_ten(bytes: &[u8], at: usize) -> Option<(i32, usize)> {
    if !matches!(bytes[at] | 0x20, b'e' | b'd') {
        return None;
    }
    let sign = *bytes.get(at + 1)?;
    let from = at + 1 + usize::from(matches!(sign, b'+' | b'-'));
    let mut power = 0;
    let mut to = from;
    while let Some(digit) = bytes.get(to).filter(|d| d.is_ascii_digit() && to < from + 3) {
        power = 10 * power + i32::from(digit - b'0');
        to += 1;
    }
    let ends = bytes.get(to).is_none_or(|&byte| is_space(byte));
    (to > from && ends).then_some((if sign == b'-' { -power } else { power }, to))
}

/// [`fast_real`] in half the steps for a number of up to seven digits, such as `%g` writes, after exactly one space.
///
/// The point is taken out, so that all digits are joined at once.
#[inline(always)]
pub(crate) fn short_real(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    if *bytes.get(at)? != b' ' {
        return None;
    }
    let negative = *bytes.get(at + 1)? == b'-';
    let from = at + 1 + usize::from(negative);
    let text = word(bytes, from)?;
    let (length, point) = (blank_in(text), point_in(text));
    let end = from + length;
    let n = length.wrapping_sub(1);
    if point >= length || n == 0 || !is_space(*bytes.get(end)?) {
        return None;
    }
    let (before, after) = (text & !(u64::MAX << (8 * point)), text >> (8 * point) >> 8);
    let joined = before | (after << (8 * point));
    let (values, others) = digits((joined << (64 - 8 * n)) | (all(b'0') >> (8 * n)));
    let size = join(values) as i64 as f64 / POWERS[n - point];
    (others == 0).then(|| (f64::from_bits(size.to_bits() | (u64::from(negative) << 63)), end))
}

/// Index of the first character of a word up to the space, 8 without one.
#[inline(always)]
fn blank_in(word: u64) -> usize {
    // As in `point_in`, borrows make wrong bits only after the first right one.
    (word.wrapping_sub(all(b' ' + 1)) & !word & all(0x80)).trailing_zeros() as usize / 8
}

/// Reads a whole number of up to seven digits, with at most one space in front, and a space or line end after it; gives it
/// and the index after it.
#[inline(always)]
pub(crate) fn fast_int(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let at = at + usize::from(*bytes.get(at)? == b' ');
    let negative = *bytes.get(at)? == b'-';
    let from = at + usize::from(negative);
    let (values, others) = digits(word(bytes, from)?);
    let n = others.trailing_zeros() / 8;
    if n == 0 || n == 8 || !is_space(bytes[from + n as usize]) {
        return None;
    }
    let value = join(values << (64 - 8 * n)) as i64;
    Some((if negative { -value } else { value }, from + n as usize))
}

/// A whole token as a real number: decimal with an optional exponent marked by `e`, `E`, `d` or `D`, `inf` or `nan`.
pub(crate) fn parse_real(token: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(token).ok()?;
    text.parse().ok().or_else(|| fortran(text))
}

/// Fortran marks the exponent of a double with `D`.
fn fortran(text: &str) -> Option<f64> {
    let marked = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'd' | b'D'));
    if marked { text.replace(['d', 'D'], "e").parse().ok() } else { None }
}

/// A whole token as a whole number.
pub(crate) fn parse_int(token: &[u8]) -> Option<i64> {
    std::str::from_utf8(token).ok()?.parse().ok()
}

/// A whole token as a truth value.
pub(crate) fn parse_bool(token: &[u8]) -> Option<bool> {
    match token {
        b"T" | b"true" | b"True" | b"TRUE" => Some(true),
        b"F" | b"false" | b"False" | b"FALSE" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The number among others, as it stands in a file.
    fn fast(text: &str) -> Option<(f64, usize)> {
        fast_real(format!("12345678  {text} 9 999999999999999").as_bytes(), 8)
    }

    fn short(text: &str) -> Option<(f64, usize)> {
        short_real(format!("12345678 {text} 9 999999999999999").as_bytes(), 8)
    }

    /// The ways through the module against the standard library, bit by bit.
    fn check(text: &str) {
        let want: f64 = text.parse().unwrap();
        assert_eq!(parse_real(text.as_bytes()).unwrap().to_bits(), want.to_bits(), "{text}");
        if let Some((value, end)) = fast(text) {
            assert_eq!((value.to_bits(), end), (want.to_bits(), 10 + text.len()), "{text}");
        }
        if let Some((value, end)) = short(text) {
            assert_eq!((value.to_bits(), end), (want.to_bits(), 9 + text.len()), "{text}");
        }
    }

    #[test]
    fn ordinary_numbers_take_the_fast_path() {
        for text in
            ["-0.0", "12.34567890", "-1.5e-3", "9.007199254740992", "1234567.12345678", "+3.25", "7.", "2.5D+01"]
        {
            assert!(fast(text).is_some(), "{text}");
            check(&text.replace('D', "e"));
        }
        assert_eq!(fast("2.5D+01").unwrap().0, 25.0);
        assert_eq!(fast("      -1.5").unwrap(), (-1.5, 20));
    }

    #[test]
    fn what_stands_around_is_not_taken_for_the_number() {
        for text in [
            "5 1.5", "a1.5", "1.5a", "--1.5", "1-1.5", "1.2.3", ".5", "- 1.5", "\t1.5", "\n1.5", "-.5", "1.5e", "1.5-3",
        ] {
            assert_eq!(fast(text), None, "{text:?}");
        }
    }

    #[test]
    fn odd_numbers_are_right_too() {
        for text in
            [".5", "12345678", "123456789.123456789", "1e22", "1e23", "1e-400", "1e400", "9007199254740993", "inf"]
        {
            check(text);
        }
        assert!(parse_real(b"NaN").unwrap().is_nan());
        assert_eq!(parse_real(b"-1.0D+02"), Some(-100.0));
        assert_eq!(parse_real(b"123456789.5d0"), Some(123_456_789.5));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "-", "+", ".", "1.2.3", "1e", "1e+", "0x10", "1,5", "1.0-300", "--1", "D", "1_0", "****"] {
            assert_eq!(parse_real(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn short_numbers_take_the_short_path() {
        for text in ["14.8097", "-0.715874", "0.412534", "-9.5", "7.", ".5", "-.5", "-0.0", "1.", "9999.999"] {
            assert!(short(text).is_some(), "{text}");
            check(text);
        }
        for text in
            ["1", "-", ".", "-.", "", "1.5e-3", "+1.5", "--1.5", "1..5", "1.2.3", "12345.6789", " 1.5", "1,5", "a.5"]
        {
            assert_eq!(short(text), None, "{text:?}");
        }
        assert_eq!(short_real(b" 1.5\n2 3 4 5 6 7", 0), Some((1.5, 4)));
        assert_eq!(short_real(b" 1.5\n", 0), None);
    }

    #[test]
    fn whole_numbers_of_a_few_digits_take_the_fast_path() {
        for value in [0, 1, -1, 42, 1234, -99_999, 9_999_999] {
            let text = format!("x {value} 12345678");
            assert_eq!(fast_int(text.as_bytes(), 1), Some((value, text.len() - 9)));
            assert_eq!(fast_int(text.as_bytes(), 2), Some((value, text.len() - 9)));
        }
        for text in
            ["  1       ", "1.5      ", "12345678  ", "- 1      ", "--1      ", "a1       ", "1a        ", "\t1       "]
        {
            assert_eq!(fast_int(text.as_bytes(), 0), None, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn short_decimals(text in r"-?[0-9]{0,7}\.[0-9]{0,7}") {
            prop_assume!(text.len() > 2);
            check(&text);
        }

        #[test]
        fn decimals_of_any_length(text in r"[+-]?[0-9]{1,10}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?") {
            check(&text);
        }

        #[test]
        fn every_double_comes_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.8e}"), format!("{value:.17e}")] {
                check(&text);
            }
        }

        #[test]
        fn coordinates_come_back(value in -1e4..1e4f64, decimals in 0..20usize) {
            check(&format!("{value:.decimals$}"));
            check(&format!("{:.decimals$e}", value / 1000.0));
        }

        #[test]
        fn any_bytes_are_judged_like_the_standard_library_does(bytes in proptest::collection::vec(
            prop_oneof![Just(b'.'), Just(b'-'), Just(b'e'), Just(b'1'), Just(b'0'), Just(b' '), any::<u8>()], 0..24)) {
            let line = [&b" "[..], &bytes, b" 1 2 3 4 5"].concat();
            if let Some((value, end)) = short_real(&line, 0) {
                prop_assert_eq!(parse_real(&line[1..end]).map(f64::to_bits), Some(value.to_bits()));
            }
            let got = parse_real(&bytes);
            let want = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<f64>().ok());
            if !bytes.iter().any(|b| matches!(b, b'd' | b'D')) {
                prop_assert_eq!(got.map(f64::to_bits), want.map(f64::to_bits));
            }
        }
    }
}
