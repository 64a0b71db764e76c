"""What a check is."""

from __future__ import annotations

__all__ = ["Check"]

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecemc.dataset.report import Finding
    from ecemc.dataset.sample import Sample


class Check(ABC):
    """One question to a data set: sees each frame once, keeps a few numbers of it, answers at the end."""

    @abstractmethod
    def add(self, sample: Sample) -> None:
        """Look at one configuration."""

    @abstractmethod
    def finding(self) -> Finding:
        """Answer."""
