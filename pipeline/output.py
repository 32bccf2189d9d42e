"""The output folder: one part per page, the files merged from the parts, and the lock on the folder.

    OUT/articles.jsonl  pages.jsonl  errors.jsonl    merged from the parts in the order of the pages' names
    OUT/manifest.json                                written last: a folder that has one is complete and of one piece
    OUT/parts/xx/….jsonl                             one page each: header, line of the page or the error, articles;
                                                     or one issue: header, places of its patches, their lines
    OUT/.lock                                        held by the run that writes here

Every file appears under its name complete or not at all (temporary file, ``fsync``, ``os.replace``). What cannot be
written stops the run with an :class:`~pipeline.errors.OutputError`; the parts that are done stay.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

from pipeline.errors import OutputError

MERGED = ("articles", "pages", "errors")
MANIFEST = "manifest.json"
PARTS = "parts"
LOCK = ".lock"
# Hex digits of a part's name: 80 bits, so that two names never meet; two more digits make 256 folders.
NAME_DIGITS = 20
BLOCK = 1 << 20
# Lines that stand in place of a part's own, by number (0 = the page's, then the articles'); ``None`` = gone.
Patch = Mapping[int, bytes | None]


@dataclass(frozen=True, slots=True)
class Part:
    """Describe what one page gave; the header of its part file.

    ``key`` stands for everything that decides the content. ``base_id`` is the page's id before two pages of one id are
    told apart. ``issue`` is date and paper (``2024-10-16 并州晚报``) where an article goes on on another page or comes
    from one. ``sizes`` are the bytes of the page's (or error's) line and of the article lines, line feeds included.
    """

    source: str
    key: str
    status: Literal["ok", "failed"]
    page_id: str | None
    base_id: str | None
    sha256: str | None
    n_bytes: int
    n_articles: int = 0
    chars: int = 0
    reason: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    issue: str | None = None
    sizes: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Written:
    """Describe a file that was written: its bytes, lines and SHA-256."""

    bytes: int
    lines: int
    sha256: str


class _Sink:
    """Write to a temporary file beside the final one, counting and hashing; ``commit`` gives it its name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self.file: BinaryIO = self.temporary.open("wb")
        self.hash = hashlib.sha256()
        self.bytes = 0
        self.lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        # On a full disk closing fails as writing did; the temporary file must go all the same, to make room.
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self.temporary.unlink()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self.file.write(data)
        self.hash.update(data)
        self.bytes += len(data)
        self.lines += data.count(b"\n")

    def flush(self) -> None:
        """Bring everything to the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def commit(self) -> Written:
        """Give the flushed file its name."""
        self.file.close()
        self.temporary.replace(self.path)
        return Written(self.bytes, self.lines, self.hash.hexdigest())


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into an OutputError that says what to do."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(
            f"{path}: cannot be written: {why}. The pages that are done are kept; make room or choose another folder "
            "with --out, then run the same command again"
        ) from error


# ---- parts --------------------------------------------------------------------------------------------------


def part_path(out: Path, source: str) -> Path:
    """Name the part file of a page by its source."""
    name = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[: NAME_DIGITS + 2]
    # One join: four of them took a quarter of the time of a run that finds everything done.
    return out.joinpath(f"{PARTS}/{name[:2]}/{name[2:]}.jsonl")


def write_part(out: Path, part: Part, line: str, records: Iterable[str] = ()) -> Part:
    """Write a part: its header, the page's or the error's line, the article lines. Returns it with its sizes.

    Raises UnicodeEncodeError, before anything is written, for a line that UTF-8 cannot hold, and OutputError.
    """
    first = f"{line}\n".encode()
    rest = "".join(f"{record}\n" for record in records).encode()
    header = asdict(part) | {"sizes": [len(first), len(rest)]}
    path = part_path(out, part.source)
    with _explained(path):
        # Without parents: where the output's disk has gone away, its folder must not rise again on the disk below.
        path.parent.mkdir(exist_ok=True)
        with _Sink(path) as sink:
            sink.write(json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            sink.write(first)
            sink.write(rest)
            sink.flush()
            sink.commit()
    return _to_part(header)


def read_part(out: Path, source: str) -> Part | None:
    """Read the header of a page's part; ``None`` where there is no whole part of this page."""
    try:
        with part_path(out, source).open("rb") as file:
            return _read_header(file, source)
    except OSError:
        return None


def read_lines(out: Path, source: str) -> list[bytes]:
    """Read the lines of a page's part behind its header: the page's, then the articles'; none without a whole part."""
    try:
        with part_path(out, source).open("rb") as file:
            return file.read().split(b"\n")[:-1] if _read_header(file, source) else []
    except OSError:
        return []


def write_patches(out: Path, part: Part, patches: Mapping[str, Mapping[int, str | None]]) -> Part:
    """Write an issue's part: where the lines that replace others stand in it, by page and number, and these lines."""
    places: dict[str, dict[int, int | None]] = {}
    lines: list[str] = []
    for source, patch in sorted(patches.items()):
        for number, line in sorted(patch.items()):
            places.setdefault(source, {})[number] = None if line is None else len(lines)
            lines += [] if line is None else [line]
    return write_part(out, part, json.dumps(places, ensure_ascii=False), lines)


def read_patch(out: Path, name: str, source: str) -> Patch:
    """Read what an issue's part makes of a page's lines; nothing where the issue failed."""
    lines = read_lines(out, name)
    part = read_part(out, name)
    if part is None or part.status != "ok" or not lines:
        return {}
    places = json.loads(lines[0]).get(source, {})
    return {int(number): None if at is None else lines[1 + at] + b"\n" for number, at in places.items()}


def _read_header(file: BinaryIO, source: str) -> Part | None:
    """Read and check a part's header, and leave the file behind it."""
    line = file.readline()
    try:
        part = _to_part(json.loads(line))
    except (ValueError, TypeError, KeyError):
        return None
    whole = len(line) + sum(part.sizes) == os.fstat(file.fileno()).st_size
    return part if whole and part.source == source else None


def _to_part(header: Mapping[str, Any]) -> Part:
    """Make a header from its plain values."""
    return Part(**{**header, "sizes": tuple(header["sizes"])})


# ---- merged files -------------------------------------------------------------------------------------------


def _no_patch(source: str) -> Patch:
    """Leave a page's lines as they are."""
    del source
    return {}


def merge(out: Path, sources: Iterable[str], patches: Callable[[str], Patch] = _no_patch) -> dict[str, Written]:
    """Merge the parts, in the order given, into the three files; a page without a part is left out.

    ``patches`` gives of a page the lines that stand in place of its own.
    """
    paths = {name: out / f"{name}.jsonl" for name in MERGED}
    with _explained(out), ExitStack() as stack:
        sinks = {name: stack.enter_context(_Sink(path)) for name, path in paths.items()}
        for source in sources:
            _copy_part(out, source, sinks, patches(source))
        for sink in sinks.values():
            sink.flush()
        written = {name: sink.commit() for name, sink in sinks.items()}
        _sync_folder(out)
        return written


def _copy_part(out: Path, source: str, sinks: Mapping[str, _Sink], patch: Patch) -> None:
    """Append a part's lines to the files they belong to."""
    try:
        file = part_path(out, source).open("rb")
    except FileNotFoundError:
        return
    with file:
        part = _read_header(file, source)
        if part is None:
            return
        first = file.read(part.sizes[0])
        sinks["pages" if part.status == "ok" else "errors"].write(patch.get(0) or first)
        if patch:
            for number, line in enumerate(file, 1):
                sinks["articles"].write(patch.get(number, line) or b"")
            return
        left = part.sizes[1]
        while left:
            data = file.read(min(left, BLOCK))
            sinks["articles"].write(data)
            left -= len(data)


def _sync_folder(out: Path) -> None:
    """Bring the folder's new names to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(out, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# The line of a manifest below which the inputs stand, to its end.
_INPUTS = ' "inputs": [\n'


def write_manifest(out: Path, manifest: Mapping[str, Any], inputs: Iterable[Mapping[str, Any]]) -> None:
    """Write the manifest; ``inputs`` are written as they come, one a line, under the last key."""
    head = json.dumps(dict(manifest), ensure_ascii=False, indent=1, allow_nan=False)
    path = out / MANIFEST
    with _explained(path), _Sink(path) as sink:
        sink.write(f"{head.removesuffix(chr(10) + '}')},\n{_INPUTS.rstrip()}".encode())
        comma = ""
        for entry in inputs:
            sink.write(f"{comma}\n  {json.dumps(dict(entry), ensure_ascii=False)}".encode())
            comma = ","
        sink.write(b"\n ]\n}\n")
        sink.flush()
        sink.commit()
        _sync_folder(out)


def is_merged(out: Path, state: str) -> bool:
    """Say whether the merged files are those of a state of the batch, byte for byte by their hashes in the manifest."""
    try:
        with (out / MANIFEST).open(encoding="utf-8") as file:
            manifest = json.loads("".join(iter(file.readline, _INPUTS)).removesuffix(",\n") + "}")
        if manifest.get("state") != state:
            return False
        return all(_hash_of(out / f"{name}.jsonl") == manifest["outputs"][f"{name}.jsonl"]["sha256"] for name in MERGED)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _hash_of(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def drop_manifest(out: Path) -> None:
    """Take the manifest away: the folder is no longer complete."""
    with _explained(out / MANIFEST):
        (out / MANIFEST).unlink(missing_ok=True)


# ---- the folder ---------------------------------------------------------------------------------------------


@contextmanager
def open_folder(out: Path) -> Iterator[None]:
    """Make the output folder and hold its lock; raise OutputError where it is no folder, not writable, or in use.

    The lock of a run that is gone (its process no longer lives on this machine) is taken over, and its temporary files
    are removed. A lock from another machine is never taken over.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file; --out needs a folder (it is made where it does not exist)")
    with _explained(out):
        out.mkdir(parents=True, exist_ok=True)
        took_over = _take_lock(out / LOCK)
    try:
        if took_over:
            _sweep(out)
        with _explained(out / PARTS):
            (out / PARTS).mkdir(exist_ok=True)
        yield
    except OutputError:
        # A worker that was ended beside the one that failed may have been writing.
        _sweep(out)
        raise
    finally:
        with suppress(OSError):
            (out / LOCK).unlink()


def _take_lock(path: Path) -> bool:
    """Write the lock; say whether another run's stale lock was taken over."""
    mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "started": _start_of(os.getpid())})
    for took_over in (False, True):
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(mine)
        except FileExistsError:
            _check_stale(path)
            path.unlink(missing_ok=True)
        else:
            return took_over
    raise OutputError(f"{path}: another run has just taken this folder; wait for it or choose another --out")


def _check_stale(path: Path) -> None:
    """Raise OutputError unless the run that wrote the lock is known to be gone."""
    try:
        holder = json.loads(path.read_text("utf-8") or "{}")
    except (FileNotFoundError, ValueError):
        holder = {}
    # A run that was killed between making and writing its lock leaves an empty one.
    if not holder:
        return
    if holder.get("host") != socket.gethostname():
        raise OutputError(
            f"{path}: a run on {holder.get('host')} (process {holder.get('pid')}) holds this folder; from here it "
            "cannot be seen whether it still lives. If it does not, delete this file"
        )
    if _lives(holder):
        raise OutputError(
            f"{path}: a run of process {holder['pid']} is writing to this folder; wait for it or choose another --out"
        )


def _lives(holder: Mapping[str, Any]) -> bool:
    """Say whether the process that wrote a lock still lives (and is not another one with its number)."""
    pid = int(holder.get("pid", 0))
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return holder.get("started") in (None, _start_of(pid))


def _start_of(pid: int) -> str | None:
    """Tell when a living process began, in ticks since the machine's start; ``None`` where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # Fields after the command's name, which may hold blanks; the state is the 3rd of all, the start the 22nd (proc(5)).
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]


def _sweep(out: Path) -> None:
    """Remove the temporary files that a killed run left."""
    for pattern in (".*.tmp", f"{PARTS}/*/.*.tmp"):
        for path in out.glob(pattern):
            with suppress(OSError):
                path.unlink()
