//! Threads: how many, in which pool, without the GIL, stopping on Ctrl-C, alive after a fork.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ecemc_core::{Error, Result, Workers};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::ThreadPool;

use crate::errors::{InputError, exception};

/// How often a running kernel looks for Ctrl-C.
const POLL: Duration = Duration::from_millis(50);

/// Runs a kernel without the GIL on `n_threads` threads.
///
/// One thread: on the caller's own, rayon is not entered. More: on a pool of that size, made at the first call and kept,
/// while the calling thread watches for signals. A signal handler's exception (Ctrl-C) stops the kernel and is raised.
pub fn run<T: Send>(
    py: Python<'_>,
    n_threads: Option<i64>,
    kernel: impl FnOnce(Workers<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let threads = count(n_threads)?;
    let raised = Mutex::new(None);
    // The GIL is held here, so no fork can happen while the table of pools is locked.
    let pool = if threads == 1 { None } else { Some(pool(threads)?) };
    let result = py.detach(|| match pool {
        None => alone(kernel, &raised),
        Some(pool) => watched(&pool, threads, kernel, &raised),
    });
    let raised = raised.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Also when the kernel got to its end all the same: a signal that was taken must not be lost.
    match raised {
        Some(signal) => Err(signal),
        None => result.map_err(|error| exception(&error)),
    }
}

/// What a kernel may be working with in another thread, waited for without the GIL, which that one may need to look for
/// Ctrl-C.
pub fn lock<'a, T: Send>(py: Python<'_>, shared: &'a Mutex<T>) -> MutexGuard<'a, T> {
    loop {
        match shared.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => py.detach(|| sleep(Duration::from_millis(1))),
        }
    }
}

/// More threads than this, or than there are cores, only cost memory and time to start; the result is the same.
const MOST_THREADS: usize = 256;

/// Argument, else `ECEMC_NUM_THREADS`, else `OMP_NUM_THREADS`, else all cores.
fn count(n_threads: Option<i64>) -> PyResult<usize> {
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from));
    Ok(wanted(n_threads)?.map_or(cores, |n| n.min(cores.max(MOST_THREADS))))
}

/// The number that was asked for, if any; an empty variable asks for none.
fn wanted(n_threads: Option<i64>) -> PyResult<Option<usize>> {
    if let Some(n) = n_threads {
        return match usize::try_from(n) {
            Ok(n) if n > 0 => Ok(Some(n)),
            _ => Err(InputError::new_err(format!("n_threads: got {n}, expected at least 1 or None"))),
        };
    }
    for name in ["ECEMC_NUM_THREADS", "OMP_NUM_THREADS"] {
        let value = std::env::var(name).unwrap_or_default();
        // OpenMP allows a list, one number for each level of nesting.
        let text = value.split(',').next().unwrap_or_default().trim();
        if !text.is_empty() {
            return match text.parse() {
                Ok(n) if n > 0 => Ok(Some(n)),
                _ => Err(InputError::new_err(format!(
                    "environment variable {name}: got {text:?}, expected a whole number >= 1"
                ))),
            };
        }
    }
    Ok(None)
}

#[allow(clippy::redundant_closure_for_method_calls)] // the method itself has the wrong lifetime
fn signal_pending(raised: &Mutex<Option<PyErr>>) -> bool {
    match Python::attach(|py| py.check_signals()) {
        Ok(()) => false,
        Err(signal) => {
            raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(signal);
            true
        }
    }
}

fn alone<T>(kernel: impl FnOnce(Workers<'_>) -> Result<T>, raised: &Mutex<Option<PyErr>>) -> Result<T> {
    let last = Mutex::new(Instant::now());
    let cancelled = || {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() < POLL {
            return false;
        }
        *last = Instant::now();
        signal_pending(raised)
    };
    kernel(Workers::new(1, &cancelled))
}

fn watched<T: Send>(
    pool: &ThreadPool,
    threads: usize,
    kernel: impl FnOnce(Workers<'_>) -> Result<T> + Send,
    raised: &Mutex<Option<PyErr>>,
) -> Result<T> {
    let stop = AtomicBool::new(false);
    let cancelled = || stop.load(Ordering::Relaxed);
    let (send, receive) = channel();
    pool.in_place_scope(|scope| {
        scope.spawn(|_| {
            let result = kernel(Workers::new(threads, &cancelled));
            // The receiver outlives the scope.
            let _ = send.send(result);
        });
        loop {
            match receive.recv_timeout(POLL) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {
                    if !stop.load(Ordering::Relaxed) && signal_pending(raised) {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Interrupted),
            }
        }
    })
}

/// The pools of one process, by number of threads.
struct Pools {
    pid: u32,
    by_threads: HashMap<usize, Arc<ThreadPool>>,
}

/// The pool of `threads` threads of this process.
///
/// After a fork the child inherits the table but not the threads behind it: it forgets the table (dropping a pool would
/// wait for threads that do not exist) and starts its own.
fn pool(threads: usize) -> PyResult<Arc<ThreadPool>> {
    static POOLS: Mutex<Option<ManuallyDrop<Pools>>> = Mutex::new(None);
    let mut guard = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pid = std::process::id();
    if guard.as_ref().is_none_or(|pools| pools.pid != pid) {
        *guard = Some(ManuallyDrop::new(Pools { pid, by_threads: HashMap::new() }));
    }
    let Some(pools) = guard.as_mut() else { return Err(PyRuntimeError::new_err("no thread pools")) };
    if let Some(pool) = pools.by_threads.get(&threads) {
        return Ok(Arc::clone(pool));
    }
    let built = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|k| format!("ecemc-{k}"))
        .build()
        .map_err(|e| PyRuntimeError::new_err(format!("could not start {threads} threads: {e}")))?;
    Ok(Arc::clone(pools.by_threads.entry(threads).or_insert(Arc::new(built))))
}
