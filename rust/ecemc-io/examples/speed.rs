//! Reads a file and says how fast: `cargo run --release --example speed FILE [THREADS]`.
use std::time::Instant;

use ecemc_core::Workers;
use ecemc_io::{Options, Reader, Types};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file?")?;
    let threads = arguments.next().map_or(Ok(1), |n| n.parse())?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let size = std::fs::metadata(&path)?.len() as f64;
    let types = Some(Types::new([("1", "C"), ("2", "H"), ("3", "O")])?);
    let options = Options { types, ..Options::default() };
    for _ in 0..5 {
        let start = Instant::now();
        let mut atoms = 0;
        pool.install(|| -> ecemc_io::Result<()> {
            let workers = Workers::new(threads, &|| false);
            let mut reader = Reader::open(path.as_ref(), options.clone())?;
            while let Some(frames) = reader.next_frames(&workers)? {
                atoms += frames.iter().map(ecemc_io::Frame::n_atoms).sum::<usize>();
            }
            Ok(())
        })?;
        let time = start.elapsed().as_secs_f64();
        let n = ecemc_io::count_frames(path.as_ref(), None, &Workers::serial())?;
        let scan = start.elapsed().as_secs_f64() - time;
        println!(
            "{n} frames, {atoms} atoms: {:.0} MB/s on {threads} threads, count {:.0} MB/s",
            size / time / 1e6,
            size / scan / 1e6
        );
    }
    Ok(())
}
