//! What the writer writes is what the reader reads.

use ecemc_core::Workers;
use ecemc_io::{
    Array, Column, ColumnData, Frame, Momenta, Reader, Selection, TextColumn, Value, atomic_number, write_extxyz,
};
use proptest::prelude::*;

const NO_MOMENTA: Momenta<'static> = Momenta { masses: &[], unit: 1.0 };

fn written(frame: &Frame) -> String {
    let mut text = Vec::new();
    write_extxyz(frame, &NO_MOMENTA, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn read(text: &str) -> Vec<Frame> {
    let mut reader = Reader::new(text.as_bytes(), Selection::all()).unwrap();
    let mut frames = Vec::new();
    while let Some(more) = reader.next_frames(&Workers::serial()).unwrap() {
        frames.extend(more);
    }
    frames
}

fn helium(info: Vec<(String, Value)>) -> Frame {
    Frame { numbers: vec![2], positions: vec![[0.0; 3]], info, ..Frame::default() }
}

fn real() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("NaN equals nothing", |x| !x.is_nan()),
        -1.0e3..1.0e3,
        Just(f64::INFINITY),
        Just(0.0),
        Just(-1.0e16)
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        real().prop_map(Value::Real),
        "[a-z][a-z =\"'\\\\{}\\[\\],]{0,8}[a-z]z".prop_map(Value::Text),
        prop::collection::vec(real(), 2..10).prop_map(|v| Value::RealArray(Array::vector(v))),
        prop::collection::vec(any::<i64>(), 2..10).prop_map(|v| Value::IntArray(Array::vector(v))),
        prop::collection::vec(any::<bool>(), 2..10).prop_map(|v| Value::BoolArray(Array::vector(v))),
    ]
}

fn column(n: usize) -> impl Strategy<Value = ColumnData> {
    prop_oneof![
        prop::collection::vec(real(), 2 * n).prop_map(ColumnData::Real),
        prop::collection::vec(any::<i64>(), 2 * n).prop_map(ColumnData::Int),
        prop::collection::vec(any::<bool>(), 2 * n).prop_map(ColumnData::Bool),
        prop::collection::vec("[a-zA-Z0-9é,]{1,4}", 2 * n).prop_map(|texts| {
            let mut column = TextColumn::default();
            for text in &texts {
                column.push(text);
            }
            ColumnData::Text(column)
        }),
    ]
}

prop_compose! {
    fn frame()(n in 1_usize..5)(
        numbers in prop::collection::vec(0_u8..119, n),
        positions in prop::collection::vec(prop::array::uniform3(real()), n),
        lattice in prop::option::of(prop::array::uniform3(prop::array::uniform3(real()))),
        pbc in any::<[bool; 3]>(),
        data in prop::option::of(column(n)),
        info in prop::collection::btree_map("k[a-z _=\"é]{0,6}", value(), 0..5),
    ) -> Frame {
        let columns = data.into_iter().map(|data| Column { name: "extra".into(), width: 2, data }).collect();
        Frame { numbers, positions, lattice, pbc, velocities: None, columns, info: info.into_iter().collect() }
    }
}

proptest! {
    #[test]
    fn frames_come_back_bit_by_bit(frames in prop::collection::vec(frame(), 1..4)) {
        let text: String = frames.iter().map(written).collect();
        prop_assert_eq!(read(&text), frames, "{}", text);
    }
}

#[test]
fn what_has_no_form_of_its_own_becomes_json() {
    let arrays = [
        ("one", Value::RealArray(Array::vector(vec![1.5])), "_JSON [1.5]"),
        ("table", Value::IntArray(Array::matrix(vec![1, 2, 3, 4], 2)), "_JSON [[1, 2], [3, 4]]"),
        ("gaps", Value::RealArray(Array::matrix(vec![f64::NAN, f64::INFINITY], 2)), "_JSON [[NaN, Infinity]]"),
        ("names", Value::TextArray(Array::vector(vec!["a \"b\"".into()])), "_JSON [\"a \\\"b\\\"\"]"),
        (
            "virial",
            Value::RealArray(Array::vector(vec![1.0; 9])),
            "_JSON [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]",
        ),
        ("number", Value::Text("12".into()), "_JSON \"12\""),
        ("empty", Value::Text(String::new()), "_JSON \"\""),
        ("lines", Value::Text("a\nb".into()), "_JSON \"a\\u000ab\""),
    ];
    for (key, value, json) in arrays {
        let frames = read(&written(&helium(vec![(key.into(), value)])));
        assert_eq!(frames[0].info, [(key.into(), Value::Text(json.into()))]);
    }
}

#[test]
fn virials_keep_their_rows() {
    let virial = Value::RealArray(Array::matrix((1..=9).map(f64::from).collect(), 3));
    let frame = helium(vec![("virial".into(), virial)]);
    let text = written(&frame);
    assert!(text.contains("virial=\"1.0 4.0 7.0 2.0 5.0 8.0 3.0 6.0 9.0\""), "{text}");
    assert_eq!(read(&text), [frame]);
}

#[test]
fn velocities_become_momenta() {
    let mut frame = helium(Vec::new());
    frame.velocities = Some(vec![[1.0, -2.0, 0.5]]);
    let mut masses = vec![0.0; 119];
    masses[usize::from(atomic_number(b"He").unwrap())] = 4.0;
    let momenta = Momenta { masses: &masses, unit: 10.0 };
    let text = |frame: &Frame| {
        let mut text = Vec::new();
        write_extxyz(frame, &momenta, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert!(text(&frame).ends_with(":momenta:R:3 pbc=\"F F F\"\nHe 0.0 0.0 0.0 40.0 -80.0 20.0\n"), "{}", text(&frame));
    frame.columns = vec![Column { name: "masses".into(), width: 1, data: ColumnData::Real(vec![1.0]) }];
    assert!(text(&frame).ends_with(" 1.0 10.0 -20.0 5.0\n"));
}

#[test]
fn names_and_texts_without_a_place_are_refused() {
    let column = |name: &str, text: &str| {
        let mut texts = TextColumn::default();
        texts.push(text);
        let columns = vec![Column { name: name.into(), width: 1, data: ColumnData::Text(texts) }];
        Frame { columns, ..helium(Vec::new()) }
    };
    let wrong = [
        (helium(vec![("Lattice".into(), Value::Int(1))]), "info: got \"Lattice\""),
        (helium(vec![(String::new(), Value::Int(1))]), "info: got \"\""),
        (column("a:b", "x"), "column: got \"a:b\""),
        (column("label", ""), "column label: got \"\""),
        (column("label", "a b"), "column label: got \"a b\""),
    ];
    for (frame, message) in wrong {
        let said = write_extxyz(&frame, &NO_MOMENTA, &mut Vec::new()).unwrap_err().to_string();
        assert!(said.starts_with(message), "{said}");
    }
}
