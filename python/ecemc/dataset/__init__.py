"""Labelled data sets: what is in them and wrong with them, parts of them, and where they came from."""

from __future__ import annotations

from ecemc.dataset.check import check_dataset
from ecemc.dataset.provenance import Parent, Provenance, content_hash, read_provenance, record_provenance
from ecemc.dataset.report import DatasetReport, Finding, Group
from ecemc.dataset.split import Split, split_dataset, write_split

__all__ = [
    "DatasetReport",
    "Finding",
    "Group",
    "Parent",
    "Provenance",
    "Split",
    "check_dataset",
    "content_hash",
    "read_provenance",
    "record_provenance",
    "split_dataset",
    "write_split",
]
