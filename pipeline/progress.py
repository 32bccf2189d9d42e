"""Say how far a batch is: plain values in, one line of text out. Nothing is printed here."""

from __future__ import annotations

from dataclasses import dataclass

BAR = 24


@dataclass(frozen=True, slots=True)
class Progress:
    """Hold how far a batch is: pages to do, ended and failed in this run, their characters, and seconds so far."""

    total: int
    ended: int = 0
    failed: int = 0
    chars: int = 0
    articles: int = 0
    seconds: float = 0.0


def duration(seconds: float) -> str:
    """Write seconds as ``9 s``, ``3:05`` (minutes) or ``2:03:05``."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{whole // 60}:{whole % 60:02}" if whole >= 60 else f"{whole} s"


def line(state: Progress) -> str:
    """Describe a batch in one line: pages, speed, time left, failures."""
    parts = [f"{state.ended}/{state.total} pages"]
    if state.ended and state.seconds > 0:
        speed = state.ended / state.seconds
        parts.append(f"{speed:.1f} pages/s" if speed >= 1 else f"{1 / speed:.1f} s/page")
        parts.append(f"{state.chars / state.seconds:,.0f} characters/s")
        if state.ended < state.total:
            parts.append(f"{duration((state.total - state.ended) / speed)} left")
    if state.failed:
        parts.append(f"{state.failed} failed")
    return ", ".join(parts)


def bar(state: Progress, width: int) -> str:
    """Draw a bar before the line where the terminal's width allows it; never longer than the width."""
    text = line(state)
    if width < len(text) + BAR + 3:
        return text[: max(0, width - 1)]
    done = BAR * state.ended // max(1, state.total)
    return f"[{'#' * done}{'.' * (BAR - done)}] {text}"
