//! How kernels spread work and notice that they should stop.

use std::ops::Range;

use rayon::prelude::*;

use crate::{Error, Result};

/// The threads a kernel may use and the question whether to go on.
///
/// With one thread the work runs on the caller's thread and rayon is never entered; otherwise it runs on the rayon pool
/// the caller is in (`ThreadPool::install`). Results do not depend on the choice.
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    threads: usize,
    cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Workers<'static> {
    /// One thread, never interrupted.
    pub fn serial() -> Self {
        Self { threads: 1, cancelled: &|| false }
    }

    /// The current rayon pool, never interrupted.
    pub fn rayon() -> Self {
        Self { threads: rayon::current_num_threads(), cancelled: &|| false }
    }
}

impl<'a> Workers<'a> {
    /// `threads` threads of the current rayon pool; `cancelled` is asked between pieces of work.
    pub fn new(threads: usize, cancelled: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { threads: threads.max(1), cancelled }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// # Errors
    /// [`Error::Interrupted`] if the caller wants to stop.
    pub fn check(&self) -> Result<()> {
        if (self.cancelled)() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Cuts `0..n` into pieces of at most `chunk` and returns what `work` makes of each, in order.
    ///
    /// The cut depends on `chunk` alone, never on the number of threads, so that a reduction over the returned vector has
    /// a fixed order.
    ///
    /// # Errors
    /// The first error in index order, or [`Error::Interrupted`].
    pub fn map_chunks<T: Send>(
        &self,
        n: usize,
        chunk: usize,
        work: impl Fn(Range<usize>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let chunk = chunk.max(1);
        let piece = |k: usize| {
            self.check()?;
            work(k * chunk..((k + 1) * chunk).min(n))
        };
        let pieces = n.div_ceil(chunk);
        if self.threads == 1 || pieces <= 1 {
            (0..pieces).map(piece).collect()
        } else {
            // Rayon's own collection of results would return whichever error came first in time.
            let outcomes: Vec<Result<T>> = (0..pieces).into_par_iter().map(piece).collect();
            outcomes.into_iter().collect()
        }
    }

    /// What `work` makes of each of `n` frames, of which `first` is the number of the first one.
    ///
    /// Each frame is one piece of work on one thread, unless there are fewer frames than threads: then `work` gets them all.
    ///
    /// # Errors
    /// The first frame's error, with the number of that frame, or [`Error::Interrupted`].
    pub fn map_frames<T: Send>(
        &self,
        first: u64,
        n: usize,
        work: impl Fn(usize, Workers<'_>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let named = |k: usize, workers| work(k, workers).map_err(|e| e.in_frame(first + k as u64));
        if n < self.threads {
            return (0..n).map(|k| named(k, *self)).collect();
        }
        let cancelled = || self.check().is_err();
        let one = |range: Range<usize>| named(range.start, Workers::new(1, &cancelled));
        self.map_chunks(n, 1, one)
    }

    /// The vector of `entry(0)`, `entry(1)`, …, `entry(n − 1)`: for entries that take nanoseconds.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn collect<T: Send>(&self, n: usize, entry: impl Fn(usize) -> T + Send + Sync) -> Result<Vec<T>> {
        self.check()?;
        Ok(if self.threads == 1 || n < ENTRIES {
            (0..n).map(entry).collect()
        } else {
            (0..n).into_par_iter().with_min_len(ENTRIES).map(entry).collect()
        })
    }
}

/// Entries of a vector that are not worth another thread.
const ENTRIES: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_the_range_in_order() {
        for workers in [Workers::serial(), Workers::rayon()] {
            let pieces = workers.map_chunks(10, 4, Ok).unwrap();
            assert_eq!(pieces, vec![0..4, 4..8, 8..10]);
            assert!(workers.map_chunks(0, 4, Ok).unwrap().is_empty());
        }
    }

    #[test]
    fn a_cancelled_run_is_interrupted() {
        let workers = Workers::new(1, &|| true);
        assert_eq!(workers.map_chunks(3, 1, Ok), Err(Error::Interrupted));
    }
}
