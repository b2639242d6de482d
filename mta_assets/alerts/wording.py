"""How a message about alerts reads: its title, its text for people, its document for machines. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import orjson

from mta_assets.alerts.registry import RULES
from mta_assets.alerts.rules_of_pipeline import CHECK_FAILED
from mta_assets.config_alerts import SEVERITIES, Severity
from mta_assets.state.alert_records import Message, Notice

Tone = Literal["critical", "error", "warning", "resolved", "test"]
SHOWN: Final = 20
RUNBOOK: Final = "docs/operations.md"
CHECKS: Final = "docs/checks.md"
_AGAIN: Final = "This may have reached you already: the process that sent it ended before it could note that it did."


def tone(message: Message) -> Tone:
    """The worst of what fires; resolved when nothing in it fires any more."""
    firing = [notice.severity for notice in _ordered(message.notices) if notice.kind == "firing"]
    if firing:
        return firing[0]
    return "test" if any(notice.kind == "test" for notice in message.notices) else "resolved"


def title(message: Message) -> str:
    """A line: what is wrong, or how much is."""
    firing, resolved = _of(message, "firing"), _of(message, "resolved")
    if len(message.notices) == 1:
        return _head(message.notices[0])
    parts = [f"{len(notices)} {word}" for notices, word in ((firing, "firing"), (resolved, "resolved")) if notices]
    return f"[{tone(message)}] Alerts: {', '.join(parts)}"


def text(message: Message) -> str:
    """What is wrong and what to do, the worst first; then what is resolved."""
    shown = _ordered(message.notices)[:SHOWN]
    parts = [_paragraph(notice, above) for notice, above in zip(shown, [None, *shown], strict=False)]
    if more := len(message.notices) - len(shown):
        parts.append(f"and {more} more: `mta alerts list` has them all.")
    if message.uncertain:
        parts.append(_AGAIN)
    return "\n\n".join([*parts, f"Message {message.id}"])


def document(message: Message) -> bytes:
    """The message as JSON. Equal in every try, but for `uncertain`."""
    data = {
        "title": title(message),
        "severity": tone(message),
        "uncertain": message.uncertain,
        "alerts": [_entry(notice) for notice in _ordered(message.notices)],
    }
    return orjson.dumps({"id": message.id, "event": "alert", "created_at": message.created_at, "data": data}, option=orjson.OPT_UTC_Z)


def _entry(notice: Notice) -> Mapping[str, object]:
    names = ("rule", "subject", "severity", "text", "since", "at", "numbers")
    entry = {name: getattr(notice, name) for name in names}
    return {"status": notice.kind} | entry | {"numbers": dict(notice.numbers), "remedy": _remedy(notice), "runbook": _runbook(notice)}


def _paragraph(notice: Notice, above: Notice | None) -> str:
    """above: the notice above it, whose advice is not said twice."""
    head = _head(notice)
    if notice.kind == "resolved":
        return f"{head}\nIt lasted from {_at(notice.since)} to {_at(notice.at)}. It was: {notice.text}"
    if notice.kind == "test":
        return f"{head}\n{notice.text}"
    advised = above is not None and above.kind == notice.kind and _runbook(above) == _runbook(notice)
    advice = "To do: as above." if advised else f"To do: {_remedy(notice)}\nRunbook: {_runbook(notice)}"
    return f"{head}\n{notice.text}\nSince {_at(notice.since)}.\n{advice}"


def _ordered(notices: Sequence[Notice]) -> list[Notice]:
    """Firing before resolved, the worst first, else as they came."""
    return sorted(notices, key=lambda notice: (notice.kind != "firing", -_rank(notice.severity)))


def _of(message: Message, kind: str) -> list[Notice]:
    return [notice for notice in message.notices if notice.kind == kind]


def _rank(severity: Severity) -> int:
    return SEVERITIES.index(severity)


def _head(notice: Notice) -> str:
    word = notice.severity if notice.kind == "firing" else notice.kind
    return f"[{word}] {_title_of(notice)}: {notice.subject}"


def _title_of(notice: Notice) -> str:
    return RULES[notice.rule].title if notice.rule in RULES else notice.rule.capitalize()


def _remedy(notice: Notice) -> str:
    """What to do. An alert that was kept by another version of the program may be of no rule here."""
    return RULES[notice.rule].remedy if notice.rule in RULES else ""


def _runbook(notice: Notice) -> str:
    """Where to read on: each check has an entry of its own, under its name."""
    if notice.kind == "test":
        return f"{RUNBOOK}#alerts"
    if notice.rule == CHECK_FAILED.name:
        return f"{CHECKS}#{notice.subject.rpartition(' ')[2]}"
    return f"{RUNBOOK}#{notice.rule}"


def _at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
