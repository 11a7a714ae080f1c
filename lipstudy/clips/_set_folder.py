"""The folder of a stimulus set: what lies where, and what was made from what."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lipstudy.errors import OutputError, system_reason
from lipstudy.records import sha256_of_file, write_text

__all__ = ["Made", "SetFolder"]


class Made(BaseModel):
    """What is known of a file that a build made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Hash of everything that decides its bytes."""
    sha256: str
    """SHA-256 of its bytes when it was made."""
    measures: dict[str, float]
    """What was measured in it."""


@dataclass(frozen=True, slots=True)
class SetFolder:
    """The folder of a stimulus set."""

    root: Path

    @property
    def manifest(self) -> Path:
        """The table of clips."""
        return self.root / "clips.csv"

    @property
    def provenance(self) -> Path:
        """Where the set comes from."""
        return self.root / "build.json"

    def clip(self, clip_id: str) -> Path:
        """Return the path of a clip that passed its checks."""
        return self.root / "clips" / f"{clip_id}.mp4"

    def failed_clip(self, clip_id: str) -> Path:
        """Return the path of a clip that did not."""
        return self.root / "failed" / f"{clip_id}.mp4"

    def unchecked_clip(self, clip_id: str) -> Path:
        """Return the path of a clip being made."""
        return self.root / "unchecked" / f"{clip_id}.mp4"

    def track(self, name: str) -> Path:
        """Return the path of the landmark track of a take, at articulation 1."""
        return self.root / "tracks" / f"{name}.track.npz"

    def sound(self, name: str) -> Path:
        """Return the path of the speech of a sentence or of a film."""
        return self.root / "speech" / f"{name}.wav"

    def phones(self, name: str) -> Path:
        """Return the path of the phones of a spoken sentence, in time."""
        return self.root / "speech" / f"{name}.phones.json"

    def face(self, name: str) -> Path:
        """Return the path of a photograph and its landmarks."""
        return self.root / "faces" / f"{name}.npz"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder and clear away what a stopped build left; at the end, what only the build needed.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        unchecked = self.unchecked_clip("").parent
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in (unchecked, self.failed_clip("").parent):
                shutil.rmtree(folder, ignore_errors=True)
            unchecked.mkdir(exist_ok=True)
            for leftover in self.root.glob("*/**/.*"):  # the temporary files of records.atomic_path
                if leftover.is_file():
                    leftover.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot write the folder {self.root}: {system_reason(error)}; choose another with -o"
            ) from error
        try:
            yield
        finally:
            shutil.rmtree(unchecked, ignore_errors=True)
            with suppress(OSError):  # it holds something, as it should
                self.root.rmdir()

    def made(self, path: Path, key: str) -> Made | None:
        """Return what is known of `path` if it was made from `key` and nobody altered it since."""
        try:
            record = Made.model_validate_json(self._record(path).read_bytes())
        except (OSError, ValidationError):
            return None
        if record.key != key or not path.is_file() or sha256_of_file(path) != record.sha256:
            return None
        return record

    def note(self, path: Path, key: str, measures: Mapping[str, float] | None = None) -> Made:
        """Record that `path` was made from `key`."""
        record = Made(key=key, sha256=sha256_of_file(path), measures=dict(measures or {}))
        write_text(self._record(path), record.model_dump_json(indent=2) + "\n")
        return record

    def _record(self, path: Path) -> Path:
        relative = path.relative_to(self.root)
        return self.root / "records" / relative.with_name(f"{relative.name}.json")
