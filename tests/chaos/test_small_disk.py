"""The disk that can be filled: full to the last byte, and seen by nobody else."""

import subprocess
import sys
import textwrap

import pytest

FILL = textwrap.dedent("""
    import pathlib, sys
    from chaos.small_disk import Unavailable, small_disk
    folder = pathlib.Path(sys.argv[1])
    try:
        with small_disk(folder, 2) as disk:
            disk.fill()
            assert disk.free_bytes == 0
            try:
                (folder / "one more").write_bytes(bytes(4096))
            except OSError as error:
                print(error.strerror)
            disk.make_room()
            (folder / "one more").write_bytes(bytes(4096))
            input()
    except Unavailable as why:
        print(f"unavailable: {why}")
""")


def test_it_can_be_filled_and_given_room_and_nobody_else_sees_it(tmp_path):
    # In a process of its own: it keeps its mounts for good.
    command = [sys.executable, "-c", FILL, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.readline().strip()
        if said.startswith("unavailable"):
            pytest.skip(said)
        seen_from_outside = list(tmp_path.iterdir())
        process.communicate("\n")

    assert (said, seen_from_outside, process.returncode) == ("No space left on device", [], 0)
