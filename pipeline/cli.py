"""The command line: ``python -m pipeline run | split | explain``. It parses, calls, and prints; it decides nothing.

Results go to standard output, everything else to standard error. Exit statuses: 0 all good, 3 finished but some pages
failed, 1 too many failed or the run could not go on, 2 the command or the configuration is wrong.
"""

# Heavy modules (spaCy, numpy) are imported by the commands that need them: `--help` is quick, and the numeric
# libraries see the limits that main sets.
# ruff: noqa: PLC0415

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pipeline import __version__
from pipeline.errors import ConfigError, PipelineError
from pipeline.lean import import_spacy
from pipeline.progress import Progress, bar, duration, line

if TYPE_CHECKING:
    from pipeline.run import BatchSummary, Shard

# Found beside the package: configurations are part of the repository.
DEFAULT_CONFIG = Path(__file__).resolve().parent.parent / "configs" / "news.cfg"
# Seconds between two progress lines: often on a terminal, where a line is drawn over, seldom in a log.
TERMINAL_STEP, LOG_STEP = 0.2, 5.0
# Threads of the numeric libraries in each process: the work is spread over pages, more threads only get in the way.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class _Parser(argparse.ArgumentParser):
    """Report a usage error in one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is; exit 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """Describe the commands and their options."""
    parser = _Parser(prog="banmian", description="Turn OCR'd Chinese newspaper pages into article records.")
    parser.add_argument("--version", action="version", version=f"banmian {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    shared = _Parser(add_help=False)
    shared.add_argument("--config", metavar="FILE", default=str(DEFAULT_CONFIG), help="default: configs/news.cfg")
    shared.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override one value, such as --set run.page_seconds=60; may be given again",
    )
    _add_run(commands.add_parser("run", parents=[shared], help="pages → OUT/articles.jsonl"))
    split = commands.add_parser("split", parents=[shared], help="show how a page is split, without the later stages")
    split.add_argument("input", metavar="INPUT", help="one page")
    split.add_argument(
        "--why", action="store_true", help="show every line with its role, confidence and what spoke for it"
    )
    explain = commands.add_parser(
        "explain",
        parents=[shared],
        help="show what a configuration amounts to, or why a page's articles have their topics",
    )
    explain.add_argument("--json", action="store_true", help="the resolved configuration alone, as JSON")
    explain.add_argument(
        "input", metavar="PAGE", nargs="?", help="a page: show the terms behind the topics and keywords of its articles"
    )
    explain.add_argument(
        "--article", metavar="N", type=_positive, help="only the N-th article of the page, by its order in the records"
    )
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    """Describe ``run``."""
    run.add_argument(
        "inputs", metavar="INPUT", nargs="+", help="files, folders, globs; - reads paths from standard input"
    )
    run.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="where the records go")
    run.add_argument(
        "--workers", metavar="N", type=_positive, help="processes (default: run.workers of the configuration)"
    )
    run.add_argument(
        "--engine", choices=("local", "ray"), help="local: this machine; ray: a Ray cluster (default: run.engine)"
    )
    run.add_argument("--root", metavar="FOLDER", help="name pages relative to this folder instead of the inputs' own")
    run.add_argument(
        "--shard", metavar="I/N", type=_shard, help="take the I-th of N parts of the pages (on N machines)"
    )
    redo = run.add_mutually_exclusive_group()
    redo.add_argument("--force", action="store_true", help="make every page again, also those that are done")
    redo.add_argument("--only-failed", action="store_true", help="make only the pages that failed before")
    run.add_argument("--quiet", action="store_true", help="no progress, only errors and the summary")


def _positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def _shard(text: str) -> Shard:
    """Read ``2/8``."""
    from pipeline.run import Shard

    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r}: expected I/N with 1 <= I <= N, such as 2/8")
    return Shard(int(match[1]), int(match[2]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    options = make_parser().parse_args(arguments)
    import_spacy()
    commands = {"run": _run, "split": _split, "explain": _explain}
    try:
        return commands[options.command](options)
    except ConfigError as error:
        _say(f"banmian: {error}")
        return 2
    except PipelineError as error:
        _say(f"banmian: {error}")
        return 1
    except KeyboardInterrupt:
        _say("banmian: interrupted")
        return 1
    except BrokenPipeError:
        # The reader of our output (head, less) has enough; keep the interpreter from complaining at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _say(text: str, *, end: str = "\n") -> None:
    """Write to standard error, whatever its encoding."""
    encoding = sys.stderr.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), end=end, file=sys.stderr, flush=True)


# ---- run ----------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    """Run a batch and print its summary."""
    from pipeline.config import load
    from pipeline.inputs import find_inputs
    from pipeline.run import run_batch

    settings = load(options.config, [*options.set, *([f"run.engine={options.engine}"] if options.engine else [])])
    inputs = find_inputs(_arguments(options.inputs), options=settings.reader, root=options.root)
    if inputs.left_out and not options.quiet:
        _say(f"{inputs.left_out} files left out: their names end in none of {', '.join(settings.reader.suffixes)}")
    # A scheduler's polite end is handled as Ctrl-C is.
    signal.signal(signal.SIGTERM, _interrupt)
    screen = _Screen(quiet=options.quiet)
    redo = "all" if options.force else "failed" if options.only_failed else "changed"
    summary = run_batch(
        inputs.items,
        settings,
        options.out,
        workers=options.workers,
        redo=redo,  # type: ignore[arg-type]
        shard=options.shard,
        report=screen.show,
    )
    screen.clear()
    for text in _summarise(summary, options.out):
        _say(text)
    return summary.exit_status


def _interrupt(*_: object) -> NoReturn:
    """Treat SIGTERM as Ctrl-C."""
    raise KeyboardInterrupt


def _arguments(given: Sequence[str]) -> list[str]:
    """Put the paths of standard input, one a line, in the place of ``-``."""
    found: list[str] = []
    for item in given:
        if item == "-":
            found += [os.fsdecode(name) for name in sys.stdin.buffer.read().split(b"\n") if name.strip()]
        else:
            found.append(item)
    return found


class _Screen:
    """Show progress on standard error: a bar that is drawn over on a terminal, a line now and then elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.terminal = sys.stderr.isatty()
        self.next = time.monotonic() + (0 if self.terminal else LOG_STEP)
        self.drawn = False

    def show(self, state: Progress) -> None:
        """Show the state if it is time to."""
        now = time.monotonic()
        if self.quiet or (now < self.next and state.ended < state.total):
            return
        if self.terminal:
            width = shutil.get_terminal_size().columns
            _say(f"\r\x1b[K{bar(state, width)}", end="")
            self.drawn = True
            self.next = now + TERMINAL_STEP
        else:
            _say(line(state))
            self.next = now + LOG_STEP

    def clear(self) -> None:
        """End the bar's line."""
        if self.drawn:
            _say("")


def _summarise(summary: BatchSummary, out: Path) -> list[str]:
    """Say how a batch ended."""
    made = f"{summary.computed} made in {duration(summary.seconds)}, {summary.cached} taken from earlier runs"
    if summary.stopped:
        text = (
            f"{summary.stopped}: {summary.ok} of {summary.inputs} pages are done and kept in {out}/parts, nothing was "
            "merged; the same command goes on where this one stopped"
        )
        return [text]
    texts = [f"{summary.ok} of {summary.inputs} pages ({made}): {summary.articles} articles in {out}/articles.jsonl"]
    if summary.failed:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary.reasons.items())
        texts.append(
            f"{summary.failed} pages failed ({reasons}): see {out}/errors.jsonl; exit status {summary.exit_status}"
        )
    if summary.pending:
        texts.append(f"{summary.pending} pages are still to be made: run without --only-failed")
    return texts


# ---- split and explain --------------------------------------------------------------------------------------


def _split(options: argparse.Namespace) -> int:
    """Show the articles of a page, or its blocks and why."""
    from pipeline.config import load
    from pipeline.show import show_page

    settings = load(options.config, options.set)
    colour = _wants_colour()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    _print(show_page(options.input, settings, why=options.why, colour=colour, width=width))
    return 0


def _wants_colour() -> bool:
    """Colour a terminal that can show it, unless NO_COLOR (no-color.org) is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _explain(options: argparse.Namespace) -> int:
    """Show a configuration as it is after all defaults and overrides, its stages and its models; or explain a page."""
    from pipeline.config import load
    from pipeline.show import explain_page, show_settings

    settings = load(options.config, options.set)
    if options.input is not None:
        if options.json:
            raise ConfigError("--json shows the configuration alone; leave it or the page out")
        _print(explain_page(options.input, settings, order=options.article))
        return 0
    if options.article is not None:
        raise ConfigError("--article needs a page: explain PAGE --article N")
    _print([json.dumps(settings.resolved, ensure_ascii=False, indent=1)] if options.json else show_settings(settings))
    return 0


def _print(lines: Iterable[str]) -> None:
    """Write lines to standard output, whatever its encoding."""
    encoding = sys.stdout.encoding or "utf-8"
    for text in lines:
        print(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()
