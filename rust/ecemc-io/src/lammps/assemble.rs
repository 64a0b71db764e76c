//! From what stands in the file to a [`Frame`] in Å, eV and fs.

use super::Meaning;
use super::columns::{COORDINATES, FORCE, VELOCITY};
use super::domain::Domain;
use super::header::{Header, Misplaced};
use super::order::by_id;
use super::rows::{Data, Table};
use super::types::{REMEDY, Types, element_of_mass};
use super::{Units, known_units};
use crate::elements::atomic_number;
use crate::error::Fault;
use crate::frame::{Array, Column, ColumnData, Frame, TextColumn, Value};
use crate::number::{parse_int, parse_real};

/// Columns that have another name in ASE.
const RENAMED: [(&str, &str); 2] = [("q", "initial_charges"), ("mass", "masses")];

/// `step`, `time` in fs if the file gives it, and `Origin` if the box does not start at zero.
pub(super) fn info(header: &Header, domain: &Domain, units: Units) -> Result<Vec<(String, Value)>, Misplaced> {
    let expected = || header.step.fault("the time step, a whole number");
    let mut info = vec![("step".to_owned(), Value::Int(parse_int(header.step.text).ok_or_else(expected)?))];
    if let Some(line) = &header.units {
        let expected = format!("{}, the units of the frames before (given, named or assumed)", units.name());
        known_units(line.text).filter(|&named| named == units).ok_or_else(|| line.fault(expected))?;
    }
    if let Some(line) = &header.time {
        let time = parse_real(line.text).ok_or_else(|| line.fault("the time, a real number"))?;
        info.push(("time".to_owned(), Value::Real(time * units.time())));
    }
    if domain.origin != [0.0; 3] {
        info.push(("Origin".to_owned(), Value::RealArray(Array::vector(domain.origin.to_vec()))));
    }
    Ok(info)
}

/// Atomic numbers: from the types if the caller names them, else from the first of the columns `element`, `mass` and `type`
/// (with labels that are symbols) that is there.
pub(super) fn numbers(table: &mut Table, header: &Header, meaning: &Meaning) -> Result<Vec<u8>, Misplaced> {
    let in_row = |(row, fault)| (header.lines + row, fault);
    if let Some(types) = &meaning.types {
        let found = match table.get("type") {
            Some(Data::Int(values)) => by_number(values, types),
            Some(Data::Text(labels)) => by_label(labels, types),
            _ => return Err(header.columns.fault("a column type, since types are given")),
        };
        table.take("element");
        return found.map_err(in_row);
    }
    if let Some(Data::Element(numbers)) = table.take("element") {
        return Ok(numbers);
    }
    match (table.get("mass"), table.get("type")) {
        (Some(Data::Real(masses)), _) => by_mass(masses).map_err(in_row),
        (_, Some(Data::Text(labels))) => by_label(labels, &Types::default()).map_err(in_row),
        _ => Err(header.columns.fault(format!("a column element or mass, or else {REMEDY}"))),
    }
}

type InRow<T> = Result<T, (usize, Fault)>;

fn by_number(values: &[i64], types: &Types) -> InRow<Vec<u8>> {
    let unknown =
        |row, k| (row, Fault::new(format!("type {k}"), format!("one of the types given ({})", types.names())));
    values.iter().enumerate().map(|(row, &k)| types.of_number(k).ok_or_else(|| unknown(row, k))).collect()
}

fn by_label(labels: &TextColumn, types: &Types) -> InRow<Vec<u8>> {
    let element = |label: &str| types.of_label(label).or_else(|| atomic_number(label.as_bytes()));
    let unknown = |row, label: &str| {
        let expected = format!("a chemical symbol, or else {REMEDY}");
        (row, Fault::new(format!("type {}", crate::error::excerpt(label.as_bytes())), expected))
    };
    labels.iter().enumerate().map(|(row, label)| element(label).ok_or_else(|| unknown(row, label))).collect()
}

fn by_mass(masses: &[f64]) -> InRow<Vec<u8>> {
    let mut known: Vec<(f64, u8)> = Vec::new();
    let mut numbers = Vec::with_capacity(masses.len());
    for (row, &mass) in masses.iter().enumerate() {
        let seen = known.iter().find(|(m, _)| *m == mass).map(|(_, z)| *z);
        let z = seen.or_else(|| element_of_mass(mass)).ok_or_else(|| {
            let expected = format!("a mass that is within 0.1 amu of exactly one element's, or else {REMEDY}");
            (row, Fault::new(format!("mass {mass}"), expected))
        })?;
        if seen.is_none() && known.len() < 32 {
            known.push((mass, z));
        }
        numbers.push(z);
    }
    Ok(numbers)
}

/// The rows in the order of their ids, where there are ids and they are in another.
pub(super) fn order(table: &Table, header: &Header) -> Result<Option<Vec<u32>>, Misplaced> {
    let Some(Data::Int(ids)) = table.get("id") else { return Ok(None) };
    by_id(ids).map_err(|row| {
        (header.lines + row, Fault::new(format!("id {} a second time", ids[row]), "each atom once in a frame"))
    })
}

/// Everything in its place and in our units.
pub(super) fn frame(
    numbers: Vec<u8>,
    mut table: Table,
    domain: &Domain,
    info: Vec<(String, Value)>,
    units: Units,
) -> Frame {
    let coordinates = COORDINATES.iter().find_map(|(names, scaled)| Some((table.take_vectors(names)?, *scaled)));
    let (mut positions, scaled) = coordinates.unwrap_or_default();
    if scaled {
        for r in &mut positions {
            *r = domain.unscaled(*r);
        }
    }
    let mut velocities = table.take_vectors(&VELOCITY);
    for v in velocities.iter_mut().flatten() {
        *v = v.map(|x| x / units.time());
    }
    let mut columns = Vec::with_capacity(table.columns.len() + 1);
    if let Some(mut forces) = table.take_vectors(&FORCE) {
        for f in &mut forces {
            *f = f.map(|x| x * units.force());
        }
        columns.push(Column { name: "forces".into(), width: 3, data: ColumnData::Real(forces.into_flattened()) });
    }
    for (name, data) in table.columns {
        columns.extend(separate(name, data));
    }
    Frame { numbers, positions, lattice: Some(domain.lattice), pbc: domain.pbc, velocities, columns, info }
}

/// Columns under their own names; coordinates in a second notation are three of them.
fn separate(name: String, data: Data) -> Vec<Column> {
    let Data::Vector(vectors) = data else {
        let name = RENAMED.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| (*new).to_owned());
        return vec![Column { name, width: 1, data: data.into_column() }];
    };
    let names = COORDINATES.iter().map(|(names, _)| names).find(|names| names[0] == name);
    let part = |k: usize| vectors.iter().map(|v| v[k]).collect();
    let column =
        |(k, name): (usize, &&str)| Column { name: (*name).to_owned(), width: 1, data: ColumnData::Real(part(k)) };
    names.into_iter().flatten().enumerate().map(column).collect()
}
