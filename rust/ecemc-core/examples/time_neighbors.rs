//! Times
use ecemc_core::neighbors::*;
use ecemc_core::*;
fn main() {
    let n = 1280usize;
    let l = 25.7;
    let mut state = 12345u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 * l
    };
    let r: Vec<[f64; 3]> = (0..n).map(|_| [next(), next(), next()]).collect();
    let cell = Cell::new([[l, 0.0, 0.0], [0.0, l, 0.0], [0.0, 0.0, l]], [true; 3]).unwrap();
    for cut in [6.0, 2.0] {
        let c = Cutoffs::Uniform(cut);
        for what in 0..3 {
            let mut best = f64::MAX;
            let mut len = 0;
            for _ in 0..200 {
                let t = std::time::Instant::now();
                match what {
                    0 => len = CellGrid::new(&r, &cell, cut).unwrap().len(),
                    1 => len = Pairs::new(&r, &cell, &c, Workers::serial()).unwrap().len(),
                    _ => len = neighbor_list(&r, &cell, &c, Columns::ALL, Workers::serial()).unwrap().i.len(),
                }
                best = best.min(t.elapsed().as_secs_f64());
            }
            println!("cut {cut} stage {what}: {:.3} ms, {len}", best * 1e3);
        }
    }
}
