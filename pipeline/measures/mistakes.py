"""List what was found wrongly or not at all: gold against ours, in context, by kind of mistake.

Only sets that may be looked at are listed: the 40 seen pages, the 56 texts, the project's own cases, and the
development stretch of January 1998. Of held-out sets (the 20 pages, the MSRA test) only totals by kind leave here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from pipeline.measures import goldsets, pages, texts, words
from pipeline.measures.goldsets import AbsentError, present
from pipeline.measures.subject import Subject
from pipeline.training import corpora, goldpages

# Characters shown on each side of a mistake.
AROUND = 18
# A record belongs to a gold article whose characters it shares to this degree; the scorer's own bounds.
FOUND, PAIRED = 0.8, 0.5
# Paragraphs of the January development stretch that are looked at: 300 hold some 15,000 words.
JANUARY_PARAGRAPHS = 300
_FIELDS = ("kickers", "subtitle", "column", "subheads")

Span = tuple[int, int, str]


class Mistake(NamedTuple):
    """Hold one mistake: its section and kind, the document, what the gold has, what we have, and where it stands."""

    section: str
    kind: str
    where: str
    gold: str
    ours: str
    context: str


def in_context(text: str, start: int, end: int) -> str:
    """Show a stretch of a text in brackets with what stands around it, on one line."""
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return f"{before}[{text[start:end]}]{after}".replace("\n", "⏎")


def compare_spans(gold: Sequence[Span], ours: Sequence[Span]) -> Iterator[tuple[str, Span | None, Span | None]]:
    """Pair spans that differ: ``(kind, gold, ours)``, kinds by label, such as ``ORG too short`` or ``LOC missed``."""
    want, have = sorted(set(gold) - set(ours)), sorted(set(ours) - set(gold))
    left = list(have)
    for item in want:
        near = [other for other in left if other[0] < item[1] and item[0] < other[1]]
        if not near:
            yield f"{item[2]} missed", item, None
            continue
        other = max(near, key=lambda other: min(item[1], other[1]) - max(item[0], other[0]))
        left.remove(other)
        yield _kind_of(item, other), item, other
    for other in left:
        yield f"{other[2]} invented", None, other


def _kind_of(gold: Span, ours: Span) -> str:
    """Name the difference of two spans that overlap."""
    if gold[:2] == ours[:2]:
        return f"{gold[2]} called {ours[2]}"
    label = gold[2] if gold[2] == ours[2] else f"{gold[2]} called {ours[2]},"
    if ours[0] >= gold[0] and ours[1] <= gold[1]:
        return f"{label} too short"
    return f"{label} too long" if ours[0] <= gold[0] and ours[1] >= gold[1] else f"{label} displaced"


def _span_mistakes(
    section: str, where: str, text: str, gold: Sequence[Span], ours: Sequence[Span]
) -> Iterator[Mistake]:
    """Turn differing spans into mistakes."""
    for kind, want, have in compare_spans(gold, ours):
        start, end, _ = want or have or (0, 0, "")
        marked, found = (text[item[0] : item[1]] if item else "–" for item in (want, have))
        yield Mistake(section, kind, where, marked, found, in_context(text, start, end))


def gold_spans(text: str, entities: Iterable[dict[str, Any]]) -> list[Span]:
    """Find the marked occurrences of a gold document's entities, as its README says."""
    taken = [False] * len(text)
    spans: list[Span] = []
    for entity in sorted(entities, key=lambda item: -len(item["text"])):
        surface, at, free = entity["text"], 0, []
        while (at := text.find(surface, at)) >= 0:
            if any(taken[at : at + len(surface)]):
                at += 1
                continue
            free.append(at)
            at += len(surface)
        chosen = free if entity.get("where", "all") == "all" else [free[k] for k in entity["where"] if k < len(free)]
        for start in chosen:
            spans.append((start, start + len(surface), entity["label"]))
            taken[start : start + len(surface)] = [True] * len(surface)
    return sorted(spans)


def entity_mistakes(subject: Subject) -> Iterator[Mistake]:
    """List names of the 56 texts; surfaces on which annotators may disagree are passed over."""
    subject.need("entities")
    docs, notes = present(subject.shared, "gold/docs", "gold/annotations")
    files = sorted(notes.glob("*.json"))
    held = [(docs / f"{path.stem}.txt").read_text("utf-8") for path in files]
    for path, text, doc in zip(files, held, words.analyse(subject, held, "doc._.entities"), strict=True):
        note = json.loads(path.read_text("utf-8"))
        gold = gold_spans(text, note["entities"])
        may = set(note.get("may", ())) - {item["text"] for item in note["entities"]}
        ours = [(e.start, e.end, e.label) for e in doc._.entities if e.label in texts.LABELS and e.text not in may]
        yield from _span_mistakes("entities", path.stem, text, gold, ours)


def msra_mistakes(subject: Subject) -> Iterator[Mistake]:
    """Name the kinds of mistakes on the MSRA test, without what stands there."""
    subject.need("entities")
    sentences, _ = goldsets.read_msra(subject.shared)
    docs = words.analyse(subject, (item.text for item in sentences), "doc._.entities")
    for item, doc in zip(sentences, docs, strict=True):
        ours = [(e.start, e.end, e.label) for e in doc._.entities]
        yield from (Mistake("msra", kind, "", "", "", "") for kind, _, _ in compare_spans(item.spans, ours))


def keyword_mistakes(subject: Subject) -> Iterator[Mistake]:
    """List keywords of the 56 texts: those missed, and those of the first ten that are none."""
    subject.need("keywords")
    docs, *_ = texts.read_gold_docs(subject)
    for item in docs:
        have, want = list(dict.fromkeys(item.keywords))[: texts.TOP_KEYWORDS], item.gold["keywords"]
        missed, extra = [word for word in want if word not in have], [word for word in have if word not in want]
        for word in missed:
            near = next((other for other in extra if other in word or word in other), None)
            kind = "other extent" if near else "missed"
            yield Mistake("keywords", kind, item.name, word, near or "–", "、".join(have))
        for word in extra:
            if not any(other in word or word in other for other in missed):
                yield Mistake("keywords", "not in the gold", item.name, "–", word, "、".join(want))


def time_mistakes(subject: Subject) -> Iterator[Mistake]:
    """List times and quantities of the project's own cases."""
    subject.need("times", "quantities")
    nlp = subject.reduced('nlp.pipeline=["sentences","times","quantities"]', "nlp.tokenizer.method=char")
    for path in (goldsets.TIMES, goldsets.TIMES_BLIND):
        for number, case in enumerate(goldsets.read_times(path)[0], start=1):
            found = texts.time_keys(texts.run_with_date(nlp, case["text"], case["date"]), case)
            for layer, figure in (("time", "time_value_f1"), ("quantity", "quantity_value_f1")):
                have, want = (Counter(items) for items in found[figure])
                missed, extra = list((want - have).elements()), list((have - want).elements())
                for item in missed:
                    near = next((other for other in extra if other[0] in item[0] or item[0] in other[0]), None)
                    same = near is not None and near[0] == item[0]
                    kind = f"{layer} {'value' if same else 'extent' if near else 'missed'}"
                    extra = [other for other in extra if other is not near]
                    yield Mistake("times", kind, f"{path.stem} {number}", _show(item), _show(near), case["text"])
                for other in extra:
                    yield Mistake(
                        "times", f"{layer} invented", f"{path.stem} {number}", "–", _show(other), case["text"]
                    )


def _show(item: Iterable[Any] | None) -> str:
    """Write the values of an annotation on one line."""
    return "–" if item is None else " ".join("–" if value is None else str(value) for value in item)


def word_mistakes(subject: Subject) -> Iterator[Mistake]:
    """List words and tags of a part of January's development stretch."""
    present(subject.shared, *(f"{words.CORPORA}/{name}" for name in words.JANUARY))
    _, dev, _ = corpora.split_tagged(subject.shared / words.CORPORA)
    chosen = dev[:JANUARY_PARAGRAPHS]
    docs = words.analyse(subject, ("".join(word for word, _ in tagged) for tagged in chosen), "token.")
    for number, (tagged, doc) in enumerate(zip(chosen, docs, strict=True), start=1):
        pairs = words.tokens(doc)
        text = "".join(word for word, _ in tagged)
        for left, right, begin, end in _differing(tagged, pairs):
            gold, ours = (" ".join(f"{word}/{tag}" for word, tag in part) for part in (left, right))
            same = [word for word, _ in left] == [word for word, _ in right]
            kind = f"tag {left[0][1]} called {right[0][1]}" if same else _cut_kind(len(left), len(right))
            yield Mistake("words", kind, f"paragraph {number}", gold, ours, in_context(text, begin, end))


def _cut_kind(gold: int, ours: int) -> str:
    """Name a difference of cuts by the numbers of words."""
    return "words cut" if ours > gold else "words joined" if ours < gold else "words cut elsewhere"


def _differing(
    gold: Sequence[tuple[str, str]], ours: Sequence[tuple[str, str]]
) -> Iterator[tuple[list[tuple[str, str]], list[tuple[str, str]], int, int]]:
    """Cut two taggings of a text at their common borders; yield the pieces that differ, with their offsets."""
    sides = [
        [(span, pair) for span, pair in zip(corpora.word_spans(word for word, _ in pairs), pairs, strict=True)]
        for pairs in (gold, ours)
    ]
    common = sorted({span[1] for span, _ in sides[0]} & {span[1] for span, _ in sides[1]})
    begin, at = 0, [0, 0]
    for end in common:
        parts = []
        for side, items in enumerate(sides):
            start = at[side]
            while at[side] < len(items) and items[at[side]][0][1] <= end:
                at[side] += 1
            parts.append([pair for _, pair in items[start : at[side]]])
        if parts[0] != parts[1]:
            yield parts[0], parts[1], begin, end
        begin = end


def page_mistakes(subject: Subject) -> Iterator[Mistake]:
    """List articles, titles and other fields of the seen pages; of the held-out pages only the kinds."""
    folder, script = present(subject.shared, "pages/dev", "pages/score_pages.py")
    scorer = goldsets.load_module(script, "score_pages")
    golds = {gold["page"]: gold for gold in scorer.load_gold(str(folder))}
    predicted = pages.load_predictions(scorer, subject.pages.values())
    held = goldpages.held_out_pages(golds)
    for name, gold in sorted(golds.items()):
        found = _articles(scorer, gold, scorer.records_for(predicted, name))
        if name in held:
            yield from (Mistake("pages held20", item.kind, "", "", "", "") for item in found)
        else:
            yield from found


def _articles(scorer: Any, gold: dict[str, Any], records: list[dict[str, Any]]) -> Iterator[Mistake]:
    """Compare the articles of a page with the records that share most characters with them."""
    bodies = [scorer.norm(scorer.get(record, "text") or "") for record in records]
    for article in gold["articles"]:
        if article["kind"] in scorer.OPTIONAL:
            continue
        body = scorer.norm("".join(article["paragraphs"]))
        shared = [sum(scorer.cover(body, other)) for other in bodies]
        scores = [both / (len(body) + len(other) - both) for both, other in zip(shared, bodies, strict=True)]
        best = max(range(len(scores)), key=scores.__getitem__, default=None)
        title = article.get("title") or article["paragraphs"][0][:AROUND]
        if best is None or scores[best] < PAIRED:
            ours = "–" if best is None else str(records[best].get("title"))
            yield Mistake("pages", "article without a record", gold["page"], title, ours, article["paragraphs"][0][:40])
            continue
        if scores[best] < FOUND:
            context = f"shares {scores[best]:.2f} of the characters"
            yield Mistake("pages", "article cut or joined", gold["page"], title, str(records[best]["title"]), context)
        yield from _fields(scorer, gold["page"], article, records[best])


def _fields(scorer: Any, page: str, article: dict[str, Any], record: dict[str, Any]) -> Iterator[Mistake]:
    """Compare the fields of an article and its record."""
    title = str(article.get("title"))
    pairs = {name: (scorer.as_list(article.get(name)), scorer.as_list(scorer.get(record, name))) for name in _FIELDS}
    pairs["title"] = (scorer.as_list(article.get("title")), scorer.as_list(scorer.get(record, "title")))
    ours, theirs = ([name for name, _ in scorer.names(side.get("authors"))] for side in (record, article))
    pairs["authors"] = (theirs, ours)
    pairs["kind"] = ([article["kind"]], [record.get("kind") or ""])
    for name, (want, have) in pairs.items():
        if sorted(map(scorer.norm, want)) != sorted(map(scorer.norm, have)):
            yield Mistake("pages", f"{name} differs", page, " / ".join(want) or "–", " / ".join(have) or "–", title)
    text = {scorer.norm(line) for line in (scorer.get(record, "text") or "").split("\n")}
    for paragraph in article["paragraphs"]:
        if scorer.norm(paragraph) not in text:
            near = max(text, key=lambda line: SequenceMatcher(None, line[:60], paragraph[:60]).ratio(), default="")
            yield Mistake("pages", "paragraph differs", page, _ends(paragraph), _ends(near), title)


def _ends(text: str) -> str:
    """Show how a paragraph begins and ends."""
    return text if len(text) <= 2 * AROUND else f"{text[:AROUND]} … {text[-AROUND:]}"


LISTS: dict[str, Callable[[Subject], Iterator[Mistake]]] = {
    "pages": page_mistakes,
    "entities": entity_mistakes,
    "msra": msra_mistakes,
    "keywords": keyword_mistakes,
    "times": time_mistakes,
    "words": word_mistakes,
}


def gather(subject: Subject, sections: Sequence[str]) -> tuple[list[Mistake], dict[str, str]]:
    """Gather the mistakes of some sections, and the reason for each section that cannot be looked at."""
    found: list[Mistake] = []
    absent: dict[str, str] = {}
    for section in sections:
        try:
            found += LISTS[section](subject)
        except AbsentError as error:
            absent[section] = str(error)
    return found, absent


def to_markdown(found: Sequence[Mistake], absent: dict[str, str], *, limit: int) -> str:
    """Write the mistakes as Markdown: a section's kinds and worst documents, then the first ``limit`` of each kind."""
    lines = ["# Mistakes", "", "Gold against ours. Of held-out sets only the numbers are given."]
    for section in dict.fromkeys(item.section for item in found):
        chosen = [item for item in found if item.section == section]
        kinds = Counter(item.kind for item in chosen).most_common()
        lines += ["", f"## {section}: {len(chosen)}", "", "| kind | mistakes |", "|---|--:|"]
        lines += [f"| {kind} | {count} |" for kind, count in kinds]
        worst = Counter(item.where for item in chosen if item.where).most_common(5)
        if worst:
            lines += ["", "Most in: " + ", ".join(f"{where} ({count})" for where, count in worst)]
        for kind, count in kinds:
            shown = [item for item in chosen if item.kind == kind and item.where][:limit]
            if shown:
                lines += [
                    "",
                    f"### {section}: {kind} ({count})",
                    "",
                    "| in | gold | ours | context |",
                    "|---|---|---|---|",
                ]
                lines += [f"| {' | '.join(map(_cell, item[2:]))} |" for item in shown]
    lines += [f"\nnot listed: {section}: {reason}" for section, reason in absent.items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Make a text fit a cell of a table."""
    return text.replace("|", "¦").replace("\n", "⏎")
