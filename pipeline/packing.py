"""Packed inputs: compressed files, and archives whose members are pages. Nothing is ever unpacked onto the disk.

    .gz .zst                     one file, compressed
    .zip                         archive, members read where they lie
    .tar .tar.gz .tgz .tar.zst   archive, read from its beginning
    .jsonl (.gz .zst)            a line a page, read from its beginning

Every limit holds while unpacking, so that a bomb costs no more than the limit: ``max_bytes`` of one file,
``max_members`` of an archive, ``max_ratio`` of unpacked to packed bytes. A member that is a link or a device, or whose
name leads out of the archive, is never opened.
"""

from __future__ import annotations

import functools
import gzip
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Protocol

import zstandard

COMPRESSIONS = (".gz", ".zst")
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst")
_LINES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
# Unpacked bytes below which no ratio is judged: a page of one repeated line packs a thousandfold and is harmless.
RATIO_FROM = 1 << 20
# A zstd frame may ask for a window as large as it likes; 128 MiB is what its own tools accept by default.
MAX_WINDOW = 1 << 27
_DAMAGE = (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, zstandard.ZstdError)
_CHUNK = 1 << 16


class Limits(Hashable, Protocol):
    """Bound what unpacking may cost; :class:`pipeline.config.ReaderOptions` does."""

    @property
    def max_bytes(self) -> int:
        """Give the bytes of one file, unpacked."""

    @property
    def max_members(self) -> int:
        """Give the members of one archive."""

    @property
    def max_ratio(self) -> float:
        """Give the unpacked bytes a packed byte."""


class PackedError(ValueError):
    """Say why something packed cannot be read: damaged, over a limit, encrypted, a link."""


@dataclass(frozen=True, slots=True)
class Member:
    """Describe a file of an archive: its place there, its name, and a function that reads it (PackedError, OSError)."""

    index: int
    name: str
    read: Callable[[], bytes]


def is_archive(path: str) -> bool:
    """Say whether a file may hold several pages, by its name."""
    return path.lower().endswith((".zip", *_TARS, *_LINES))


def is_lines(path: str) -> bool:
    """Say whether a file holds a page a line, by its name."""
    return path.lower().endswith(_LINES)


def plain_name(path: str) -> str:
    """Take the ending of a compression off a name."""
    ending = next((ending for ending in COMPRESSIONS if path.lower().endswith(ending)), "")
    return path[: len(path) - len(ending)]


def unpack(data: bytes, name: str, limits: Limits) -> bytes:
    """Unpack a compressed file by the ending of its name; raise PackedError where it is damaged or over a limit."""
    kind = "zstd" if name.lower().endswith(".zst") else "gzip"
    with _explained(f"is a damaged {kind} file"), _decompressed(io.BytesIO(data), name) as file:
        unpacked: bytes = file.read(limits.max_bytes + 1)
    _check_size(unpacked, limits)
    if len(unpacked) > max(RATIO_FROM, limits.max_ratio * len(data)):
        raise PackedError(_RATIO.format(limits.max_ratio))
    return unpacked


_RATIO = "unpacks to more than reader.max_ratio = {:g} times its size, as bombs do; unpack it yourself if it is none"


def _check_size(data: bytes, limits: Limits) -> None:
    """Refuse what is larger than one file may be."""
    if len(data) > limits.max_bytes:
        raise PackedError(f"unpacks to more than reader.max_bytes = {limits.max_bytes}")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn what the libraries raise for damaged files into a PackedError."""
    try:
        yield
    except PackedError:
        raise
    except (*_DAMAGE, NotImplementedError, RuntimeError, ValueError, IndexError, OverflowError) as error:
        # An OSError with a number comes from the file system, not from the file's content.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PackedError(f"{what}: {' '.join(str(error).split()) or type(error).__name__}") from error


def _decompressed(file: IO[bytes], name: str) -> Any:
    """Open a stream that unpacks another by the ending of its name."""
    if name.lower().endswith((".gz", ".tgz")):
        return gzip.GzipFile(fileobj=file)
    if name.lower().endswith((".zst", ".tzst")):
        unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        return unpacker.stream_reader(file, read_across_frames=True, closefd=False)
    return file


# ---- archives -----------------------------------------------------------------------------------------------


class Archive:
    """Read the members of an archive in order; ``fetch`` gives one of them, quickest in the order of their places."""

    def __init__(self, path: str, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self.at = -1
        self.walk: Iterator[Member] = iter(())

    def members(self) -> Iterator[Member]:
        """List the members; raise PackedError at the place where the archive is damaged or over a limit."""
        name = self.path.lower()
        walk = _walk_zip if name.endswith(".zip") else _walk_lines if is_lines(name) else _walk_tar
        with _explained("is a damaged archive"), _open_plain(self.path) as file:
            for member in walk(file, self.path, self.limits):
                if member.index >= self.limits.max_members:
                    raise PackedError(f"has more than reader.max_members = {self.limits.max_members} members")
                yield member

    def fetch(self, index: int) -> bytes:
        """Read the member at a place; raise PackedError where there is none or it cannot be read."""
        if index <= self.at or self.at < 0:
            self.walk, self.at = self.members(), -1
        for member in self.walk:
            self.at = member.index
            if member.index == index:
                with _explained("is damaged inside its archive"):
                    return member.read()
        self.at = -1
        raise PackedError("is no longer in its archive; run again")


@functools.lru_cache(maxsize=1)
def _archive(path: str, limits: Limits, signature: tuple[int, ...]) -> Archive:
    """Keep the archive that was read last open: its next member is near."""
    del signature
    return Archive(path, limits)


def open_archive(path: str, limits: Limits) -> Archive:
    """Open an archive, or take the one that this process read last if it has not changed; raise OSError."""
    found = os.stat(path)  # noqa: PTH116  # a name that is no UTF-8 stays what it is
    # A forked process shares the place in the file with its parent, so each opens it for itself.
    return _archive(path, limits, (found.st_ino, found.st_size, found.st_mtime_ns, os.getpid()))


def _open_plain(path: str) -> IO[bytes]:
    """Open a plain file; raise PackedError for a pipe, a device or a folder."""
    file = open(path, "rb", opener=open_waitless)  # noqa: SIM115  # closed by the caller
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise PackedError("is no plain file (a folder, a pipe or a device)")
    return file


def open_waitless(path: str, flags: int) -> int:
    """Open a file without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def leads_out(name: str) -> bool:
    """Say whether a member's name leads out of its archive: absolute, on a drive, or upwards."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or name[1:2] == ":"


def _refuse(message: str) -> Callable[[], bytes]:
    """Make the reader of a member that is never opened."""

    def read() -> bytes:
        raise PackedError(message)

    return read


_OUTSIDE = "has a name that leads out of its archive; such members are not opened"
_LINK = "is a link or a device inside an archive; such members are not opened"


def _walk_zip(file: IO[bytes], path: str, limits: Limits) -> Iterator[Member]:
    """List the files of a ZIP archive."""
    del path
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        for index, info in enumerate(infos):
            name = _zip_name(info)
            if info.is_dir():
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            if leads_out(name):
                read = _refuse(_OUTSIDE)
            elif kind not in (0, stat.S_IFREG):
                read = _refuse(_LINK)
            elif info.flag_bits & 1:
                read = _refuse("is encrypted; unpack the archive with its password first")
            else:
                read = functools.partial(_read_zipped, archive, info, limits)
            yield Member(index, name, read)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Name a member; without the UTF-8 flag the bytes are of the packer's system, here UTF-8 or GB18030."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return os.fsdecode(info.filename.encode("cp437"))
    except UnicodeEncodeError:
        return info.filename


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> bytes:
    """Read a member of a ZIP archive, no further than the limits."""
    if info.file_size > limits.max_bytes:
        raise PackedError(f"unpacks to more than reader.max_bytes = {limits.max_bytes}")
    if info.file_size > max(RATIO_FROM, limits.max_ratio * info.compress_size):
        raise PackedError(_RATIO.format(limits.max_ratio))
    with archive.open(info) as member:
        data = member.read(limits.max_bytes + 1)
    _check_size(data, limits)
    return data


class _Metered(io.RawIOBase):
    """Pass an unpacked stream on, and stop where it grows out of proportion to what was read of the packed one."""

    def __init__(self, stream: Any, packed: IO[bytes], limits: Limits) -> None:
        self.stream = stream
        self.packed = packed
        self.max_ratio = limits.max_ratio
        self.given = 0

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read a piece of the stream."""
        data = self.stream.read(min(len(buffer), _CHUNK))
        self.given += len(data)
        if self.given > max(RATIO_FROM, self.max_ratio * max(1, self.packed.tell())):
            raise PackedError(_RATIO.format(self.max_ratio))
        buffer[: len(data)] = data
        return len(data)


def _stream(file: IO[bytes], path: str, limits: Limits) -> io.BufferedReader:
    """Open the unpacked bytes of a file, compressed or not."""
    return io.BufferedReader(_Metered(_decompressed(file, path), file, limits), _CHUNK)


def _walk_tar(file: IO[bytes], path: str, limits: Limits) -> Iterator[Member]:
    """List the files of a TAR archive; each can be read until the next one is asked for."""
    with _stream(file, path, limits) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        index = -1
        while (info := archive.next()) is not None:
            # The library keeps every header; those of a large archive would fill the memory.
            archive.members = []  # type: ignore[attr-defined]
            index += 1
            if info.isdir():
                continue
            if leads_out(info.name):
                read = _refuse(_OUTSIDE)
            elif not info.isreg():
                read = _refuse(_LINK)
            elif info.size > limits.max_bytes:
                read = _refuse(f"unpacks to more than reader.max_bytes = {limits.max_bytes}")
            else:
                read = functools.partial(_read_tarred, archive, info)
            yield Member(index, info.name, read)
    if index < 0:
        raise PackedError("is a damaged archive: it has no members")


def _read_tarred(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    """Read a member of a TAR archive."""
    member = archive.extractfile(info)
    data = member.read() if member else b""
    if len(data) < info.size:
        raise PackedError("is cut off: the archive ends too early")
    return data


def _walk_lines(file: IO[bytes], path: str, limits: Limits) -> Iterator[Member]:
    """List the lines of a JSONL file that are not blank."""
    index = 0
    with _stream(file, path, limits) as stream:
        while line := stream.readline(limits.max_bytes + 1):
            if len(line) > limits.max_bytes:
                yield Member(index, "", _refuse(f"is a line of more than reader.max_bytes = {limits.max_bytes}"))
                return
            if line.strip():
                yield Member(index, "", functools.partial(bytes, line))
                index += 1
