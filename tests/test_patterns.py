"""No regular expression of the package takes quadratic time on repeats of what it is made of.

Every compiled pattern of the modules that read, clean, split and annotate, and every one of the grammar, is run over
repeats of its own literals, of a member of each of its classes, and of pairs of them, at one length and at four
times that length, in the way in which the code calls it. Processor time counts, not the clock.
"""

import ast
import importlib
import itertools
import pkgutil
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from re import _parser as parser  # the standard library's own reader of patterns

import pytest

import pipeline
from pipeline.config import HOME, load
from pipeline.formats.common import untag
from pipeline.splitting.grammar import load_grammar

SMALL, LARGE = 4_000, 16_000
# Four times the length may take so many times as long: a quadratic search takes sixteen times.
MOST = 6.0
# Seconds below which a run over the small or large text is not looked at: a linear search stays below both.
SHOWS, COUNTS = 0.001, 0.02
# Members of a pattern's alphabet, words of it, and members that are paired.
MOST_CHARS, MOST_WORDS, PAIRED = 40, 40, 6
SCANS = {"search", "finditer", "findall", "sub", "subn", "split"}
METHODS = SCANS | {"match", "fullmatch"}
CLASS_MEMBERS = {"DIGIT": "1", "SPACE": " ", "WORD": "a"}
# Where the parser keeps the patterns inside one.
INNER = {
    **dict.fromkeys(("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT", "SUBPATTERN"), -1),
    **dict.fromkeys(("ASSERT", "ASSERT_NOT", "BRANCH"), 1),
    "ATOMIC_GROUP": None,
}
# Tried at one place only, by a loop over all rules, so that the code does not name them; a search would be quadratic.
ONE_PLACE = {"pipeline.components.time_grammar._DURATION": {"match"}}
# Read nothing but names of the gazetteer under models/.
NO_INPUT = {"pipeline.components.gazetteer._AUTONOMOUS"}


def modules():
    for found in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
        if not found.name.startswith(("pipeline.training", "pipeline.engines")) and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def walk(value, depth=3) -> Iterator[re.Pattern]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif depth and isinstance(value, dict):
        for item in itertools.chain(value, value.values()):
            yield from walk(item, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from walk(item, depth - 1)


def patterns() -> dict[str, list[re.Pattern]]:
    found: dict[str, list[re.Pattern]] = defaultdict(list)
    seen = set()
    grammar = load_grammar(load(HOME / "news.cfg").splitter.grammar)
    held = [("grammar", name, getattr(grammar, name)) for name in grammar.__slots__]
    held += [(module.__name__, name, value) for module in modules() for name, value in vars(module).items()]
    for place, name, value in held:
        for pattern in walk(value):
            if pattern not in seen:
                seen.add(pattern)
                found[f"{place}.{name}"].append(pattern)
    return found


def calls() -> dict[str, set[str]]:
    """Say by which methods each name is called, anywhere in the package."""
    found = defaultdict(set)
    for path in Path(pipeline.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                owner = node.value.value if isinstance(node.value, ast.Subscript) else node.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                found[name].add(node.attr)
    return found


def members(items) -> Iterator[str]:
    """Give a member of each part of a class of characters, and one of none of them where it is negated."""
    for kind, value in items:
        if str(kind) == "CATEGORY":
            yield CLASS_MEMBERS.get(str(value).rpartition("_")[2], "省")
        elif str(kind) == "NEGATE":
            yield "省"
        else:
            yield chr(value if isinstance(value, int) else value[0])


def literals(tree) -> Iterator[str]:
    """Give the literal words of a parsed pattern, a member of each class, in order."""
    word = ""
    for kind, value in tree:
        name = str(kind)
        if name == "LITERAL":
            word += chr(value)
            continue
        yield word
        word = ""
        if name == "IN":
            yield from members(value)
        elif name in ("NOT_LITERAL", "ANY"):
            yield "省"
        elif name in INNER:
            trees = value[1] if name == "BRANCH" else [value if name == "ATOMIC_GROUP" else value[INNER[name]]]
            yield from itertools.chain.from_iterable(map(literals, trees))
    yield word


def parts_of(pattern: re.Pattern) -> tuple[list[str], list[str]]:
    """List the characters and the literal words that a pattern is made of."""
    words = dict.fromkeys(literals(parser.parse(pattern.pattern, pattern.flags)))
    return list(dict.fromkeys("".join(words))), [word for word in words if len(word) > 1]


def seeds_of(pattern: re.Pattern) -> list[str]:
    chars, words = parts_of(pattern)
    pairs = map("".join, itertools.permutations(chars[:PAIRED], 2))
    return [*chars[:MOST_CHARS], *words[:MOST_WORDS], *pairs]


def seconds(pattern, ways, text):
    start = time.process_time()
    for way in ways:
        if way == "scan":
            for _ in pattern.finditer(text):
                pass
        else:
            getattr(pattern, way)(text)
    return time.process_time() - start


def growth(pattern, ways, seed):
    """Give how many times as long four times the text takes; 0 where neither takes long."""
    small, large = seed * (SMALL // len(seed)), seed * (LARGE // len(seed))
    if seconds(pattern, ways, small) < SHOWS:
        return 0.0
    if (long := seconds(pattern, ways, large)) < COUNTS:
        return 0.0
    # A busy machine may have been in the way once: the least of three counts.
    short = min(seconds(pattern, ways, small) for _ in range(3))
    return min(long, *(seconds(pattern, ways, large) for _ in range(2))) / short


def ways_of(name, called):
    asked = ONE_PLACE.get(name) or called.get(name.rpartition(".")[2]) or METHODS
    return {"scan" if way in SCANS else way for way in asked}


def test_no_pattern_of_the_package_takes_quadratic_time():
    called = calls()
    found = {name: group for name, group in patterns().items() if name not in NO_INPUT}
    assert sum(map(len, found.values())) > 150
    slow = [
        (name, seed, round(times, 1))
        for name, group in found.items()
        for pattern in group
        for seed in seeds_of(pattern)
        if (times := growth(pattern, ways_of(name, called), seed)) > MOST
    ]
    assert slow == []


@pytest.mark.parametrize(("pattern", "seed"), [(r"<[^>]*>", "<"), (r"\s+！", " "), (r"(?:一|二)*三", "一二")])
def test_a_quadratic_pattern_is_noticed(pattern, seed):
    compiled = re.compile(pattern)
    assert seed in seeds_of(compiled)
    assert growth(compiled, {"scan"}, seed) > MOST


@pytest.mark.parametrize("seed", ["<", "<<br", "<br", "< >", "<a<", "&lt;", "&"])
def test_tags_are_taken_out_in_linear_time(seed):
    length = 200_000

    def spent(text):
        start = time.process_time()
        untag(text)
        return time.process_time() - start

    # The base is running text with a tag every ten characters, which is read in one pass.
    base = min(spent("河桥步道<b>亭水" * (length // 10)) for _ in range(3))
    assert min(spent(seed * (length // len(seed))) for _ in range(2)) < 20 * base
