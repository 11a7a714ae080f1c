"""What a wheel carries: every file of the package and of the three template folders, and nothing else."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
TEMPLATES = ("analysis", "experiments", "stimuli")


def folder_of(package: str) -> Path:
    """Return the folder of a package in the checkout, as setuptools finds it."""
    own = SETUPTOOLS["package-dir"].get(package)
    return Path(own) if own is not None else Path(*package.split("."))


def tracked_files() -> set[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "lipstudy", *TEMPLATES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0 or not listed.stdout:
        pytest.skip("not a git checkout")
    return {Path(name) for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_every_room_is_named_in_the_list_of_packages() -> None:
    folders = {folder_of(package) for package in SETUPTOOLS["packages"]}
    assert {path.parent for path in tracked_files()} == folders


def test_every_file_that_is_no_module_is_named_as_package_data() -> None:
    named = {
        file.relative_to(ROOT)
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
        for file in (ROOT / folder_of(package)).glob(pattern)
        if file.is_file()
    }
    # Templates are data, scripts included: they are copied, not imported.
    data = {path for path in tracked_files() if path.suffix != ".py" or path.parts[0] in TEMPLATES}
    assert data - named == set()


def test_no_pattern_of_package_data_is_left_over() -> None:
    for package, patterns in SETUPTOOLS["package-data"].items():
        for pattern in patterns:
            assert list((ROOT / folder_of(package)).glob(pattern)), f"{package}: {pattern}"


@pytest.mark.slow
def test_a_wheel_holds_the_files_of_the_checkout(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for path in (*tracked_files(), *map(Path, ("pyproject.toml", "README.md", "LICENSE"))):
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, clone / path)
    command = [sys.executable, "-m", "build", "--quiet", "--wheel", "--outdir", str(tmp_path), str(clone)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {
        (Path("lipstudy/templates") / path if path.parts[0] in TEMPLATES else path).as_posix()
        for path in tracked_files()
    }
    assert carried == wanted
