"""Measure pages: splitting against gold, the balance of characters, speed."""

from __future__ import annotations

import json
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.chain import PageResult
from pipeline.measures import goldsets, metrics
from pipeline.measures.goldsets import AbsentError, GoldSet, present
from pipeline.measures.subject import Better, Figure, Reckoning, Subject, agree, figures_of, page_files
from pipeline.reader import read_page
from pipeline.splitting.articles import balance
from pipeline.training import goldpages
from pipeline.types import Article, Layout

_PAGE_F1 = {"kickers": "kickers_f1", "subtitle": "subtitle_f1", "column": "column_f1", "subheads": "subheads_f1"}
_PAGE_F1["authors"] = "authors_f1"
# Roles of zones that make up an article's body, as in the pages' scorer.
_BODY = ("paragraph", "caption", "table")
# Figures whose sum over pages is compared with what the scorer says of all pages together.
_WHOLE = ("characters_assigned", "characters_lost", "title_exact", "kind_accuracy", "paragraphs_exact")


def page_counts(scorer: Any, gold: dict[str, Any], predicted: dict[str, Any]) -> dict[str, tuple[float, ...]]:
    """Count one page by the pages' own scorer; each figure's counts are sums, so that pages can be resampled.

    The scorer gives rates; their denominators follow from the gold, that of the kinds from a second look at
    the same records with all kinds wrong.
    """
    out, _ = scorer.score([gold], predicted)
    records = [{**record, "kind": "?"} for record in scorer.records_for(predicted, gold["page"])]
    paired = sum(scorer.score([gold], {gold["page"]: records})[0]["kind_confusions"].values())
    required = [article for article in gold["articles"] if article["kind"] not in scorer.OPTIONAL]
    n = len(required)
    chars = sum(len(scorer.norm("".join(article["paragraphs"]))) for article in required)
    paragraphs = sum(len(article["paragraphs"]) for article in required)
    found = {"articles": _prf(out["articles"])}
    found |= {name: _prf(out[field]) for field, name in _PAGE_F1.items() if out[field] is not None}
    return found | {
        "characters_assigned": (out["characters_assigned"] * chars, chars),
        "characters_lost": (out["lost_characters"], chars),
        "title_exact": (out["title_exact"] * n, n),
        "kind_accuracy": (out["kind_accuracy"] * paired, paired),
        "paragraphs_exact": (out["paragraphs_exact"] * paragraphs, paragraphs),
        "wrongly_joined": (out["wrongly_joined"], n),
        "wrongly_split": (out["wrongly_split"], n),
    }


def _prf(part: dict[str, float]) -> tuple[float, float, float]:
    """Take (right, predicted, gold) out of a scorer's answer."""
    return part["tp"], part["pred"], part["gold"]


def measure_pages(subject: Subject) -> Iterator[Figure]:
    """Measure splitting on the pages that taught (seen40), the held-out ones (held20), the real one, unseen ones."""
    folder, script, real = present(subject.shared, "pages/dev", "pages/score_pages.py", "pages/real")
    scorer = goldsets.load_module(script, "score_pages")
    golds = {gold["page"]: gold for gold in scorer.load_gold(str(folder))}
    predicted = load_predictions(scorer, subject.pages.values())
    held = goldpages.held_out_pages(golds)
    for part, names in (("seen40", sorted(golds.keys() - held)), ("held20", sorted(held))):
        files = [folder / name for name in names] + [folder / f"{name}.gold.json" for name in names]
        gold = goldsets.describe(f"pages {part}", files, subject.shared)
        rows = [page_counts(scorer, golds[name], predicted) for name in names]
        figures = list(_page_figures(f"pages.{part}", rows, gold))
        whole, _ = scorer.score([golds[name] for name in names], predicted)
        agree(
            figures,
            {
                f"pages.{part}.article_f1": whole["articles"]["F1"],
                **{f"pages.{part}.{name}": whole[name] for name in _WHOLE},
            },
        )
        yield from figures
    yield from _unseen_figures(subject, scorer)
    every = goldsets.describe("pages all", page_files(folder) + page_files(real), subject.shared)
    yield from _balance_figures(subject.pages, every)
    chosen = [subject.pages[path.name] for path in page_files(real)]
    yield from _real_figures(chosen, goldsets.describe("pages real", page_files(real), subject.shared))


def _unseen_figures(subject: Subject, scorer: Any) -> Iterator[Figure]:
    """Measure splitting on pages written in the manner of many papers that no rule and no weight has seen."""
    options = subject.settings.reader
    for part, folder in goldsets.UNSEEN_PAGES.items():
        golds = {gold["page"]: gold for gold in scorer.load_gold(str(folder))}
        paths = page_files(folder)
        results = [subject.chain.process(read_page(path, source_name=path.name, options=options)) for path in paths]
        predicted = load_predictions(scorer, results)
        files = [path for path in folder.iterdir() if path.is_file()]
        gold = goldsets.describe(f"pages {part}", files, goldsets.ROOT)
        rows = [page_counts(scorer, golds[path.name], predicted) for path in paths]
        yield from _page_figures(f"pages.{part}", rows, gold)


def load_predictions(scorer: Any, results: Iterable[PageResult]) -> dict[str, Any]:
    """Hand records to the pages' scorer in the only way it takes them: as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "articles.jsonl"
        path.write_text("".join(f"{line}\n" for result in results for line in result.records), "utf-8")
        predicted: dict[str, Any] = scorer.load_pred(str(path))
    return predicted


def _page_figures(prefix: str, rows: list[dict[str, tuple[float, ...]]], gold: GoldSet) -> Iterator[Figure]:
    """Compute the figures of some pages from their counts."""
    articles = {"article_f1": Reckoning(metrics.f1), "article_precision": Reckoning(metrics.precision)}
    articles["article_recall"] = Reckoning(metrics.recall)
    yield from figures_of(prefix, [row["articles"] for row in rows], articles, gold, "pages")
    for name in rows[0]:
        if name == "articles":
            continue
        better: Better = "lower" if name in ("characters_lost", "wrongly_joined", "wrongly_split") else "higher"
        statistic = metrics.f1 if name.endswith("_f1") else metrics.rate
        yield from figures_of(prefix, [row[name] for row in rows], {name: Reckoning(statistic, better)}, gold, "pages")


def _balance_figures(results: dict[str, PageResult], gold: GoldSet) -> Iterator[Figure]:
    """Say on what share of the pages every character is accounted for."""
    rows = [(float(balance_closes(json.loads(result.page_record)["balance"])), 1.0) for result in results.values()]
    yield from figures_of("pages.all", rows, {"balance_closed": Reckoning(metrics.rate)}, gold, "pages")


def balance_closes(balance: dict[str, int]) -> bool:
    """Say whether a page's characters are all accounted for."""
    return balance["in"] == sum(value for key, value in balance.items() if key != "in")


def _real_figures(chosen: list[PageResult], gold: GoldSet) -> Iterator[Figure]:
    """Describe the real page, which has no gold: what share of it is in articles, and in nothing at all."""
    balances = [json.loads(result.page_record)["balance"] for result in chosen]
    records = [json.loads(line) for result in chosen for line in result.records]
    visible = sum(item["in"] - item["dropped_markup"] for item in balances)
    flagged = sum(bool(record["split"]["flags"]) for record in records)
    untitled = sum(record["title"] is None for record in records)
    for name, value in {
        "articles": float(len(records)),
        "in_articles": sum(item["in_articles"] for item in balances) / max(1, visible),
        "residual": sum(item["residual"] for item in balances) / max(1, visible),
        "untitled": untitled / max(1, len(records)),
        "flagged": flagged / max(1, len(records)),
    }.items():
        yield Figure(f"pages.real.{name}", value, None, None, len(chosen), "pages", gold.name, gold.fingerprint, "none")


def measure_speed(subject: Subject) -> Iterator[Figure]:
    """Measure characters of page a second, by stage and in all, on the development pages in one process."""
    folder, real = present(subject.shared, "pages/dev", "pages/real")
    results = list(subject.pages.values())
    gold = goldsets.describe("pages all", page_files(folder) + page_files(real), subject.shared)
    reckoning = {"chars_per_second": Reckoning(metrics.rate, "none")}
    for stage in [*results[0].seconds, "all"]:
        seconds = [sum(r.seconds.values()) if stage == "all" else r.seconds[stage] for r in results]
        rows = [(result.chars, spent) for result, spent in zip(results, seconds, strict=True)]
        yield from figures_of(f"speed.{stage}", rows, reckoning, gold, "pages")


def measure_examples(subject: Subject) -> Iterator[Figure]:
    """Measure splitting on the project's own pages, with their own gold: what `make test` can hold without the corpora.

    Whole articles are compared by title and body at once, the rest as multisets a page, after NFKC and without blanks.
    """
    paths = goldsets.own_pages()
    if not paths:
        raise AbsentError(f"no pages with gold in {goldsets.EXAMPLES}")
    notes = [goldsets.OWN_GOLD / f"{path.name}.gold.json" for path in paths]
    gold = goldsets.describe("own pages", [*paths, *notes], goldsets.ROOT)
    tables: dict[str, list[tuple[float, ...]]] = {}
    for path, note in zip(paths, notes, strict=True):
        page = read_page(path, source_name=path.name, options=subject.settings.reader)
        layout = subject.chain.split(page)
        account = balance(page, layout)
        rows: dict[str, tuple[float, ...]] = dict(own_counts(layout, json.loads(note.read_text("utf-8"))))
        rows |= {
            "balance_closed": (float(balance_closes(account)), 1.0),
            "residual": (account["residual"], account["in"]),
        }
        for name, row in rows.items():
            tables.setdefault(name, []).append(row)
    for name, table in tables.items():
        statistic = metrics.f1 if name.endswith("_f1") else metrics.rate
        reckoning = Reckoning(statistic, "lower" if name == "residual" else "higher")
        yield from figures_of("examples.own", table, {name: reckoning}, gold, "pages")


def own_counts(layout: Layout, gold: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """Count (right, predicted, gold) of whole articles, titles, paragraphs and authors of one page, all kinds alike."""
    have = [
        (article.title, _body(article), [person.name for person in article.byline.people])
        for article in layout.articles
    ]
    want = [(item["title"], item["paragraphs"], [a["name"] for a in item["authors"]]) for item in gold["articles"]]

    def keys(items: list[tuple[str | None, list[str], list[str]]]) -> dict[str, list[Any]]:
        return {
            "article_f1": [(fold(title or ""), fold("".join(body))) for title, body, _ in items],
            "title_f1": [fold(title) for title, _, _ in items if title],
            "paragraph_f1": [fold(paragraph) for _, body, _ in items for paragraph in body],
            "author_f1": [fold(name) for _, _, names in items for name in names],
        }

    predicted, right = keys(have), keys(want)
    return {name: metrics.match_counts(predicted[name], right[name]) for name in right}


def _body(article: Article) -> list[str]:
    """List the paragraphs, captions and table rows of an article."""
    text = article.text.text
    zones = [text[zone.start : zone.end] for zone in article.zones if zone.role in _BODY]
    return [line for zone in zones for line in zone.split("\n") if line.strip()]


def fold(text: str) -> str:
    """Bring a text to the form in which it is compared: no width, no white space, cells of tables joined."""
    return "".join(unicodedata.normalize("NFKC", text).replace("|", "").split())
