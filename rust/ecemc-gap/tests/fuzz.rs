//! Bytes of any kind, and models damaged at random: a model or an error, never a panic, never without end.

use std::io;
use std::path::Path;

use ecemc_gap::{Error, Model, ModelFile, Result, parse_descriptor, parse_model};
use proptest::prelude::*;
use proptest::sample::Index;

/// A small model of Turbo-SOAP with its sparse points in a file.
const TURBO: &str = r#"<t>
<Potential label="t" init_args="IP GAP label=t"/>
<GAP_params label="t" gap_version="1769700636">
<GAP_data do_core="F" e0="-1.0"><e0 Z="8" value="-.5E+001"/></GAP_data>
<gpSparse label="t" n_coordinate="1" fitted="T">
<gpCoordinates label="t1" dimensions="6" signal_variance=".5" signal_mean="0" sparsified="T" n_permutations="1"
 covariance_type="2" zeta="2" n_sparseX="2" sparseX_filename="points" sparseX_md5sum="">
<descriptor>soap_turbo l_max=1 alpha_max={2} atom_sigma=0.5 rcut_hard=4.0 basis=poly3gauss species_Z={8 } n_species=1</descriptor>
<permutation i="1">1 </permutation>
<sparseX i="1" alpha="1.5" sparseCutoff="1.0"/>
<sparseX i="2" alpha="-.5" sparseCutoff="1.0"/>
</gpCoordinates></gpSparse>
<command_line><![CDATA[ gap={a & b} ]]></command_line>
</GAP_params></t>
"#;
const POINTS: &str = "1\n0\n0.0\n.1E0\n-2.D-1\n0\n0.5\n0.5\n0\n0\n0.1\n0\n";
const MATRIX: &str = "2 1 3\nP_transformation\n1 1 .5\n2 3 -1.5\nend_transformation\n";

fn minimal() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/soap/minimal.xml");
    std::fs::read_to_string(path).unwrap()
}

/// Reads with these bytes for every file that is named; what was read is sound and can be prepared.
fn check(xml: &[u8], file: &[u8]) -> std::result::Result<(), TestCaseError> {
    let read = |_: &str| Ok(file.to_vec());
    match parse_model(xml, &read) {
        Ok(model) => sound(&model)?,
        Err(error) => printable(&error)?,
    }
    Ok(())
}

fn sound(model: &ModelFile) -> std::result::Result<(), TestCaseError> {
    prop_assert!(!model.terms.is_empty() && model.e0.values().all(|e| e.is_finite()));
    for term in &model.terms {
        let n = term.alpha.len();
        prop_assert!(n > 0 && term.cutoffs.len() == n && term.sparse.len() == n * term.options.dimension());
        let numbers = term.sparse.iter().chain(&term.alpha).chain(&term.cutoffs);
        prop_assert!(numbers.chain([&term.zeta, &term.delta]).all(|x| x.is_finite()));
    }
    if let Err(error) = Model::new(model, true) {
        printable(&error)?;
    }
    Ok(())
}

/// Messages stay short whatever stands in the file.
fn printable(error: &Error) -> std::result::Result<(), TestCaseError> {
    let text = error.to_string();
    prop_assert!(text.len() < 2000 && !text.contains('\0'), "{text}");
    Ok(())
}

/// One damage: bytes set, inserted, removed, doubled, lines swapped, or a number made another one.
fn damage(bytes: &mut Vec<u8>, kind: u8, at: Index, to: Index, byte: u8) {
    if bytes.is_empty() {
        return bytes.push(byte);
    }
    let (from, to) = (at.index(bytes.len()), to.index(bytes.len()));
    let range = from.min(to)..from.max(to);
    match kind {
        0 => bytes[from] = byte,
        1 => bytes.insert(from, byte),
        2 => drop(bytes.drain(range)),
        3 => {
            let piece = bytes[range].to_vec();
            bytes.splice(from..from, piece);
        }
        4 => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
            let n = lines.len();
            lines.swap(at.index(n), range.end % n);
            *bytes = lines.concat();
        }
        _ => {
            let digits: Vec<usize> = (0..bytes.len()).filter(|&k| bytes[k].is_ascii_digit()).collect();
            if let Some(&k) = digits.get(from % digits.len().max(1)) {
                let other: [&[u8]; 8] = [b"0", b"-1", b"99999999999", b"1e300", b"nan", b"7", b".", b"2"];
                bytes.splice(k..=k, other[byte as usize % 8].iter().copied());
            }
        }
    }
}

/// As many cases as are wanted by `PROPTEST_CASES`, for long runs.
fn cases(n: u32) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig::with_cases(wanted.unwrap_or(n))
}

#[test]
fn the_models_that_are_damaged_are_sound() {
    let read = |_: &str| -> io::Result<Vec<u8>> { Ok(POINTS.into()) };
    let files: Vec<Result<ModelFile>> =
        vec![parse_model(TURBO.as_bytes(), &read), parse_model(minimal().as_bytes(), &read)];
    for file in files {
        assert!(Model::new(&file.unwrap(), true).is_ok());
    }
    let text = "soap_turbo l_max=1 alpha_max=2 atom_sigma=0.5 cutoff=4 species_Z=8 compress_file=matrix";
    assert_eq!(parse_descriptor(text, &|_| Ok(MATRIX.into())).unwrap().0.dimension(), 2);
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn any_bytes(xml in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&xml, &xml)?;
    }

    #[test]
    fn damaged_models(
        turbo in any::<bool>(),
        edits in proptest::collection::vec((0..8_u8, any::<Index>(), any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut xml = if turbo { TURBO.as_bytes().to_vec() } else { minimal().into_bytes() };
        for (kind, at, to, byte) in edits {
            damage(&mut xml, kind, at, to, byte);
        }
        check(&xml, POINTS.as_bytes())?;
    }

    #[test]
    fn damaged_files(
        edits in proptest::collection::vec((0..8_u8, any::<Index>(), any::<Index>(), any::<u8>()), 1..4),
    ) {
        let (mut points, mut matrix) = (POINTS.as_bytes().to_vec(), MATRIX.as_bytes().to_vec());
        for (kind, at, to, byte) in edits {
            damage(&mut points, kind, at, to, byte);
            damage(&mut matrix, kind, at, to, byte);
        }
        check(TURBO.as_bytes(), &points)?;
        let text = "soap_turbo l_max=1 alpha_max=2 atom_sigma=0.5 cutoff=4 species_Z=8 compress_file=matrix";
        match parse_descriptor(text, &|_| Ok(matrix.clone())) {
            Ok((options, _)) => prop_assert!(options.dimension() > 0),
            Err(error) => printable(&error)?,
        }
    }

    #[test]
    fn words_of_descriptors(words in proptest::collection::vec(prop_oneof![
        Just("soap"), Just("soap_turbo"), Just("distance_2b"), Just("cutoff=4.0"), Just("cutoff={"), Just("}"),
        Just("rcut_hard=5"), Just("rcut_soft=4"), Just("l_max=2"), Just("l_max=-1"), Just("n_max=3"), Just("alpha_max=4"),
        Just("atom_sigma=.5"), Just("atom_sigma={.5 .4}"), Just("n_species=2"), Just("species_Z={1 8}"), Just("species_Z=0"),
        Just("species_Z={{8}}"), Just("Z=8"), Just("n_Z=2"), Just("basis=poly3gauss"), Just("compress_mode=1_1"),
        Just("compress_mode=trivial"), Just("compress_file=x"), Just("zeta=4"), Just("average=T"), Just("n_species=999999999999"),
        Just("l_max=1e9"), Just("nf=0.1"), Just("central_index=2"), Just("central_weight={0 1}"), Just("atom_sigma_r_scaling=.3"),
    ], 0..14)) {
        match parse_descriptor(&words.join(" "), &|_| Ok(MATRIX.into())) {
            Ok((options, _)) => prop_assert!(options.dimension() > 0),
            Err(error) => printable(&error)?,
        }
    }
}

/// Numbers that promise absurd sizes cost nothing; entities and depth neither.
#[test]
#[cfg(target_os = "linux")]
fn memory_is_bounded() {
    let peak = || -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let absurd = "4000000000";
    let xml = minimal();
    let mut texts: Vec<String> = [
        ("n_sparseX=\"2\"", "n_sparseX"),
        ("dimensions=\"7\"", "dimensions"),
        ("n_coordinate=\"1\"", "n_coordinate"),
        ("end=\"7\"", "end"),
    ]
    .iter()
    .map(|(from, name)| xml.replace(from, &format!("{name}=\"{absurd}\"")))
    .collect();
    texts.push("<a>".repeat(3_000_000));
    texts.push(format!("<a {}/>", "b='c' ".repeat(1_000_000)));
    texts.push(format!("<!DOCTYPE a [{}]><a>&b;</a>", "<!ENTITY b \"bbbbbbbbbb\">".repeat(300_000)));
    let before = peak();
    for text in &texts {
        assert!(parse_model(text.as_bytes(), &|_| Ok(Vec::new())).is_err());
    }
    let names = "soap_turbo l_max=24 alpha_max=10 atom_sigma=0.3 cutoff=9 compress_file=x n_species=118 species_Z={";
    let species: Vec<String> = (1..=118).map(|z| z.to_string()).collect();
    assert!(parse_descriptor(&format!("{names}{}}}", species.join(" ")), &|_| Ok(MATRIX.into())).is_err());
    assert!(peak() - before < 200_000, "{} kB", peak() - before);
}
