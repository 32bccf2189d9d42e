"""One ``.cfg`` file → :class:`Settings`: parsed, overridden, checked, and refused with a message that helps.

The file holds our own sections (``[reader] [cleaner] [splitter] [assembly] [run] [output]``) and spaCy's (``[nlp]
[components.*]``). An unknown section, a mistyped key, a value of a wrong type, an unknown stage and a stage that
stands before what it needs all stop here, before any page is read, with the file, the key, and what is allowed.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import inspect
import json
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from confection import Config

from pipeline.cleaning import CleanerOptions
from pipeline.components import MODEL_SEGMENTERS, SEGMENTER_ASSIGNS, SEGMENTERS, TABLE, Stage, resolve
from pipeline.continuations import AssemblyOptions
from pipeline.errors import ConfigError
from pipeline.splitting.articles import SplitterOptions

HOME = Path(__file__).resolve().parent.parent / "configs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderOptions:
    """Say which files are pages and how they are decoded.

    ``encodings`` are tried in order (a byte-order mark goes before them); ``max_bytes`` is the size of one file,
    unpacked, above which it is refused, ``max_members`` the files of one archive, ``max_ratio`` the unpacked bytes a
    packed byte may give.
    """

    suffixes: tuple[str, ...] = (".md", ".txt")
    encodings: tuple[str, ...] = ("utf-8", "utf-16-le", "utf-16-be", "gb18030", "big5hkscs")
    max_bytes: int = field(default=64_000_000, metadata={"min": 1})
    max_members: int = field(default=1_000_000, metadata={"min": 1})
    max_ratio: float = field(default=200.0, metadata={"min": 1.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Say how a batch runs: processes, and what a failing page means.

    ``page_seconds`` is the time limit of one page and ``page_memory`` what it may take beside the models, in MB (0 =
    none, both); ``max_failed_rate`` is the share of failed pages above which the exit status is 1 instead of 3, by the
    practice of OCR-D (default 0.1).
    """

    workers: int = field(default=1, metadata={"min": 1})
    on_error: Literal["skip", "abort"] = "skip"
    max_failed_rate: float = field(default=0.1, metadata={"min": 0.0, "max": 1.0})
    page_seconds: float = field(default=120.0, metadata={"min": 0.0})
    page_memory: int = field(default=4000, metadata={"min": 0})
    engine: Literal["local", "ray"] = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Say what is written: ``tokens`` are two thirds of a record's bytes and can be left empty."""

    tokens: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetOptions:
    """Name the data beside the stages (empty = none).

    ``charlm`` is the character language model of cleaner and splitter; ``splitter`` what the splitter has learned of
    which texts belong together and how headings are worded.
    """

    charlm: str = "charlm-1.0.0"
    splitter: str = "splitter-1.1.0"


@dataclass(frozen=True, slots=True)
class Settings:
    """Hold a checked configuration.

    ``resolved`` is the whole configuration with every default filled in, as plain values; ``digest`` its SHA-256
    with the content of every file it names.
    """

    path: Path
    reader: ReaderOptions
    cleaner: CleanerOptions
    splitter: SplitterOptions
    assets: AssetOptions
    run: RunOptions
    output: OutputOptions
    resolved: dict[str, Any]
    digest: str
    assembly: AssemblyOptions = field(default_factory=AssemblyOptions)

    @property
    def stages(self) -> tuple[str, ...]:
        """List the stages after segmentation, in order."""
        return tuple(self.resolved["nlp"]["pipeline"])

    @property
    def models(self) -> tuple[str, ...]:
        """List the models that the configuration names, each once, sorted."""
        return tuple(sorted(_models(self.resolved)))


SECTIONS: dict[str, type] = {
    "reader": ReaderOptions,
    "cleaner": CleanerOptions,
    "splitter": SplitterOptions,
    "assembly": AssemblyOptions,
    "assets": AssetOptions,
    "run": RunOptions,
    "output": OutputOptions,
}
# Words that go through a neural stage together: three pages of about 3,000 words.
BATCH_WORDS = 10_000
_NLP_KEYS = ("lang", "pipeline", "tokenizer", "batch_words")
# Options whose value names a file; a relative path is sought beside the configuration, then beside the shipped ones.
_FILE_KEYS = frozenset({"grammar", "user_dict", "scheme"})
# Options whose value names a model under models/.
_MODEL_KEYS = frozenset({"model", "charlm", "splitter", "gazetteer"})


def load(path: str | Path, overrides: Iterable[str] = ()) -> Settings:
    """Read and check a configuration; ``overrides`` are ``section.key=value`` strings, values as JSON or plain text."""
    path = Path(path)
    raw = _parse(path)
    for override in overrides:
        _override(raw, override, path)
    known = [*SECTIONS, "nlp", "components"]
    for section in raw:
        if section not in known:
            raise ConfigError(f"{path}: unknown section [{section}]{_hint(section, known)}")
    parts = {name: _section(kind, raw.get(name, {}), f"{path}: [{name}]") for name, kind in SECTIONS.items()}
    nlp = _check_nlp(raw.get("nlp"), path)
    _check_order(nlp["pipeline"], path, SEGMENTER_ASSIGNS.get(nlp["tokenizer"]["method"], ()))
    components = _check_components(raw.get("components", {}), nlp["pipeline"], path)
    resolved: dict[str, Any] = {name: _plain(value) for name, value in parts.items()}
    resolved |= {"nlp": nlp, "components": components}
    files = _settle_files(resolved, path)
    parts = {name: _section(kind, resolved[name], f"{path}: [{name}]") for name, kind in SECTIONS.items()}
    return Settings(path=path, resolved=resolved, digest=_digest(resolved, files), **parts)


def _parse(path: Path) -> dict[str, Any]:
    """Parse the file's sections into nested plain values."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        there = ", ".join(sorted(item.name for item in HOME.glob("*.cfg")))
        raise ConfigError(f"{path}: no such configuration file; shipped in {HOME}: {there}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    if not re.search(r"^\[components\]\s*$", text, re.MULTILINE):
        text = "[components]\n" + text  # confection wants a parent section written out, before its children
    try:
        return dict(Config().from_str(text))
    except Exception as error:
        raise ConfigError(f"{path}: not a configuration: {' '.join(str(error).split())}") from error


def _override(raw: dict[str, Any], override: str, path: Path) -> None:
    """Set one ``section.key=value`` in place."""
    name, equals, text = override.partition("=")
    keys = name.strip().split(".")
    if not equals or len(keys) < 2 or not all(keys):
        raise ConfigError(f"--set {override!r}: expected section.key=value, such as components.keywords.top_n=20")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    target = raw
    for key in keys[:-1]:
        target = target.setdefault(key, {})
        if not isinstance(target, dict):
            raise ConfigError(f"--set {override!r}: {key!r} is a value in {path}, not a section")
    target[keys[-1]] = value


def _hint(given: str, allowed: Iterable[str]) -> str:
    """Say what is allowed, the nearest name first."""
    names = list(allowed)
    near = difflib.get_close_matches(given, names, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"{guess} Allowed: {', '.join(names) or 'nothing'}" if guess else f"; allowed: {', '.join(names) or 'nothing'}"
    )


def _section(kind: type, values: Any, where: str) -> Any:
    """Build an options dataclass from a section's values."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where} must be a section with keys, not {values!r}")
    hints = typing.get_type_hints(kind)
    fields = {item.name: item for item in dataclasses.fields(kind)}
    checked = {}
    for key, value in values.items():
        if key not in fields:
            raise ConfigError(f"{where}: unknown key {key!r}{_hint(key, fields)}")
        checked[key] = _check_value(value, hints[key], f"{where} {key}", fields[key].metadata)
    try:
        return kind(**checked)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def _check_value(value: Any, hint: Any, where: str, bounds: Mapping[str, Any]) -> Any:
    """Check one value against a type hint and its bounds; lists become tuples."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in args:
            raise ConfigError(f"{where} = {value!r}: allowed are {', '.join(repr(item) for item in args)}")
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _check_value(value, next(item for item in args if item is not type(None)), where, bounds)
    if origin in (tuple, list):
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{where} = {value!r}: a list is needed, such as {json.dumps(['a', 'b'])}")
        return tuple(_check_value(item, args[0], where, bounds) for item in value)
    fits = isinstance(value, hint) if hint in (str, bool) else isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits:
        raise ConfigError(f"{where} = {value!r}: {_TYPE_NAMES.get(hint, hint)} is needed, got {type(value).__name__}")
    low, high = bounds.get("min"), bounds.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        reach = f"at least {low}" if high is None else f"at most {high}" if low is None else f"{low} to {high}"
        raise ConfigError(f"{where} = {value!r}: must be {reach}")
    return float(value) if hint is float else value


_TYPE_NAMES = {str: 'a text in "quotes"', bool: "true or false", int: "a whole number", float: "a number"}


def _check_nlp(section: Any, path: Path) -> dict[str, Any]:
    """Check ``[nlp]`` and ``[nlp.tokenizer]`` and fill their defaults."""
    where = f"{path}: [nlp]"
    if not isinstance(section, Mapping) or "pipeline" not in section:
        raise ConfigError(f'{where} with a key pipeline is needed, such as pipeline = ["sentences", "tagger"]')
    for key in section:
        if key not in _NLP_KEYS:
            raise ConfigError(f"{where}: unknown key {key!r}{_hint(key, _NLP_KEYS)}")
    if section.get("lang", "zh") != "zh":
        raise ConfigError(f'{where} lang = {section["lang"]!r}: only "zh" is allowed')
    pipeline = _check_value(section["pipeline"], tuple[str, ...], f"{where} pipeline", {})
    batch = _check_value(section.get("batch_words", BATCH_WORDS), int, f"{where} batch_words", {"min": 1})
    tokenizer = dict(section.get("tokenizer", {}))
    name = tokenizer.pop("@tokenizers", "banmian.segmenter.v1")
    if name != "banmian.segmenter.v1":
        raise ConfigError(f'{path}: [nlp.tokenizer] @tokenizers = {name!r}: only "banmian.segmenter.v1" is allowed')
    method = tokenizer.get("method")
    if method is not None and method not in SEGMENTERS:
        raise ConfigError(f"{path}: [nlp.tokenizer] method = {method!r}{_hint(str(method), SEGMENTERS)}")
    make = resolve("pipeline.components.segmenter:make_segmenter")
    options = _check_call(make, tokenizer, f"{path}: [nlp.tokenizer]", {})
    return {
        "lang": "zh",
        "pipeline": list(pipeline),
        "batch_words": batch,
        "tokenizer": {"@tokenizers": name, **options},
    }


def _check_components(section: Any, pipeline: list[str], path: Path) -> dict[str, dict[str, Any]]:
    """Check every ``[components.*]`` section against THE TABLE; return the options of the pipeline's stages, filled."""
    if not isinstance(section, Mapping):
        raise ConfigError(f"{path}: [components] must hold sections such as [components.keywords], not {section!r}")
    for name in section:
        if name not in TABLE:
            raise ConfigError(f"{path}: [components.{name}]: unknown stage {name!r}{_hint(name, TABLE)}")
    checked = {name: _check_stage(name, TABLE[name], section.get(name, {}), path) for name in {*section, *pipeline}}
    return {name: checked[name] for name in pipeline}


def _check_order(pipeline: list[str], path: Path, given: Iterable[str]) -> None:
    """Check that every stage exists, stands once, and stands after what it needs; ``given`` is what words come with."""
    assigned = set(given)
    for place, name in enumerate(pipeline):
        if name not in TABLE:
            raise ConfigError(f"{path}: [nlp] pipeline: unknown stage {name!r}{_hint(name, TABLE)}")
        if name in pipeline[:place]:
            raise ConfigError(f"{path}: [nlp] pipeline: stage {name!r} is named twice; name each stage once")
        for need in TABLE[name].requires:
            if need not in assigned:
                makers = [repr(other) for other, row in TABLE.items() if need in row.assigns and other != name]
                raise ConfigError(
                    f"{path}: [nlp] pipeline: stage {name!r} needs {need}, which nothing before it assigns; "
                    f"put {' or '.join(makers)} before {name!r}"
                )
        assigned |= set(TABLE[name].assigns)


def _check_stage(name: str, stage: Stage, given: Any, path: Path) -> dict[str, Any]:
    """Check one stage's options against the signature of the function that makes it."""
    where = f"{path}: [components.{name}]"
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where} must be a section with keys, not {given!r}")
    options = {key: value for key, value in given.items() if key != "factory"}
    if given.get("factory", name) != name:
        raise ConfigError(f"{where} factory = {given['factory']!r}: must be {name!r}, or left out")
    return _check_call(resolve(stage.factory), options, where, stage.defaults)


def _check_call(make: Any, given: Mapping[str, Any], where: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Check options against a factory's keyword-only parameters; return all of them with their values."""
    hints = typing.get_type_hints(make)
    parameters = {
        key: item for key, item in inspect.signature(make).parameters.items() if item.kind is item.KEYWORD_ONLY
    }
    for key in given:
        if key not in parameters:
            raise ConfigError(f"{where}: unknown key {key!r}{_hint(key, parameters)}")
    options: dict[str, Any] = {}
    for key, item in parameters.items():
        value = given.get(key, defaults.get(key, item.default))
        if value is item.empty:
            raise ConfigError(f"{where}: key {key!r} is missing; give it a value")
        options[key] = _plain(_check_value(value, hints[key], f"{where} {key}", {}))
    return options


def _plain(value: Any) -> Any:
    """Turn options into values that JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _settle_files(resolved: dict[str, Any], path: Path) -> dict[str, str]:
    """Make the paths in a configuration absolute, in place; return the SHA-256 of each file's content by key."""
    found: dict[str, str] = {}
    sections: list[tuple[str, dict[str, Any]]] = [(name, resolved[name]) for name in SECTIONS]
    sections.append(("nlp.tokenizer", resolved["nlp"]["tokenizer"]))
    sections += [(f"components.{name}", options) for name, options in resolved["components"].items()]
    for name, options in sections:
        for key in _FILE_KEYS & options.keys():
            if options[key]:
                options[key] = str(_find_file(options[key], path, f"{path}: [{name}] {key}"))
                found[f"{name}.{key}"] = hashlib.sha256(Path(options[key]).read_bytes()).hexdigest()
    return found


def _find_file(value: str, path: Path, where: str) -> Path:
    """Find the file that an option names: beside the configuration, else beside the shipped ones."""
    places = [path.resolve().parent / value, HOME / value]
    for place in places:
        if place.is_file():
            return place
    raise ConfigError(f"{where} = {value!r}: no such file; looked for {' and '.join(str(place) for place in places)}")


def _digest(resolved: dict[str, Any], files: dict[str, str]) -> str:
    """Hash what decides the output: all sections but ``[run]``, files by content and not by place."""
    decisive = json.loads(json.dumps({key: value for key, value in resolved.items() if key != "run"}))
    for name, content in files.items():
        *section, key = name.split(".")
        target = decisive
        for part in section:
            target = target[part]
        target[key] = content
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _models(section: Mapping[str, Any]) -> set[str]:
    """Collect the names of the models from every level of a configuration."""
    found: set[str] = set()
    for key, value in section.items():
        if isinstance(value, Mapping):
            if not (key == "tokenizer" and value.get("method") not in MODEL_SEGMENTERS):
                found |= _models(value)
        elif key in _MODEL_KEYS and value:
            found.add(value)
    return found
