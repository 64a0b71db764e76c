//! The radial functions of SOAP against golden vectors.

use std::path::Path;

use ecemc_gap::soap::{SoapBasis, SoapRadial};
use ecemc_gap::{DescriptorOptions, RadialFunctions, Side, parse_descriptor};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/soap/basis.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn close(name: &str, found: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(found.len(), wanted.len(), "{name}");
    let scale = wanted.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    for (k, (a, b)) in found.iter().zip(wanted).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{name}[{k}]: {a} and {b}");
    }
}

#[test]
fn basis_and_radial_functions_are_the_golden_ones() {
    let golden = golden();
    let sets = golden.as_object().unwrap();
    assert_eq!(sets.len(), 3);
    for (name, set) in sets {
        let DescriptorOptions::Soap(options) =
            parse_descriptor(set["descriptor"].as_str().unwrap(), &|_| unreachable!()).unwrap().0
        else {
            panic!("{name} is no soap");
        };
        let basis = SoapBasis::new(&options).unwrap();
        close(name, &basis.grid, &numbers(&set["grid"]), 1e-15);
        close(name, &basis.cholesky, &numbers(&set["L"]), 1e-13);
        close(name, &basis.transfer, &numbers(&set["T"]), 1e-12);
        let radial = SoapRadial::new(&options).unwrap();
        let (n_max, n_l) = (radial.n_max(), radial.l_max() + 1);
        let (mut values, mut slopes) = (Vec::new(), Vec::new());
        for r in numbers(&set["r"]) {
            let (mut r_nl, mut d_nl) = (vec![0.0; n_max * n_l], vec![0.0; n_max * n_l]);
            radial.evaluate(r, Side::Below, &mut r_nl, &mut d_nl);
            let by_l = |flat: &[f64]| -> Vec<f64> {
                (0..n_l).flat_map(|l| (0..n_max).map(move |n| (n, l))).map(|(n, l)| flat[n * n_l + l]).collect()
            };
            values.extend(by_l(&r_nl));
            slopes.extend(by_l(&d_nl));
        }
        close(name, &values, &numbers(&set["R_l_n"]), 1e-13);
        close(name, &slopes, &numbers(&set["dR_l_n"]), 1e-12);
    }
}
