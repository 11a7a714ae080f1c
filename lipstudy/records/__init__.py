"""The files that join the rooms: declared, checked on reading, written atomically, with their provenance."""

from lipstudy.records._atomic import (
    atomic_path,
    existing_file,
    is_temporary,
    sha256_of_file,
    sync_folder,
    write_bytes,
    write_text,
)
from lipstudy.records._clips import Clip, Embodiment, Fault, read_manifest, write_manifest
from lipstudy.records._declaration import Declared, read_declaration
from lipstudy.records._lock import StudyLock, read_lock, write_lock
from lipstudy.records._participants import (
    Participant,
    QualityMeasure,
    Verdict,
    read_participants,
    write_participants,
)
from lipstudy.records._plan import Layout, PlannedTrial, TrialKind, read_plan, write_plan
from lipstudy.records._provenance import hash_of, provenance
from lipstudy.records._table import Row, data_dictionary, read_rows, write_rows
from lipstudy.records._trials import Response, Trial, read_trials, write_trials

__all__ = [
    "Clip",
    "Declared",
    "Embodiment",
    "Fault",
    "Layout",
    "Participant",
    "PlannedTrial",
    "QualityMeasure",
    "Response",
    "Row",
    "StudyLock",
    "Trial",
    "TrialKind",
    "Verdict",
    "atomic_path",
    "data_dictionary",
    "existing_file",
    "hash_of",
    "is_temporary",
    "provenance",
    "read_declaration",
    "read_lock",
    "read_manifest",
    "read_participants",
    "read_plan",
    "read_rows",
    "read_trials",
    "sha256_of_file",
    "sync_folder",
    "write_bytes",
    "write_lock",
    "write_manifest",
    "write_participants",
    "write_plan",
    "write_rows",
    "write_text",
    "write_trials",
]
