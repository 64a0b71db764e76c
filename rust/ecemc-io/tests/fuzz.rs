//! Bytes of any kind, and files of the corpus damaged at random: frames or an error, never a panic, never without end.

mod common;

use std::path::PathBuf;

use common::{Outcome, Trickle, drain, printed, read};
use ecemc_core::Workers;
use ecemc_io::{Format, Incomplete, Options, Reader, Selection, Types, Units};
use proptest::prelude::*;
use proptest::sample::Index;

/// The files of the corpus that are small.
fn corpus() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files: Vec<_> =
        paths.iter().map(|path| std::fs::read(path).unwrap()).filter(|file| file.len() < 5000).collect();
    assert!(files.len() > 50);
    files
}

/// One piece of a file that is damaged: bytes set, inserted, removed, doubled, lines swapped, or another file's end.
fn damage(bytes: &mut Vec<u8>, kind: u8, at: Index, to: Index, byte: u8, other: &[u8]) {
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
        4 => bytes.splice(from.., other[to.min(other.len())..].iter().copied()).for_each(drop),
        _ => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
            let n = lines.len();
            lines.swap(at.index(n), range.end % n);
            *bytes = lines.concat();
        }
    }
}

/// Reads in several ways, all of which must agree.
fn check(bytes: &[u8], options: &Options) -> Result<(), TestCaseError> {
    let serial = read(bytes, options.clone());
    prop_assert!(!serial.0.is_empty() || serial.1.is_some() || options.incomplete == Incomplete::Stop);
    for frame in &serial.0 {
        let n = frame.n_atoms();
        prop_assert!(frame.positions.len() == n && frame.velocities.as_ref().is_none_or(|rows| rows.len() == n));
    }
    // How much comes out of a damaged archive before the damage is noticed depends on how it is read.
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(());
    }
    let Ok(reader) = Reader::new(bytes, options.clone()) else { return Ok(()) };
    same(&drain(reader, Workers::new(2, &|| false)), &serial)?;
    let reader = Reader::new(Trickle(bytes, 11), options.clone()).unwrap();
    same(&drain(reader, Workers::serial()), &serial)
}

fn same(got: &Outcome, want: &Outcome) -> Result<(), TestCaseError> {
    prop_assert!(
        printed(got) == printed(want),
        "{} and {} frames, {:?}, {:?}",
        got.0.len(),
        want.0.len(),
        got.1,
        want.1
    );
    Ok(())
}

fn options() -> impl Strategy<Value = Options> {
    let types = Types::new([("1", "C"), ("2", "H"), ("os", "O")]).unwrap();
    let units = prop_oneof![Just(None), Just(Some(Units::Metal)), Just(Some(Units::Real))];
    let format = prop_oneof![3 => Just(None), 1 => Just(Some(Format::LammpsDump)), 1 => Just(Some(Format::Extxyz))];
    let incomplete = prop_oneof![Just(Incomplete::Error), Just(Incomplete::Stop)];
    (format, proptest::option::of(Just(types)), units, incomplete).prop_map(|(format, types, units, incomplete)| {
        Options { format, types, units, incomplete, ..Selection::all().into() }
    })
}

/// As many cases as are wanted by `PROPTEST_CASES`, for long runs.
fn cases(n: u32) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig::with_cases(wanted.unwrap_or(n))
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300), options in options()) {
        check(&bytes, &options)?;
    }

    #[test]
    fn words_of_a_dump(words in proptest::collection::vec(prop_oneof![
        Just("ITEM:"), Just("TIMESTEP"), Just("NUMBER OF ATOMS"), Just("BOX BOUNDS"), Just("ATOMS"), Just("UNITS"),
        Just("TIME"), Just("pp"), Just("xy xz yz"), Just("abc origin"), Just("id"), Just("type"), Just("element"),
        Just("x y z"), Just("xs"), Just("vx vy vz"), Just("mass"), Just("\n"), Just("\r\n"), Just("0 1\n0 1\n0 1\n"),
        Just("1"), Just("2"), Just("0"), Just("C"), Just("12.011"), Just("-1.5e3"), Just("nan"), Just("metal"),
        Just("ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\nITEM: ATOMS "),
    ], 0..60), options in options()) {
        check(words.join(" ").replace("\n ", "\n").as_bytes(), &options)?;
    }

    #[test]
    fn damaged_files_of_the_corpus(
        (file, other) in any::<(Index, Index)>(),
        edits in proptest::collection::vec((0..6_u8, any::<Index>(), any::<Index>(), any::<u8>()), 1..8),
        options in options(),
    ) {
        let files = corpus();
        let mut bytes = file.get(&files).clone();
        for (kind, at, to, byte) in edits {
            damage(&mut bytes, kind, at, to, byte, &files[other.index(files.len())]);
        }
        bytes.truncate(20_000);
        check(&bytes, &options)?;
    }
}

/// A frame that promises absurdly many atoms must not make the reader read on and on to the end of a large file.
#[test]
fn absurd_numbers_of_atoms_are_found_out_early() {
    struct Endless<'a> {
        text: &'a [u8],
        again: usize,
        at: usize,
        read: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    }
    impl std::io::Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.at == self.text.len() {
                self.at = self.again;
            }
            let n = buffer.len().min(self.text.len() - self.at);
            buffer[..n].copy_from_slice(&self.text[self.at..self.at + n]);
            self.at += n;
            self.read.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
            Ok(n)
        }
    }
    let dump = |n: &str| {
        format!(
            "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{n}\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\nITEM: ATOMS element x y z\n"
        )
    };
    let rows = "H 0.5 0.5 0.5\n".repeat(20_000);
    for (absurd, usual) in
        [(dump("18000000000000000000"), dump("20000")), ("18000000000000000000\n\n".into(), "20000\n\n".into())]
    {
        let text = format!("{usual}{rows}{absurd}{rows}{usual}{rows}");
        let read = std::sync::Arc::default();
        let again = text.len() - usual.len() - rows.len();
        let stream = Endless { text: text.as_bytes(), again, at: 0, read: std::sync::Arc::clone(&read) };
        let (frames, error) = drain(Reader::new(stream, Options::default()).unwrap(), Workers::serial());
        assert_eq!(frames.len(), 1);
        assert!(matches!(error, Some(ecemc_io::Error::Format { frame: 1, .. })), "{error:?}");
        assert!(read.load(std::sync::atomic::Ordering::Relaxed) < 200 << 20);
    }
}
