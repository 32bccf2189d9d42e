"""Repair what OCR did to a page, every repair logged, nothing joined or removed silently.

Each class of repair is a function from a text to :class:`Replacement` items and has a switch in
:class:`CleanerOptions`. Markup (``##``, ``**``, image links, comments, tables) is left for the splitter to read, and
line feeds stay where they are, except in text that was wrapped at a fixed column.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.charlm import PAD, PRECISION, CharLM
from pipeline.spans import by_line, inside, outside, protected
from pipeline.text import AlignedText, Replacement, is_han
from pipeline.wrapping import joined_lines

_HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_BLANK = r"[ \t\u00a0]"

_MARKS = re.compile(r"[#*|`>]+")  # part of no sentence; the model reads over them

_NEWLINE = re.compile(r"\r(?=\n)|[\r\x0b\x0c\x85\u2028\u2029]")
# Controls, soft hyphens, zero-width and directional marks, byte-order marks, non-characters; private use is kept, since
# a paper's own typeface may stand there.
_CONTROL = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufdd0-\ufdef\ufffe\uffff]+"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ENTITY = re.compile(
    r"&(?:amp;)*(?:(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    r"|(?:nbsp|ensp|emsp|amp|quot|lt|gt|[lr][ds]quo|[mn]dash|middot|hellip)(?![A-Za-z0-9=;]))"
)
_BLANK_ENTITIES = str.maketrans({"\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2009": " "})

# What an engine that also reads English puts for a Chinese particle, and what may have been printed.
_LATIN = {"and": ("和", "与", "及"), "or": ("或",), "of": ("的",), "the": ("",)}
MAX_ASKED = 100  # words of a page for which the page is searched; a page with more is no page of news
_STRAY_LATIN = re.compile(
    rf"(?:(?<=[{_HAN}”’》）」』]){_BLANK}{{0,2}}(and|or|of|the){_BLANK}{{0,2}}(?=[{_HAN}“‘《（「『0-9])"
    rf"|(?<=[0-9%％]){_BLANK}{{0,2}}(and|or){_BLANK}{{0,2}}(?=[{_HAN}0-9]))"
)

# Running text: a line this long with a mark of a sentence, or a shorter one that ends like a sentence. Titles, slogans,
# verses and lists, where a blank between two characters means something, are neither.
BODY_CHARS, SENTENCE_CHARS = 30, 12
_SENTENCE_MARK = re.compile(r"[，。；！？,;!?]")
_SENTENCE_END = re.compile(r"[。！？；…]”?\s*$")
_NO_BODY = re.compile(r"\s*(?:#|\||>|[-*+]\s|\d{1,2}[.、]\s|```)")
# Not after a full stop or a colon, where typists put blanks of their own.
_INNER_BLANK = re.compile(rf"(?<=[{_HAN}，、；,;])[ \u00a0]{{1,2}}(?=[{_HAN}，。；：！？、”》）])")
# Names stand beside these words, and a blank beside a name is how bylines and credits are set; also the names alone in
# brackets at the end of a report.
_NAMED = r"(?:记者|通讯员|特约|见习|实习生|文/|图/|(?:摄影|编辑|作者|校对|责编|美编|整理|执笔|供稿|翻译)[:： /])"
_CREDIT = re.compile(
    rf"[^（(，。；,;\n]{{0,16}}{_NAMED}[^（(，。；,;\n]{{0,40}}"
    rf"|[（(](?:[{_HAN}]{{1,4}}[ \u3000]{{1,3}}){{1,5}}[{_HAN}]{{1,4}}[）)]"
    rf"|[{_HAN} \u3000/]{{0,16}}[{_HAN}][ \u3000]{{0,3}}(?:摄影报道|摄影?|文|图)[/文图]{{0,4}}(?=[）)\n])"
)
# Quoted stretches that are no speech, where a blank may part the halves of a slogan or a title.
_QUOTED = re.compile(r"“[^“”\n，,。！!？?；;]{0,60}”|《[^《》\n]{0,60}》|「[^「」\n，。！？；]{0,60}」")
_AFTER_MARKER = re.compile(r"(?:本报讯|讯|电|消息|报道)$")
_MAX_MARKER = 30  # characters of a line in which a marker such as 新华社北京10月15日电 ends
_LONE_LEFT = re.compile(rf"(?:^|[^{_HAN}0-9])[{_HAN}]$")
_LONE_RIGHT = re.compile(rf"[{_HAN}](?:[^{_HAN}]|$)")
# Of the blanks inside running text on OCR'd pages that are no credits, some four of five are noise; the others stand
# where a heading or caption was run into the text, and there the model sees no sentence that goes on.
NOISE_ODDS = 4.0
_MAX_ODDS = 50.0
_ASKED = 1024  # blanks that the model is asked about at once
_SIDE = 90  # characters on either side that the model is shown
_COMMAS = ("，", "、", "；", ",", ";")
# Log-probability of the two characters after a blank, given those before it, above which they go on in a phrase:
# 心理防疫 战 is mended in a title too, 双向发力 深化改革 stays.
PHRASE_GOES_ON = -2.5

DOUBLED_CHARS = range(4, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanerOptions:
    """Switch each class of repair on or off.

    ``width`` is ``"keep"`` or ``"full"``: whether half-width marks between Chinese characters become full-width ones.
    ``look_alikes`` needs the character model; ``min_confidence`` holds for the repairs that are guesses
    (``stray_latin``, ``spaces``, ``doubled``, ``look_alikes``): those below it are not made.
    """

    characters: bool = True
    html_entities: bool = True
    stray_latin: bool = True
    spaces: bool = True
    hard_wraps: bool = True
    doubled: bool = True
    look_alikes: bool = True
    width: Literal["keep", "full"] = "keep"
    min_confidence: float = 0.8


def clean(text: str, *, options: CleanerOptions, lm: CharLM | None = None) -> AlignedText:
    """Repair a page's text as decoded; each repair is a run of the result with its rule and confidence.

    Without a model, choices between characters fall back on the most frequent one and look-alikes stay. Takes any
    string, lone surrogates included, in time linear in its length.
    """
    aligned = AlignedText.of(text)
    for find in _passes(options, lm):
        aligned = aligned.replace(find(aligned.text))
    return aligned


def _passes(options: CleanerOptions, lm: CharLM | None) -> Iterator[Callable[[str], list[Replacement]]]:
    """List the searches that the options ask for, in order: each sees the text as the ones before left it."""
    least = options.min_confidence
    if options.characters:
        yield find_characters
    if options.html_entities:
        yield find_entities
    if options.hard_wraps:
        yield lambda text: find_hard_wraps(text, lm)
    if options.stray_latin:
        yield lambda text: _sure(find_stray_latin(text, lm), least)
    if options.spaces:
        yield lambda text: _sure(find_spaces(text, lm), least)
    if options.width == "full":
        yield find_half_width
    if options.doubled:
        yield lambda text: _sure(find_doubled(text), least)
    if options.look_alikes and lm is not None:
        yield lambda text: _sure(find_look_alikes(text, lm), least)


def _sure(found: Sequence[Replacement], least: float) -> list[Replacement]:
    """Keep the repairs that are confident enough."""
    return [item for item in found if item.confidence >= least]


def find_characters(text: str) -> list[Replacement]:
    """Find line ends other than LF, control characters and lone surrogates."""
    found = [
        Replacement(
            hit.start(),
            hit.end(),
            "" if hit.group() == "\r" and text[hit.end() : hit.end() + 1] == "\n" else "\n",
            "newline",
        )
        for hit in _NEWLINE.finditer(text)
    ]
    found += [Replacement(*hit.span(), "", "control") for hit in _CONTROL.finditer(text)]
    found += [Replacement(*hit.span(), "\ufffd", "surrogate") for hit in _SURROGATE.finditer(text)]
    return sorted(found)


def find_entities(text: str) -> list[Replacement]:
    """Find HTML entities outside links, tags and code, also those escaped twice or without their semicolon."""
    if "&" not in text:
        return []
    found = []
    for hit in outside(_ENTITY.finditer(text), protected(text)):
        name = (
            hit.group().replace("amp;", "") if hit.group().count("&") == 1 and hit.group() != "&amp;" else hit.group()
        )
        new = html.unescape(name if name.endswith(";") else name + ";").translate(_BLANK_ENTITIES)
        if new != name and new.isprintable():
            found.append(Replacement(*hit.span(), new, "html_entity"))
    return found


def find_stray_latin(text: str, lm: CharLM | None) -> list[Replacement]:
    """Find English particles that stand between Chinese characters where 和, 与, 或, 的 were printed."""
    found: list[Replacement] = []
    for hit in outside(_STRAY_LATIN.finditer(text), protected(text)):
        options = _LATIN[hit.group(1) or hit.group(2)]
        whole = text if len(found) < MAX_ASKED else ""
        best = _choose(text, hit.span(), options, lm, whole) if len(options) > 1 else options[0]
        found.append(Replacement(*hit.span(), best, "stray_latin", 0.9))
    return found


# Nats by which another word must be likelier than the commonest one (和): where an `and` stood for 与 the model gave 与
# 2.8 nats more; below one nat it does not know.
_PREFER_FIRST = 1.0


def _choose(text: str, span: tuple[int, int], options: Sequence[str], lm: CharLM | None, whole: str) -> str:
    """Choose what stands in a span: what the whole page has between the same words, else what the model says."""
    left, right = text[max(0, span[0] - 8) : span[0]], text[span[1] : span[1] + 8]
    for option in options:
        if option and len(left) >= 2 and f"{left[-2:]}{option}{right[:2]}" in whole:
            return option
    if lm is None:
        return options[0]
    scores = lm.contrast(left, options, right)
    best = scores.index(max(scores))
    return options[best] if scores[best] > scores[0] + _PREFER_FIRST else options[0]


def find_spaces(text: str, lm: CharLM | None) -> list[Replacement]:
    """Find blanks inside running Chinese text; those in bylines, credits and lists stay.

    In titles and between quotation marks a blank goes only if the model knows the word or phrase that it parts.
    """
    hits = list(_INNER_BLANK.finditer(text))
    if not hits:
        return []
    # Credits lie in one line, so that they are sought in the lines with such a blank alone.
    credited = (
        hit.span()
        for start, end, _ in by_line(text, iter(hits))
        for hit in _CREDIT.finditer(text, start, min(end + 1, len(text)))
    )
    kept = sorted([*protected(text), *credited])
    quoted = {hit.start() for hit in inside(iter(hits), _QUOTED.finditer(text))}
    found: list[Replacement] = []
    asked: list[tuple[int, int]] = []
    for start, end, group in by_line(text, outside(iter(hits), kept)):
        running = _is_running(text[start:end])
        parted: list[tuple[int, int]] = []
        for at, after in (hit.span() for hit in group):
            if at - start <= _MAX_MARKER and _AFTER_MARKER.search(text[start:at].rstrip("*】")):
                continue
            if running and at not in quoted:
                parted.append((at, after))
            elif _LONE_LEFT.search(text[max(start, at - 8) : at]) or _LONE_RIGHT.match(text[after : after + 8]):
                asked.append((at, after))
        found += _joined(text, (start, end), parted, lm)
    return sorted([*found, *_closed_phrases(text, asked, lm)])


def _closed_phrases(text: str, blanks: Sequence[tuple[int, int]], lm: CharLM | None) -> Iterator[Replacement]:
    """Yield the blanks that cut one character off a phrase that the model knows."""
    for first in range(0, len(blanks) if lm is not None else 0, _ASKED):
        group = blanks[first : first + _ASKED]
        sides = [(text[max(0, at - 8) : at].rpartition("\n")[2], text[after : after + 8]) for at, after in group]
        for (at, after), score in zip(group, lm.next_log_probs(sides, 2), strict=True):  # type: ignore[union-attr]
            if score > PHRASE_GOES_ON:
                yield Replacement(at, after, "", "space", 0.9)


def _joined(
    text: str, line: tuple[int, int], blanks: Sequence[tuple[int, int]], lm: CharLM | None
) -> Iterator[Replacement]:
    """Yield the blanks of a line of running text, as sure as the model is that the sentence goes on behind each."""
    sides = [(text[max(line[0], at - _SIDE) : at], text[after : min(line[1], after + _SIDE)]) for at, after in blanks]
    gains = lm.join_gains(sides) if lm is not None else [math.log(NOISE_ODDS)] * len(sides)
    for (at, after), (left, _), gain in zip(blanks, sides, gains, strict=True):
        inside = left.endswith(_COMMAS)  # a sentence goes on after its comma
        confidence = 0.95 if inside else _logistic(gain + math.log(NOISE_ODDS))
        yield Replacement(at, after, "", "space", round(confidence, 3))


def _is_running(line: str) -> bool:
    """Say whether a line is running text."""
    if _NO_BODY.match(line):
        return False
    if len(line) >= BODY_CHARS:
        return _SENTENCE_MARK.search(line) is not None
    return len(line) >= SENTENCE_CHARS and _SENTENCE_END.search(line) is not None


def find_half_width(text: str) -> list[Replacement]:
    """Find half-width marks beside a Chinese character; between letters or digits they stay."""
    full = dict(zip(",;:?!()", "，；：？！（）", strict=True))
    pattern = re.compile(rf"(?<=[{_HAN}”》）])[,;:?!()]|[,;:?!()](?=[{_HAN}“《（])")
    return [
        Replacement(*hit.span(), full[hit.group()], "width") for hit in outside(pattern.finditer(text), protected(text))
    ]


def find_hard_wraps(text: str, lm: CharLM | None = None) -> list[Replacement]:
    """Find the line feeds inside paragraphs of a page that was wrapped at a fixed column."""
    lines = text.split("\n")
    starts = np.concatenate(([0], np.cumsum([len(line) + 1 for line in lines]))).tolist()
    return [
        Replacement(starts[number + 1] - 1, starts[number + 1], "", "hard_wrap", 0.9)
        for number in joined_lines(lines, lm.join_gains if lm is not None else None)
    ]


def find_doubled(text: str) -> list[Replacement]:
    """Find phrases of 4 to 12 Chinese characters that are repeated at once; the second copy goes.

    Not at the start of a sentence, where a heading may have run into its text, nor 一个点位一个点位, which is said so.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    han = (codes >= 0x4E00) & (codes <= 0x9FFF)
    found: list[Replacement] = []
    for size in DOUBLED_CHARS:
        same = (codes[: max(0, len(codes) - size)] == codes[size:]) & han[: max(0, len(codes) - size)]
        for start in _runs_of(same, size):
            phrase = text[start : start + size]
            if not _is_periodic(phrase) and phrase[0] != "一" and is_han(text[start - 1 : start] or " "):
                found.append(Replacement(start + size, start + 2 * size, "", "doubled", 0.9))
    return _apart(sorted(found))


def find_look_alikes(text: str, lm: CharLM) -> list[Replacement]:
    """Find characters that the engine took for look-alikes (国际入才), as sure as the model is of the pair."""
    ids = lm.encode(text)
    for start, end in [*protected(text), *(hit.span() for hit in _MARKS.finditer(text))]:
        ids[start:end] = PAD
    places = np.flatnonzero(ids != PAD)
    return [
        Replacement(int(places[at]), int(places[at]) + 1, lm.char_of(other), "look_alike", _belief(above))
        for at, other, above in lm.find_repairs(ids[places])
    ]


def _belief(above: float) -> float:
    """Turn nats above a pair's threshold into a probability; at the threshold 95 % of the repairs were right."""
    return min(0.999, round(_logistic(above + math.log(PRECISION / (1 - PRECISION))), 3))


def _logistic(odds: float) -> float:
    """Turn log-odds into a probability."""
    return 1 / (1 + math.exp(-odds)) if odds > -_MAX_ODDS else 0.0


def _runs_of(flags: np.ndarray, size: int) -> list[int]:
    """Find where runs of true of exactly this length begin; a longer run is a text of its own period."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    return [int(start) for start in starts[ends - starts == size]]


def _is_periodic(phrase: str) -> bool:
    """Say whether a phrase is itself a repetition (哈哈哈哈, 加油加油)."""
    return phrase in (phrase + phrase)[1:-1]


def _apart(found: Sequence[Replacement]) -> list[Replacement]:
    """Drop repairs that overlap the one before them."""
    kept: list[Replacement] = []
    for item in found:
        if not kept or item.start >= kept[-1].end:
            kept.append(item)
    return kept
