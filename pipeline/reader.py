"""Paths, folders and globs → inputs; one input → :class:`~pipeline.types.Page`.

**The name of a page** (``source``) is its path relative to the input root, with forward slashes. The root is the
deepest folder that holds every argument: of a folder the folder itself, of a file the folder it lies in, of a glob the
part before the first wildcard. It depends neither on the working directory nor on where the root lies; ``root`` sets
another.

**What is an error and what is a page.** A file that cannot be read, is too large, or is no text (undecodable bytes,
NUL) raises :class:`~pipeline.errors.PageError`; an empty file and a page of pictures only are pages with a flag.
"""

# os.path works on names as they are, links and bytes that are no UTF-8 included.
# ruff: noqa: PTH100, PTH112, PTH118, PTH120, PTH207

from __future__ import annotations

import codecs
import glob
import gzip
import hashlib
import io
import os
import re
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.config import ReaderOptions
from pipeline.errors import ConfigError, PageError
from pipeline.formats import SUFFIXES, Converted, to_markdown
from pipeline.publication import identify
from pipeline.records import page_id
from pipeline.text import is_blank
from pipeline.types import Page

GZIP = ".gz"
# Byte-order marks; the UTF-32 ones come first because the UTF-16 ones are their beginnings.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Almost any even run of high bytes decodes as GB18030. Of the characters above ASCII, the share that are symbols or
# frequent ideographs (the first 55 rows of GB 2312) was at least 0.996 on 40 composed pages, at most 0.21 where UTF-8
# was decoded as GB18030 and at most 0.34 for Big5; print in traditional characters lies between.
MIN_FREQUENT = 0.5
# GB18030 text has next to no private-use characters; misread text is full of them (7 % and more).
MAX_PRIVATE = 0.01
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
# Each alternative stops at what opens another one: a page of openers alone takes linear time.
_PICTURES = re.compile(
    r"!\[[^\[\]\n]*\]\([^()\n]*\)|<!--(?:[^<-]|-(?!->)|<(?!!--))*-->|<img\b[^<>]*>"
    r"|</?(?:div|p|br|center|figure)\b[^<>]*>"
)
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """Name one file to read; inputs sort by ``source``."""

    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Hold the inputs in order, the root they are named from, and how many files of the folders are no pages."""

    root: str
    items: tuple[Input, ...]
    left_out: int = 0


def find_inputs(arguments: Sequence[str], *, options: ReaderOptions, root: str | None = None) -> Inputs:
    """List the files that the arguments mean, sorted by name, each once.

    From a folder (searched with its subfolders; hidden files and linked folders are not followed) files with one of
    ``options.suffixes`` are taken, also packed with gzip; a file named by itself or by a glob is taken whatever its
    suffix. A path that does not exist stays in the list, so that it gets its error record. Raises ConfigError where the
    arguments mean nothing, or where something lies outside ``root``.
    """
    files: dict[str, None] = {}
    roots, left_out = [], 0
    for argument in arguments:
        folder, found = _expand(argument)
        roots.append(folder)
        for path in found:
            taken, others = _walk(path, options.suffixes) if os.path.isdir(path) else ([path], 0)
            left_out += others
            files.update(dict.fromkeys(taken))
    if not files:
        raise ConfigError(
            f"no pages in {', '.join(map(readable, arguments)) or 'nothing'}: give files, folders or globs; of a "
            f"folder the files that end in {', '.join(options.suffixes)} are taken, of {left_out} seen there none does"
        )
    top = os.path.abspath(root) if root else os.path.commonpath(roots)
    return Inputs(top, tuple(sorted(Input(_source(path, top), path) for path in files)), left_out)


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


def _walk(folder: str, suffixes: Iterable[str]) -> tuple[list[str], int]:
    """List the page files below a folder, and count the other ones; an unreadable subfolder is listed as it is."""
    endings = tuple(suffix.lower() for suffix in suffixes)
    endings += tuple(suffix + GZIP for suffix in endings)
    unreadable: list[str] = []
    taken, others = [], 0
    for place, folders, names in os.walk(folder, onerror=lambda error: unreadable.append(str(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.startswith("."):
                continue
            if name.lower().endswith(endings):
                taken.append(os.path.join(place, name))
            else:
                others += 1
    return taken + unreadable, others


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
    return text if text and _plausible(text) else raw.decode("utf-8", "backslashreplace")


def read_bytes(item: Input, *, options: ReaderOptions) -> bytes:
    """Read a file's bytes; raise PageError where it is missing, no plain file, unreadable or too large."""
    try:
        with open(item.path, "rb", opener=_open_waitless) as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(options.max_bytes + 1) if stat.S_ISREG(mode) else None
    except FileNotFoundError as error:
        raise _refuse(item, "there is no such file") from error
    except IsADirectoryError as error:
        raise _refuse(item, "is a folder, not a page") from error
    except PermissionError as error:
        raise _refuse(item, "may not be read by this user (permission denied)") from error
    except (OSError, ValueError) as error:
        raise _refuse(item, f"cannot be read: {getattr(error, 'strerror', None) or error}", retryable=True) from error
    if data is None:
        raise _refuse(item, "is no plain file (a folder, a pipe or a device)")
    if len(data) > options.max_bytes:
        raise _refuse(
            item, f"is larger than reader.max_bytes = {options.max_bytes}; cut it into pages or raise the limit"
        )
    return data


def _open_waitless(path: str, flags: int) -> int:
    """Open a file without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _refuse(item: Input, message: str, *, retryable: bool = False) -> PageError:
    """Make the error for a file that cannot be read."""
    return PageError(f"{item.source}: {message}", stage="read", retryable=retryable)


def read_page(path: str | os.PathLike[str], *, source_name: str, options: ReaderOptions) -> Page:
    """Read one page; raise PageError (stage ``read``) where there is no text to be had from it."""
    item = Input(source_name, os.fspath(path))
    return make_page(item, read_bytes(item, options=options), options=options)


def make_page(item: Input, data: bytes, *, options: ReaderOptions) -> Page:
    """Decode the bytes of a file into a page, with its publication and its flags.

    Layout files (``.json``, ``.jsonl``, ``.xml``) become Markdown: ``page.text`` is that, and a flag names the format.
    """
    packed = item.path.lower().endswith(GZIP)
    text, encoding = decode(_unpack(item, data, options) if packed else data, item, options=options)
    flags: list[str] = []
    if item.path.lower().removesuffix(GZIP).endswith(SUFFIXES):
        text, form = _convert(item, text)
        flags.append(f"format:{form}")
    found = identify(text, item.source)
    sha256 = hashlib.sha256(data).hexdigest()
    flags += found.flags
    if all(map(is_blank, text)):
        flags.append("empty")
    elif all(map(is_blank, _PICTURES.sub("", text[found.body_start :]))):
        flags.append("no_text")
    return Page(
        id=page_id(found.publication, sha256),
        source=item.source,
        text=text,
        sha256=sha256,
        n_bytes=len(data),
        encoding=encoding,
        publication=found.publication,
        body_start=found.body_start,
        flags=tuple(flags),
    )


def _convert(item: Input, text: str) -> Converted:
    """Convert a layout file to Markdown."""
    try:
        return to_markdown(text)
    except ValueError as error:
        raise _refuse(item, str(error)) from error


def _unpack(item: Input, data: bytes, options: ReaderOptions) -> bytes:
    """Unpack gzip, no further than the size limit."""
    try:
        unpacked = b"".join(_gunzip(data, options.max_bytes))
    except (OSError, EOFError, zlib.error) as error:
        raise _refuse(item, f"is a damaged gzip file: {error}") from error
    if len(unpacked) > options.max_bytes:
        raise _refuse(item, f"unpacks to more than reader.max_bytes = {options.max_bytes}")
    return unpacked


def _gunzip(data: bytes, limit: int) -> Iterator[bytes]:
    """Unpack up to one byte more than the limit."""
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        yield file.read(limit + 1)


def decode(data: bytes, item: Input, *, options: ReaderOptions) -> tuple[str, str]:
    """Decode bytes by their byte-order mark, else by the first of ``options.encodings`` that fits.

    Returns the text without the mark and the encoding's name (``utf-8-sig`` for UTF-8 with a mark). GB18030 fits only
    where the result looks like Chinese print, as nearly any bytes decode. Raises PageError with what was found.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise _refuse(item, f"has the byte-order mark of {encoding} but {_what(error)}") from error
            return _without_nul(text, item), "utf-8-sig" if encoding == "utf-8" else encoding
    tried: list[str] = []
    cause: UnicodeDecodeError | None = None
    for encoding in options.encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            tried.append(f"not {encoding} ({_what(error)})")
            cause = error
            continue
        except LookupError:
            raise ConfigError(f"reader.encodings: {encoding!r} is no encoding that Python knows") from None
        if encoding.lower().startswith("gb") and not _plausible(text):
            tried.append(f"not {encoding} (it would decode, but to characters that Chinese print does not use)")
            continue
        return _without_nul(text, item), encoding
    raise _refuse(
        item, f"is no text in the encodings allowed: {'; '.join(tried)}. Convert the file to UTF-8"
    ) from cause


def _what(error: UnicodeDecodeError) -> str:
    """Say which byte did not decode."""
    return f"byte {error.object[error.start]:#04x} at offset {error.start}: {error.reason}"


def _without_nul(text: str, item: Input) -> str:
    """Refuse a text with a NUL: it is a binary file, or UTF-16 without a mark."""
    place = text.find("\0")
    if place >= 0:
        raise _refuse(
            item, f"holds a NUL character at offset {place}: a binary file, or UTF-16 without a byte-order mark"
        )
    return text


def _plausible(text: str) -> bool:
    """Say whether decoded GB18030 looks like Chinese print."""
    return _frequent_share(text) >= MIN_FREQUENT and len(_PRIVATE.findall(text)) <= MAX_PRIVATE * len(text)


def _frequent_share(text: str) -> float:
    """Compute the share of symbols and frequent ideographs (GB 2312 rows 1–55) among the characters above ASCII."""
    encoded = re.sub(r"[\x00-\x7f]+", "", text)
    if not encoded:
        return 1.0
    rows = "".join(encoded).encode("gb2312", "ignore")[::2]
    return sum(0xA1 <= row <= 0xD7 for row in rows) / len(encoded)
