//! The state of an accumulator as bytes, for checkpoints and for sending it to another process.

use super::accumulator::MsdAccumulator;
use super::lags;
use super::unwrap::{Fixed, Snapshot, Steps, check_reach};
use crate::bytes::{Input, damaged, put};
use crate::error::check_rows;
use crate::{Cell, Result};

/// Name and version of the format; everything after it is little-endian.
const MAGIC: &[u8; 12] = b"ecemc-msd\0\0\x01";

impl MsdAccumulator {
    /// The whole state. Equal accumulators give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let n = self.n_particles();
        let mut out = MAGIC.to_vec();
        put(&mut out, [n as u64, self.n_frames, self.first, self.path.remove_drift.into()]);
        put(&mut out, self.groups.of.iter().map(|&group| group.into()));
        put(&mut out, self.groups.as_given(&self.path.weights).iter().map(|m| m.to_bits()));
        if let Some(first) = &self.path.first {
            put(&mut out, [self.path.steps.largest_ratio.to_bits(), self.path.steps.n_large]);
            put(&mut out, first.cell.pbc().map(u64::from));
            put(&mut out, first.cell.matrix().iter().flatten().map(|x| x.to_bits()));
            put(&mut out, first.wrapped.iter().chain(&self.path.last).flatten().map(|x| x.to_bits()));
            put(&mut out, self.samples.values().flatten().flatten().map(|&x| x as u64));
            out.extend(self.sums.iter().flatten().flat_map(|x| x.to_le_bytes()));
        }
        out
    }

    /// The state that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the bytes are truncated, of another version or otherwise not such a state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = Input::new(bytes, MAGIC)?;
        let n = usize::try_from(input.number()?).map_err(|_| damaged())?;
        let [n_frames, first, remove_drift] = [input.number()?, input.number()?, input.number()?];
        let groups = input.numbers(n)?.into_iter().map(|x| u32::try_from(x).map_err(|_| damaged()));
        let groups = groups.collect::<Result<Vec<_>>>()?;
        let weights: Vec<f64> = input.numbers(n)?.into_iter().map(f64::from_bits).collect();
        let mut state = Self::new(&groups, &weights, remove_drift != 0)?;
        if n_frames > 0 {
            let last = first.checked_add(n_frames - 1).filter(|&last| last < lags::MOST_FRAMES).ok_or_else(damaged)?;
            (state.first, state.n_frames) = (first, n_frames);
            state.take_path(&mut input)?;
            for frame in lags::kept(first, last) {
                let sample: Vec<Fixed> = input.rows(n)?.into_iter().map(|row| row.map(|x| x as i64)).collect();
                check_reach(&sample)?;
                state.samples.insert(frame, sample);
            }
            state.path.here = state.samples.get(&last).cloned().ok_or_else(damaged)?;
            for _ in 0..lags::count(first, last) {
                let sums = input.numbers(2 * state.n_groups())?;
                let sums = sums.as_chunks::<2>().0.iter().map(|&[low, high]| u128::from(high) << 64 | u128::from(low));
                state.sums.push(sums.collect());
            }
        }
        input.finish()?;
        if state.to_bytes() == bytes { Ok(state) } else { Err(damaged()) }
    }

    fn take_path(&mut self, input: &mut Input<'_>) -> Result<()> {
        let n = self.n_particles();
        let largest_ratio = f64::from_bits(input.number()?);
        self.path.steps = Steps { largest_ratio, n_large: input.number()? };
        let pbc = [input.number()? != 0, input.number()? != 0, input.number()? != 0];
        let rows: Vec<[f64; 3]> = input.rows(3)?.into_iter().map(|row| row.map(f64::from_bits)).collect();
        let cell = Cell::new([rows[0], rows[1], rows[2]], pbc)?;
        let wrapped: Vec<[f64; 3]> = input.rows(n)?.into_iter().map(|row| row.map(f64::from_bits)).collect();
        self.path.last = input.rows(n)?.into_iter().map(|row| row.map(f64::from_bits)).collect();
        check_rows("state", &wrapped)?;
        check_rows("state", &self.path.last)?;
        self.path.first = Some(Snapshot { wrapped, cell });
        Ok(())
    }
}
