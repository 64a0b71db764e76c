//! What must be true of every model: exact derivatives, symmetries, independence of threads and of company.

use ecemc_core::{Cell, Workers};
use ecemc_gap::{Descriptor, Evaluation, Model, ModelFile, Structure, TermFile, Workspace, parse_descriptor};

/// Reproducible numbers from 0 to 1.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

struct Atoms {
    positions: Vec<[f64; 3]>,
    numbers: Vec<u8>,
    cell: Cell,
}

impl Atoms {
    fn structure(&self) -> Structure<'_> {
        Structure { positions: &self.positions, numbers: &self.numbers, cell: &self.cell }
    }
}

/// Atoms at least 0.8 Å from each other and from all images.
fn random(n: usize, matrix: [[f64; 3]; 3], pbc: [bool; 3], seed: u64) -> Atoms {
    let cell = Cell::new(matrix, pbc).unwrap();
    let mut numbers = Numbers(seed);
    let mut positions: Vec<[f64; 3]> = Vec::new();
    while positions.len() < n {
        let candidate = cell.cartesian([numbers.next(), numbers.next(), numbers.next()]);
        let far = |other: &[f64; 3]| {
            (-1..=1).all(|a| {
                (-1..=1).all(|b| {
                    (-1..=1).all(|c| {
                        let shift = cell.lattice_vector([a, b, c]);
                        (0..3).map(|k| (candidate[k] - other[k] + shift[k]).powi(2)).sum::<f64>() > 0.64
                    })
                })
            })
        };
        if positions.iter().all(far) {
            positions.push(candidate);
        }
    }
    Atoms { positions, numbers: (0..n).map(|k| [1, 6, 8, 1, 1][k % 5]).collect(), cell }
}

const TRICLINIC: [[f64; 3]; 3] = [[4.1, 0.3, 0.0], [-1.2, 3.9, 0.2], [0.4, 0.8, 4.4]];

fn triclinic(pbc: [bool; 3], seed: u64) -> Atoms {
    random(9, TRICLINIC, pbc, seed)
}

/// A model with invented weights whose sparse points are environments of random structures.
fn model() -> Model {
    Model::new(&model_file(), true).unwrap()
}

fn model_file() -> ModelFile {
    let mut numbers = Numbers(7);
    let source = [triclinic([true; 3], 1), triclinic([false; 3], 2)];
    let strings = [
        "soap cutoff=3.1 cutoff_transition_width=0.6 n_max=4 l_max=3 atom_sigma=0.45 n_species=3 species_Z={8 1 6} \
         covariance_sigma0=0.1 Z=0",
        "soap cutoff=5.2 cutoff_transition_width=1.0 n_max=9 l_max=4 atom_sigma=0.55 n_species=2 species_Z={1 6} Z=8",
        "soap cutoff=2.5 n_max=3 l_max=2 atom_sigma=0.5 n_species=2 species_Z={1 8} n_Z=2 Z={1 6} normalise=F \
         diagonal_radial=T",
        "soap_turbo rcut_hard=3.6 rcut_soft=3.0 l_max=3 alpha_max={4 5 4} atom_sigma=0.45 basis=poly3gauss n_species=3 \
         species_Z={1 6 8} central_index=1 radial_enhancement=1 compress_mode=trivial",
        "soap_turbo rcut_hard=4.0 l_max=2 alpha_max=4 atom_sigma=0.5 n_species=2 species_Z={6 8} central_index=1 \
         central_weight={0 0} atom_sigma_r_scaling=0.05 atom_sigma_t_scaling=0.1",
    ];
    let term = |(k, text): (usize, &&str)| {
        let options = parse_descriptor(text, &|_| unreachable!()).unwrap().0;
        let descriptor = Descriptor::new(&options, None).unwrap();
        let found = descriptor.compute(&source.each_ref().map(Atoms::structure), Workers::serial()).unwrap();
        let n = found.atoms.len();
        TermFile {
            options,
            delta: 0.3,
            zeta: [2.0, 4.0, 1.0, 2.5, 3.0][k],
            sparse: found.values,
            alpha: (0..n).map(|_| numbers.next() - 0.4).collect(),
            cutoffs: vec![1.0; n],
        }
    };
    let mut terms: Vec<TermFile> = strings.iter().enumerate().map(term).collect();
    let pairs = "distance_2b cutoff=3.0 cutoff_transition_width=0.8 Z1=1 Z2=8";
    terms.push(TermFile {
        options: parse_descriptor(pairs, &|_| unreachable!()).unwrap().0,
        delta: 0.5,
        zeta: 1.0,
        sparse: vec![0.9, 1.7, 2.4],
        alpha: vec![2.0, -1.0, 0.7],
        cutoffs: vec![1.0, 1.0, 0.5],
    });
    let e0 = [(1, -13.0), (6, -150.0), (8, -430.0)].into();
    ModelFile { label: "test".into(), gap_version: 0, e0, terms, notes: Vec::new() }
}

fn evaluate(model: &Model, atoms: &Atoms) -> Evaluation {
    model.evaluate(&[atoms.structure()], true, &mut Workspace::default(), Workers::serial()).unwrap()
}

fn energy(model: &Model, atoms: &Atoms) -> f64 {
    model.evaluate(&[atoms.structure()], false, &mut Workspace::default(), Workers::serial()).unwrap().energies[0]
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() < tolerance, "{a} and {b} differ by {:e}", a - b);
}

#[test]
fn forces_are_minus_the_slopes_of_the_energy() {
    let model = model();
    for pbc in [[true; 3], [true, false, true], [false; 3]] {
        let mut atoms = triclinic(pbc, 3);
        let forces = evaluate(&model, &atoms).forces;
        for (i, k) in [(0, 0), (1, 1), (2, 2), (4, 0), (7, 1)] {
            let (h, at) = (1e-4, atoms.positions[i][k]);
            let mut moved = |by: f64| {
                atoms.positions[i][k] = at + by;
                energy(&model, &atoms)
            };
            let slope = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
            moved(0.0);
            close(-slope, forces[i][k], 3e-7);
        }
    }
}

#[test]
fn the_virial_is_minus_the_slope_against_strain() {
    let model = model();
    let atoms = triclinic([true; 3], 4);
    let result = evaluate(&model, &atoms);
    for (a, b) in [(0, 0), (1, 1), (0, 2), (2, 1)] {
        let strained = |e: f64| {
            let strain = |r: [f64; 3]| {
                let mut s = r;
                s[b] += e * r[a];
                s
            };
            energy(
                &model,
                &Atoms {
                    positions: atoms.positions.iter().map(|&r| strain(r)).collect(),
                    numbers: atoms.numbers.clone(),
                    cell: Cell::new(TRICLINIC.map(strain), [true; 3]).unwrap(),
                },
            )
        };
        let h = 1e-4;
        let slope = (8.0 * (strained(h) - strained(-h)) - (strained(2.0 * h) - strained(-2.0 * h))) / (12.0 * h);
        close(-slope, result.virials[0][a][b], 2e-6);
        close(result.virials[0][a][b], result.virials[0][b][a], 1e-11);
    }
    let local: f64 = result.local_virials.iter().map(|w| w[0][1]).sum();
    close(local, result.virials[0][0][1], 1e-12);
}

#[test]
fn turning_moving_and_renumbering_change_nothing() {
    let model = model();
    let atoms = triclinic([true, true, false], 5);
    let before = evaluate(&model, &atoms);
    let (s, c) = 0.7f64.sin_cos();
    let turn = |r: [f64; 3]| [c * r[0] - s * r[1], s * r[0] + c * r[1], r[2]];
    let turned = Atoms {
        positions: atoms.positions.iter().map(|&r| turn(r)).map(|r| [r[0] + 3.3, r[1] - 17.0, r[2] + 0.4]).collect(),
        numbers: atoms.numbers.clone(),
        cell: Cell::new(TRICLINIC.map(turn), [true, true, false]).unwrap(),
    };
    let after = evaluate(&model, &turned);
    close(before.energies[0], after.energies[0], 1e-10);
    for (a, b) in before.forces.iter().zip(&after.forces) {
        for k in 0..3 {
            close(turn(*a)[k], b[k], 1e-9);
        }
    }
    let reversed = Atoms {
        positions: atoms.positions.iter().rev().copied().collect(),
        numbers: atoms.numbers.iter().rev().copied().collect(),
        cell: atoms.cell.clone(),
    };
    let after = evaluate(&model, &reversed);
    close(before.energies[0], after.energies[0], 1e-10);
    close(before.forces[0][0], after.forces[8][0], 1e-10);
    let total: f64 = before.forces.iter().map(|f| f[1]).sum();
    close(total, 0.0, 1e-11);
}

#[test]
fn a_supercell_has_the_energy_of_its_cells() {
    let model = model();
    let atoms = triclinic([true; 3], 6);
    let one = evaluate(&model, &atoms);
    let copies = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]].map(|s| atoms.cell.lattice_vector(s));
    let copy = |shift: &[f64; 3]| -> Vec<[f64; 3]> {
        atoms.positions.iter().map(|r| [0, 1, 2].map(|k| r[k] + shift[k])).collect()
    };
    let large = Atoms {
        positions: copies.iter().flat_map(copy).collect(),
        numbers: atoms.numbers.repeat(4),
        cell: Cell::new([TRICLINIC[0].map(|x| 2.0 * x), TRICLINIC[1].map(|x| 2.0 * x), TRICLINIC[2]], [true; 3])
            .unwrap(),
    };
    let four = evaluate(&model, &large);
    close(four.energies[0], 4.0 * one.energies[0], 1e-9);
    for i in 0..large.numbers.len() {
        close(four.atom_energies[i], one.atom_energies[i % 9], 1e-10);
        close(four.forces[i][2], one.forces[i % 9][2], 1e-10);
    }
    close(four.virials[0][1][1], 4.0 * one.virials[0][1][1], 1e-9);
}

#[test]
fn threads_and_company_do_not_change_a_bit() {
    let model = model();
    let atoms = random(150, [[11.0, 0.0, 0.0], [0.0, 11.0, 0.0], [0.0, 3.0, 11.0]], [true; 3], 8);
    let alone = evaluate(&model, &atoms);
    for threads in [2, 3, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let same = pool.install(|| {
            model.evaluate(&[atoms.structure()], true, &mut Workspace::default(), Workers::rayon()).unwrap()
        });
        assert_eq!(alone, same, "{threads} threads");
    }
    let others = [triclinic([false; 3], 9), triclinic([true; 3], 10)];
    let together = [others[0].structure(), atoms.structure(), others[1].structure()];
    let result = model.evaluate(&together, true, &mut Workspace::default(), Workers::serial()).unwrap();
    assert_eq!(result.forces[9..159], alone.forces[..]);
    assert_eq!(result.atom_energies[..9], evaluate(&model, &others[0]).atom_energies[..]);
    assert_eq!((result.energies[1], result.virials[1]), (alone.energies[0], alone.virials[0]));
}

#[test]
fn pairs_are_searched_again_only_when_atoms_have_moved_far() {
    let model = model();
    let mut atoms = triclinic([true; 3], 11);
    let mut workspace = Workspace::default();
    let mut numbers = Numbers(3);
    for step in 0..40 {
        // Atoms and cell move, as in a simulation at constant pressure.
        let scale = 1.0 + 1e-4 * f64::from(step);
        for r in &mut atoms.positions {
            *r = r.map(|x| x + 0.02 * (numbers.next() - 0.5));
        }
        atoms.cell = Cell::new(TRICLINIC.map(|v| v.map(|x| x * scale)), [true; 3]).unwrap();
        let kept = model.evaluate(&[atoms.structure()], true, &mut workspace, Workers::serial()).unwrap();
        assert_eq!(kept, evaluate(&model, &atoms), "step {step}");
    }
    assert!((2..=8).contains(&workspace.searches()), "{} searches", workspace.searches());
    atoms.positions[3][0] += 1.5;
    let kept = model.evaluate(&[atoms.structure()], true, &mut workspace, Workers::serial()).unwrap();
    assert_eq!(kept, evaluate(&model, &atoms));
}

#[test]
fn lonely_and_unknown_atoms() {
    let model = model();
    let lonely = |number| Atoms { positions: vec![[0.3; 3]], numbers: vec![number], cell: Cell::open() };
    let one = evaluate(&model, &lonely(8));
    assert!(one.energies[0].is_finite() && one.energies[0] != -430.0);
    assert_eq!((one.forces[0], one.virials[0]), ([0.0; 3], [[0.0; 3]; 3]));
    let far = Atoms { positions: vec![[0.0; 3], [50.0; 3]], numbers: vec![8, 1], cell: Cell::open() };
    close(evaluate(&model, &far).energies[0], one.energies[0] + energy(&model, &lonely(1)), 1e-12);
    let nothing = Atoms { positions: Vec::new(), numbers: Vec::new(), cell: Cell::open() };
    assert_eq!(evaluate(&model, &nothing).energies, [0.0]);
    assert_eq!(model.evaluate(&[], true, &mut Workspace::default(), Workers::serial()).unwrap(), Evaluation::default());
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let model = model();
    let mut atoms = triclinic([true; 3], 12);
    atoms.positions[5] = atoms.positions[2];
    let mut workspace = Workspace::default();
    let run = |all: &[Structure<'_>], workspace: &mut Workspace| {
        model.evaluate(all, true, workspace, Workers::serial()).unwrap_err().to_string()
    };
    let message = run(&[atoms.structure()], &mut workspace);
    assert!(message.contains("positions: got atoms 2 and 5 at the same place"), "{message}");
    let fine = triclinic([false; 3], 13);
    let message = run(&[fine.structure(), atoms.structure()], &mut workspace);
    assert!(message.contains("frame 1: positions: got atoms 2 and 5"), "{message}");
    atoms.positions[5] = [0.0, f64::NAN, 0.0];
    for _ in 0..2 {
        let message = run(&[atoms.structure()], &mut workspace);
        assert!(message.contains("positions: atom 5 has"), "{message}");
    }
}

/// What is no square for l = 0 cannot be in factors: the whole products give the same.
#[test]
fn factors_for_l_0_change_nothing() {
    let (mut file, atoms) = (model_file(), triclinic([true; 3], 14));
    let with_factors = evaluate(&Model::new(&file, true).unwrap(), &atoms);
    for term in &mut file.terms[..2] {
        // l runs fastest in a soap
        term.sparse[0] += 1e-12;
    }
    let without = evaluate(&Model::new(&file, true).unwrap(), &atoms);
    assert_ne!(with_factors.forces, without.forces);
    close(with_factors.energies[0], without.energies[0], 1e-9);
    for i in 0..atoms.numbers.len() {
        for k in 0..3 {
            close(with_factors.forces[i][k], without.forces[i][k], 1e-9);
        }
    }
}

#[test]
fn variances_are_small_where_the_sparse_points_are() {
    let mut file = model_file();
    file.terms.truncate(1);
    let model = Model::new(&file, true).unwrap();
    let variances = |atoms: &[Structure<'_>], workers| model.variances(atoms, &Workspace::default(), workers).unwrap();
    let (known, other) = (triclinic([true; 3], 1), triclinic([true; 3], 15));
    // ρ² = 1e-6 eV² is added to the variance, and to that of the sparse point.
    let found = variances(&[known.structure()], Workers::serial());
    assert!(found.iter().all(|v| (1e-6..2e-6).contains(v)), "{found:?}");
    let prior = 0.3 * 0.3 * 1.01 * 1.01 + 1e-6;
    let new = variances(&[other.structure()], Workers::serial());
    assert!(new.iter().all(|v| (1e-5..prior).contains(v)), "{new:?}");
    let together = variances(&[known.structure(), other.structure()], Workers::serial());
    assert_eq!(together, [found, new].concat());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let parallel = pool.install(|| variances(&[known.structure(), other.structure()], Workers::rayon()));
    assert_eq!(together, parallel);
    file.terms[0].delta = 1e200;
    let model = Model::new(&file, true).unwrap();
    let error = model.variances(&[known.structure()], &Workspace::default(), Workers::serial()).unwrap_err();
    assert!(error.to_string().contains("covariance matrix of term 1"), "{error}");
}
