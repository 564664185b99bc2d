"""``evidence record correction``: an earlier event stated something wrong; it stays, and this stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import click

from ledger.cli.output import clean
from ledger.cli.recording.choices import by_option, recording_options
from ledger.cli.recording.texts import text_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.cli.recording.recorder import Recorder
    from ledger.digests import Digest
    from ledger.events.statement import Event, Unknown

MAX_VALUES_BYTES: Final = 1024 * 1024


@click.command()
@click.argument("entry", metavar="INDEX|ENVELOPE")
@click.option("--reason", required=True, metavar="NAME", help="Why, in a word: typing-error, wrong-account, ...")
@click.option(
    "--values",
    required=True,
    type=click.File("rb"),
    metavar="FILE|-",
    help="What should have been stated: a JSON object of the members that are wrong.",
)
@text_options(comment="More about it.")
@by_option
@recording_options
@click.pass_context
def correction(
    ctx: click.Context,
    *,
    entry: str,
    reason: str,
    values: BinaryIO,
    comment: str | None,
    comment_file: BinaryIO | None,
    by: str | None,
    require_server: bool,
) -> None:
    """Record that an earlier event was wrong, and what should have been stated. The earlier event stays as it is.

    \b
      echo '{"environment": "staging"}' | evidence record correction 42 --reason wrong-environment --values -
    """
    from ledger.canonical import parse
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.texts import text_contents, told_texts
    from ledger.cli.recording.wording import as_label
    from ledger.events.context import NOTHING
    from ledger.events.governance import Correction
    from ledger.events.statement import Event
    from ledger.making import new_content

    word = as_label(reason)
    if word is None:
        raise click.UsageError("--reason is a word of letters")
    data = values.read(MAX_VALUES_BYTES + 1)
    stated = parse(data, max_bytes=MAX_VALUES_BYTES)
    if not isinstance(stated, dict):
        raise click.UsageError("--values holds a JSON object: each member that was wrong, with what is right")
    texts = told_texts({"comment": comment, "comment_file": comment_file}, ("comment",))
    with open_recorder(ctx) as recorder:
        corrects, earlier = _earlier(recorder, entry)
        context = None if earlier is None else earlier.context
        if context is not None and context.project is None:
            raise click.UsageError("the ledger's own acts are not corrected but followed by others: evidence acts")
        if isinstance(earlier, Event):
            _check_names(stated, earlier)
        actor, account = recorder.actor(by, started=False)
        contents = [new_content("values", data), *text_contents(texts, recorder.session.output)]
        parcel = recorder.seal(
            Correction(corrects, word),
            [*contents, *account],
            actor,
            about=NOTHING if context is None else context.about,
            project=None if context is None else context.project,
        )
        words = f"correction of {clean(entry, 30)}: {word}"
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server, further={"corrects": corrects})


def _check_names(stated: Iterable[str], earlier: Event) -> None:
    """Nothing, if the event's kind has all these members; of a test anybody may have stated more."""
    from ledger.events.shape import declared_members
    from ledger.events.work import SuiteRun

    known = {*declared_members(type(earlier.body)), "context"}
    foreign = [] if isinstance(earlier.body, SuiteRun) else [name for name in stated if name not in known]
    if foreign:
        raise click.UsageError(
            f"a {earlier.kind} event has no {clean(', '.join(foreign), 200)}; it has {', '.join(sorted(known))}"
        )


def _earlier(recorder: Recorder, text: str) -> tuple[Digest, Event | Unknown | None]:
    """The envelope digest of the event that is corrected, and what it states where that can be had.

    Raises:
        NotFoundError: there is no such entry. UnavailableError: ``server-needed``.
    """
    from ledger.cli.given import given_digest
    from ledger.envelope import open_envelope
    from ledger.errors import UnavailableError
    from ledger.events.statement import read_payload

    if not text.isdecimal():
        digest = given_digest(text, "ENTRY")
        if recorder.known() is None:
            recorder.session.output.warn(
                "the server could not be asked what that event is about: the correction names the event alone"
                f" [{recorder.unreachable.slug}]"
            )
            return digest, None
        data = recorder.session.client.envelope(digest)
    else:
        if recorder.known() is None:
            raise UnavailableError(
                "server-needed",
                "an entry is named by its number, and the server cannot be asked which event that is",
                details={"cause": recorder.unreachable.slug},
                remedy="Give the envelope digest, which evidence log shows, or run this again later.",
            )
        data = recorder.session.client.entry(int(text))[1]
    envelope = open_envelope(data)
    return envelope.digest, read_payload(envelope.payload)
