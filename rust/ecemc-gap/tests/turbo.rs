//! Basis, radial functions and compressions of Turbo-SOAP against the golden vectors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ecemc_core::{Cell, Workers};
use ecemc_gap::model::{Basis, TurboOptions};
use ecemc_gap::turbo::{RadialBasis, TurboRadial};
use ecemc_gap::{
    Descriptor, DescriptorOptions, Evaluation, Model, ModelFile, RadialFunctions, Side, Structure, TermFile, Workspace,
    parse_descriptor, parse_model,
};
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/soap_turbo").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn options(text: &str) -> TurboOptions {
    match parse_descriptor(text, &|_| unreachable!()).unwrap().0 {
        DescriptorOptions::SoapTurbo(options) => options,
        other => panic!("{other:?}"),
    }
}

#[test]
fn basis_to_sixty_digits() {
    let golden = golden("basis.json");
    for case in golden.as_array().unwrap() {
        let n = case["n"].as_u64().unwrap() as usize;
        let kind = if case["basis"] == "poly3" { Basis::Poly3 } else { Basis::Poly3Gauss };
        let sigma = case["sigma"].as_f64().unwrap();
        let basis = RadialBasis::new(kind, n, sigma).unwrap();
        let flat = |key: &str| case[key].as_array().unwrap().iter().flat_map(numbers).collect::<Vec<_>>();
        let error = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let (lambda, q) = (error(&basis.lambda, &flat("L")), error(&basis.q, &flat("Q")));
        let bound = if kind == Basis::Poly3 { 5e-14 } else { 2e-10 };
        assert!(lambda < bound && q < bound, "{kind:?} {n} {sigma}: lambda {lambda:e}, q {q:e}");
    }
}

#[test]
fn radial_functions_and_their_consistent_derivatives() {
    let golden = golden("radial.json");
    for case in golden.as_array().unwrap() {
        let text = case["descriptor"].as_str().unwrap();
        let functions = TurboRadial::new(&options(text), 0, None).unwrap();
        let n = functions.n_max();
        let table = |key: &str| case[key].as_array().unwrap().iter().map(numbers).collect::<Vec<_>>();
        let (want, want_slopes) = (table("R"), table("dR_consistent"));
        for (k, &r) in numbers(&case["r"]).iter().enumerate() {
            let errors = [Side::Below, Side::Above].map(|side| {
                let (mut values, mut slopes) = (vec![0.0; n], vec![0.0; n]);
                functions.radial(r, side, &mut values, &mut slopes);
                let error = |got: &[f64], want: &[Vec<f64>]| {
                    got.iter().zip(want).map(|(got, row)| (got - row[k]).abs()).fold(0.0, f64::max)
                };
                (error(&values, &want), error(&slopes, &want_slopes))
            });
            // On a switch to the last digit, the golden vectors may be on either side.
            let (error, slope_error) = if errors[0] < errors[1] { errors[0] } else { errors[1] };
            assert!(error < 5e-12 && slope_error < 2e-11, "{text} at {r}: {error:e} {slope_error:e}");
        }
    }
}

#[test]
fn slopes_are_derivatives_and_jumps_are_at_the_break_points() {
    for text in [
        "soap_turbo l_max=5 alpha_max=8 atom_sigma=0.5 rcut_hard=6 basis=poly3gauss radial_enhancement=1 species_Z=1",
        "soap_turbo l_max=3 alpha_max=6 atom_sigma=0.4 atom_sigma_scaling=0.07 rcut_hard=5 nf=2.5 radial_enhancement=2 \
         amplitude_scaling=2 basis=poly3gauss species_Z=1",
        "soap_turbo l_max=2 alpha_max=7 atom_sigma=0.3 atom_sigma_t=0.6 rcut_hard=3 basis=poly3 species_Z=1",
    ] {
        let functions = TurboRadial::new(&options(text), 0, None).unwrap();
        let n = functions.n_max() * (functions.l_max() + 1);
        let at = |r: f64, side: Side| {
            let (mut values, mut slopes) = (vec![0.0; n], vec![0.0; n]);
            functions.evaluate(r, side, &mut values, &mut slopes);
            (values, slopes)
        };
        let points = functions.break_points();
        let h = 1e-3;
        for k in 1..60 {
            let r = functions.cutoff() * f64::from(k) / 60.0 + 1e-5;
            if points.iter().any(|point| (point - r).abs() < 4.0 * h) {
                continue;
            }
            let sample = |steps: f64| at(r + steps * h, Side::Below).0;
            let (one, two, three) =
                ((sample(1.0), sample(-1.0)), (sample(2.0), sample(-2.0)), (sample(3.0), sample(-3.0)));
            let (values, slopes) = at(r, Side::Below);
            let scale = values.iter().chain(&slopes).fold(1.0_f64, |m, x| m.max(x.abs()));
            for i in 0..n {
                let d = |pair: &(Vec<f64>, Vec<f64>)| pair.0[i] - pair.1[i];
                let difference = (0.75 * d(&one) - 0.15 * d(&two) + d(&three) / 60.0) / h;
                assert!((difference - slopes[i]).abs() < 2e-9 * scale, "{text} {r} {i}: {difference} {}", slopes[i]);
            }
        }
        for &point in &points {
            let (below, above) = (at(point, Side::Below).0, at(point, Side::Above).0);
            assert_ne!(below, above);
            let near =
                |side| largest(&at(point * (1.0 + side), Side::Below).0, if side > 0.0 { &above } else { &below });
            assert!(near(1e-13) < 1e-9 && near(-1e-13) < 1e-9);
        }
    }
}

/// The folder of golden vectors that may not be copied here.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("ECEMC_SHARED").map_or_else(beside, PathBuf::from).join("spec/golden/soap_turbo");
    if !folder.is_dir() {
        eprintln!("skipped: there is no {}", folder.display());
        return None;
    }
    Some(folder)
}

fn read(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

fn vectors(value: &Value) -> Vec<[f64; 3]> {
    value.as_array().unwrap().iter().map(|row| numbers(row).try_into().unwrap()).collect()
}

fn elements(value: &Value) -> Vec<u8> {
    numbers(value).iter().map(|&z| z as u8).collect()
}

fn evaluate(model: &Model, positions: &[[f64; 3]], numbers: &[u8], cell: &Cell) -> Evaluation {
    let structure = Structure { positions, numbers, cell };
    model.evaluate(&[structure], true, &mut Workspace::default(), Workers::serial()).unwrap()
}

/// Descriptors, and derivatives of `Σ cos(0.7 a) p_a` of the central atom with respect to its neighbours.
#[test]
fn descriptors_and_their_gradients() {
    let Some(folder) = shared() else { return };
    let open = Cell::open();
    for case in read(&folder, "descriptors.json").as_array().unwrap() {
        let text = case["descriptor"].as_str().unwrap();
        let (options, _) = parse_descriptor(text, &|name| std::fs::read(folder.join(name))).unwrap();
        let mut positions = vec![[0.0; 3]];
        positions.extend(vectors(&case["d"]));
        let mut zs = vec![case["Z"].as_u64().unwrap() as u8];
        zs.extend(elements(&case["Zn"]));
        let structure = Structure { positions: &positions, numbers: &zs, cell: &open };
        let descriptor = Descriptor::new(&options, None).unwrap();
        let got = descriptor.compute(&[structure], Workers::serial()).unwrap();
        let want = numbers(&case["p"]);
        let error = largest(&got.values[..want.len()], &want);
        assert!(error < case["tol_p"].as_f64().unwrap(), "{}: {error:e}", case["name"]);

        let weights: Vec<f64> = (0..want.len()).map(|a| (0.7 * a as f64).cos()).collect();
        let model = Model::new(&linear(options, weights), true).unwrap();
        for (j, want) in vectors(case.get("grad_consistent").unwrap_or(&Value::Array(Vec::new()))).iter().enumerate() {
            let distance = positions[j + 1].iter().map(|x| x * x).sum::<f64>().sqrt();
            for axis in 0..3 {
                let slope = difference(&mut positions, j + 1, axis, 1e-3, &mut |positions| {
                    evaluate(&model, positions, &zs, &open).atom_energies[0]
                });
                // The second derivative jumps at the cutoff, which such differences feel.
                let bound = if (distance - descriptor.cutoff()).abs() < 4e-3 { 1e-7 } else { 1e-10 };
                assert!((slope - want[axis]).abs() < bound, "{} {j} {axis}: {slope} {}", case["name"], want[axis]);
            }
        }
    }
}

/// Derivative of an energy with respect to one coordinate, of sixth order in the step.
fn difference(
    positions: &mut [[f64; 3]],
    atom: usize,
    axis: usize,
    step: f64,
    energy: &mut dyn FnMut(&[[f64; 3]]) -> f64,
) -> f64 {
    let at = positions[atom][axis];
    let mut sample = |steps: f64| {
        positions[atom][axis] = at + step * steps;
        energy(positions)
    };
    let mut d = |steps: f64| sample(steps) - sample(-steps);
    let slope = (0.75 * d(1.0) - 0.15 * d(2.0) + d(3.0) / 60.0) / step;
    positions[atom][axis] = at;
    slope
}

/// A model whose energy of an atom is a weighted sum of its descriptor.
fn linear(options: DescriptorOptions, weights: Vec<f64>) -> ModelFile {
    let term = TermFile { options, delta: 1.0, zeta: 1.0, sparse: weights, alpha: vec![1.0], cutoffs: vec![1.0] };
    ModelFile { label: "linear".into(), gap_version: 0, e0: BTreeMap::new(), terms: vec![term], notes: Vec::new() }
}

fn largest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Against energies, forces and virials of quippy. Its forces are not the derivatives of its energy; ours are.
#[test]
fn whole_models() {
    let Some(folder) = shared() else { return };
    for case in read(&folder, "models.json").as_array().unwrap() {
        let xml = std::fs::read(folder.join(case["xml"].as_str().unwrap())).unwrap();
        let file = parse_model(&xml, &|name| std::fs::read(folder.join(name))).unwrap();
        let model = Model::new(&file, true).unwrap();
        let cell: [[f64; 3]; 3] = vectors(&case["cell"]).try_into().unwrap();
        let cell = Cell::new(cell, [true; 3]).unwrap();
        let (positions, zs) = (vectors(&case["positions"]), elements(&case["Z"]));
        let got = evaluate(&model, &positions, &zs, &cell);
        let tol = case["tol"].as_f64().unwrap();
        let energy = (got.energies[0] - case["energy"].as_f64().unwrap()).abs();
        let local = largest(&got.atom_energies, &numbers(&case["local_energy"]));
        let forces = largest(got.forces.as_flattened(), vectors(&case["forces"]).as_flattened());
        let virial = largest(got.virials[0].as_flattened(), vectors(&case["virial"]).as_flattened());
        assert!(energy < tol && local < tol, "{}: {energy:e} {local:e}", case["name"]);
        assert!(forces < 4e-6 && virial < 4e-5, "{}: {forces:e} {virial:e}", case["name"]);
        let mut moved = positions.clone();
        for k in 0..8 {
            let (i, axis) = (k % positions.len(), k % 3);
            let slope = difference(&mut moved, i, axis, 2e-3, &mut |positions| {
                evaluate(&model, positions, &zs, &cell).energies[0]
            });
            // The weights are a thousand times the result: rounding of the energy limits the differences.
            let error = (got.forces[i][axis] + slope).abs();
            assert!(error < 1e-7, "{} {i} {axis}: {} {slope}", case["name"], got.forces[i][axis]);
        }
    }
}

/// Two families of descriptors with unequal widths are fitted, by `gap_fit`, with the radial basis of the first.
#[test]
fn the_shared_basis_matters_and_is_said() {
    let Some(folder) = shared() else { return };
    let case = &read(&folder, "models.json")[0];
    let xml = std::fs::read(folder.join("two_cutoffs.xml")).unwrap();
    let file = parse_model(&xml, &|name| std::fs::read(folder.join(name))).unwrap();
    let (positions, zs) = (vectors(&case["positions"]), elements(&case["Z"]));
    let energy = |shared| {
        let model = Model::new(&file, shared).unwrap();
        (evaluate(&model, &positions, &zs, &Cell::open()).energies[0], model.notes().to_vec())
    };
    let ((with, notes), (without, no_notes)) = (energy(true), energy(false));
    assert!((with - without).abs() > 1.0, "{with} {without}");
    assert!(notes.len() == 3 && notes[0].contains("descriptor 4 uses the radial basis of descriptor 1"), "{notes:?}");
    assert!(no_notes.is_empty(), "{no_notes:?}");
}
