"""Paths, folders, globs and archives → the list of pages to read.

**The name of a page** (``source``) is its path relative to the input root, with forward slashes. The root is the
deepest folder that holds every argument: of a folder the folder itself, of a file the folder it lies in, of a glob the
part before the first wildcard. It depends neither on the working directory nor on where the root lies; ``root`` sets
another. An archive counts as a folder (``2024.zip/a.md``), and the pages of a file of several are numbered
(``a_content_list.json#3``).
"""

# os.path works on names as they are, links and bytes that are no UTF-8 included.
# ruff: noqa: PTH100, PTH112, PTH113, PTH118, PTH120, PTH207

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.config import ReaderOptions
from pipeline.decoding import plausible
from pipeline.errors import ConfigError, PageError
from pipeline.formats import KNOWN_SUFFIXES, SUFFIXES
from pipeline.packing import COMPRESSIONS, Member, PackedError, is_archive, is_lines, open_archive, plain_name
from pipeline.reader import FAULTY, Input, split_file

_WILD = re.compile(r"[*?\[]")
# Folders that packers add beside the files.
_PACKERS_OWN = "__MACOSX"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Hold the inputs in order, the root they are named from, and how many files of the folders are no pages."""

    root: str
    items: tuple[Input, ...]
    left_out: int = 0


def find_inputs(arguments: Sequence[str], *, options: ReaderOptions, root: str | None = None) -> Inputs:
    """List the pages that the arguments mean, sorted by name, each once.

    From a folder (searched with its subfolders; hidden files and linked folders are not followed) and from an archive
    files with one of ``options.suffixes`` are taken, also compressed, and from a folder archives; a file named by
    itself or by a glob is taken whatever its suffix. A path that does not exist stays in the list, so that it gets its
    error record. Raises ConfigError where the arguments mean nothing, or where something lies outside ``root``.
    """
    files: dict[str, None] = {}
    seen = _Seen(_endings(options.suffixes))
    roots = []
    for argument in arguments:
        folder, found = _expand(argument)
        roots.append(folder)
        for path in found:
            files.update(dict.fromkeys(_walk(path, seen) if os.path.isdir(path) else [path]))
    top = os.path.abspath(root) if root else os.path.commonpath(roots) if roots else ""
    items = [item for path in sorted(files) for item in _pages(_source(path, top), path, seen, options)]
    if not items:
        raise ConfigError(_nothing(arguments, options, seen))
    return Inputs(top, tuple(_told_apart(sorted(items))), seen.left_out)


@dataclass(slots=True)
class _Seen:
    """Count what folders and archives hold beside pages, and remember what of it engines write."""

    endings: tuple[str, ...]
    left_out: int = 0
    known: str = ""

    def takes(self, name: str) -> bool:
        """Say whether a file is a page by its name; count it otherwise."""
        lower = name.lower()
        if lower.endswith(self.endings):
            return True
        self.left_out += 1
        self.known = self.known or next((end for end in KNOWN_SUFFIXES if plain_name(lower).endswith(end)), "")
        return False


def _endings(suffixes: Iterable[str]) -> tuple[str, ...]:
    """List the endings that name a page, bare and compressed."""
    plain = tuple(suffix.lower() for suffix in suffixes)
    return plain + tuple(suffix + packed for suffix in plain for packed in COMPRESSIONS)


def _nothing(arguments: Sequence[str], options: ReaderOptions, seen: _Seen) -> str:
    """Say that there are no pages, and what to do."""
    message = (
        f"no pages in {', '.join(map(readable, arguments)) or 'nothing'}: give files, folders, archives or globs; of a "
        f"folder the files that end in {', '.join(options.suffixes)} are taken, of {seen.left_out} seen there none does"
    )
    return (
        f"{message}; for those in {seen.known} add --set 'reader.suffixes=[\"{seen.known}\"]'"
        if seen.known
        else message
    )


def _expand(argument: str) -> tuple[str, list[str]]:
    """Resolve an argument into the folder it is named from and the paths it means."""
    path = os.path.abspath(argument)
    if os.path.isdir(path):
        return path, [path]
    wild = _WILD.search(argument)
    if wild and not os.path.lexists(path):
        found = [os.path.abspath(item) for item in glob.glob(argument, recursive=True)]
        return os.path.dirname(os.path.abspath(argument[: wild.start()] + "x")), sorted(found) or [path]
    return os.path.dirname(path), [path]


def _walk(folder: str, seen: _Seen) -> list[str]:
    """List the page files and archives below a folder; an unreadable subfolder is listed as it is."""
    unreadable: list[str] = []
    taken = []
    for place, folders, names in os.walk(folder, onerror=lambda error: unreadable.append(str(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            packed = is_archive(name) and not is_lines(name)
            if not name.startswith(".") and (packed or seen.takes(name)):
                taken.append(os.path.join(place, name))
    return taken + unreadable


# ---- the pages of a file ------------------------------------------------------------------------------------


def _pages(source: str, path: str, seen: _Seen, options: ReaderOptions) -> Iterator[Input]:
    """List the pages of a file: one, those of an archive, or those of a layout file of several."""
    whole = Input(source, path)
    if is_archive(path) and os.path.isfile(path):
        yield from _members(whole, seen, options)
    else:
        yield from _cut(whole, options)


def _members(archive: Input, seen: _Seen, options: ReaderOptions) -> Iterator[Input]:
    """List the pages of an archive; one that is damaged stands in the list itself too, for its error record."""
    lines = is_lines(archive.path)
    found: list[Input] = []
    count, faulty = 0, False
    try:
        for member in open_archive(archive.path, options).members():
            if lines or (not _is_hidden(member.name) and seen.takes(member.name)):
                count += 1
                found += _cut(_name_member(archive, member), options, member)
    except (PackedError, OSError):
        faulty = True
    if lines and count <= 1 and not faulty:
        # A document alone in its file is the page of that file.
        yield from _cut(archive, options)
        return
    yield from found
    if faulty:
        yield replace(archive, member=FAULTY)


def _name_member(archive: Input, member: Member) -> Input:
    """Name a member of an archive by its path there, or a line by its number."""
    if is_lines(archive.path):
        return replace(archive, source=f"{archive.source}#{member.index + 1}", member=member.index, inner=".jsonl")
    name = readable(member.name.replace("\\", "/")).removeprefix("./")
    return Input(f"{archive.source}/{name}", archive.path, member.index, member.name)


def _is_hidden(name: str) -> bool:
    """Say whether a member is hidden, or was added by a packer."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return any(part.startswith(".") or part == _PACKERS_OWN for part in parts)


def _cut(item: Input, options: ReaderOptions, member: Member | None = None) -> Iterator[Input]:
    """List the pages of a file; one that cannot be read is one page, and gets its error record when it is made."""
    try:
        # Only layout files hold several pages; of others not a byte is read here.
        is_layout = plain_name(item.name).lower().endswith(SUFFIXES)
        numbers = list(split_file(item, options=options, data=member.read() if member else None)) if is_layout else []
    except (PackedError, PageError, OSError):
        numbers = []
    if not numbers:
        yield item
    for number in numbers:
        yield replace(item, source=f"{item.source}#{number}", page=number)


def _told_apart(items: Iterable[Input]) -> Iterator[Input]:
    """Give inputs of one name (an archive may hold a name twice) names of their own."""
    known: dict[str, int] = {}
    for item in items:
        count = known[item.source] = known.get(item.source, 0) + 1
        yield item if count == 1 else replace(item, source=f"{item.source}~{count}")


# ---- names --------------------------------------------------------------------------------------------------


def _source(path: str, root: str) -> str:
    """Name a file relative to the root, with forward slashes, in characters that UTF-8 can hold."""
    relative = os.path.relpath(path, root)
    if relative.startswith(os.pardir + os.sep):
        raise ConfigError(
            f"{readable(path)} lies outside the root {readable(root)}; choose a root that holds every input"
        )
    return readable(relative.replace(os.sep, "/"))


def readable(name: str) -> str:
    r"""Write a file name that is not UTF-8 in characters: as GB18030 where that gives Chinese, else ``\x`` escapes."""
    return "/".join(map(_readable_part, name.split("/")))


def _readable_part(name: str) -> str:
    """Write one part of a path in characters; archives packed on Chinese Windows unpack to GB18030 names."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raw = os.fsencode(name)
    else:
        return name
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    return text if text and plausible(text) else raw.decode("utf-8", "backslashreplace")
