//! Numbers as Fortran and C print them.

/// A finite number: `1`, `-.44`, `5.`, `1.0E+000`, `1.3D+01`, and `1.0-101` where Fortran drops the letter.
pub(crate) fn real(token: &str) -> Option<f64> {
    let allowed = |byte: u8| byte.is_ascii_digit() || b"+-.eEdD".contains(&byte);
    // `parse` knows words such as `inf` and `nan`, which are no numbers here.
    if token.len() > 400 || !token.bytes().all(allowed) {
        return None;
    }
    token.parse().ok().or_else(|| fortran(token)).filter(|value: &f64| value.is_finite())
}

/// The forms that only Fortran knows.
fn fortran(token: &str) -> Option<f64> {
    if let Some(at) = token.find(['d', 'D']) {
        return format!("{}e{}", &token[..at], &token[at + 1..]).parse().ok();
    }
    let at = token.get(1..)?.find(['+', '-'])? + 1;
    format!("{}e{}", &token[..at], &token[at..]).parse().ok()
}

/// `T`, `F`, `true`, `.false.`, in any case.
pub(super) fn logical(token: &str) -> Option<bool> {
    match token.to_ascii_lowercase().as_str() {
        "t" | "true" | ".true." => Some(true),
        "f" | "false" | ".false." => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_fortran_and_c() {
        for (token, value) in [
            ("1", 1.0),
            ("-.44", -0.44),
            (".5", 0.5),
            ("5.", 5.0),
            ("1.0E+000", 1.0),
            ("1.3D+01", 13.0),
            ("-2d-2", -0.02),
            ("1.5-101", 1.5e-101),
            ("+2.5+3", 2500.0),
            ("1.23456789012345678901e-01", 0.123_456_789_012_345_68),
        ] {
            assert_eq!(real(token), Some(value), "{token}");
        }
        for token in ["", "nan", "inf", "Infinity", "1e999", "1,5", "0x10", "--1", "1.0e", "d", "-", "1 2", "e5"] {
            assert_eq!(real(token), None, "{token}");
        }
    }

    #[test]
    fn logicals() {
        assert_eq!(["T", "false", ".TRUE.", "x"].map(logical), [Some(true), Some(false), Some(true), None]);
    }
}
