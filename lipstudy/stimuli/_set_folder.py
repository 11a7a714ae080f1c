"""The folder of a stimulus set: what lies where, and what was made from what."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from lipstudy.errors import OutputError, system_reason
from lipstudy.records import is_temporary, sha256_of_file, write_text

__all__ = ["Made", "SetFolder"]

_PLACES = ("clips", "failed", "records", "tracks", "speech", "faces")
_UNCHECKED = ".unchecked.mp4"


class Made(BaseModel):
    """What is known of a file that a build made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Hash of everything that decides its bytes."""
    sha256: str
    """SHA-256 of its bytes when it was made."""
    measures: dict[str, float | None]
    """What was measured in it."""
    faults: tuple[str, ...] = ()
    """What is wrong with it, in words; a clip with any is kept apart from the set."""


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

    def clips_there(self) -> set[str]:
        """Return the clip_id of every clip that is there, those included that are kept apart."""
        return {path.stem for place in (self.clip(""), self.failed_clip("")) for path in place.parent.glob("[!.]*.mp4")}

    def clip(self, clip_id: str) -> Path:
        """Return the path of a clip that passed its checks."""
        return self.root / "clips" / f"{clip_id}.mp4"

    def failed_clip(self, clip_id: str) -> Path:
        """Return the path of a clip that did not."""
        return self.root / "failed" / f"{clip_id}.mp4"

    def unchecked_clip(self, clip_id: str) -> Path:
        """Return the path of a clip being made, hidden beside those that passed."""
        return self.clip("").with_name(f".{clip_id}{_UNCHECKED}")

    def track(self, name: str) -> Path:
        """Return the path of the landmark track of a take, at articulation 1."""
        return self.root / "tracks" / f"{name}.track.npz"

    def read_back(self, name: str) -> Path:
        """Return the path of how a tracker reads the lips of a take's film when they are moved."""
        return self.root / "tracks" / f"{name}.readback.npz"

    def sound(self, name: str) -> Path:
        """Return the path of the speech of a sentence or of a film."""
        return self.root / "speech" / f"{name}.wav"

    def phones(self, name: str) -> Path:
        """Return the path of the phones of a spoken sentence, in time."""
        return self.root / "speech" / f"{name}.phones.json"

    def face(self, name: str) -> Path:
        """Return the path of a photograph and its landmarks."""
        return self.root / "faces" / f"{name}.npz"

    def film_track(self, name: str) -> Path:
        """Return the path of the landmark track of a speaker's film."""
        return self.root / "faces" / f"{name}.track.npz"

    def film_lacks(self, name: str) -> Path:
        """Return the path of what a speaker's film lacks to be a good bank of mouths: a list of sentences."""
        return self.root / "faces" / f"{name}.lacks.json"

    def refinement(self, name: str) -> Path:
        """Return the path of the weights of a speaker's refinement, whether it is used or not."""
        return self.root / "faces" / f"{name}.refinement.safetensors"

    def verdict(self, name: str) -> Path:
        """Return the path of the verdict on a speaker's refinement."""
        return self.root / "faces" / f"{name}.refinement.json"

    def pairs(self, name: str) -> Path:
        """Return the path of what a refinement is taught on, until it is."""
        return self.root / "faces" / f"{name}.pairs.npz"

    def teaching(self, name: str) -> Path:
        """Return the path of the state of a refinement that is being taught."""
        return self.root / "faces" / f"{name}.teaching.pt"

    @property
    def page(self) -> Path:
        """The contact sheet."""
        return self.root / "index.html"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder and clear away what a stopped build left; at the end, what a killed worker left.

        Meanwhile no other build can open it.

        Raises
        ------
        OutputError
            If the folder cannot be written, or another build is at work in it.
        """
        lock = self.root / "build.lock"
        with ExitStack() as at_the_end:
            try:
                self.root.mkdir(parents=True, exist_ok=True)
                at_the_end.callback(_remove_if_empty, self.root)
                # The system lets go of it when the process ends, however it ends.
                at_the_end.enter_context(FileLock(lock, timeout=0))
                at_the_end.callback(_remove, lock)
                self._clear_leftovers()
                at_the_end.callback(_remove_if_empty, self.clip("").parent)
                at_the_end.callback(self._clear_leftovers)  # of a worker that was killed meanwhile
            except Timeout as error:
                raise OutputError(
                    f"another build is at work in {self.root}: wait until it ends, or choose another folder with -o"
                ) from error
            except OSError as error:
                raise OutputError(
                    f"cannot write the folder {self.root}: {system_reason(error)}; choose another with -o"
                ) from error
            yield

    def made(self, path: Path, key: str) -> Made | None:
        """Return what is known of `path` if it was made from `key` and nobody altered it since."""
        try:
            record = Made.model_validate_json(self._record(path).read_bytes())
        except (OSError, ValidationError):
            return None
        if record.key != key or not path.is_file() or sha256_of_file(path) != record.sha256:
            return None
        return record

    def made_clip(self, clip_id: str, key: str) -> Made | None:
        """Return what is known of a clip that was made from `key`, be it in the set or kept apart."""
        return self.made(self.clip(clip_id), key) or self.made(self.failed_clip(clip_id), key)

    def is_altered(self, path: Path) -> bool:
        """Return whether a file that a build made was deleted or altered since."""
        try:
            record = Made.model_validate_json(self._record(path).read_bytes())
        except (OSError, ValidationError):
            return False
        return not path.is_file() or sha256_of_file(path) != record.sha256

    def note(
        self,
        path: Path,
        key: str,
        measures: Mapping[str, float | None] | None = None,
        *,
        faults: Sequence[str] = (),
    ) -> Made:
        """Record that `path` was made from `key`."""
        record = Made(key=key, sha256=sha256_of_file(path), measures=dict(measures or {}), faults=tuple(faults))
        write_text(self._record(path), record.model_dump_json(indent=2) + "\n")
        return record

    def forget(self, path: Path) -> None:
        """Delete a file that a build made, and what is known of it."""
        self._record(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def keep_apart(
        self, clip_id: str, key: str, measures: Mapping[str, float | None], *, faults: Sequence[str]
    ) -> Made:
        """Take an unchecked clip out of the way, its faults in words beside it, and remember them."""
        apart = self.failed_clip(clip_id)
        write_text(apart.with_suffix(".txt"), "; ".join(faults) + "\n")
        self.unchecked_clip(clip_id).replace(apart)
        return self.note(apart, key, measures, faults=faults)

    def forget_failed(self, *, but: Collection[str] = ()) -> None:
        """Delete the clips that are kept apart, except those named in `but`."""
        apart = self.failed_clip("").parent
        for path in apart.glob("*.mp4"):
            if path.stem not in but:
                path.with_suffix(".txt").unlink(missing_ok=True)
                self.forget(path)
        _remove_if_empty(apart)

    def _clear_leftovers(self) -> None:
        # By their names alone: whoever builds into a folder of her own may keep hidden files there.
        for place in _PLACES:
            for path in (self.root / place).rglob(".*"):
                if (is_temporary(path) or path.name.endswith(_UNCHECKED)) and path.is_file():
                    path.unlink(missing_ok=True)

    def _record(self, path: Path) -> Path:
        relative = path.relative_to(self.root)
        return self.root / "records" / relative.with_name(f"{relative.name}.json")


def _remove(lock: Path) -> None:
    with suppress(OSError):  # Windows takes it away by itself, later
        lock.unlink(missing_ok=True)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # it holds something, as it should
        folder.rmdir()
