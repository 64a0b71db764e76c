//! A frame as a Python dictionary of arrays, and back.

use ecemc_io::{Array, Column, ColumnData, Frame, TextColumn, Value};
use numpy::{
    Element, PyArray1, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn,
    PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::arrays::{array1, array2, elements, rows};
use crate::errors::InputError;

/// Numbers, positions, lattice (or None), pbc, velocities (Å/fs, or None), columns, info.
pub fn record<'py>(py: Python<'py>, frame: &Frame) -> PyResult<Bound<'py, PyDict>> {
    let record = PyDict::new(py);
    record.set_item("numbers", array1(py, frame.numbers.clone()))?;
    record.set_item("positions", array2(py, frame.positions.clone())?)?;
    record.set_item("lattice", frame.lattice.map(|rows| array2(py, rows.to_vec())).transpose()?)?;
    record.set_item("pbc", frame.pbc)?;
    record.set_item("velocities", frame.velocities.as_ref().map(|rows| array2(py, rows.clone())).transpose()?)?;
    let columns = PyDict::new(py);
    for column in &frame.columns {
        columns.set_item(&column.name, column_array(py, column)?)?;
    }
    record.set_item("columns", columns)?;
    let info = PyDict::new(py);
    for (key, value) in &frame.info {
        info.set_item(key, value_object(py, value)?)?;
    }
    record.set_item("info", info)?;
    Ok(record)
}

/// The frame of a record; columns and info that are neither numbers nor texts are left out.
pub fn frame(record: &Bound<'_, PyDict>) -> PyResult<Frame> {
    let get = |key: &str| record.get_item(key)?.ok_or_else(|| PyKeyError::new_err(key.to_owned()));
    let positions: PyReadonlyArray2<'_, f64> = get("positions")?.extract()?;
    let positions = rows(&positions, "positions")?.to_vec();
    let n = positions.len();
    let numbers: PyReadonlyArray1<'_, u8> = get("numbers")?.extract()?;
    let numbers = elements(&numbers, "numbers", Some(n))?.to_vec();
    let velocities: Option<PyReadonlyArray2<'_, f64>> = get("velocities")?.extract()?;
    let velocities = velocities.map(|v| Ok::<_, PyErr>(rows(&v, "velocities")?.to_vec())).transpose()?;
    if velocities.as_ref().is_some_and(|v| v.len() != n) {
        return Err(InputError::new_err(format!("velocities: got another number of rows, expected {n}, one per atom")));
    }
    let (mut columns, mut info) = (Vec::new(), Vec::new());
    for (name, value) in get("columns")?.cast_into::<PyDict>()? {
        let name: String = name.extract()?;
        columns.extend(column(name, &value, n)?);
    }
    for (key, value) in get("info")?.cast_into::<PyDict>()? {
        let Ok(key) = key.extract() else { continue };
        info.extend(info_value(&value)?.map(|value| (key, value)));
    }
    let (lattice, pbc) = (get("lattice")?.extract()?, get("pbc")?.extract()?);
    Ok(Frame { numbers, positions, lattice, pbc, velocities, columns, info })
}

/// (n,) or (n, width): an array, or a list of texts.
fn column_array<'py>(py: Python<'py>, column: &Column) -> PyResult<Bound<'py, PyAny>> {
    let width = (column.width > 1).then_some(column.width);
    match &column.data {
        ColumnData::Real(values) => shaped(py, values, width),
        ColumnData::Int(values) => shaped(py, values, width),
        ColumnData::Bool(values) => shaped(py, values, width),
        ColumnData::Text(texts) => nested(py, &texts.iter().collect::<Vec<_>>(), width),
    }
}

fn value_object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    fn array<'py, T: Element + Clone>(py: Python<'py>, array: &Array<T>) -> PyResult<Bound<'py, PyAny>> {
        shaped(py, &array.values, array.columns)
    }
    Ok(match value {
        Value::Bool(flag) => flag.into_pyobject(py)?.to_owned().into_any(),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::Real(number) => number.into_pyobject(py)?.into_any(),
        Value::Text(text) => text.into_pyobject(py)?.into_any(),
        Value::BoolArray(values) => array(py, values)?,
        Value::IntArray(values) => array(py, values)?,
        Value::RealArray(values) => array(py, values)?,
        Value::TextArray(texts) => {
            nested(py, &texts.values.iter().map(String::as_str).collect::<Vec<_>>(), texts.columns)?
        }
    })
}

fn shaped<'py, T: Element + Clone>(
    py: Python<'py>,
    values: &[T],
    columns: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let flat = PyArray1::from_vec(py, values.to_vec());
    Ok(match columns {
        Some(columns) => flat.reshape([values.len() / columns.max(1), columns])?.into_any(),
        None => flat.into_any(),
    })
}

fn nested<'py>(py: Python<'py>, texts: &[&str], columns: Option<usize>) -> PyResult<Bound<'py, PyAny>> {
    match columns {
        None => Ok(PyList::new(py, texts)?.into_any()),
        Some(columns) => Ok(PyList::new(py, texts.chunks(columns.max(1)))?.into_any()),
    }
}

/// Numbers or texts of up to two dimensions.
enum Values {
    Real(Vec<f64>),
    Int(Vec<i64>),
    Bool(Vec<bool>),
    Text(Vec<String>),
}

/// The values in reading order and the shape of whatever NumPy makes an array of numbers or texts of; none of other things.
fn values(object: &Bound<'_, PyAny>) -> PyResult<Option<(Values, Vec<usize>)>> {
    if !(object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() || object.hasattr("dtype")?) {
        return Ok(None);
    }
    // Rows of different lengths are no array.
    let Ok(object) = object.py().import("numpy")?.call_method1("asarray", (object,)) else { return Ok(None) };
    let array = object.cast::<PyUntypedArray>()?;
    let shape = array.shape().to_vec();
    if shape.len() > 2 {
        return Ok(None);
    }
    let found = match array.dtype().kind() {
        b'f' => Values::Real(converted(&object, "float64")?),
        b'i' | b'u' => Values::Int(converted(&object, "int64")?),
        b'b' => Values::Bool(converted(&object, "bool")?),
        b'U' => Values::Text(object.call_method0("ravel")?.call_method0("tolist")?.extract()?),
        _ => return Ok(None),
    };
    Ok(Some((found, shape)))
}

fn converted<T: Element + Copy>(array: &Bound<'_, PyAny>, dtype: &str) -> PyResult<Vec<T>> {
    let array: PyReadonlyArrayDyn<'_, T> = array.call_method1("astype", (dtype, "C"))?.extract()?;
    Ok(array.as_slice()?.to_vec())
}

/// A column; one of another length is an error, since the arrays of a frame belong together.
fn column(name: String, object: &Bound<'_, PyAny>, n: usize) -> PyResult<Option<Column>> {
    let Some((values, shape)) = values(object)? else { return Ok(None) };
    if shape.first() != Some(&n) {
        return Err(InputError::new_err(format!("{name}: got an array of shape {shape:?}, expected {n} rows")));
    }
    let width = shape.get(1).copied().unwrap_or(1);
    let data = match values {
        Values::Real(values) => ColumnData::Real(values),
        Values::Int(values) => ColumnData::Int(values),
        Values::Bool(values) => ColumnData::Bool(values),
        Values::Text(texts) => {
            let mut column = TextColumn::default();
            for text in &texts {
                column.push(text);
            }
            ColumnData::Text(column)
        }
    };
    Ok((width > 0).then_some(Column { name, width, data }))
}

fn info_value(object: &Bound<'_, PyAny>) -> PyResult<Option<Value>> {
    if object.is_instance_of::<PyBool>() {
        return Ok(Some(Value::Bool(object.extract()?)));
    }
    if object.is_instance_of::<PyString>() {
        return Ok(object.extract().ok().map(Value::Text));
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(Some(Value::Real(object.extract()?)));
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(object.extract().ok().map(Value::Int)); // none beyond 64 bits
    }
    let Some((values, shape)) = values(object)? else { return Ok(None) };
    let columns = shape.get(1).copied();
    Ok(Some(match (values, shape.is_empty()) {
        (Values::Real(values), true) => Value::Real(values[0]),
        (Values::Int(values), true) => Value::Int(values[0]),
        (Values::Bool(values), true) => Value::Bool(values[0]),
        (Values::Text(mut texts), true) => Value::Text(texts.swap_remove(0)),
        (Values::Real(values), false) => Value::RealArray(Array { values, columns }),
        (Values::Int(values), false) => Value::IntArray(Array { values, columns }),
        (Values::Bool(values), false) => Value::BoolArray(Array { values, columns }),
        (Values::Text(values), false) => Value::TextArray(Array { values, columns }),
    }))
}
