//! Whole files through the reader: content, order, streams in small pieces, faults, and bytes of any kind.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;

use common::{Trickle, drain};

use ecemc_core::Workers;
use ecemc_io::{Array, ColumnData, Error, Frame, Reader, Result, Selection, Value, count_frames};
use proptest::prelude::*;

fn read(bytes: &[u8]) -> common::Outcome {
    common::read(bytes, Selection::all())
}

fn one(text: &str) -> Frame {
    match read(text.as_bytes()) {
        (mut frames, None) if frames.len() == 1 => frames.remove(0),
        other => panic!("{text}: {other:?}"),
    }
}

fn message(text: &str) -> String {
    read(text.as_bytes()).1.expect("an error").to_string()
}

/// A trajectory of `n` frames with 0 to 6 atoms each, that says in every number where it belongs.
fn trajectory(n: usize) -> String {
    let mut text = String::new();
    for k in 0..n {
        let atoms = k % 7;
        writeln!(text, "{atoms}\nLattice=\"{k} 0 0 0 5.5 0 0 0 6\" Properties=species:S:1:pos:R:3:forces:R:3 step={k}")
            .unwrap();
        for i in 0..atoms {
            writeln!(text, "{:2} {i}.25 {k}.5 -0.125 {:.8} 1e-3 {k}", ["H", "Cl"][i % 2], k as f64 / 7.0).unwrap();
        }
    }
    text
}

fn steps(frames: &[Frame]) -> Vec<usize> {
    frames.iter().map(|frame| frame.info("step").unwrap().reals().unwrap()[0] as usize).collect()
}

#[test]
fn columns_in_any_order_with_any_blanks() {
    let frame = one("2\r\nProperties=tag:I:1:pos:R:3:fixed:L:2:species:S:1:label:S:1:q:R:1 pbc=\"T F T\" a=[1, 2]\r\n\
         \t 7  0.5 -1.0D-1\t+3 T false  cl a1  1e-3 \r\n-8 nan inf -inf F TRUE\tLI é .5\r\n\r\n");
    assert_eq!(frame.numbers, [17, 3]);
    assert_eq!(frame.positions[0], [0.5, -0.1, 3.0]);
    assert!(frame.positions[1][0].is_nan() && frame.positions[1][1] == f64::INFINITY);
    assert_eq!(frame.pbc, [true, false, true]);
    assert_eq!(frame.info, [("a".to_owned(), Value::IntArray(Array::vector(vec![1, 2])))]);
    assert_eq!(frame.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["tag", "fixed", "label", "q"]);
    assert_eq!(frame.column("tag").unwrap().data, ColumnData::Int(vec![7, -8]));
    assert_eq!(frame.column("fixed").unwrap().data, ColumnData::Bool(vec![true, false, false, true]));
    assert_eq!(frame.column("q").unwrap().data, ColumnData::Real(vec![1e-3, 0.5]));
    let ColumnData::Text(labels) = &frame.column("label").unwrap().data else { panic!() };
    assert_eq!(labels.iter().collect::<Vec<_>>(), ["a1", "é"]);
}

#[test]
fn every_way_to_write_a_lattice() {
    let want = Some([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]]);
    for lattice in [
        "\"1 2 3 4 5 6 7 8 10\"",
        "{1.0 2 3 4 5 6 7 8 10}",
        "'1 2 3 4 5 6 7 8 10'",
        "[1 2 3 4 5 6 7 8 10]",
        "[1, 2, 3, 4, 5, 6, 7, 8, 10.0]",
        "[[1, 2, 3], [4, 5, 6], [7, 8, 10]]",
        "[ [1 2 3],[4 5 6],[7 8 1d1] ]",
    ] {
        let frame = one(&format!("1\nLattice = {lattice} Properties=species:S:1:pos:R:3\nH 0 0 0\n"));
        assert_eq!((frame.lattice, frame.pbc), (want, [true; 3]), "{lattice}");
    }
    let short = one("1\nLattice=\"2 3 4\"\nH 0 0 0\n");
    assert_eq!(short.cell().unwrap().volume(), Some(24.0));
}

#[test]
fn periodicity_follows_the_lattice_unless_given() {
    let pbc = |comment: &str| one(&format!("1\n{comment}\nH 0 0 0\n")).pbc;
    assert_eq!(pbc("Lattice=\"2 0 0 0 2 0 0 0 2\""), [true; 3]);
    assert_eq!(pbc(""), [false; 3]);
    assert_eq!(pbc("pbc=\"T F T\""), [true, false, true]);
    assert_eq!(pbc("pbc=[1, 0, 0]"), [true, false, false]);
    assert_eq!(pbc("Lattice=\"2 0 0 0 2 0 0 0 2\" pbc=F"), [false; 3]);
}

#[test]
fn plain_xyz_keeps_its_comment_and_ignores_further_words() {
    let frame = one("3\nA water molecule, really\nO 0 0 0 -0.8\n1 0 0 0.97 0.4 x\nX 1 2 3");
    assert_eq!(frame.numbers, [8, 1, 0]);
    assert_eq!(frame.info, [("comment".to_owned(), Value::Text("A water molecule, really".to_owned()))]);
    assert_eq!((frame.lattice, frame.columns.len()), (None, 0));
}

#[test]
fn atomic_numbers_permit_labels() {
    let frame = one("2\nProperties=species:S:1:Z:I:1:pos:R:3\nOW 8 0 0 0\nHW1 1 0 0 1\n");
    assert_eq!(frame.numbers, [8, 1]);
    assert!(frame.columns.is_empty());
}

#[test]
fn frames_come_in_order_from_any_number_of_threads() {
    let text = trajectory(20_000);
    assert!(text.len() > 4 << 20, "several chunks are needed");
    let (serial, error) = read(text.as_bytes());
    assert!(error.is_none());
    assert_eq!(steps(&serial), (0..20_000).collect::<Vec<_>>());
    assert!(serial.iter().enumerate().all(|(k, frame)| frame.n_atoms() == k % 7));
    for threads in [2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let reader = Reader::new(text.as_bytes(), Selection::all()).unwrap();
        let (parallel, _) = pool.install(|| drain(reader, Workers::new(threads, &|| false)));
        assert!(parallel == serial, "{threads} threads");
    }
}

#[test]
fn a_selection_is_a_slice() {
    let text = trajectory(5000);
    let pick = |start, stop, step| {
        let reader = Reader::new(text.as_bytes(), Selection { start, stop, step }).unwrap();
        steps(&drain(reader, Workers::serial()).0)
    };
    assert_eq!(pick(0, usize::MAX, 1000), [0, 1000, 2000, 3000, 4000]);
    assert_eq!(pick(7, 20, 5), [7, 12, 17]);
    assert_eq!(pick(4999, usize::MAX, 3), [4999]);
    assert_eq!(pick(6000, usize::MAX, 1), [0; 0]);
    assert_eq!(pick(3, 3, 1), [0; 0]);
}

#[test]
fn frames_larger_than_a_chunk() {
    let atoms = 40_000;
    let mut text = String::new();
    for _ in 0..3 {
        write!(text, "{atoms}\n\n").unwrap();
        (0..atoms).for_each(|i| writeln!(text, "H {i} 0.12345678 -0.5").unwrap());
    }
    let (frames, error) = read(text.as_bytes());
    assert!(error.is_none() && frames.len() == 3);
    assert_eq!(frames[2].positions[atoms - 1], [(atoms - 1) as f64, 0.123_456_78, -0.5]);
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn slow_and_compressed_streams_give_the_same() {
    let text = trajectory(300);
    let want = read(text.as_bytes()).0;
    let slow = Reader::new(Trickle(text.as_bytes(), 7), Selection::all()).unwrap();
    assert!(drain(slow, Workers::serial()).0 == want);
    let zipped = gzipped(text.as_bytes());
    assert!(read(&zipped).0 == want);
    // Files that were appended to have several members.
    let twice = [zipped.clone(), zipped.clone()].concat();
    assert_eq!(read(&twice).0.len(), 600);
    // A compressed file that is cut off is an error, after the frames that can be had.
    let (frames, error) = read(&zipped[..zipped.len() / 2]);
    assert!(!frames.is_empty() && frames == want[..frames.len()]);
    assert!(matches!(error, Some(Error::Io(_))), "{error:?}");
}

#[test]
fn frames_before_a_fault_are_delivered() {
    let text = trajectory(200).replace("step=150", "step=150 Properties=pos:R:3");
    for threads in [1, 2] {
        let reader = Reader::new(text.as_bytes(), Selection::all()).unwrap();
        let (frames, error) = drain(reader, Workers::new(threads, &|| false));
        assert_eq!(frames.len(), 150);
        assert!(matches!(error, Some(Error::Format { frame: 150, .. })), "{error:?}");
    }
}

#[test]
fn a_file_cut_anywhere_gives_whole_frames_and_says_so() {
    let text = trajectory(30);
    let whole = read(text.as_bytes()).0;
    for end in 1..text.len() {
        let (frames, error) = read(&text.as_bytes()[..end]);
        match error {
            // Cut between frames, or within the last number of a frame, which nobody can see.
            None => assert!(frames[..frames.len() - 1] == whole[..frames.len() - 1]),
            Some(Error::Truncated { frame, .. }) => assert!(frame == frames.len() && frames == whole[..frame]),
            // A comment line cut off is a frame without atoms at the end.
            Some(Error::Format { frame, .. }) => assert_eq!(frame % 7, 0, "{error:?} at {end}"),
            Some(other) => panic!("{other}"),
        }
    }
}

#[test]
fn messages_name_place_and_remedy() {
    let rows = "Properties=species:S:1:pos:R:3:n:I:1:ok:L:1\nH 0 0 0 1 T\n";
    let wrong = |row: &str| message(&format!("2\n{rows}{row}\n"));
    assert_eq!(message(""), "the file is empty, expected at least one frame");
    assert_eq!(message(" \n\n"), "the file is empty, expected at least one frame");
    assert_eq!(
        message("Si 0 0 0\n"),
        "frame 0, line 1: got 'Si 0 0 0', expected the number of atoms, the first line of an extended XYZ file"
    );
    assert_eq!(
        wrong("Qq 0 0 0 1 T"),
        "frame 0, line 4: got 'Qq' in column 1 (species), expected a chemical symbol (a column Z:I:1 of atomic numbers permits any label)"
    );
    assert_eq!(wrong("H 0 0 x 1 T"), "frame 0, line 4: got 'x' in column 4 (pos), expected a real number");
    assert_eq!(wrong("H 0 0 0 1.5 T"), "frame 0, line 4: got '1.5' in column 5 (n), expected a whole number");
    assert_eq!(wrong("H 0 0 0 1 1"), "frame 0, line 4: got '1' in column 6 (ok), expected T or F");
    let columns = "expected 6 columns (Properties=species:S:1:pos:R:3:n:I:1:ok:L:1)";
    assert_eq!(wrong("H 0 0 0 1"), format!("frame 0, line 4: got 5 columns in 'H 0 0 0 1', {columns}"));
    assert_eq!(wrong("H 0 0 0 1 T T"), format!("frame 0, line 4: got 7 columns in 'H 0 0 0 1 T T', {columns}"));
    assert_eq!(wrong(""), format!("frame 0, line 4: got 0 columns in '', {columns}"));
    assert!(message("1\n\nH 0 0 0\nH 1 1 1\n").contains("does the frame before have more rows than it says?"));
    assert!(message("2\n\nH 0 0 0\n").ends_with("it has 1 of 2 rows; the frames before it are whole"));
    assert!(message("1\n\nH 0 0").contains("its last row ends after 3 columns"));
    assert!(message("1\nLattice=\"1 2\"\nH 0 0 0\n").contains("expected nine numbers"));
    assert!(message("1\npbc=\"T F\" \nH 0 0 0\n").contains("three of T and F"));
    assert!(message("1\nProperties=species:S:1\nH\n").contains("pos:R:3 once"));
}

#[test]
fn a_huge_promise_reserves_nothing() {
    for text in [
        "18446744073709551615\n\nH 0 0 0\n",
        "9999999999\n",
        "1\nProperties=species:S:1:pos:R:3:a:R:9999999999999\nH 0 0 0\n",
    ] {
        assert!(read(text.as_bytes()).1.is_some());
    }
}

#[test]
fn counting_frames_parses_nothing() -> Result<()> {
    let path = std::env::temp_dir().join(format!("ecemc-io-count-{}.xyz", std::process::id()));
    std::fs::write(&path, trajectory(123) + "3\nH this is cut off")?;
    let counted = count_frames(&path, None, &Workers::serial());
    std::fs::remove_file(&path)?;
    assert_eq!(counted?, 123);
    assert!(matches!(count_frames(&std::env::temp_dir(), None, &Workers::serial()), Err(Error::Io(_))));
    Ok(())
}

#[test]
fn a_reader_can_be_interrupted() {
    let text = trajectory(3);
    let mut reader = Reader::new(text.as_bytes(), Selection::all()).unwrap();
    assert!(matches!(reader.next_frames(&Workers::new(1, &|| true)), Err(Error::Interrupted)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_give_frames_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (frames, error) = read(&bytes);
        prop_assert!(!frames.is_empty() || error.is_some());
    }

    #[test]
    fn text_of_the_right_alphabet(text in r#"[0-3 \t\nHC.=\[\]{}"'\\eTF:,-]{0,200}"#) {
        let (frames, error) = read(text.as_bytes());
        prop_assert!(!frames.is_empty() || error.is_some());
    }

    #[test]
    fn any_comment_line(comment in "[^\n]{0,80}", named: bool) {
        let head = if named { "Properties=species:S:1:pos:R:3 " } else { "" };
        let (frames, error) = read(format!("1\n{head}{comment}\nH 0 0 0\n").as_bytes());
        prop_assert!(frames.len() == 1 || error.is_some());
    }

    #[test]
    fn damaged_files(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6)) {
        let mut bytes = trajectory(12).into_bytes();
        for (index, byte, kind) in edits {
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        let (serial, fault) = read(&bytes);
        let reader = Reader::new(&bytes[..], Selection::all()).unwrap();
        let (parallel, same) = drain(reader, Workers::new(2, &|| false));
        // NaN may have come in, so compare what is printed.
        prop_assert_eq!(format!("{serial:?}{fault:?}"), format!("{parallel:?}{same:?}"));
    }
}
