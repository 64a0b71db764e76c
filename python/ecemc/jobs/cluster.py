"""Where jobs run, from a TOML file: Parsl workers on this machine or in the batch jobs of a Slurm cluster."""

from __future__ import annotations

__all__ = ["Cluster", "LocalWorkers", "SlurmWorkers", "read_cluster"]

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from ecemc.jobs.settings import Settings, read_settings

if TYPE_CHECKING:
    from os import PathLike

Count = Annotated[int, Field(ge=1)]


class LocalWorkers(Settings):
    """Parsl workers on this machine: the table ``[local]``.

    Attributes
    ----------
    workers
        Jobs at the same time.
    threads_per_worker
        Threads of each job.
    worker_init
        Shell commands before the workers start.
    retries
        How often a job is taken up again after its worker was lost.
    """

    workers: Count
    threads_per_worker: Count = 1
    worker_init: str = ""
    retries: Annotated[int, Field(ge=0)] = 0


class SlurmWorkers(Settings):
    """Parsl workers in Slurm batch jobs: the table ``[slurm]``.

    Attributes
    ----------
    partition, account, qos, constraint
        Of ``sbatch``; what is not given is left to Slurm.
    walltime
        Of one batch job, ``HH:MM:SS``.
    nodes
        Nodes of one batch job.
    max_batch_jobs
        Batch jobs at the same time; they are submitted while there is work.
    workers_per_node
        Jobs at the same time on each node.
    threads_per_worker
        Threads of each job.
    memory_per_node
        GB, as requested from Slurm.
    exclusive
        Whether nodes are shared with nobody.
    scheduler_options
        More ``#SBATCH`` lines.
    worker_init
        Shell commands on the node before the workers start, such as ``module load`` or ``source .../activate``.
    python
        The Python that has ecemc on the nodes; that of the command if not given.
    address
        Of the machine where the command runs, as the nodes see it; all its addresses are tried if not given.
    retries
        How often a job is taken up again after its worker was lost, as at the end of the walltime.
    """

    walltime: Annotated[str, Field(pattern=r"^\d+:[0-5]\d:[0-5]\d$")]
    workers_per_node: Count
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    nodes: Count = 1
    max_batch_jobs: Count = 1
    threads_per_worker: Count = 1
    memory_per_node: Count | None = None
    exclusive: bool = True
    scheduler_options: str = ""
    worker_init: str = ""
    python: str | None = None
    address: str | None = None
    retries: Annotated[int, Field(ge=0)] = 10


class Cluster(Settings):
    """Where jobs run: exactly one of the two.

    Attributes
    ----------
    local
        Workers on this machine.
    slurm
        Workers in Slurm batch jobs.

    Examples
    --------
    >>> Cluster(local=LocalWorkers(workers=2)).local.threads_per_worker
    1
    """

    local: LocalWorkers | None = None
    slurm: SlurmWorkers | None = None

    @property
    def n_workers(self) -> int:
        """Jobs at the same time, at most."""
        if self.slurm is not None:
            return self.slurm.workers_per_node * self.slurm.nodes * self.slurm.max_batch_jobs
        return self.local.workers if self.local is not None else 0

    @model_validator(mode="after")
    def _one(self) -> Cluster:
        if (self.local is None) == (self.slurm is None):
            raise ValueError("expected exactly one table, [local] or [slurm]")
        return self


def read_cluster(path: str | PathLike[str]) -> Cluster:
    r"""Read where jobs run from a TOML file.

    Raises
    ------
    FileFormatError
        If it is no TOML, or a key is unknown, missing or out of range; names the file and the key.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("here.toml").write_text("[local]\nworkers = 2\n")
    >>> read_cluster("here.toml").local.workers
    2
    """
    return read_settings(path, Cluster)
