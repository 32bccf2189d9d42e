"""Stretches of a page: the markup that repairs leave alone, and which matches lie inside or outside of stretches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# Markup that repairs leave alone. Each alternative stops at a character that could open another one, so that the
# search stays linear; comments and front matter, which may span lines, are found by protected.
_MARKUP = re.compile(
    r"!?\[[^\[\]\n]{0,300}\]\([^()\s]{0,500}\)|</?[A-Za-z][^<>\n]{0,300}>|`[^`\n]+`|https?://[!-~]+|www\.[!-~]+"
)
_COMMENT_OPEN, _COMMENT_CLOSE = "<!--", "-->"


def protected(text: str) -> list[tuple[int, int]]:
    """Find the markup that repairs leave alone: links, images, tags, code, addresses and comments, in order."""
    spans = [hit.span() for hit in _MARKUP.finditer(text)]
    at = text.find(_COMMENT_OPEN)
    while at >= 0:
        end = text.find(_COMMENT_CLOSE, at)
        if end < 0:
            break
        spans.append((at, end + len(_COMMENT_CLOSE)))
        at = text.find(_COMMENT_OPEN, end)
    return sorted(spans)


def outside(hits: Iterator[re.Match[str]], spans: Sequence[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Pass the matches on that overlap none of the spans; both come in order."""
    index = 0
    last = 0
    for hit in hits:
        while index < len(spans) and spans[index][0] < hit.end():
            last = max(last, spans[index][1])
            index += 1
        if hit.start() >= last:
            yield hit


def inside(hits: Iterator[re.Match[str]], spans: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    """Pass the matches on that lie in one of the spans; both come in order, spans do not overlap."""
    span = next(spans, None)
    for hit in hits:
        while span is not None and span.end() <= hit.start():
            span = next(spans, None)
        if span is not None and span.start() < hit.start():
            yield hit


def by_line(text: str, hits: Iterator[re.Match[str]]) -> Iterator[tuple[int, int, list[re.Match[str]]]]:
    """Group matches by the line they stand in, with the line's start and end."""
    group: list[re.Match[str]] = []
    start = end = -1
    for hit in hits:
        if hit.start() >= end:
            if group:
                yield start, end, group
            start = text.rfind("\n", 0, hit.start()) + 1
            end = text.find("\n", hit.start())
            end = len(text) if end < 0 else end
            group = []
        group.append(hit)
    if group:
        yield start, end, group
