"""The readings of a heading: the features that speak for it as title, kicker, subhead or standing head."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.splitting.blocks import Unit
from pipeline.splitting.clues import Clues, overlap_score
from pipeline.splitting.grammar import Grammar

# A list of named features with their values; weights are in pipeline.splitting.weights.
Features = list[tuple[str, float]]
Readings = Mapping[str, Features]
# Evidence of a heading that was parted: its first part names a standing head, the second is the title behind it.
COLUMN_PARTED, AFTER_COLUMN = "column_parted", "after_column"
# 名医面对面 MING YI MIAN DUI MIAN: a standing head over again in Latin letters.
TRANSLATED = re.compile(r"(?<=[\u3400-\u9fff])[ ·/|｜]*[A-Z][A-Za-z&.' ]{3,40}$")
# Standing heads are short: 走基层, 高质量发展调研行; headings over short items shorter: 一周要闻.
COLUMN_LENGTH, ROUNDUP_LENGTH = 14, 8
# Main titles have 8 to 30 characters, subheads 4 to 14, kickers up to 24.
_TITLE_LENGTHS = (5, 8, 11, 14)
_SUBHEAD_LENGTH, _LONG_COLUMN, _LONG_KICKER = 14, 22, 24
# Subheads of two parts (深化改革 破解难题) are longer.
_TWO_PARTS = 20
# Bigrams of text that a title can be measured against; fewer say little.
_ENOUGH = 60


def is_column_form(key: str, grammar: Grammar) -> bool:
    """Say whether a heading is set off as a standing head: 【…】, ■…, …｜."""
    for pair in grammar.column_brackets:
        if key.startswith(pair[0]) and key.endswith(pair[1]) and key.count(pair[0]) == 1:
            return True
    if len(key) > 2 and (key[0] in grammar.column_signs or key[-1] in grammar.column_signs):
        return True
    latin = TRANSLATED.search(key)
    return latin is not None and 2 <= latin.start() <= ROUNDUP_LENGTH


def read_heading(unit: Unit, clue: Clues, grammar: Grammar) -> Readings:
    """Give the features of every reading of a heading that its form and place allow."""
    key = unit.key.strip()
    form = float((is_column_form(key, grammar) and not clue.listed) or COLUMN_PARTED in unit.evidence)
    roundup = float(grammar.roundups.search(key) is not None and len(key) <= ROUNDUP_LENGTH)
    word = float(
        grammar.column_words.search(key) is not None and len(key) <= COLUMN_LENGTH and not form and not roundup
    )
    dash = float(grammar.subtitle_starts.match(key) is not None)
    ends = float(grammar.kicker_ends.search(key) is not None)
    fragment = max(0.0, clue.fragment)
    trust = min(1.0, sum(map(len, clue.after)) / _ENOUGH)
    fit = overlap_score(clue.overlap_after)
    close, apart = max(0.0, fit), max(0.0, -fit)
    last = clue.group[0] + 1 >= clue.group[1]
    length = _length(len(key))
    makeup = _makeup(key, clue)
    column: Features = [
        ("column.bias", 1.0),
        ("column.form", form),
        ("column.roundup", roundup * (1.0 - form)),
        ("column.word", word),
        ("column.long", float(len(key) > _LONG_COLUMN)),
        ("column.dash", dash),
        ("column.overlap", close),
        ("column.fragment", fragment),
        ("column.named", float(clue.named) * (1.0 - form)),
    ]
    readings: dict[str, Features] = {
        "title": [
            ("title.bias", 1.0),
            (f"title.{length}", 1.0),
            ("title.overlap", close * trust),
            ("title.no_overlap", apart * trust),
            ("title.overlap_before", max(0.0, overlap_score(clue.overlap_before - 0.5 * clue.overlap_after))),
            ("title.marker_next", float(clue.run_starts)),
            ("title.byline_next", float(clue.run_next in ("byline", "jump_from"))),
            ("title.signed_next", float(clue.signed_next)),
            ("title.no_text", float(not clue.has_text)),
            ("title.column_form", form),
            ("title.column_word", word),
            ("title.roundup", roundup),
            ("title.dash", dash),
            ("title.kicker_end", ends),
            ("title.rank", float(clue.rank > 0)),
            ("title.smaller", float(clue.rank < 0)),
            ("title.style", clue.style),
            ("title.parallel", float(clue.parallel and not clue.item)),
            ("title.item", float(clue.item)),
            ("title.repeated", float(clue.repeated)),
            ("title.named", float(clue.named)),
            ("title.below_alike", float(clue.below_alike and clue.group[0] > 0)),
            ("title.fragment", fragment),
        ],
        "column": column,
        "kicker": [
            ("kicker.bias", 1.0),
            ("kicker.column_form", form),
            ("kicker.roundup", roundup),
            ("kicker.column_word", word),
            ("kicker.long", float(len(key) > _LONG_KICKER)),
            ("kicker.end", ends),
            ("kicker.dash", dash),
            ("kicker.overlap", close),
            ("kicker.named", float(clue.named)),
            ("kicker.rank", float(clue.rank > 0)),
            ("kicker.smaller", float(clue.rank < 0)),
            ("kicker.fragment", fragment),
            ("kicker.last", float(last)),
        ],
        "subhead": [
            ("subhead.bias", 1.0),
            ("subhead.beyond14", float(max(0, len(key) - (_TWO_PARTS if " " in key else _SUBHEAD_LENGTH)))),
            ("subhead.column_form", form),
            ("subhead.dash", dash),
            ("subhead.no_text_next", float(clue.next_kind != "text" and not clue.signed_next)),
            ("subhead.marker_next", float(clue.next_starts)),
            ("subhead.signed_next", float(clue.signed_next)),
            ("subhead.no_text", float(not clue.has_text)),
            ("subhead.roundup", roundup),
            ("subhead.cohesion", max(0.0, clue.cohesion)),
            ("subhead.no_cohesion", max(0.0, -clue.cohesion)),
            ("subhead.style", clue.style),
            ("subhead.open", float(clue.open_before)),
            ("subhead.parallel", float(clue.parallel and not clue.item)),
            ("subhead.item", float(clue.item)),
            ("subhead.fragment", fragment),
        ],
    }
    readings |= _after_body(clue, form, fragment, length, column, dash)
    readings["late_column"].append(("late_column.roundup", roundup))
    if COLUMN_PARTED in unit.evidence:
        # It stands before its own title on the same line.
        del readings["late_column"]
    readings |= _after_title(unit, clue, fit, dash, ends, column, last=last)
    for name in _MADE:
        if name in readings:
            readings[name] += [(f"{name}.{what}", 1.0) for what in makeup]
    if clue.form:
        for name, features in readings.items():
            role = _WORDED[name]
            said = clue.form[role]
            features.append((f"{name}.worded" if said >= 0 else f"{name}.not_worded", abs(said)))
    if clue.opinion is not None and clue.opinion.parts:
        for name, features in readings.items():
            features.append((f"{name}.labelled", clue.opinion.parts[_WORDED[name]]))
    # What does not hold adds nothing; several states ask for each reading.
    return {name: [feature for feature in features if feature[1]] for name, features in readings.items()}


# Readings that a headline is made of: their place in its run of lines, length beside the others, digits and marks
# tell them apart.
_MADE = ("title", "kicker", "subtitle", "title2", "kicker_after", "subhead_first", "column")
# A line so much longer or shorter than each other line of its run, in characters, stands out by it.
_STANDS_OUT = 3
_DIGITS = re.compile("[0-9０-９一二三四五六七八九十百千万亿两]{2}|[0-9]|百分之")
_MEETING = re.compile("(?:出席|主持|讲话|致辞|陪同|参加|作报告|会见|分别)(?:并讲话|会议|活动|仪式)?(?: |$)")


def _makeup(key: str, clue: Clues) -> list[str]:
    """Name what a heading is like beside the other lines of its run."""
    place, size = clue.group
    made = []
    if size > 1:
        order = "first" if not place else "last" if place + 1 == size else "inner"
        made.append(f"{order}_of_{min(size, _RUN_SIZES)}")
        if len(key) >= clue.lengths[1] + _STANDS_OUT:
            made.append("longest")
        elif len(key) <= clue.lengths[0] - _STANDS_OUT:
            made.append("shortest")
    if _DIGITS.search(key):
        made.append("digits")
    if "，" in key or "、" in key or "；" in key:
        made.append("comma")
    if "“" in key or "”" in key or "？" in key or "！" in key:
        made.append("figure")
    if " " in key:
        made.append("parts")
    if _MEETING.search(key):
        made.append("meeting")
    return made


# Longer runs are taken for runs of so many lines.
_RUN_SIZES = 4

# Whose wording a reading asks for.
_WORDED = {
    "title": "title",
    "column": "column",
    "kicker": "kicker",
    "subhead": "subhead",
    "late_title": "title",
    "late_column": "column",
    "late_subtitle": "subtitle",
    "subtitle": "subtitle",
    "title2": "title",
    "kicker_after": "kicker",
    "column_after_title": "column",
    "subhead_first": "subhead",
}


def _length(length: int) -> str:
    """Name the class of a heading's length."""
    return next((f"length<{limit}" for limit in _TITLE_LENGTHS if length < limit), f"length>={_TITLE_LENGTHS[-1]}")


def _after_body(
    clue: Clues, form: float, fragment: float, length: str, column: Features, dash: float
) -> dict[str, Features]:
    """Read a heading as part of a headline that stands after its body."""
    before = overlap_score(clue.overlap_before)
    head_next = float(clue.next_kind in ("head", ""))
    readings: dict[str, Features] = {
        "late_title": [
            ("late_title.bias", 1.0),
            (f"late_title.{length}", 1.0),
            ("late_title.overlap_before", max(0.0, before)),
            ("late_title.no_overlap_before", max(0.0, -before)),
            ("late_title.overlap", max(0.0, overlap_score(clue.overlap_after - 0.5 * clue.overlap_before))),
            ("late_title.column_form", form),
            ("late_title.head_next", head_next),
            ("late_title.fragment", fragment),
        ],
        "late_column": [*column, ("late_column.bias", 1.0), ("late_column.head_next", head_next)],
    }
    readings["late_subtitle"] = [("late_subtitle.bias", 1.0), ("late_subtitle.no_dash", 1.0 - dash)]
    return readings


# A line so short (in characters) is rarely a whole title; what follows it then is short as well. A title of two
# parts, or a long one, is whole.
_SHORT_TITLE, _SHORT_LINE, _COMPLETE = (8, 11), 12, 16


def _after_title(
    unit: Unit, clue: Clues, fit: float, dash: float, ends: float, column: Features, *, last: bool
) -> dict[str, Features]:
    """Read a heading that follows a title: subtitle, second line of the title, kicker, standing head, first subhead."""
    smaller, alike, key = float(clue.rank < 0), float(clue.alike), unit.key.strip()
    # What is set larger than all other lines of its run is its title, as far as depth can be trusted.
    larger = float(clue.rank > 0)
    readings: dict[str, Features] = {
        "subtitle": [
            ("subtitle.bias", 1.0),
            ("subtitle.dash", dash),
            ("subtitle.larger", larger),
            ("subtitle.smaller", smaller),
            ("subtitle.alike", alike),
            ("subtitle.overlap", max(0.0, fit)),
            ("subtitle.below", float(clue.below > 0) * (1.0 - dash)),
            ("subtitle.below_alike", float(clue.below_alike) * (1.0 - dash)),
        ],
        "title2": [
            ("title2.bias", 1.0),
            ("title2.overlap", max(0.0, fit)),
            ("title2.no_overlap", max(0.0, -fit)),
            ("title2.seam", clue.seam),
            ("title2.dash", dash),
            ("title2.larger", larger),
            ("title2.smaller", smaller),
            ("title2.alike", alike),
            ("title2.short", float(len(clue.above) <= _SHORT_TITLE[0] and len(key) <= _SHORT_LINE)),
            ("title2.medium", float(_SHORT_TITLE[0] < len(clue.above) <= _SHORT_TITLE[1] and len(key) <= _SHORT_LINE)),
            ("title2.complete", float(" " in clue.above or len(clue.above) > _COMPLETE)),
            ("title2.below_alike", float(clue.below_alike)),
        ],
        "kicker_after": [
            ("kicker_after.bias", 1.0),
            ("kicker_after.end", ends),
            ("kicker_after.plain", float(not unit.is_heading and last)),
            ("kicker_after.dash", dash),
            ("kicker_after.larger", larger),
            ("kicker_after.last", float(last)),
            ("kicker_after.below", float(clue.below > 0)),
            ("kicker_after.below_alike", float(clue.below_alike)),
        ],
        "column_after_title": [*column, ("column_after_title.bias", 1.0)],
    }
    if last and clue.next_kind == "text" and AFTER_COLUMN not in unit.evidence:
        readings["subhead_first"] = [
            ("subhead_first.bias", 1.0),
            ("subhead_first.dash", dash),
            ("subhead_first.larger", larger),
            ("subhead_first.marker_next", float(clue.next_starts and not clue.below)),
            ("subhead_first.marker_below", float(clue.next_starts and clue.below > 0)),
            ("subhead_first.alone", float(clue.below == 0)),
            ("subhead_first.below_alike", float(clue.below_alike)),
        ]
    return readings
