"""Decode a pkuseg model over a whole text at once, in numpy: the words of spacy-pkuseg at a fraction of its time.

The library builds some seventy strings a character and asks a dict for each (spacy_pkuseg/feature_extractor.pyx); here
the model's features become sorted tables of numbers when it is loaded, and a block of text is looked up at
once. Its Viterbi pass (spacy_pkuseg/inference.pyx) runs from the end of a text to its start; here it is a scan of
max-plus products (Blelloch 1990, "Prefix sums and their applications"), about log2(n) steps for n characters.

Sums are added up in another order than the library's. Weights are stored in whole 32nds, so every sum is exact and the
words are the same to the last tie; with other weights a difference in the last bit could decide a tie.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from srsly import msgpack

from pipeline.errors import ModelError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint32]
# For each kind of feature: which names are of it, and where what follows the kind's mark begins.
_Kinds = dict[str, tuple[Ints, Ints]]

# What the library shows its model in place of some characters (FeatureExtractor.keywords, num and letter, spelt as
# there: the second g of its small letters stands where j belongs).
KEYWORDS = "-._,|/*:"
KEYWORD = "&"
NUMERALS = "0123456789.几二三四五六七八九十千万亿兆零１２３４５６７８９０％"
LETTERS = (
    "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｇｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ／・－"
)

# Numerals and letters have these names in a feature; here two code points stand for them that no text uses.
_CLASSES = {"**Num": "\ufffe", "**Letter": "\uffff"}
_CODE_POINTS = 0x110000

# Word features are of words of two to six characters (spacy_pkuseg.config: wordMin, wordMax).
WORD_MIN, WORD_MAX = 2, 6

# Kinds of features. A character at an offset from the node; two characters, the first at an offset from the node.
_UNIGRAMS = {"c": 0, "c-1": -1, "c1": 1, "c-2": -2, "c2": 2}
_BIGRAMS = {"c-1c": -1, "cc1": 0, "c-2c-1": -2}
# A dictionary word that begins or ends at the node, and two that meet before or after it.
_WORDS = ("w1", "w-1")
_PAIRS = {"ww": "lr"}

# Positions between two pieces of text: features look two characters away at most.
_BORDER = 2
# Characters decoded at once: more is not faster, and memory stays near 10 MB however long the text is.
BLOCK_CHARS = 4_000


class _Names(NamedTuple):
    """Hold strings as one array of code points: where each begins and ends."""

    codes: Codes
    starts: Ints
    ends: Ints

    @classmethod
    def of(cls, strings: Collection[bytes]) -> _Names:
        """Lay UTF-8 strings out, a line break after each and room for a window at the end.

        Raises ModelError where a string has a line break.
        """
        joined = b"".join([b"\n".join(strings), b"\n", bytes(WORD_MAX)])
        for name, code in _CLASSES.items():
            joined = joined.replace(name.encode(), code.encode())
        codes = _code_points(joined.decode("utf-8", "surrogatepass"))
        ends = np.flatnonzero(codes == ord("\n"))
        if len(ends) != len(strings):
            raise ModelError("a pkuseg model has a feature with a line break in its name; train it again")
        return cls(codes, np.concatenate([[0], ends[:-1] + 1]), ends)

    def window(self, starts: Ints, ends: Ints) -> Codes:
        """Give the first code points from each start, (names, WORD_MAX), zero from its end on."""
        columns = np.arange(WORD_MAX)
        return np.where(columns < (ends - starts)[:, None], self.codes[starts[:, None] + columns], np.uint32(0))


class _Table(NamedTuple):
    """Hold sorted keys; a key that is not there is numbered ``len(keys)``, the place of the empty row."""

    keys: Ints

    @classmethod
    def of(cls, keys: Ints) -> tuple[_Table, Ints]:
        """Make the table of some keys, each of which may come more than once, and give the number of each.

        Key and place are sorted as one number, which is faster than to look the keys up afterwards.
        """
        bits = len(keys).bit_length()
        ordered = np.sort((keys << bits) | np.arange(len(keys)))
        places, ordered = ordered & ((1 << bits) - 1), ordered >> bits
        new = np.diff(ordered, prepend=-1) > 0
        numbers = np.empty(len(keys), np.int64)
        numbers[places] = np.cumsum(new) - 1
        return cls(ordered[new]), numbers

    def find(self, wanted: Ints) -> Ints:
        """Find the number of each key."""
        found = np.searchsorted(self.keys, wanted)
        missing = self.keys[np.minimum(found, len(self.keys) - 1)] != wanted if len(self.keys) else True
        return np.where(missing, len(self.keys), found)


class Decoder:
    """Cut pieces of text into words as a pkuseg model in a folder does, without the library's own dictionary.

    Raises ModelError where the folder's features have other forms than the library's trainer gives.
    """

    def __init__(self, folder: Path) -> None:
        # As bytes: half a million strings would take three times as long to make, and only their code points are used.
        data = msgpack.unpackb((folder / "features.msgpack").read_bytes(), raw=True)
        names: dict[bytes, int] = data[b"feature_to_idx"]
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            tags, features = (int(size) for size in arrays["sizes"])
            weights = arrays["w"]
        if (tags, features) != (len(data[b"tag_to_idx"]), len(names)):
            raise ModelError(f"{folder}: weights.npz and features.msgpack are not of one model; train it again")
        # The library's edges lie behind its nodes and begin at one. The row of their place is emptied: number
        # ``features`` stands for a feature that is not there.
        self._edges: Floats = 1.0 + weights[tags * features :].reshape(tags, tags).T
        self._nodes: Floats = weights[: tags * (features + 1)].reshape(features + 1, tags)
        self._nodes[features] = 0.0
        self._none = features
        self._begins = np.zeros(tags, dtype=bool)
        for tag, index in data[b"tag_to_idx"].items():
            self._begins[index] = b"B" in tag
        self._read_features(_Names.of(names), np.fromiter(names.values(), np.int64, features), data[b"unigram"])

    def _read_features(self, names: _Names, numbers: Ints, dictionary: Collection[bytes]) -> None:
        """Turn the names of features into tables of numbers."""
        words = _Names.of(dictionary)
        self._ids = np.zeros(_CODE_POINTS, np.int64)
        used = np.zeros(_CODE_POINTS, bool)
        used[names.codes] = used[words.codes] = True
        used[[0, ord("\n")]] = False
        # Number 0 is a character that no feature knows, as is a border.
        self._ids[used] = np.arange(1, 1 + np.count_nonzero(used))
        self._size = 1 + int(np.count_nonzero(used))
        kinds = _kinds(names)
        known = sum(len(rows) for rows, _ in kinds.values())
        if known != len(numbers):
            raise ModelError(f"a pkuseg model has {len(numbers) - known} features of unknown forms; train it again")
        lengths = words.ends - words.starts
        fitting = (lengths >= WORD_MIN) & (lengths <= WORD_MAX)
        spelt = self._ids[words.window(words.starts[fitting], words.ends[fitting])]
        self._read_characters(names, numbers, kinds, spelt)
        self._read_words(names, numbers, kinds)
        self._fold()

    def _read_characters(self, names: _Names, numbers: Ints, kinds: _Kinds, spelt: Ints) -> None:
        """Read the features of one and two characters, and the words of the dictionary (words, WORD_MAX)."""
        self._unigrams: list[tuple[int, Floats]] = []
        for kind, offset in _UNIGRAMS.items():
            rows, at = kinds[kind]
            table = np.zeros((self._size, self._nodes.shape[1]))
            table[self._ids[names.codes[at]]] = self._nodes[numbers[rows]]
            if offset == 0:
                # The library gives every node feature 0 besides.
                table += self._nodes[0]
            self._unigrams.append((offset, table))
        first = spelt[:, 0] * self._size + spelt[:, 1]
        keys = [self._pair_keys(names, kinds[kind][1]) for kind in _BIGRAMS]
        self._bigrams, found = _Table.of(np.concatenate([*keys, first]))
        *places, nodes = np.split(found, np.cumsum([len(part) for part in keys]))
        self._bigram_features: list[tuple[int, Ints]] = []
        for (kind, offset), place in zip(_BIGRAMS.items(), places, strict=True):
            column = np.full(len(self._bigrams.keys) + 1, self._none)
            column[place] = numbers[kinds[kind][0]]
            self._bigram_features.append((offset, column))
        self._read_trie(spelt, nodes)

    def _pair_keys(self, names: _Names, at: Ints) -> Ints:
        """Number the two characters of names; one mark stands between them."""
        return self._ids[names.codes[at]] * self._size + self._ids[names.codes[at + 2]]

    def _read_trie(self, spelt: Ints, nodes: Ints) -> None:
        """Read words (words, WORD_MAX): a table a length, and which word ends at each of its numbers (0 for none).

        ``nodes`` are the numbers of their first two characters among all bigrams.
        """
        self._levels = [self._bigrams]
        self._ending: list[Ints] = []
        self._longer: list[NDArray[np.bool_]] = []
        self._word_count = 1 + len(spelt)
        lengths, alive = np.count_nonzero(spelt, axis=1), np.arange(len(spelt))
        for length in range(WORD_MIN, WORD_MAX + 1):
            rows = len(self._levels[-1].keys) + 1
            ending, longer = np.zeros(rows, np.int64), np.zeros(rows, bool)
            ends = lengths[alive] == length
            ending[nodes[ends]] = 1 + alive[ends]
            longer[nodes[~ends]] = True
            self._ending.append(ending)
            self._longer.append(longer)
            alive, nodes = alive[~ends], nodes[~ends]
            if length < WORD_MAX:
                table, nodes = _Table.of(nodes * self._size + spelt[alive, length])
                self._levels.append(table)

    def _read_words(self, names: _Names, numbers: Ints, kinds: _Kinds) -> None:
        """Read the features of dictionary words; one of a word outside the dictionary never holds."""
        self._word_features: list[Ints] = []
        for kind in _WORDS:
            rows, at = kinds[kind]
            column = np.full(self._word_count, self._none)
            column[self._spelt_words(names, at, names.ends[rows])] = numbers[rows]
            column[0] = self._none
            self._word_features.append(column)
        keys: list[Ints] = []
        for side in _PAIRS["ww"]:
            rows, at = kinds["ww." + side]
            stars = np.flatnonzero(names.codes == ord("*"))
            middle = stars[np.searchsorted(stars, at)]
            before, after = self._spelt_words(names, at, middle), self._spelt_words(names, middle + 1, names.ends[rows])
            keys.append(np.where((before > 0) & (after > 0), before * self._word_count + after, 0))
        self._pairs, found = _Table.of(np.concatenate([*keys, [0]]))
        self._pair_features: list[Ints] = []
        for side, places in zip(_PAIRS["ww"], np.split(found[:-1], [len(keys[0])]), strict=True):
            column = np.full(len(self._pairs.keys) + 1, self._none)
            column[places] = numbers[kinds["ww." + side][0]]
            column[0] = self._none
            self._pair_features.append(column)

    def _spelt_words(self, names: _Names, starts: Ints, ends: Ints) -> Ints:
        """Find the dictionary words that stand in names from starts to ends; 0 where there is none."""
        spelt = self._ids[names.window(starts, ends)]
        lengths, alive = ends - starts, np.arange(len(starts))
        nodes = self._bigrams.find(spelt[:, 0] * self._size + spelt[:, 1])
        found = np.zeros(len(starts), np.int64)
        for level, ending in enumerate(self._ending):
            if level:
                on = lengths[alive] >= WORD_MIN + level
                alive = alive[on]
                nodes = self._levels[level].find(nodes[on] * self._size + spelt[alive, WORD_MIN + level - 1])
            whole = lengths[alive] == WORD_MIN + level
            found[alive[whole]] = ending[nodes[whole]]
        return found

    def _fold(self) -> None:
        """Give numerals, letters and keywords the numbers of what the library shows in their place."""
        for chars, shown in ((LETTERS, "**Letter"), (NUMERALS, "**Num")):
            self._ids[_code_points(chars)] = self._ids[ord(_CLASSES[shown])]
        self._ids[_code_points(KEYWORDS)] = self._ids[ord(KEYWORD)]
        self._ids[_code_points("".join(_CLASSES.values()))] = 0

    def word_lengths(self, pieces: Iterable[str]) -> Iterator[list[int]]:
        """Give the lengths of the words of each piece, in characters.

        Pieces have no white space and do not see each other. Time is linear; memory is that of a block of about
        ``BLOCK_CHARS`` characters, or of the longest piece.
        """
        block: list[str] = []
        size = 0
        for piece in pieces:
            block.append(piece)
            size += len(piece) + _BORDER
            if size >= BLOCK_CHARS:
                yield from self._block_lengths(block)
                block, size = [], 0
        if block:
            yield from self._block_lengths(block)

    def _block_lengths(self, pieces: list[str]) -> Iterator[list[int]]:
        """Decode some pieces side by side."""
        border = "\n" * _BORDER
        ids = self._ids[_code_points(border + border.join(pieces) + border)]
        sizes = np.array([len(piece) for piece in pieces])
        ends = np.cumsum(sizes + _BORDER)
        starts = ends - sizes
        inside = np.zeros(len(ids) + 1, np.int64)
        np.add.at(inside, starts, 1)
        np.add.at(inside, ends, -1)
        within = np.cumsum(inside[:-1]) > 0
        scores = self._node_scores(ids)
        scores[~within] = 0.0
        begins = self._begins[self._best_tags(np.ascontiguousarray(scores.T), within)]
        begins[starts[sizes > 0]] = True
        # A border begins a word that nobody reads, so that the last word of a piece ends there.
        begins[~within] = True
        places = np.flatnonzero(begins)
        lengths = np.diff(places, append=len(ids)).tolist()
        first, last = np.searchsorted(places, starts).tolist(), np.searchsorted(places, ends).tolist()
        for low, high in zip(first, last, strict=True):
            yield lengths[low:high]

    def _node_scores(self, ids: Ints) -> Floats:
        """Sum the weights of each position's features, (positions, tags)."""
        bigrams = self._bigrams.find(ids[:-1] * self._size + ids[1:])
        scores = np.zeros((len(ids), self._nodes.shape[1]))
        for offset, table in self._unigrams:
            low, high = max(0, offset), len(ids) + min(0, offset)
            scores[low - offset : high - offset] += table[ids[low:high]]
        for offset, column in self._bigram_features:
            low, high = max(0, offset), len(bigrams) + min(0, offset)
            scores[low - offset : high - offset] += self._nodes[column[bigrams[low:high]]]
        places, features = self._word_matches(ids, bigrams)
        tags = scores.shape[1]
        cells = (places[:, None] * tags + np.arange(tags)).ravel()
        sums = np.bincount(cells, self._nodes[features].ravel(), minlength=scores.size)
        return np.asarray(scores + sums.reshape(scores.shape), dtype=np.float64)

    def _word_matches(self, ids: Ints, bigrams: Ints) -> tuple[Ints, Ints]:
        """Find the features of dictionary words: where each holds, and its number."""
        # Words that begin at a position, a column a length; beyond the text there are none.
        beginning = np.zeros((len(ids) + WORD_MAX, WORD_MAX - WORD_MIN + 1), np.int64)
        starts: list[Ints] = []
        lasts: list[Ints] = []
        words: list[Ints] = []
        at, nodes = np.arange(len(bigrams)), bigrams
        for level, ending in enumerate(self._ending):
            if level:
                on = self._longer[level - 1][nodes] & (at + WORD_MIN + level <= len(ids))
                at, nodes = at[on], nodes[on]
                nodes = self._levels[level].find(nodes * self._size + ids[at + WORD_MIN + level - 1])
            found = ending[nodes]
            here = found > 0
            starts.append(at[here])
            lasts.append(at[here] + (WORD_MIN + level - 1))
            words.append(found[here])
            beginning[starts[-1], level] = words[-1]
        start, last, word = np.concatenate(starts), np.concatenate(lasts), np.concatenate(words)
        following = beginning[last + 1]
        row, column = np.nonzero(following)
        pairs = self._pairs.find(word[row] * self._word_count + following[row, column])
        known = pairs < len(self._pairs.keys)
        pairs, meeting = pairs[known], last[row[known]]
        left, right = self._pair_features
        begin, end = self._word_features
        places = np.concatenate([start, last, meeting + 1, meeting])
        return places, np.concatenate([begin[word], end[word], left[pairs], right[pairs]])

    def _best_tags(self, nodes: Floats, within: NDArray[np.bool_]) -> Ints:
        """Find the best tag of each position (Viterbi) from node scores (tags, positions), piece by piece.

        As in the library, the last of several best tags follows a tag, and the first of several begins a piece.
        """
        tags, count = nodes.shape
        linked = within & np.append(within[1:], False)  # the value appended
        edges = self._edges[:, :, None] * linked
        best = _suffix_best(nodes[:, None, :] + edges)
        after = np.concatenate([best[:, 1:], np.zeros((tags, 1))], axis=1)
        options = edges + after
        follow, top = np.zeros((tags, count), np.uint8), options[:, 0]
        for tag in range(1, tags):
            better = options[:, tag] >= top
            follow[better] = tag
            top = np.where(better, options[:, tag], top)
        begin = np.flatnonzero(~within)
        follow[:, begin] = after[:, begin].argmax(axis=0)
        path = bytearray(count)
        table, tag = follow.T.tobytes(), 0
        for place in range(count):
            path[place] = tag
            tag = table[place * tags + tag]
        return np.frombuffer(path, np.uint8).astype(np.int64)


def _suffix_best(steps: Floats) -> Floats:
    """Compute v[i] = steps[i] x v[i+1] for all i, in max-plus algebra, from matrices (tags, tags, n); v[n] is zero.

    Two neighbours are multiplied into one, the half as long row is solved, and the places between are filled in.
    """
    count = steps.shape[2]
    if count == 1:
        return np.asarray(steps.max(axis=1), dtype=np.float64)
    even, odd = steps[:, :, ::2], steps[:, :, 1::2]
    paired = odd.shape[2]
    joined = even.copy()
    joined[:, :, :paired] = (even[:, :, None, :paired] + odd[None]).max(axis=1)
    best = np.zeros((len(steps), count + 1))
    best[:, :count:2] = _suffix_best(joined)
    best[:, 1:count:2] = (odd + best[None, :, 2 : count + 1 : 2]).max(axis=1)
    return best[:, :count]


def _kinds(names: _Names) -> _Kinds:
    """Sort names by kind."""
    dots = np.append(np.flatnonzero(names.codes == ord(".")), len(names.codes))
    heads = dots[np.searchsorted(dots, names.starts)] - names.starts
    codes = names.codes
    keys = _head_key(heads, codes[names.starts], codes[names.starts + 1], codes[names.starts + 2])
    lengths = names.ends - names.starts
    kinds: _Kinds = {}
    for kind in (*_UNIGRAMS, *_BIGRAMS, *_WORDS, *_PAIRS):
        marks = [np.array([ord(char)]) for char in kind.ljust(3)[:3]]
        rows = np.flatnonzero(keys == _head_key(np.array([len(kind)]), *marks))
        if kind in _UNIGRAMS or kind in _BIGRAMS:
            rows = rows[lengths[rows] == len(kind) + (2 if kind in _UNIGRAMS else 4)]
        at = names.starts[rows] + len(kind) + 1
        for side in _PAIRS.get(kind, ""):
            of_side = codes[at] == ord(side)
            kinds[f"{kind}.{side}"] = rows[of_side], at[of_side] + 2
        if kind not in _PAIRS:
            kinds[kind] = rows, at
    # The start feature: the library adds number 0 to every node without asking for its name.
    kinds["$$"] = np.flatnonzero((codes[names.starts] == ord("$")) & (lengths == len("$$"))), names.starts[:0]
    return kinds


def _head_key(length: Ints, *codes: NDArray[np.integer]) -> Ints:
    """Pack the length of a mark and its first three code points, those beyond its length left out."""
    key = length.astype(np.int64)
    for place, code in enumerate(codes):
        key = (key << 16) | np.where(length > place, code, 0)
    return key


def _code_points(text: str) -> Codes:
    """Give a text's code points, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
