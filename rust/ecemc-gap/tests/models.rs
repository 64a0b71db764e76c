//! Models as `gap_fit` writes them are read; whatever is wrong with one is named.

use std::io;
use std::path::{Path, PathBuf};

use ecemc_gap::model::{Basis, Compression};
use ecemc_gap::{DescriptorOptions, Error, ModelFile, Result, parse_descriptor, parse_model};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn read(path: &Path) -> Result<ModelFile> {
    let folder = path.parent().unwrap();
    parse_model(&std::fs::read(path).unwrap(), &|name| std::fs::read(folder.join(name)))
}

fn no_files(name: &str) -> io::Result<Vec<u8>> {
    Err(io::Error::new(io::ErrorKind::NotFound, format!("no file {name}")))
}

/// The model of the specification, section 6.4, with something replaced.
fn edited(from: &str, to: &str) -> Result<ModelFile> {
    let text = std::fs::read_to_string(golden("soap/minimal.xml")).unwrap();
    assert!(text.contains(from), "{from}");
    parse_model(text.replace(from, to).as_bytes(), &no_files)
}

fn message(from: &str, to: &str) -> String {
    edited(from, to).unwrap_err().to_string()
}

#[test]
fn the_minimal_model() {
    let model = read(&golden("soap/minimal.xml")).unwrap();
    assert_eq!((model.label.as_str(), model.gap_version, model.notes.len()), ("demo", 1_426_512_068, 0));
    assert_eq!(model.e0.into_iter().collect::<Vec<_>>(), [(1, -13.6)]);
    let [term] = &model.terms[..] else { panic!("one term") };
    assert_eq!((term.delta, term.zeta), (1.0, 2.0));
    assert_eq!((&term.alpha[..], &term.cutoffs[..]), (&[0.5, -0.25][..], &[1.0, 1.0][..]));
    assert_eq!((term.sparse.len(), term.sparse[0], term.sparse[13]), (14, 9.936_813_260_135_242e-1, 0.0));
    let DescriptorOptions::Soap(soap) = &term.options else { panic!("soap") };
    assert_eq!((soap.cutoff, soap.cutoff_transition_width, soap.atom_sigma), (3.0, 0.5, 0.6));
    assert_eq!((soap.n_max, soap.l_max, soap.basis_error_exponent), (2, 1, 1.0));
    assert_eq!((&soap.species[..], &soap.centers[..]), (&[1][..], &[1][..]));
    assert!(soap.central_reference_all_species && soap.normalise && soap.l_factor && !soap.average);
}

#[test]
fn a_fitted_model_with_separate_sparse_files() {
    let model = read(&golden("soap/fit/model.xml")).unwrap();
    assert_eq!(model.terms.len(), 6);
    for term in &model.terms {
        assert_eq!(term.sparse.len(), term.alpha.len() * term.options.dimension());
        let DescriptorOptions::Soap(soap) = &term.options else { panic!("soap") };
        assert!(soap.species.len() == 3 && soap.centers.len() == 1 && !soap.central_reference_all_species);
        for point in term.sparse.chunks(term.options.dimension()) {
            let norm: f64 = point.iter().map(|x| x * x).sum();
            assert!((norm - 1.0).abs() < 1e-12, "{norm}");
        }
    }
    assert_eq!((model.e0[&1], model.e0[&6], model.e0[&8]), (-13.0, -150.0, -430.0));
}

#[test]
fn the_same_points_in_slices_inline_or_in_a_file() {
    let model = edited("demo", "demo").unwrap();
    let text = std::fs::read_to_string(golden("soap/minimal.xml")).unwrap();
    let inline = text.replace("<sparseX_slice start=\"1\" end=\"7\">", "").replace("</sparseX_slice>", "");
    assert_eq!(parse_model(inline.as_bytes(), &no_files).unwrap(), model);
    let first = model.terms[0].sparse[..7].iter().map(|x| format!("{x:e}"));
    let halves: Vec<String> = first.collect();
    let start = text.find("<sparseX_slice").unwrap();
    let end = text.find("</sparseX_slice>").unwrap();
    let cut = format!(
        "{}<sparseX_slice start='1' end='3'>{}</sparseX_slice><sparseX_slice start='4' end='7'>{}{}",
        &text[..start],
        halves[..3].join("\n"),
        halves[3..].join(" "),
        &text[end..]
    );
    assert_eq!(parse_model(cut.as_bytes(), &no_files).unwrap(), model);

    let separate = text.replace("n_sparseX=\"2\"", "n_sparseX=\"2\" sparseX_filename=\"points\" sparseX_md5sum=\"\"");
    let numbers: Vec<String> = model.terms[0].sparse.iter().map(|x| format!("{x:.20e}")).collect();
    let file = |name: &str| if name == "points" { Ok(numbers.join("\n").into_bytes()) } else { no_files(name) };
    assert_eq!(parse_model(separate.as_bytes(), &file).unwrap(), model);
    let message = parse_model(separate.as_bytes(), &no_files).unwrap_err().to_string();
    assert!(message.contains("'points' cannot be read: no file points"), "{message}");
}

#[test]
fn legacy_conventions() {
    let soap = |version: &str, options: &str| {
        let model = edited("gap_version=\"1426512068\"", version);
        drop(model);
        let text = std::fs::read_to_string(golden("soap/minimal.xml")).unwrap();
        let text = text.replace("gap_version=\"1426512068\"", version).replace("basis_error_exponent=1", options);
        match parse_model(text.as_bytes(), &no_files).unwrap().terms.remove(0).options {
            DescriptorOptions::Soap(soap) => (soap.l_factor, soap.central_reference_all_species),
            _ => panic!("soap"),
        }
    };
    let not_all = "central_reference_all_species=F";
    assert_eq!(soap("", not_all), (false, true));
    assert_eq!(soap("gap_version=\"1423143768\"", not_all), (false, true));
    assert_eq!(soap("gap_version=\"1423143769\"", not_all), (true, true));
    assert_eq!(soap("gap_version=\"1426512067\"", not_all), (true, true));
    assert_eq!(soap("gap_version=\"1426512068\"", not_all), (true, false));
    assert_eq!(soap("gap_version=\"1426512068\"", ""), (true, true));
    let newer = edited("gap_version=\"1426512068\"", "gap_version=\"1999999999\"").unwrap();
    assert!(newer.notes[0].contains("newer than 1769700636"), "{:?}", newer.notes);
}

#[test]
fn old_ways_to_write_things() {
    let theta = edited(" zeta=\"2\"", "").unwrap_err().to_string();
    assert!(theta.contains("got no zeta"), "{theta}");
    let text = std::fs::read_to_string(golden("soap/minimal.xml")).unwrap();
    let text = text.replace(" zeta=\"2\"", "").replace("<permutation", "<theta>4.0 1.0</theta><permutation");
    assert_eq!(parse_model(text.as_bytes(), &no_files).unwrap().terms[0].zeta, 4.0);
    let all = edited("do_core=\"F\"", "do_core=\"F\" e0=\"-1.D0\"").unwrap();
    assert_eq!((all.e0.len(), all.e0[&1], all.e0[&8]), (118, -13.6, -1.0));
    let none = edited("<e0 Z=\"1\" value=\"-1.35999999999999996e+01\"/>", "").unwrap();
    assert!(none.e0.is_empty());
    assert_eq!(edited("signal_variance=\"1\"", "signal_variance=\".5\"").unwrap().terms[0].delta, 0.5);
    assert_eq!(edited("sparseCutoff=\"1.0\"", "sparseCutoff=\"0.5\"").unwrap().terms[0].cutoffs, [0.5, 0.5]);
    let swapped = edited("i=\"1\" alpha", "i=\"3\" alpha").and(edited("i=\"1\" alpha", "i=\"2\" alpha"));
    assert!(swapped.is_err());
    let text = std::fs::read_to_string(golden("soap/minimal.xml")).unwrap();
    let swapped = text
        .replace("i=\"1\" alpha", "i=\"9\" alpha")
        .replace("i=\"2\" alpha", "i=\"1\" alpha")
        .replace("i=\"9\"", "i=\"2\"");
    assert_eq!(parse_model(swapped.as_bytes(), &no_files).unwrap().terms[0].alpha, [-0.25, 0.5]);
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    for (from, to, named) in [
        ("IP GAP label=demo", "Sum init_args_pot1={IP Glue} init_args_pot2={IP GAP label=demo}", "Sum init_args"),
        ("do_core=\"F\"", "do_core=\"T\"", "core potential"),
        ("covariance_type=\"2\"", "covariance_type=\"1\"", "covariance_type='1' of soap"),
        ("soap cutoff", "soap radial_basis=GTO cutoff", "radial_basis=GTO"),
        ("soap cutoff", "soap nu_R=1 cutoff", "nu_R=1"),
        ("soap cutoff", "soap Z_mix=T cutoff", "Z_mix=T"),
        ("soap cutoff", "angle_3b cutoff", "the descriptor 'angle_3b cutoff=3.0"),
        ("n_max=2", "n_max=41", "n_max=41"),
        ("l_max=1", "l_max=25", "l_max=25"),
        ("n_species=1 species_Z=1", "n_species=2 species_Z={0 1}", "wildcard"),
    ] {
        let error = edited(from, to).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains(named), "{error}");
    }
    assert!(
        edited("soap cutoff", "soap nu_R=2 Z_mix=F radial_basis=EQUISPACED_GAUSS unheard=of delta=1 cutoff").is_ok()
    );
}

#[test]
fn what_is_broken_is_named() {
    for (from, to, named) in [
        ("dimensions=\"7\"", "dimensions=\"8\"", "line 8, <gpCoordinates>: got dimensions='8', expected 7"),
        ("n_max=2", "n_max=3", "expected 13, what the descriptor string gives"),
        ("n_max=2", "n_max=2000000000", "an integer from 1 to 1000000"),
        ("n_sparseX=\"2\"", "n_sparseX=\"4000000000\"", "got n_sparseX=4000000000 and 2 <sparseX>"),
        ("n_coordinate=\"1\"", "n_coordinate=\"2\"", "got n_coordinate=2 and 1 <gpCoordinates>"),
        ("end=\"7\"", "end=\"900000000000\"", "got 7 numbers, expected as many as start=1 and end=900000000000"),
        ("9.93681326013524213e-01", "NaN", "<sparseX_slice>: got 'NaN', expected a finite number"),
        ("9.93681326013524213e-01", "", "got 6 numbers"),
        ("alpha=\"5.00000000000000000e-01\"", "alpha=\"inf\"", "line 11, <sparseX>: got alpha='inf'"),
        ("label=\"demo1\"", "label=\"demo2\"", "got label='demo2', expected 'demo1'"),
        ("label=\"demo\" n_coordinate", "label=\"other\" n_coordinate", "got label='other'"),
        ("<demo>", "<other>", "well-formed XML"),
        ("fitted=\"T\"", "fitted=\"F\"", "fitted=F"),
        ("sparsified=\"T\"", "sparsified=\"F\"", "sparsified=F"),
        ("zeta=\"2\"", "zeta=\"0\"", "zeta=0"),
        ("i=\"2\" alpha", "i=\"1\" alpha", "got <sparseX> with i=1 where i=2 should be"),
        ("species_Z=1", "species_Z={1 6}", "key species_Z: got 2 atomic numbers, expected n_species=1"),
        ("Z=\"1\" value", "Z=\"900\" value", "atomic number"),
        ("cutoff=3.0", "cutoff=-3.0", "key cutoff: got cutoff='-3', expected a number from 0.1 to 30"),
        ("cutoff=3.0", "cutoff=1e300", "a number from 0.1 to 30"),
        ("atom_sigma=0.6", "atom_sigma=1e-9", "a number from 0.03 to 3"),
        ("<descriptor>", "<descriptor>&lol;", "entities are not resolved"),
        ("label=\"demo1\"", "label=\"&lol;\"", "none are resolved"),
        ("</demo>", "", "is the file cut?"),
        ("</demo>", "</demo><more/>", "more than one element"),
        ("</demo>", "</demo> text", "more than one element"),
    ] {
        let text = message(from, to);
        assert!(text.contains(named), "{named}: {text}");
    }
}

#[test]
fn document_types_and_bombs_are_refused() {
    let text = std::fs::read_to_string(golden("soap/minimal.xml")).unwrap();
    let bomb = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;&lol;&lol;&lol;\">]>";
    for head in [bomb, "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">"] {
        let error = parse_model(format!("{head}{text}").as_bytes(), &no_files).unwrap_err().to_string();
        assert!(error.contains("a document type"), "{error}");
    }
    let deep = "<a>".repeat(1_000_000);
    assert!(parse_model(deep.as_bytes(), &no_files).unwrap_err().to_string().contains("up to 64"));
    let wide = (0..100_000).map(|k| format!("a{k}='x'")).collect::<Vec<_>>().join(" ");
    let error = edited("<gpSparse", &format!("<gpSparse {wide}")).unwrap_err().to_string();
    assert!(error.contains("more attributes"), "{error}");
    let error = parse_model(b"\x1f\x8b\x08\xff", &no_files).unwrap_err().to_string();
    assert!(error.contains("not UTF-8"), "{error}");
    assert!(parse_model(b"", &no_files).unwrap_err().to_string().contains("no element at all"));
    let declared = parse_model(format!("\u{feff}<?xml version=\"1.0\"?><!-- c -->{text}").as_bytes(), &no_files);
    assert!(declared.is_ok());
}

#[test]
fn turbo_options() {
    let text = "soap_turbo l_max=3 n_max=4 atom_sigma=0.5 cutoff=4.0 basis=poly3gauss compress_mode=trivial \
                species_Z={8 1 6} n_species=3 zeta=2   n_species=3 species_Z={1 6 8 } central_index=2";
    let (options, notes) = parse_descriptor(text, &no_files).unwrap();
    let DescriptorOptions::SoapTurbo(turbo) = &options else { panic!("turbo") };
    assert_eq!((turbo.rcut_hard, turbo.rcut_soft, turbo.nf, turbo.l_max), (4.0, 3.5, 4.0, 3));
    assert_eq!((turbo.basis, &turbo.compression, turbo.central_channel), (Basis::Poly3Gauss, &Compression::Trivial, 1));
    assert_eq!(turbo.channels.iter().map(|c| (c.species, c.alpha_max)).collect::<Vec<_>>(), [(1, 4), (6, 4), (8, 4)]);
    assert_eq!((turbo.channels[0].atom_sigma_r, turbo.channels[0].atom_sigma_t), (0.5, 0.5));
    assert_eq!((options.dimension(), notes.len()), (132, 0));

    let error = |text: &str| parse_descriptor(text, &no_files).unwrap_err().to_string();
    let base = "soap_turbo l_max=3 alpha_max=4 atom_sigma=0.5 rcut_hard=4";
    for (more, named) in [
        ("", "no species_Z"),
        ("species_Z={1 8} n_species=3", "got 2 atomic numbers"),
        ("species_Z=1 basis=poly3tab", "basis=poly3tab"),
        ("species_Z=1 scaling_mode=exp", "scaling_mode=exp"),
        ("species_Z=1 rcut_soft=4", "from 0.001 to 3.999"),
        ("species_Z=1 alpha_max=11", "an integer from 1 to 10"),
        ("species_Z=1 radial_enhancement=3", "from 0 to 2"),
        ("species_Z=1 central_index=2", "from 1 to 1"),
        ("species_Z={1 1} n_species=2", "1 twice"),
        ("species_Z={1 8} n_species=2 atom_sigma_r={.5 .5 .5}", "got 3 numbers"),
        ("species_Z={1 8} n_species=2 alpha_max={4 5} compress_mode=1_1", "the same alpha_max"),
        ("species_Z=1 compress_mode=3_1", "compress_mode=3_1"),
        ("species_Z=1 compress_file=../secret", "beside the model"),
        ("species_Z=1 compress_file=gone", "'gone' cannot be read"),
        ("species_Z=1 nf=0", "a number from 0.1 to 100"),
    ] {
        assert!(error(&format!("{base} {more}")).contains(named), "{named}: {}", error(&format!("{base} {more}")));
    }
}

#[test]
fn central_weights_that_the_reference_loses() {
    let weights = |text: &str| {
        let text = format!("soap_turbo l_max=3 alpha_max=4 atom_sigma=0.5 rcut_hard=4 {text}");
        let (DescriptorOptions::SoapTurbo(turbo), notes) = parse_descriptor(&text, &no_files).unwrap() else {
            panic!("turbo")
        };
        (turbo.channels.iter().map(|c| c.central_weight).collect::<Vec<_>>(), notes.len())
    };
    assert_eq!(weights("n_species=2 species_Z={1 8} central_weight={0.5 0}"), (vec![0.5, 0.0], 0));
    assert_eq!(weights("n_species=2 species_Z={1 8} central_weight=0.5"), (vec![1.0, 1.0], 1));
    assert_eq!(weights("species_Z=1 central_weight={0.5}"), (vec![1.0], 1));
}
