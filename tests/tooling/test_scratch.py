"""Directories of engines do not pile up."""

import os
import tempfile
from pathlib import Path

from tests.engines.scratch import PREFIX, YOUNG_SECONDS, remove_abandoned, scratch_directory


def make_old(directory: Path) -> None:
    then = directory.stat().st_mtime - 2 * YOUNG_SECONDS
    os.utime(directory, (then, then))


def test_a_directory_is_gone_afterwards(tmp_path: Path) -> None:
    with scratch_directory(tmp_path) as directory:
        assert directory.is_dir()
    assert not directory.exists()


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    abandoned = Path(tempfile.mkdtemp(prefix=PREFIX, dir=tmp_path))
    make_old(abandoned)
    remove_abandoned(tmp_path)
    assert not abandoned.exists()


def test_a_directory_in_use_stays(tmp_path: Path) -> None:
    with scratch_directory(tmp_path) as directory:
        make_old(directory)
        remove_abandoned(tmp_path)
        assert directory.exists()


def test_a_directory_just_made_stays(tmp_path: Path) -> None:
    young = Path(tempfile.mkdtemp(prefix=PREFIX, dir=tmp_path))
    remove_abandoned(tmp_path)
    assert young.exists()
