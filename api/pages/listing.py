"""The changes of a session or a model, and how far it was looked for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from api.pages.sharing import MOST_PROMPTS
from ledger.asking import ModelName, Session
from ledger.errors import NotFoundError
from reports.pages.trace import Answer
from reports.pages.words import change_called, listed_latest, prompts_looked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from api.pages.sharing import Change, Prompted, Sharing

MOST_LISTED: Final = 50


def list_changes(sharing: Sharing, text: str, asked: Session | ModelName) -> Answer:
    """The changes, the latest first; ``text`` is what was asked.

    Raises:
        NotFoundError: ``not-recorded``: there are none, as far as was looked, which the message says.
    """
    keys, notes = _looked(sharing, asked)
    found = [key for key in dict.fromkeys(keys) if key is not None]
    if not found:
        raise NotFoundError("not-recorded", " ".join(["no change of this ledger shares it.", *notes]).removesuffix("."))
    return answer_of(text, [(f"{project}/{change}", change_called(change)) for project, change in found], notes)


def answer_of(text: str, others: Sequence[tuple[str, str]], notes: Sequence[str]) -> Answer:
    """The first of ``others``, latest first: what to ask for each, and what it is; with how many there are."""
    more = [listed_latest(MOST_LISTED, len(others))] if len(others) > MOST_LISTED else []
    return Answer(text, (), tuple(others[:MOST_LISTED]), (), (*notes, *more))


def _looked(sharing: Sharing, asked: Session | ModelName) -> tuple[Iterable[Change | None], list[str]]:
    """The changes, repeated as often as they were met, and what is to be said of how far it was looked."""
    match asked:
        case Session(session):
            return _of_prompts(sharing, lambda prompt: prompt.session == session)
        case ModelName(model):
            return _of_prompts(sharing, lambda prompt: model in prompt.models)
        case _:
            assert_never(asked)


def _of_prompts(sharing: Sharing, wanted: Callable[[Prompted], bool]) -> tuple[Iterable[Change | None], list[str]]:
    looked = list(sharing.prompts())
    note = prompts_looked(len(looked), whole=len(looked) < MOST_PROMPTS)
    return [prompt.change for prompt in looked if wanted(prompt)], [note]
