"""Many jobs at once: on processes of this machine, on a cluster, or on any executor; each done once, past crashes."""

from __future__ import annotations

from ecemc.jobs.cluster import Cluster, LocalWorkers, SlurmWorkers, read_cluster
from ecemc.jobs.database import Database
from ecemc.jobs.ledger import Entry, JobLedger
from ecemc.jobs.lock import LockedError, is_locked, locked
from ecemc.jobs.opening import open_executor
from ecemc.jobs.processes import ProcessExecutor, WorkerDiedError
from ecemc.jobs.run import Job, JobOutcome, describe, run_jobs
from ecemc.jobs.settings import Settings, check_settings, nearest, read_settings, read_toml

__all__ = [
    "Cluster",
    "Database",
    "Entry",
    "Job",
    "JobLedger",
    "JobOutcome",
    "LocalWorkers",
    "LockedError",
    "ProcessExecutor",
    "Settings",
    "SlurmWorkers",
    "WorkerDiedError",
    "check_settings",
    "describe",
    "is_locked",
    "locked",
    "nearest",
    "open_executor",
    "read_cluster",
    "read_settings",
    "read_toml",
    "run_jobs",
]
