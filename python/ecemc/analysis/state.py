"""What an unfinished analysis knows, as one file: arrays with names, and nothing that could run code on reading."""

from __future__ import annotations

__all__ = ["State"]

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from ecemc.errors import FileFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import DTypeLike, NDArray


class State:
    """Arrays by name; parts of an analysis keep theirs apart by a prefix.

    Examples
    --------
    >>> state = State()
    >>> state.part("rdf").put("edges", np.array([0.0, 1.0]))
    >>> State.from_bytes(state.to_bytes()).part("rdf").array("edges", np.float64).tolist()
    [0.0, 1.0]
    """

    def __init__(self, arrays: dict[str, NDArray[Any]] | None = None, prefix: str = "") -> None:
        self._arrays = {} if arrays is None else arrays
        self._prefix = prefix

    def part(self, name: str) -> State:
        """Give the same state as one part of the analysis sees it."""
        return State(self._arrays, f"{self._prefix}{name}/")

    def put(self, name: str, value: NDArray[Any] | bytes | str) -> None:
        """Keep an array, bytes or a text."""
        if isinstance(value, str):
            value = value.encode()
        self._arrays[self._prefix + name] = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value

    def __contains__(self, name: str) -> bool:
        """Whether there is anything by that name, or in the part of that name."""
        full = self._prefix + name
        return any(key == full or key.startswith(f"{full}/") for key in self._arrays)

    def array(self, name: str, dtype: DTypeLike) -> NDArray[Any]:
        """Take an array that was put.

        Raises
        ------
        FileFormatError
            If it is not there or of another type.
        """
        found = self._arrays.get(self._prefix + name)
        if found is None or found.dtype != np.dtype(dtype):
            got = "nothing" if found is None else f"numbers of type {found.dtype}"
            raise FileFormatError(f"state: got {got} under {self._prefix + name!r}, expected {np.dtype(dtype)}")
        return found

    def names(self) -> list[str]:
        """Names of the arrays of this part."""
        return [key.removeprefix(self._prefix) for key in self._arrays if key.startswith(self._prefix)]

    def blob(self, name: str) -> bytes:
        """Take bytes that were put."""
        return self.array(name, np.uint8).tobytes()

    def text(self, name: str) -> str:
        """Take a text that was put."""
        return self.blob(name).decode()

    def to_bytes(self) -> bytes:
        """One NumPy archive."""
        buffer = io.BytesIO()
        np.savez(buffer, **self._arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> State:
        """Read what :meth:`to_bytes` wrote.

        Raises
        ------
        FileFormatError
            If it is something else, or damaged.
        """
        # The archive is a zip file; NumPy's own message about anything else speaks of unsafe loading.
        if not zipfile.is_zipfile(io.BytesIO(content)):
            raise FileFormatError("state: this is no state of an analysis, or a damaged one (it is no whole archive)")
        try:
            archive: Mapping[str, NDArray[Any]] = np.load(io.BytesIO(content), allow_pickle=False)
            return cls({name: archive[name] for name in archive})
        except Exception as error:  # zipfile and NumPy stumble over damaged bytes in many ways
            raise FileFormatError(f"state: this is no state of an analysis, or a damaged one ({error})") from error
