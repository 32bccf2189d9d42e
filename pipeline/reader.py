"""One input → :class:`~pipeline.types.Page`: read, unpacked, cut, decoded, converted, identified.

**What is an error and what is a page.** A file that cannot be read, is too large, or is no text (undecodable bytes,
NUL) raises :class:`~pipeline.errors.PageError`; an empty file and a page of pictures only are pages with a flag.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import stat
from dataclasses import dataclass

from pipeline.config import ReaderOptions
from pipeline.decoding import DecodingError, decode
from pipeline.errors import PageError
from pipeline.formats import SUFFIXES, Converted, split_pages, to_markdown
from pipeline.packing import PackedError, open_archive, open_waitless, plain_name, unpack
from pipeline.publication import identify
from pipeline.records import page_id
from pipeline.text import is_blank
from pipeline.types import Origin, Page

# Each alternative stops at what opens another one: a page of openers alone takes linear time.
_PICTURES = re.compile(
    r"!\[[^\[\]\n]*\]\([^()\n]*\)|<!--(?:[^<-]|-(?!->)|<(?!!--))*-->|<img\b[^<>]*>"
    r"|</?(?:div|p|br|center|figure)\b[^<>]*>"
)


PLAIN, FAULTY = -1, -2


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """Name one page to read; inputs sort by ``source``.

    ``path`` is the file. Of an archive ``member`` is the place of the page's file in it (PLAIN: the file is no archive;
    FAULTY: the archive itself, which could not be read to its end) and ``inner`` that file's name; of a file of several
    pages ``page`` is the number of the page (0: the file is one page).
    """

    source: str
    path: str
    member: int = PLAIN
    inner: str = ""
    page: int = 0

    @property
    def name(self) -> str:
        """Give the name of the file that holds the page, in its archive or on the disk."""
        return self.inner or self.path

    @property
    def place(self) -> tuple[str, int, int]:
        """Give the page's place: archives are read quickest in this order."""
        return self.path, self.member, self.page


def read_bytes(item: Input, *, options: ReaderOptions) -> bytes:
    """Read a page's bytes: those of its file, packed as it is, or its part of a file of several pages.

    Raises PageError where the file is missing, no plain file, unreadable, too large, or not in its archive.
    """
    if item.page:
        pages = split_file(item, options=options)
        if item.page not in pages:
            raise _refuse(item, "is no longer in its file; run again")
        return pages[item.page]
    try:
        return _read(item, options)
    except PackedError as error:
        raise _refuse(item, str(error)) from error.__cause__
    except FileNotFoundError as error:
        raise _refuse(item, "there is no such file") from error
    except IsADirectoryError as error:
        raise _refuse(item, "is a folder, not a page") from error
    except PermissionError as error:
        raise _refuse(item, "may not be read by this user (permission denied)") from error
    except (OSError, ValueError) as error:
        raise _refuse(item, f"cannot be read: {getattr(error, 'strerror', None) or error}", retryable=True) from error


def _read(item: Input, options: ReaderOptions) -> bytes:
    """Read a file or a member of an archive; raise PackedError, and OSError."""
    if item.member >= 0:
        return open_archive(item.path, options).fetch(item.member)
    if item.member == FAULTY:
        # The fault that the archive was listed for is met again here.
        for _ in open_archive(item.path, options).members():
            pass
        raise PackedError("is an archive that could not be read before; run again")
    return _read_file(item.path, options.max_bytes)


def _read_file(path: str, max_bytes: int) -> bytes:
    """Read a plain file; raise PackedError where it is none or too large, and OSError."""
    with open(path, "rb", opener=open_waitless) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise PackedError("is no plain file (a folder, a pipe or a device)")
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise PackedError(f"is larger than reader.max_bytes = {max_bytes}; cut it into pages or raise the limit")
    return data


def _refuse(item: Input, message: str, *, retryable: bool = False) -> PageError:
    """Make the error for a file that cannot be read."""
    return PageError(f"{item.source}: {message}", stage="read", retryable=retryable)


# ---- files of several pages ---------------------------------------------------------------------------------


def split_file(item: Input, *, options: ReaderOptions, data: bytes | None = None) -> dict[int, bytes]:
    """Cut the layout file that an input lies in into pages, by number; a file of one page, or of text, gives none.

    ``data`` are the file's bytes where they are at hand. Raises PageError.
    """
    if not plain_name(item.name).lower().endswith(SUFFIXES):
        return {}
    whole = Input(item.source, item.path, item.member, item.inner)
    if data is None:
        try:
            found = os.stat(item.path)  # noqa: PTH116
        except OSError:
            found = None
        if found is not None:
            return _split_once(whole, options, (found.st_ino, found.st_size, found.st_mtime_ns))
        data = read_bytes(whole, options=options)
    text, _ = _decode(whole, data, options)
    try:
        return {number: page.encode("utf-8", "surrogatepass") for number, page in split_pages(text).items()}
    except ValueError as error:
        raise _refuse(item, str(error)) from error


@functools.lru_cache(maxsize=1)
def _split_once(whole: Input, options: ReaderOptions, signature: tuple[int, int, int]) -> dict[int, bytes]:
    """Keep the pages of the file that was cut last: its next page is likely to be asked for next."""
    del signature
    return split_file(whole, options=options, data=read_bytes(whole, options=options))


# ---- pages --------------------------------------------------------------------------------------------------


def read_page(path: str | os.PathLike[str], *, source_name: str, options: ReaderOptions) -> Page:
    """Read one page; raise PageError (stage ``read``) where there is no text to be had from it."""
    item = Input(source_name, os.fspath(path))
    return make_page(item, read_bytes(item, options=options), options=options)


def make_page(item: Input, data: bytes, *, options: ReaderOptions) -> Page:
    """Decode a page's bytes, with its publication and its flags.

    Layout files (``.json``, ``.jsonl``, ``.xml``) become Markdown: ``page.text`` is that, and a flag names the format.
    """
    text, encoding = (_decode_part(item, data), "utf-8") if item.page else _decode(item, data, options)
    flags: list[str] = []
    origin: Origin | None = None
    if plain_name(item.name).lower().endswith(SUFFIXES):
        text, origin = _convert(item, text)
        flags.append(f"format:{origin.format}")
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
        origin=origin,
    )


def _decode(item: Input, data: bytes, options: ReaderOptions) -> tuple[str, str]:
    """Unpack and decode a file's bytes."""
    try:
        if plain_name(item.name) != item.name:
            data = unpack(data, item.name, options)
        return decode(data, options.encodings)
    except (PackedError, DecodingError) as error:
        raise _refuse(item, str(error)) from error.__cause__


def _decode_part(item: Input, data: bytes) -> str:
    """Decode a part that was cut from a file: it is UTF-8, with the half characters that JSON can hold."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise _refuse(item, f"is no UTF-8: {error}") from error


def _convert(item: Input, text: str) -> Converted:
    """Convert a layout file to Markdown."""
    try:
        return to_markdown(text)
    except ValueError as error:
        raise _refuse(item, str(error)) from error
