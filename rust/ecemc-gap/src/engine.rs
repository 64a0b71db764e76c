//! A whole model: energies, forces and virials of structures.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ecemc_core::{Cell, Error as CoreError, Result as CoreResult, Workers};

use crate::Result;
use crate::descriptor::{Batch, Coincident, Descriptor, Environments};
use crate::lanes::LANES;
use crate::model::{DescriptorOptions, ModelFile, TermFile};
use crate::neighbors::{NeighborCache, NeighborTable};
use crate::products::MAX_PANELS;
use crate::term::Term;
use crate::turbo::donors;

/// Atoms in a cell.
#[derive(Debug, Clone, Copy)]
pub struct Structure<'a> {
    /// Positions, Å.
    pub positions: &'a [[f64; 3]],
    /// Atomic numbers, one for each position.
    pub numbers: &'a [u8],
    /// The cell.
    pub cell: &'a Cell,
}

/// What a model says of structures; atoms are numbered through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// Energy of each structure, eV.
    pub energies: Vec<f64>,
    /// Energy of each atom, eV.
    pub atom_energies: Vec<f64>,
    /// Forces, eV/Å; empty if not asked for.
    pub forces: Vec<[f64; 3]>,
    /// `−Σ D ⊗ ∂E/∂D` over the pairs whose second atom it is, for each atom, eV; empty if not asked for.
    pub local_virials: Vec<[[f64; 3]; 3]>,
    /// Their sum for each structure: minus the derivative of the energy with respect to strain, eV.
    pub virials: Vec<[[f64; 3]; 3]>,
}

/// Working memory of an evaluation, worth keeping for the next one.
#[derive(Default)]
pub struct Workspace {
    neighbors: NeighborCache,
    batches: Mutex<Vec<Batch>>,
}

impl Workspace {
    /// How many times the pairs of single structures were searched with it.
    pub fn searches(&self) -> usize {
        self.neighbors.built()
    }
}

/// A GAP model, ready to be evaluated; never changes, may be shared between threads.
pub struct Model {
    e0: BTreeMap<u8, f64>,
    terms: Vec<Term>,
    notes: Vec<String>,
    cutoff: f64,
}

impl Model {
    /// Prepares a model that was read. With `shared_basis`, descriptors use each other's radial bases as in QUIP, see
    /// [`donors`]; a model that was fitted by `gap_fit` is only right with it.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] for what the engine does not know, by name.
    pub fn new(file: &ModelFile, shared_basis: bool) -> Result<Self> {
        let options: Vec<&DescriptorOptions> = file.terms.iter().map(|term| &term.options).collect();
        let (donors, sharing) = if shared_basis { donors(&options)? } else { (vec![None; options.len()], Vec::new()) };
        let term = |(file, donor): (&TermFile, &Option<usize>)| Term::new(file, donor.map(|k| options[k]));
        let terms: Vec<Term> = file.terms.iter().zip(&donors).map(term).collect::<Result<_>>()?;
        let cutoff = terms.iter().map(Term::cutoff).fold(0.0, f64::max);
        let notes = file.notes.iter().cloned().chain(sharing).collect();
        Ok(Self { e0: file.e0.clone(), terms, notes, cutoff })
    }

    /// What a user of the model should know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Distance beyond which atoms do not see each other, Å.
    pub fn cutoff(&self) -> f64 {
        self.cutoff
    }

    /// Whether some term is about atoms of this element; otherwise they have the energy of the isolated atom.
    pub fn knows(&self, number: u8) -> bool {
        self.terms.iter().any(|term| term.is_center(number))
    }

    /// Energies and, with `gradients`, forces and virials of structures.
    ///
    /// Results of an atom have the same bits whatever else is evaluated with it, on any number of threads.
    ///
    /// # Errors
    /// [`ecemc_core::Error::NonFinite`] and [`ecemc_core::Error::Argument`] for positions that make no sense, with the
    /// number of the structure if there are several; [`ecemc_core::Error::Interrupted`].
    pub fn evaluate(
        &self,
        structures: &[Structure<'_>],
        gradients: bool,
        workspace: &mut Workspace,
        workers: Workers<'_>,
    ) -> CoreResult<Evaluation> {
        let Workspace { neighbors, batches } = workspace;
        let built;
        let table = if let [one] = structures {
            neighbors.table(one, self.cutoff, workers)?
        } else {
            built = NeighborTable::new(structures, self.cutoff, workers)?;
            &built
        };
        let joined = Joined::new(structures);
        let groups = Groups::new(joined.numbers(), workers.threads());
        let system = System { model: self, joined: &joined, table, batches, gradients };
        let piece = |range: Range<usize>| system.piece(groups.piece(range.start));
        let pieces = workers.map_chunks(groups.n_pieces(), 1, piece)?;
        let mut result = Evaluation { atom_energies: vec![0.0; joined.numbers().len()], ..Evaluation::default() };
        for (k, piece) in pieces.iter().enumerate() {
            for (&i, energy) in groups.piece(k).iter().zip(&piece.energies) {
                result.atom_energies[i as usize] = *energy;
            }
        }
        result.energies = joined.sums(&result.atom_energies, 0.0, |sum, &energy| sum + energy);
        if gradients {
            system.collect(&groups, &pieces, &mut result, workers)?;
        }
        Ok(result)
    }
}

impl Model {
    /// Predictive variances of the energies of atoms, eV²: what the sparse points leave open, summed over the terms.
    ///
    /// For each descriptor of an atom `k(p, p) + ρ² − kᵀ(K + ρ²)⁻¹k` with `ρ` = 1 meV, as QUIP's `local_gap_variance`. The
    /// first call computes a Cholesky factor for each term, which is kept.
    ///
    /// # Errors
    /// Those of [`Model::evaluate`]; [`ecemc_core::Error::Argument`] for sparse points of which `K + ρ²` is not positive
    /// definite.
    pub fn variances(
        &self,
        structures: &[Structure<'_>],
        workspace: &Workspace,
        workers: Workers<'_>,
    ) -> CoreResult<Vec<f64>> {
        if let Some(term) = self.terms.iter().position(|term| !term.prepare_variances()) {
            let got = format!("a covariance matrix of term {} that is not positive definite", term + 1);
            return Err(CoreError::argument("sparse points", got, "points that differ, of a scale that is not absurd"));
        }
        let joined = Joined::new(structures);
        let table = NeighborTable::new(structures, self.cutoff, workers)?;
        let groups = Groups::new(joined.numbers(), workers.threads());
        let system =
            System { model: self, joined: &joined, table: &table, batches: &workspace.batches, gradients: false };
        let piece = |range: Range<usize>| system.variances(groups.piece(range.start));
        let pieces = workers.map_chunks(groups.n_pieces(), 1, piece)?;
        let mut variances = vec![0.0; joined.numbers().len()];
        for (k, piece) in pieces.iter().enumerate() {
            for (&i, variance) in groups.piece(k).iter().zip(piece) {
                variances[i as usize] = *variance;
            }
        }
        Ok(variances)
    }
}

/// Descriptors of the centres of structures, in the order of the atoms, which are numbered through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Descriptors {
    /// The atoms that have one.
    pub atoms: Vec<u32>,
    /// One after another, in QUIP's order and normalisation.
    pub values: Vec<f64>,
}

impl Descriptor {
    /// Descriptors of the atoms that are centres.
    ///
    /// # Errors
    /// Those of [`Model::evaluate`].
    pub fn compute(&self, structures: &[Structure<'_>], workers: Workers<'_>) -> CoreResult<Descriptors> {
        let table = NeighborTable::new(structures, self.cutoff(), workers)?;
        let joined = Joined::new(structures);
        let (positions, numbers) = (joined.positions(), joined.numbers());
        let groups = Groups::new(numbers, workers.threads());
        let piece = |range: Range<usize>| {
            let atoms = groups.piece(range.start);
            let mut values = vec![0.0; self.dimension() * atoms.len()];
            if atoms.first().is_some_and(|&i| self.is_center(numbers[i as usize])) {
                let mut batch = Batch::default();
                self.describe(&Environments { positions, numbers, table: &table, atoms }, &mut batch)
                    .map_err(|coincident| joined.error(coincident))?;
                for (k, values) in values.chunks_exact_mut(self.dimension()).enumerate() {
                    self.copy(&batch, k, values);
                }
            }
            Ok(values)
        };
        let pieces = workers.map_chunks(groups.n_pieces(), 1, piece)?;
        let mut of_atoms: Vec<&[f64]> = vec![&[]; numbers.len()];
        for (k, piece) in pieces.iter().enumerate() {
            for (&i, values) in groups.piece(k).iter().zip(piece.chunks_exact(self.dimension())) {
                of_atoms[i as usize] = values;
            }
        }
        let atoms: Vec<u32> = (0..numbers.len() as u32).filter(|&i| self.is_center(numbers[i as usize])).collect();
        let values = atoms.iter().flat_map(|&i| of_atoms[i as usize]).copied().collect();
        Ok(Descriptors { atoms, values })
    }
}

/// Positions and numbers of all structures, one after another.
struct Joined<'a> {
    structures: &'a [Structure<'a>],
    several: Option<(Vec<[f64; 3]>, Vec<u8>)>,
}

impl<'a> Joined<'a> {
    fn new(structures: &'a [Structure<'a>]) -> Self {
        let several = (structures.len() != 1).then(|| {
            let positions = structures.iter().flat_map(|s| s.positions.iter().copied()).collect();
            (positions, structures.iter().flat_map(|s| s.numbers.iter().copied()).collect())
        });
        Self { structures, several }
    }

    fn positions(&self) -> &[[f64; 3]] {
        self.several.as_ref().map_or_else(|| self.structures[0].positions, |(positions, _)| positions)
    }

    fn numbers(&self) -> &[u8] {
        self.several.as_ref().map_or_else(|| self.structures[0].numbers, |(_, numbers)| numbers)
    }

    /// The error that names atoms, and the structure if there are several.
    fn error(&self, coincident: Coincident) -> CoreError {
        let (mut structure, mut base) = (0, 0);
        while coincident.atoms[0] >= base + self.structures[structure].numbers.len() {
            base += self.structures[structure].numbers.len();
            structure += 1;
        }
        let [i, j] = coincident.atoms.map(|atom| atom - base);
        let got = format!("atoms {i} and {j} at the same place ({:.1e} Å apart)", coincident.distance);
        let error = CoreError::argument("positions", got, "atoms at different places");
        if self.several.is_some() { error.in_frame(structure as u64) } else { error }
    }

    /// Sums over the atoms of each structure, in their order.
    fn sums<T: Copy, X>(&self, atoms: &[X], zero: T, add: impl Fn(T, &X) -> T) -> Vec<T> {
        let mut rest = atoms;
        let mut sum = |structure: &Structure<'_>| {
            let (own, others) = rest.split_at(structure.numbers.len());
            rest = others;
            own.iter().fold(zero, &add)
        };
        self.structures.iter().map(&mut sum).collect()
    }
}

/// Atoms sorted by element and cut into pieces of work.
struct Groups {
    order: Vec<u32>,
    ends: Vec<usize>,
}

/// Most panels of a piece: the matrix of sparse points comes from far away for each piece, the panels should stay near.
const PANELS: usize = 12;
/// Pieces for each thread, so that all finish at about the same time.
const PIECES_PER_THREAD: usize = 4;

impl Groups {
    /// The cut may depend on the number of threads: no result depends on the cut.
    fn new(numbers: &[u8], threads: usize) -> Self {
        let mut order: Vec<u32> = (0..numbers.len() as u32).collect();
        order.sort_by_key(|&i| numbers[i as usize]);
        let wanted = if threads == 1 { PANELS } else { numbers.len() / (LANES * threads * PIECES_PER_THREAD) };
        let panels = wanted.next_multiple_of(MAX_PANELS).clamp(MAX_PANELS, PANELS);
        let mut ends = Vec::new();
        let mut start = 0;
        for same in order.chunk_by(|&i, &j| numbers[i as usize] == numbers[j as usize]) {
            ends.extend(same.chunks(panels * LANES).map(|piece| {
                start += piece.len();
                start
            }));
        }
        Self { order, ends }
    }

    fn n_pieces(&self) -> usize {
        self.ends.len()
    }

    /// The atoms of a piece.
    fn piece(&self, k: usize) -> &[u32] {
        &self.order[if k == 0 { 0 } else { self.ends[k - 1] }..self.ends[k]]
    }
}

/// Results of one piece: energies of its atoms, gradients with respect to all their pair vectors.
struct Piece {
    energies: Vec<f64>,
    gradients: Vec<[f64; 3]>,
}

struct System<'a> {
    model: &'a Model,
    joined: &'a Joined<'a>,
    table: &'a NeighborTable,
    batches: &'a Mutex<Vec<Batch>>,
    gradients: bool,
}

impl System<'_> {
    fn piece(&self, atoms: &[u32]) -> CoreResult<Piece> {
        let number = atoms.first().map_or(0, |&i| self.joined.numbers()[i as usize]);
        let e0 = self.model.e0.get(&number).copied().unwrap_or(0.0);
        let n_pairs = atoms.iter().map(|&i| self.table.of(i as usize).len()).sum();
        let n_gradients = if self.gradients { n_pairs } else { 0 };
        let mut piece = Piece { energies: vec![e0; atoms.len()], gradients: vec![[0.0; 3]; n_gradients] };
        self.each_term(atoms, |term, environments, batch| {
            let gradients = self.gradients.then_some(&mut piece.gradients[..]);
            term.evaluate(environments, batch, &mut piece.energies, gradients)
        })?;
        Ok(piece)
    }

    fn variances(&self, atoms: &[u32]) -> CoreResult<Vec<f64>> {
        let mut variances = vec![0.0; atoms.len()];
        self.each_term(atoms, |term, environments, batch| term.variances(environments, batch, &mut variances))?;
        Ok(variances)
    }

    /// Lets all terms about these atoms, which are of one element, do something.
    fn each_term(
        &self,
        atoms: &[u32],
        mut work: impl FnMut(&Term, &Environments<'_>, &mut Batch) -> std::result::Result<(), Coincident>,
    ) -> CoreResult<()> {
        let environments = Environments {
            positions: self.joined.positions(),
            numbers: self.joined.numbers(),
            table: self.table,
            atoms,
        };
        let number = environments.element();
        let mut batch = self.batches.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let mut terms = self.model.terms.iter().filter(|term| term.is_center(number));
        let outcome = terms.try_for_each(|term| work(term, &environments, &mut batch));
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
        outcome.map_err(|coincident| self.joined.error(coincident))
    }

    /// Forces and virials from the gradients of the pieces.
    fn collect(
        &self,
        groups: &Groups,
        pieces: &[Piece],
        result: &mut Evaluation,
        workers: Workers<'_>,
    ) -> CoreResult<()> {
        let n = self.table.len();
        // The gradients of each atom's pairs begin here.
        let mut starts: Vec<&[[f64; 3]]> = vec![&[]; n];
        for (k, piece) in pieces.iter().enumerate() {
            let mut rest = &piece.gradients[..];
            for &i in groups.piece(k) {
                (starts[i as usize], rest) = rest.split_at(self.table.of(i as usize).len());
            }
        }
        let of = |i: usize, pair: usize| starts[i][pair - self.table.of(i).start];
        let both = workers.collect(n, |i| {
            let (mut force, mut virial) = ([0.0; 3], [[0.0; 3]; 3]);
            for pair in self.table.of(i) {
                let vector = self.table.vector(self.joined.positions(), i, pair);
                let (forth, back) = (of(i, pair), of(self.table.other(pair), self.table.reverse(pair)));
                force = [0, 1, 2].map(|k| force[k] + (forth[k] - back[k]));
                // Seen from the other atom the vector points the other way.
                virial = [0, 1, 2].map(|a| [0, 1, 2].map(|b| virial[a][b] + vector[a] * back[b]));
            }
            (force, virial)
        })?;
        (result.forces, result.local_virials) = both.into_iter().unzip();
        let add = |sum: [[f64; 3]; 3], w: &[[f64; 3]; 3]| [0, 1, 2].map(|a| [0, 1, 2].map(|b| sum[a][b] + w[a][b]));
        result.virials = self.joined.sums(&result.local_virials, [[0.0; 3]; 3], add);
        Ok(())
    }
}
