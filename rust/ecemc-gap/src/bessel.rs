//! Modified spherical Bessel functions of the first kind, scaled.

/// `e^{−x} i_l(x)` for `l = 0, 1, …` and `x ≥ 0`: ratios of neighbours by the downward recursion, from far enough above.
///
/// Exact to rounding for every `x`, unlike the upward recursion, which is unstable for small ones.
pub(crate) fn scaled_bessel(x: f64, values: &mut [f64]) {
    let top = values.len() + 17 + (40.0 * x).sqrt().ceil() as usize;
    let mut ratio = 0.0;
    for l in (1..=top).rev() {
        ratio = x / ((2 * l + 1) as f64 + x * ratio);
        if l < values.len() {
            values[l] = ratio;
        }
    }
    values[0] = if x == 0.0 { 1.0 } else { -(-2.0 * x).exp_m1() / (2.0 * x) };
    for l in 1..values.len() {
        values[l] *= values[l - 1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_digits_and_the_derivative_relation() {
        let golden = include_str!("../tests/golden/soap_turbo/bessel.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let case = &golden[0];
        let at = |key: &str, l: usize, k: usize| case[key][l][k].as_f64().unwrap();
        for (k, z) in case["z"].as_array().unwrap().iter().enumerate() {
            let mut f = [0.0; 14];
            scaled_bessel(z.as_f64().unwrap(), &mut f);
            for l in 0..=12 {
                let want = at("f", l, k);
                assert!((f[l] - want).abs() <= 4e-14 * want.abs(), "{z} {l}: {} {want}", f[l]);
                let below = if l > 0 { l as f64 * f[l - 1] } else { 0.0 };
                let slope = (below + (l + 1) as f64 * f[l + 1]) / (2 * l + 1) as f64 - f[l];
                assert!((slope - at("df", l, k)).abs() < 1e-15, "{z} {l}: {slope}");
            }
        }
    }
}
