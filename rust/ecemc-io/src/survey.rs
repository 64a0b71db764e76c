//! What is in a trajectory, frame after frame: sizes, cells, and every key with its range.

use crate::frame::{ColumnData, Frame, Value};

/// Smallest and largest of some numbers; NaN is passed over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Smallest, or positive infinity if there is none.
    pub min: f64,
    /// Largest, or negative infinity if there is none.
    pub max: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self { min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Range {
    fn add(&mut self, values: impl IntoIterator<Item = f64>) {
        for value in values {
            // Both are false for NaN.
            if value < self.min {
                self.min = value;
            }
            if value > self.max {
                self.max = value;
            }
        }
    }
}

/// A key of `info` or a column, over all frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Whether it is a column, one row for each atom.
    pub per_atom: bool,
    /// Name.
    pub name: String,
    /// `real`, `integer`, `logical` or `text`; `mixed` where frames differ.
    pub kind: &'static str,
    /// Numbers per frame (or per atom), of the last frame that has it.
    pub width: usize,
    /// Frames that have it.
    pub n_frames: usize,
    /// Range of its numbers.
    pub range: Range,
    /// How many of its numbers are NaN.
    pub n_nan: usize,
}

/// Gathers what is in frames, in constant memory apart from two numbers for each frame.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Frames seen.
    pub n_frames: usize,
    /// Atoms per frame.
    pub n_atoms: Range,
    /// Atomic numbers of the first frame.
    pub numbers: Vec<u8>,
    /// Frames whose elements are not those of the first frame, in the same order.
    pub n_other_elements: usize,
    /// Frames without a cell.
    pub n_without_cell: usize,
    /// Every set of periodic flags, in order of appearance.
    pub pbc: Vec<[bool; 3]>,
    /// Lengths of the three cell vectors, Å.
    pub lengths: [Range; 3],
    /// Volume, Å³.
    pub volume: Range,
    /// Mass over volume of frames that are periodic along all axes, amu/Å³.
    pub density: Range,
    /// Keys in order of appearance.
    pub keys: Vec<Key>,
    /// `info["time"]` of each frame, NaN without.
    pub times: Vec<f64>,
    /// `info["step"]` of each frame, NaN without.
    pub steps: Vec<f64>,
}

impl Survey {
    /// Takes the next frame; `masses` by atomic number, for atoms without their own.
    ///
    /// ```
    /// use ecemc_io::{Frame, Survey, Value};
    ///
    /// let mut survey = Survey::default();
    /// survey.add(&Frame { info: vec![("step".into(), Value::Int(5))], ..Frame::default() }, &[]);
    /// assert_eq!((survey.n_frames, survey.steps[0], survey.keys[0].kind), (1, 5.0, "integer"));
    /// ```
    pub fn add(&mut self, frame: &Frame, masses: &[f64]) {
        if self.n_frames == 0 {
            self.numbers.clone_from(&frame.numbers);
        } else if self.numbers != frame.numbers {
            self.n_other_elements += 1;
        }
        self.n_frames += 1;
        self.n_atoms.add([frame.n_atoms() as f64]);
        if !self.pbc.contains(&frame.pbc) {
            self.pbc.push(frame.pbc);
        }
        self.add_cell(frame, masses);
        let scalar = |key: &str| match frame.info(key).and_then(Value::reals).as_deref() {
            Some([value]) => *value,
            _ => f64::NAN,
        };
        self.times.push(scalar("time"));
        self.steps.push(scalar("step"));
        for (name, value) in &frame.info {
            self.add_info(name, value);
        }
        for column in &frame.columns {
            let key = self.key(true, &column.name, kind_of_column(&column.data), column.width);
            match &column.data {
                ColumnData::Real(values) => key.add(values.iter().copied()),
                ColumnData::Int(values) => key.add(values.iter().map(|&k| k as f64)),
                ColumnData::Bool(_) | ColumnData::Text(_) => {}
            }
        }
        if let Some(velocities) = &frame.velocities {
            self.key(true, "velocities", "real", 3).add(velocities.as_flattened().iter().copied());
        }
    }

    fn add_cell(&mut self, frame: &Frame, masses: &[f64]) {
        let Some([a, b, c]) = frame.lattice else {
            self.n_without_cell += 1;
            return;
        };
        for (range, vector) in self.lengths.iter_mut().zip([a, b, c]) {
            range.add([vector.iter().map(|x| x * x).sum::<f64>().sqrt()]);
        }
        let normal = [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]];
        let volume = (a[0] * normal[0] + a[1] * normal[1] + a[2] * normal[2]).abs();
        self.volume.add([volume]);
        if frame.pbc == [true; 3] && volume > 0.0 {
            self.density.add([frame.masses(masses).iter().sum::<f64>() / volume]);
        }
    }

    fn add_info(&mut self, name: &str, value: &Value) {
        let kind = match value {
            Value::Real(_) | Value::RealArray(_) => "real",
            Value::Int(_) | Value::IntArray(_) => "integer",
            Value::Bool(_) | Value::BoolArray(_) => "logical",
            Value::Text(_) | Value::TextArray(_) => "text",
        };
        let width = match value {
            Value::RealArray(array) => array.values.len(),
            Value::IntArray(array) => array.values.len(),
            Value::BoolArray(array) => array.values.len(),
            Value::TextArray(array) => array.values.len(),
            _ => 1,
        };
        let numbers = value.reals().unwrap_or_default();
        self.key(false, name, kind, width).add(numbers);
    }

    /// The entry of a key, counted once more.
    fn key(&mut self, per_atom: bool, name: &str, kind: &'static str, width: usize) -> &mut Key {
        let at = self.keys.iter().position(|key| key.per_atom == per_atom && key.name == name);
        let at = at.unwrap_or_else(|| {
            let new = Key { per_atom, name: name.into(), kind, width, n_frames: 0, range: Range::default(), n_nan: 0 };
            self.keys.push(new);
            self.keys.len() - 1
        });
        let key = &mut self.keys[at];
        key.n_frames += 1;
        key.width = width;
        if key.kind != kind {
            // Energies that happen to be whole numbers stay energies.
            let numeric = |kind| matches!(kind, "real" | "integer");
            key.kind = if numeric(key.kind) && numeric(kind) { "real" } else { "mixed" };
        }
        key
    }
}

impl Key {
    fn add(&mut self, values: impl IntoIterator<Item = f64>) {
        let n_nan = &mut self.n_nan;
        self.range.add(values.into_iter().inspect(|value| *n_nan += usize::from(value.is_nan())));
    }
}

fn kind_of_column(data: &ColumnData) -> &'static str {
    match data {
        ColumnData::Real(_) => "real",
        ColumnData::Int(_) => "integer",
        ColumnData::Bool(_) => "logical",
        ColumnData::Text(_) => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Column;

    fn frame(lattice: f64, energy: Value) -> Frame {
        let cell = [[lattice, 0.0, 0.0], [0.0, lattice, 0.0], [1.0, 0.0, lattice]];
        let info = vec![("energy".into(), energy)];
        Frame {
            numbers: vec![2],
            positions: vec![[0.0; 3]],
            lattice: Some(cell),
            pbc: [true; 3],
            info,
            ..Frame::default()
        }
    }

    #[test]
    fn ranges_kinds_and_densities_are_gathered() {
        let mut survey = Survey::default();
        let masses = [0.0, 1.0, 4.0];
        survey.add(&frame(2.0, Value::Int(-3)), &masses);
        survey.add(&frame(1.0, Value::Real(f64::NAN)), &masses);
        survey.add(&Frame { numbers: vec![1], positions: vec![[0.0; 3]], ..Frame::default() }, &masses);
        let own = Column { name: "masses".into(), width: 1, data: ColumnData::Real(vec![3.0]) };
        survey.add(&Frame { columns: vec![own], ..frame(2.0, Value::Int(-3)) }, &masses);
        assert_eq!((survey.n_frames, survey.n_other_elements, survey.n_without_cell), (4, 1, 1));
        assert_eq!((survey.volume.min, survey.volume.max), (1.0, 8.0));
        assert_eq!((survey.density.min, survey.density.max), (0.375, 4.0));
        assert_eq!(survey.pbc, [[true; 3], [false; 3]]);
        let key = &survey.keys[0];
        assert_eq!((key.kind, key.n_frames, key.n_nan), ("real", 3, 1));
        assert_eq!((key.range.min, key.range.max), (-3.0, -3.0));
        assert!(survey.times.iter().all(|time| time.is_nan()));
    }

    #[test]
    fn texts_among_numbers_are_mixed() {
        let mut survey = Survey::default();
        survey.add(&frame(1.0, Value::Int(1)), &[]);
        survey.add(&frame(1.0, Value::Text("none".into())), &[]);
        assert_eq!(survey.keys[0].kind, "mixed");
        assert!(survey.density.min.is_infinite(), "unknown masses have no density");
    }
}
