"""The grammar of the newspaper page as data: one TOML file, read, checked and compiled.

Patterns are matched against a normalised line (:func:`normalise`), so that full- and half-width pages read alike.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.text import is_blank, to_full_width

# What the file holds: section → key → type of its value. A key that is not here is refused.
_SHAPE: dict[str, dict[str, type]] = {
    "datelines": {"patterns": list},
    "bylines": {"roles": dict, "suffixes": dict, "house": dict},
    "names": {"surnames": str, "compound": list, "minority": list},
    "credits": {"patterns": list, "signed": list, "photo": list, "bodies": str},
    "jumps": {"to": list, "from": list},
    "furniture": {
        "strong": list,
        "weak": list,
        "skies": list,
        "organs": str,
        "sections": list,
        "papers": str,
        "editors": list,
        "guides": list,
        "guide_lines": list,
        "guide_starts": list,
        "guide_signs": list,
        "contacts": list,
    },
    "notices": {
        "titles": list,
        "run_in": list,
        "columns": list,
        "signatures": list,
        "cues": list,
        "closes": list,
        "bodies": str,
        "pictures": list,
        "captions": list,
        "court": list,
    },
    "weather": {"titles": list, "cues": list},
    "tables": {"titles": list, "draws": list, "draw_lines": list},
    "ads": {"houses": list, "cues": list, "phone": str},
    "slogans": {"patterns": list, "signed": list, "themes": list, "asks": list, "words": list},
    "verse": {"tunes": list, "columns": list, "sets": list},
    "columns": {"brackets": list, "signs": str, "words": list, "boxes": list},
    "roundups": {"words": list},
    "headlines": {"kicker_ends": list, "subtitle_starts": list},
    "questions": {"patterns": list},
}
_HOUSE_SHAPE: dict[str, type] = {
    "words": list,
    "signs": str,
    "name_signs": str,
    "outlets": str,
    "affiliations": list,
    "no_names": list,
}
_WIDE_TO_ASCII = {
    code: code - 0xFEE0 for code in [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]
}
_FRAGMENT = re.compile(r"%([a-z_]+)%")


def normalise(text: str) -> str:
    """Give the form that patterns are matched against, one character for one: full-width marks, ASCII digits."""
    text = to_full_width(text).translate(_WIDE_TO_ASCII)
    return (
        "".join(" " if is_blank(char) else char for char in text)
        if not text.isprintable() or "\u3000" in text
        else text
    )


@dataclass(frozen=True, slots=True)
class Grammar:
    """Hold the compiled grammar; every pattern matches normalised text (see :func:`normalise`)."""

    datelines: re.Pattern[str]
    dateline_forms: tuple[re.Pattern[str], ...]
    roles: Mapping[str, str]
    suffixes: Mapping[str, str]
    house: tuple[str, ...]
    byline_signs: str
    name_signs: str
    outlets: re.Pattern[str]
    affiliations: re.Pattern[str]
    no_names: frozenset[str]
    surnames: frozenset[str]
    compound: tuple[str, ...]
    minority: tuple[str, ...]
    credits: re.Pattern[str]
    signed: re.Pattern[str]
    photo_credits: re.Pattern[str]
    signing_bodies: re.Pattern[str]
    jump_to: re.Pattern[str]
    jump_from: re.Pattern[str]
    furniture_strong: re.Pattern[str]
    furniture_weak: re.Pattern[str]
    skies: re.Pattern[str]
    organs: re.Pattern[str]
    sections: frozenset[str]
    papers: re.Pattern[str]
    editors: re.Pattern[str]
    guides: re.Pattern[str]
    guide_lines: re.Pattern[str]
    guide_starts: re.Pattern[str]
    guide_signs: re.Pattern[str]
    contacts: re.Pattern[str]
    notice_titles: re.Pattern[str]
    notice_run_in: re.Pattern[str]
    notice_columns: re.Pattern[str]
    notice_signatures: re.Pattern[str]
    notice_closes: re.Pattern[str]
    notice_bodies: re.Pattern[str]
    picture_columns: re.Pattern[str]
    captions: re.Pattern[str]
    court: re.Pattern[str]
    notice_cues: re.Pattern[str]
    weather_titles: re.Pattern[str]
    weather_cues: re.Pattern[str]
    table_titles: re.Pattern[str]
    draws: re.Pattern[str]
    draw_lines: re.Pattern[str]
    ad_houses: re.Pattern[str]
    ad_cues: re.Pattern[str]
    phone: re.Pattern[str]
    slogans: frozenset[str]
    slogan_lines: re.Pattern[str]
    slogans_signed: re.Pattern[str]
    slogan_themes: re.Pattern[str]
    slogan_asks: re.Pattern[str]
    tunes: re.Pattern[str]
    verse_columns: re.Pattern[str]
    verse_sets: re.Pattern[str]
    column_brackets: tuple[str, ...]
    column_signs: str
    column_words: re.Pattern[str]
    boxes: re.Pattern[str]
    roundups: re.Pattern[str]
    kicker_ends: re.Pattern[str]
    subtitle_starts: re.Pattern[str]
    questions: re.Pattern[str]


def load_grammar(path: str | Path) -> Grammar:
    """Read and compile a grammar file; raise ConfigError naming the file and the key that cannot be used."""
    path = Path(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot be read as TOML ({error}); give a grammar file such as configs/grammar.toml"
        ) from error
    fragments = raw.pop("fragments", {})
    _check(path, raw)
    return _compile(path, raw, fragments)


def _check(path: Path, raw: Mapping[str, Any]) -> None:
    """Refuse unknown and missing sections and keys, and values of the wrong type."""
    for section in raw:
        if section not in _SHAPE:
            raise ConfigError(f"{path}: unknown section [{section}]; known are {', '.join(_SHAPE)} and fragments")
    for section, keys in _SHAPE.items():
        if section not in raw:
            raise ConfigError(f"{path}: section [{section}] is missing; copy it from configs/grammar.toml")
        _check_keys(path, section, raw[section], keys)
    _check_keys(path, "bylines.house", raw["bylines"]["house"], _HOUSE_SHAPE)


def _check_keys(path: Path, section: str, values: object, keys: Mapping[str, type]) -> None:
    """Compare one section with its shape."""
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: [{section}] must be a table")
    for key in values:
        if key not in keys:
            raise ConfigError(f"{path}: unknown key {section}.{key}; known are {', '.join(keys)}")
    for key, kind in keys.items():
        if key not in values:
            raise ConfigError(f"{path}: key {section}.{key} is missing; copy it from configs/grammar.toml")
        value = values[key]
        entries = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
        nested = section == "bylines" and key == "house"
        if not isinstance(value, kind) or (not nested and any(not isinstance(entry, str) for entry in entries)):
            raise ConfigError(f"{path}: {section}.{key} must be a {kind.__name__} of strings, not {value!r:.60}")


class _Compiler:
    """Turn lists of patterns into one pattern, with the fragments filled in."""

    def __init__(self, path: Path, raw: Mapping[str, Any], fragments: Mapping[str, str]) -> None:
        self.path, self.raw, self.fragments = path, raw, fragments

    def fill(self, pattern: str, key: str) -> str:
        """Put the fragments in, those inside fragments as well."""
        for _ in range(4):
            names = _FRAGMENT.findall(pattern)
            if not names:
                break
            for name in names:
                if name not in self.fragments:
                    raise ConfigError(f"{self.path}: {key} uses %{name}%, which [fragments] does not define")
                pattern = pattern.replace(f"%{name}%", self.fragments[name])
        return pattern

    def one(self, pattern: str, key: str) -> re.Pattern[str]:
        """Compile one pattern or name its key."""
        try:
            return re.compile(self.fill(pattern, key))
        except re.error as error:
            raise ConfigError(
                f"{self.path}: {key} holds a pattern that does not compile ({error}): {pattern}"
            ) from error

    def any_of(self, section: str, key: str, *, form: str = "(?:{})", words: bool = False) -> re.Pattern[str]:
        """Compile the alternatives of a list; an empty list matches nothing."""
        name = f"{section}.{key}"
        parts = [re.escape(word) if words else self.fill(word, name) for word in self.raw[section][key]]
        for part in parts:
            self.one(part, name)
        parts.sort(key=len, reverse=words)
        return self.one(form.format("|".join(f"(?:{part})" for part in parts)) if parts else r"(?!)", name)

    def ends(self, words: list[str], key: str) -> re.Pattern[str]:
        """Compile words into a pattern of a text's end; an empty list matches nothing."""
        parts = sorted(map(re.escape, words), key=len, reverse=True)
        return self.one(f"(?:{'|'.join(parts)})$" if parts else r"(?!)", key)


def _compile(path: Path, raw: Mapping[str, Any], fragments: Mapping[str, str]) -> Grammar:
    """Compile every list of the file."""
    make = _Compiler(path, raw, fragments)
    bylines, columns = raw["bylines"], raw["columns"]
    forms = tuple(make.one(pattern, "datelines.patterns") for pattern in raw["datelines"]["patterns"])
    plain = [re.sub(r"\(\?P<[a-z]+>", "(?:", form.pattern) for form in forms]
    return Grammar(
        datelines=make.one("|".join(plain) or r"(?!)", "datelines.patterns"),
        dateline_forms=forms,
        roles=dict(sorted(bylines["roles"].items(), key=lambda item: -len(item[0]))),
        suffixes=dict(sorted(bylines["suffixes"].items(), key=lambda item: -len(item[0]))),
        house=tuple(sorted(bylines["house"]["words"], key=len, reverse=True)),
        byline_signs=bylines["house"]["signs"],
        name_signs=bylines["house"]["name_signs"],
        outlets=make.one(f"(?:^|(?<= ))(?:{bylines['house']['outlets']})$", "bylines.house.outlets"),
        affiliations=make.ends(bylines["house"]["affiliations"], "bylines.house.affiliations"),
        no_names=frozenset(bylines["house"]["no_names"]),
        surnames=frozenset(raw["names"]["surnames"]),
        compound=tuple(raw["names"]["compound"]),
        minority=tuple(raw["names"]["minority"]),
        credits=make.any_of("credits", "patterns"),
        signed=make.any_of("credits", "signed"),
        photo_credits=make.any_of("credits", "photo"),
        signing_bodies=make.one(raw["credits"]["bodies"], "credits.bodies"),
        jump_to=make.any_of("jumps", "to"),
        jump_from=make.any_of("jumps", "from"),
        furniture_strong=make.any_of("furniture", "strong"),
        furniture_weak=make.any_of("furniture", "weak"),
        skies=make.any_of("furniture", "skies"),
        organs=make.one(raw["furniture"]["organs"], "furniture.organs"),
        sections=frozenset(raw["furniture"]["sections"]),
        papers=make.one(raw["furniture"]["papers"], "furniture.papers"),
        editors=make.any_of("furniture", "editors"),
        guides=make.any_of("furniture", "guides"),
        guide_starts=make.any_of("furniture", "guide_starts"),
        guide_signs=make.any_of("furniture", "guide_signs"),
        guide_lines=make.any_of("furniture", "guide_lines", form="(?:{})$"),
        contacts=make.any_of("furniture", "contacts", words=True),
        notice_titles=make.any_of("notices", "titles"),
        notice_run_in=make.any_of("notices", "run_in"),
        notice_columns=make.any_of("notices", "columns"),
        captions=make.any_of("notices", "captions"),
        picture_columns=make.any_of("notices", "pictures"),
        court=make.any_of("notices", "court"),
        notice_bodies=make.one(raw["notices"]["bodies"], "notices.bodies"),
        notice_closes=make.any_of("notices", "closes", form="(?:{})$"),
        notice_signatures=make.any_of("notices", "signatures"),
        notice_cues=make.any_of("notices", "cues"),
        weather_titles=make.any_of("weather", "titles"),
        weather_cues=make.any_of("weather", "cues"),
        table_titles=make.any_of("tables", "titles"),
        draws=make.any_of("tables", "draws"),
        draw_lines=make.any_of("tables", "draw_lines"),
        ad_houses=make.any_of("ads", "houses", words=True, form="[^，。：；]{{2,14}}(?:{})"),
        ad_cues=make.any_of("ads", "cues"),
        phone=make.one(raw["ads"]["phone"], "ads.phone"),
        slogans=frozenset(raw["slogans"]["words"]),
        slogan_lines=make.any_of("slogans", "patterns"),
        slogan_themes=make.any_of("slogans", "themes"),
        slogan_asks=make.any_of("slogans", "asks"),
        slogans_signed=make.any_of("slogans", "signed"),
        tunes=make.any_of("verse", "tunes", words=True),
        verse_columns=make.any_of("verse", "columns", words=True),
        verse_sets=make.any_of("verse", "sets"),
        column_brackets=tuple(columns["brackets"]),
        column_signs=columns["signs"],
        column_words=make.any_of("columns", "words", form="(?:{})$", words=True),
        boxes=make.any_of("columns", "boxes"),
        roundups=make.any_of("roundups", "words", form="(?:{})$", words=True),
        kicker_ends=make.any_of("headlines", "kicker_ends", form="(?:{})$"),
        subtitle_starts=make.any_of("headlines", "subtitle_starts", words=True),
        questions=make.any_of("questions", "patterns"),
    )
