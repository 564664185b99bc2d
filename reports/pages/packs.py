"""Packs that were made: the events that say so, and the copy that somebody holds, looked up by its digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.pages.shell import Made, path_of, render_page
from reports.parts import Fingerprint, line, words
from reports.period.span import span_said
from reports.release.said import NAME, named, parse_time
from reports.say import say, say_count
from reports.text import capture
from reports.wording import digits, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.digests import Digest
    from ledger.dossier.facts import Party
    from ledger.events.evidence import Pack
    from ledger.records import Record
    from reports.pages.shell import Shell
    from reports.parts import Line
    from reports.period.span import Days
    from reports.text import Text

ASKED: Final = 160


@dataclass(frozen=True, slots=True)
class MadePack:
    """A pack event in print."""

    number: Text
    """``EP-...``, as on every page of the pack."""
    path: str
    about: Text
    about_path: str
    when: Text
    who: Text
    rows: tuple[tuple[Text, Line], ...]
    """Everything the event says."""
    matched: Text | None
    """Which of its digests was asked for; None: it was listed."""


@dataclass(frozen=True, slots=True)
class PacksPage:
    """A list of packs, or what was found of a digest."""

    packs: tuple[MadePack, ...]
    asked: Text
    lede: Text
    empty: Text
    older: str | None


def made_pack(
    told: Sequence[Record],
    pack: Pack,
    who: Party,
    days: Days | None,
    *,
    contents: bool,
    asked: Digest | None = None,
) -> MadePack:
    """A pack in print, by its events, oldest first; ``days`` are those of its period, ``asked`` led to it."""
    record = told[0]
    about = record.event.context.about
    if pack.period is not None:
        name = say("period {period}", period=span_said(days, pack.period.from_, pack.period.to))
        target = path_of("periods", first=pack.period.from_, end=pack.period.to)
    else:
        name = about.release or str(pack.release)
        target = path_of("releases", str(pack.release))
    return MadePack(
        number=words(f"EP-{pack.pack_id[7:27]}"),
        path=path_of("packs", pack.pack_id),
        about=capture(name, limit=NAME),
        about_path=target,
        when=words(moment(parse_time(record.leaf.received_at))),
        who=named(who) if contents else capture(who.principal or say("unknown"), limit=NAME),
        rows=_rows(told, pack),
        matched=None if asked is None else _matched(pack, asked),
    )


def packs_page(packs: Sequence[MadePack], *, older: int | None, shell: Shell) -> Made:
    """The packs that the ledger has events of, newest first."""
    view = PacksPage(
        tuple(packs),
        words(""),
        words(
            say(
                "Each pack that was recorded, newest first. Somebody holds a copy? Look it up by the pack id on its "
                "cover, by the number at the foot of its pages, or by the SHA-256 of the file."
            )
        ),
        words(say("No pack is recorded yet.")),
        None if older is None else path_of("packs", before=older),
    )
    return render_page("packs.html", shell, page=view)


def looked_up_page(asked: str, packs: Sequence[MadePack], shell: Shell) -> Made:
    """What the ledger knows of a pack id, number or digest."""
    view = PacksPage(
        tuple(packs),
        capture(asked, limit=ASKED),
        words(
            say_count(
                "{count} recorded pack has this id or a file with this digest.",
                "{count} recorded packs have this id or a file with this digest.",
                len(packs),
            )
        ),
        words(
            say(
                "This ledger has recorded no pack with this id, and none with a file of this digest: it was never "
                "recorded, or the file differs from what was recorded. To verify the file itself: "
                "evidence verify FILE --anchor ledger.pub"
            )
        ),
        None,
    )
    return render_page("packs.html", shell, page=view)


def _rows(told: Sequence[Record], pack: Pack) -> tuple[tuple[Text, Line], ...]:
    found: list[tuple[str, Line]] = [
        (say("Pack id"), line(Fingerprint(digits(pack.pack_id), full=True))),
        (say("Assessed as of"), line(moment(parse_time(pack.as_of)))),
    ]
    found += [
        (
            say("File"),
            line(
                capture(item.name, limit=NAME),
                ", ",
                say_count("{count} byte", "{count} bytes", item.size_bytes),
                ", ",
                Fingerprint(digits(item.sha256), full=True),
            ),
        )
        for item in pack.files
    ]
    found.append((say("Bundle"), line(Fingerprint(digits(pack.bundle), full=True))))
    found.append(
        (
            say("Sealed by"),
            line(say("no seal"))
            if pack.sealed_by is None
            else line(say("certificate "), Fingerprint(digits(pack.sealed_by), full=True)),
        )
    )
    found.append((say("Recorded in"), line(entries_said([record.index for record in told]))))
    return tuple((words(label), value) for label, value in found)


def entries_said(indexes: Sequence[int]) -> str:
    """The entries that tell of one thing."""
    if len(indexes) == 1:
        return say("entry {index}", index=indexes[0])
    return say("entries {indexes}, one in each project", indexes=", ".join(map(str, indexes)))


def _matched(pack: Pack, asked: Digest) -> Text:
    for item in pack.files:
        if item.sha256 == asked:
            return capture(say("This is the digest of {name}, as it was made.", name=item.name), limit=300)
    if pack.bundle == asked:
        return words(say("This is the digest of the bundle inside it."))
    return words(say("This is its pack id."))
