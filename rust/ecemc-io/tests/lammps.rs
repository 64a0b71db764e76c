//! LAMMPS dumps through the reader: what the columns become, order, units, elements and messages.

mod common;

use std::fmt::Write as _;

use common::{drain, read};
use ecemc_core::Workers;
use ecemc_io::{ColumnData, Frame, Options, Reader, Types, Units, Value};

const BOX: &str = "pp pp pp\n-1 4\n0 6\n2 9";

/// A frame with these columns and rows.
fn text(columns: &str, rows: &str) -> String {
    let n = rows.lines().count();
    format!("ITEM: TIMESTEP\n7\nITEM: NUMBER OF ATOMS\n{n}\nITEM: BOX BOUNDS {BOX}\nITEM: ATOMS {columns}\n{rows}")
}

fn one(text: &str, options: Options) -> Frame {
    match read(text.as_bytes(), options) {
        (mut frames, None) if frames.len() == 1 => frames.remove(0),
        other => panic!("{text}: {other:?}"),
    }
}

fn plain(columns: &str, rows: &str) -> Frame {
    one(&text(columns, rows), Options::default())
}

fn message(text: &str, options: Options) -> String {
    read(text.as_bytes(), options).1.expect("an error").to_string()
}

fn types() -> Options {
    Options { types: Some(Types::new([("1", "C"), ("2", "H")]).unwrap()), ..Options::default() }
}

fn real() -> Options {
    Options { units: Some(Units::Real), ..Options::default() }
}

#[test]
fn atoms_are_sorted_and_everything_goes_along() {
    let frame = plain(
        "mol type id element fz fy fx z y x q mass ix c_e note i_n d_r",
        "1 9 30 H 3 2 1 6 5 4 .5 1.008 -1 1e3 late 7 1\n2 8 4 C 30 20 10 60 50 40 -.5 12.011 0 0 early 8 2\n",
    );
    assert_eq!(frame.numbers, [6, 1]);
    assert_eq!(frame.positions, [[40.0, 50.0, 60.0], [4.0, 5.0, 6.0]]);
    assert_eq!((frame.lattice.unwrap()[2], frame.pbc), ([0.0, 0.0, 7.0], [true; 3]));
    let column = |name: &str| frame.column(name).unwrap_or_else(|| panic!("{name}")).data.clone();
    assert_eq!(column("forces"), ColumnData::Real(vec![10.0, 20.0, 30.0, 1.0, 2.0, 3.0]));
    assert_eq!(frame.column("forces").unwrap().width, 3);
    for (name, values) in [("id", [4, 30]), ("mol", [2, 1]), ("type", [8, 9]), ("ix", [0, -1]), ("i_n", [8, 7])] {
        assert_eq!(column(name), ColumnData::Int(values.to_vec()), "{name}");
    }
    for (name, values) in
        [("initial_charges", [-0.5, 0.5]), ("masses", [12.011, 1.008]), ("c_e", [0.0, 1e3]), ("d_r", [2.0, 1.0])]
    {
        assert_eq!(column(name), ColumnData::Real(values.to_vec()), "{name}");
    }
    let ColumnData::Text(notes) = column("note") else { panic!() };
    assert_eq!(notes.iter().collect::<Vec<_>>(), ["early", "late"]);
    assert_eq!(frame.columns.len(), 11);
    assert_eq!(frame.info("step"), Some(&Value::Int(7)));
    assert_eq!(frame.info("Origin").unwrap().reals(), Some(vec![-1.0, 0.0, 2.0]));
    assert_eq!(frame.velocities, None);
}

#[test]
fn without_ids_the_order_is_that_of_the_file() {
    assert_eq!(plain("element x y z", "O 0 0 0\nH 1 0 0\nO 2 0 0\n").numbers, [8, 1, 8]);
}

#[test]
fn every_notation_of_coordinates_gives_the_same() {
    let want = [[-1.0, 3.0, 9.0]];
    for (columns, row) in [
        ("element x y z", "O -1 3 9\n"),
        ("element xu yu zu", "O -1 3 9\n"),
        ("element xs ys zs", "O 0 .5 1\n"),
        ("element zsu xsu ysu", "O 1.0 0 0.5\n"),
        ("x y z element", "-1 3.0 9 O\n"),
        ("xs ys zs element x y z", "99 99 99 O -1 3 9\n"),
    ] {
        assert_eq!(plain(columns, row).positions, want, "{columns}");
    }
    let both = plain("element xu yu zu x y z", "O 1 2 3 -1 3 9\n");
    assert_eq!(both.positions, want);
    assert_eq!(both.column("zu").unwrap().data, ColumnData::Real(vec![3.0]));
    let tilted = text("element xs ys zs", "O .5 .5 .5\n").replace(BOX, "xy xz yz pp pp pp\n-2 6 -1\n1 9 1\n3 10 2");
    assert_eq!(one(&tilted, Options::default()).positions, [[2.0, 5.0, 6.5]]);
}

#[test]
fn units_are_converted() {
    let text = format!("ITEM: TIME\n1.5\n{}", text("element x y z vx vy vz fx fy fz", "O 1 2 3 1 -2 0 1 0 -2\n"));
    let numbers = |options: Options| {
        let frame = one(&text, options);
        let ColumnData::Real(forces) = &frame.column("forces").unwrap().data else { panic!() };
        (frame.positions[0], frame.velocities.as_ref().unwrap()[0], forces.clone(), frame.info[1].1.clone())
    };
    let metal = numbers(Options::default());
    assert_eq!(metal, ([1.0, 2.0, 3.0], [0.001, -0.002, 0.0], vec![1.0, 0.0, -2.0], Value::Real(1500.0)));
    let (_, velocity, forces, time) = numbers(real());
    assert_eq!((velocity, time), ([1.0, -2.0, 0.0], Value::Real(1.5)));
    // 1 kcal/mol = 4184 J / (96485.332 C/mol): the Faraday constant as a second witness.
    assert!((forces[0] - 4184.0 / 96_485.332_12).abs() / forces[0] < 1e-10 && forces[2] == -2.0 * forces[0]);
}

#[test]
fn assumed_units_are_told_where_they_matter() {
    let assumed = |text: &str, options: Options| {
        let mut reader = Reader::new(text.as_bytes(), options).unwrap();
        while reader.next_frames(&Workers::serial()).unwrap().is_some() {}
        reader.assumed_units()
    };
    let positions = text("element x y z", "O 0 0 0\n");
    let velocities = text("element x y z vx vy vz", "O 0 0 0 1 1 1\n");
    assert_eq!(assumed(&positions, Options::default()), None);
    assert_eq!(assumed(&velocities, Options::default()), Some(Units::Metal));
    assert_eq!(assumed(&velocities, real()), None);
    assert_eq!(assumed(&format!("ITEM: UNITS\nmetal\n{velocities}"), Options::default()), None);
    assert_eq!(assumed(&format!("ITEM: TIME\n1\n{positions}"), Options::default()), Some(Units::Metal));
    assert_eq!(assumed("1\nenergy=1\nO 0 0 0\n", Options::default()), None);
}

#[test]
fn elements_from_types_before_columns_before_masses() {
    let numbers = |columns: &str, row: &str, options: Options| one(&text(columns, row), options).numbers[0];
    assert_eq!(numbers("type x y z", "2 0 0 0\n", types()), 1);
    assert_eq!(numbers("type element x y z", "1 ?? 0 0 0\n", types()), 6);
    assert_eq!(numbers("type element mass x y z", "1 O 12.0 0 0 0\n", Options::default()), 8);
    assert_eq!(numbers("type mass x y z", "1 15.9994 0 0 0\n", Options::default()), 8);
    assert_eq!(numbers("type x y z", "Li 0 0 0\n", Options::default()), 3);
    let labels = Types::new([("os", "O")]).unwrap();
    assert_eq!(numbers("type x y z", "os 0 0 0\n", Options { types: Some(labels), ..Options::default() }), 8);
}

#[test]
fn frames_may_differ_in_atoms_columns_and_cell() {
    let mut file = String::new();
    for k in 0..3000 {
        let rows: String = (0..k % 5).fold(String::new(), |mut rows, i| {
            writeln!(rows, "{} {} {k}.5 0.25 {i}", 9 - i, ["H", "Cl"][i % 2]).unwrap();
            rows
        });
        let columns = ["id element x y z", "id element xs ys zs"][k % 2];
        file += &text(columns, &rows)
            .replace("STEP\n7", &format!("STEP\n{}", 10 * k))
            .replace("0 6", &format!("0 {}", k + 1));
    }
    let (frames, error) = read(file.as_bytes(), Options::default());
    assert!(error.is_none() && frames.len() == 3000);
    for (k, frame) in frames.iter().enumerate() {
        assert_eq!((frame.n_atoms(), frame.lattice.unwrap()[1][1]), (k % 5, k as f64 + 1.0));
        assert_eq!(frame.info("step"), Some(&Value::Int(10 * k as i64)));
        let x = [k as f64 + 0.5, -1.0 + 5.0 * (k as f64 + 0.5)][k % 2];
        assert!(frame.positions.iter().all(|r| r[0] == x));
    }
    for threads in [2, 3] {
        let reader = Reader::new(file.as_bytes(), Options::default()).unwrap();
        assert!(drain(reader, Workers::new(threads, &|| false)).0 == frames);
    }
}

#[test]
fn not_a_number_is_a_number() {
    let frame = plain("element x y z fx fy fz", "O nan 0 inf -nan 1 2\n");
    assert!(frame.positions[0][0].is_nan() && frame.positions[0][2] == f64::INFINITY);
}

#[test]
fn messages_about_types() {
    let wrong = |columns: &str, row: &str| message(&text(columns, row), types());
    assert_eq!(
        wrong("id type x y z", "1 1 0 0 0\n2 3 0 0 0\n"),
        "frame 0, line 11: got type 3, expected one of the types given (1: C, 2: H)"
    );
    assert_eq!(
        wrong("id x y z", "1 0 0 0\n"),
        "frame 0, line 9: got 'ITEM: ATOMS id x y z', expected a column type, since types are given"
    );
    let huge = "1 1 0 0 0\n".replace("1 1", "99999999999999999999 1");
    assert!(
        wrong("id type x y z", &huge).contains("got '99999999999999999999' in column 1 (id), expected a whole number")
    );
}
