"""What CONTRIBUTING.md says of rooms and files is so."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def test_every_room_is_in_the_table_of_rooms() -> None:
    rows = "\n".join(line.split("|")[1] for line in TEXT.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`([a-z]+)/?`", rows))
    package = ROOT / "lipstudy"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    modules = {path.stem for path in package.glob("[!_]*.py")}
    assert named == rooms | modules


def test_every_file_that_is_named_is_there() -> None:
    # A place-holder has capitals: inference/_engine_NAME.py.
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.(?:py|yaml)|/))`", TEXT))
    assert len(named) > 20
    folders = (ROOT, ROOT / "lipstudy")
    missing = {name for name in named if not any((folder / name).exists() for folder in folders)}
    assert missing == set()
