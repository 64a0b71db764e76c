//! Molecules and C-O coordination of a liquid: `cargo run --release -p ecemc-io --example liquid FILE`.
use ecemc_core::rdf::{Normalization, RdfAccumulator, RdfBins, RdfFrame, RdfMolecules};
use ecemc_core::{BondRule, Molecules, Workers, find_bonds, hill_formula};
use ecemc_io::{Reader, Selection};

const CARBON: u8 = 6;
const OXYGEN: u8 = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: liquid FILE")?;
    let workers = Workers::rayon();
    let bonded = BondRule::uniform(1.3)?;
    let mut rdf = RdfAccumulator::new(RdfBins::new(9.0, 180)?);
    let mut reader = Reader::open(path.as_ref(), Selection::all())?;
    while let Some(frames) = reader.next_frames(&workers)? {
        for frame in &frames {
            let cell = frame.cell()?;
            let bonds = find_bonds(&frame.positions, &frame.numbers, &cell, &bonded, workers)?;
            let molecules = Molecules::from_bonds(frame.n_atoms(), &bonds);
            if rdf.n_frames() == 0 {
                let first: Vec<u8> = molecules.members(0).iter().map(|&i| frame.numbers[i as usize]).collect();
                println!("{} molecules, the first is {}", molecules.len(), hill_formula(&first));
            }
            let found = RdfMolecules::Given(&molecules);
            let counted =
                RdfFrame { positions: &frame.positions, numbers: &frame.numbers, cell: &cell, molecules: found };
            rdf.add_frames(rdf.next_frame(), &[counted], workers)?;
        }
    }
    let result = rdf.result(Normalization::Pair)?;
    let around = result.coordination(OXYGEN, CARBON).ok_or("no C and O")?;
    for (r, n) in result.bins.edges().iter().skip(1).zip(&around.inter).skip(59).step_by(20) {
        println!("{n:7.3} C of other molecules closer than {r:.1} Å to an O");
    }
    Ok(())
}
