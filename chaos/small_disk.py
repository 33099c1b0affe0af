"""A disk so small that it can be filled: in memory, and seen by this process and those it starts only."""

import contextlib
import ctypes
import errno
import os
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 1 << 18, 2
MEGABYTE = 1024 * 1024
# Without root's power a process may have mounts of its own where the system lets it be alone with itself.
MAPS = {"setgroups": "deny", "uid_map": "{uid} {uid} 1", "gid_map": "{gid} {gid} 1"}


class Unavailable(Exception):
    """This machine lets nobody mount a disk here; the words say why."""


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """An empty disk of this size at an existing folder, whose owner owns it: `with small_disk(…) as disk`."""
    _keep_mounts_to_ourselves()
    owner = os.stat(folder)
    options = f"size={megabytes}m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    _call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options.encode())
    try:
        yield Disk(Path(folder))
    finally:
        _call("umount2", os.fsencode(folder), MNT_DETACH)


class Disk:
    """Can be filled to the last byte, and given room again."""

    def __init__(self, folder):
        self.folder, self.ballast = folder, folder / "ballast"

    @property
    def free_bytes(self):
        return os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize

    def fill(self):
        """Leave no room at all."""
        with open(self.ballast, "ab", buffering=0) as file:
            for piece in (bytes(MEGABYTE), bytes(4096)):
                _write_while_possible(file, piece)

    def make_room(self):
        self.ballast.unlink()


def _write_while_possible(file, piece):
    try:
        while file.write(piece) == len(piece):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def _keep_mounts_to_ourselves():
    """What is mounted from now on goes with this process and its children, however they end."""
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", CLONE_NEWNS if uid == 0 else CLONE_NEWNS | CLONE_NEWUSER)
    if uid != 0:
        for name, text in MAPS.items():
            Path("/proc/self", name).write_text(text.format(uid=uid, gid=gid))
    _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def _call(name, *arguments):
    """A call of the system; raises Unavailable with its words."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise Unavailable(f"{name}: {os.strerror(ctypes.get_errno())}")
