"""An assessment as OSCAL assessment results (NIST OSCAL 1.2.1), for tools that gather evidence from many sources.

A rule's outcome for a subject is an observation by test; one that failed or cannot be told is also a finding; the
entries that it was made from are the assessment log. OSCAL knows "satisfied" and "not satisfied" only, so what cannot
be told is not satisfied with that word as its reason, and nothing that does not apply is a finding.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID, uuid5

from ledger.rules.verdict import Outcome
from ledger.rules.wording import with_names
from reports.text import capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ledger.digests import Digest
    from ledger.dossier.facts import Party
    from ledger.records import Record, Records
    from ledger.rules.verdict import Assessment, Verdict

VERSION: Final = "1.2.1"
"""Of OSCAL."""
NAMESPACE: Final = "urn:evidence-ledger:oscal"
"""Of our own properties; a name, nothing is there to fetch."""

_LONGEST: Final = 4_000
_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True)
class Attached:
    """The bundle that the results were made from."""

    name: str
    digest: Digest
    size_bytes: int


def assessment_results(
    assessments: Sequence[Assessment],
    records: Records,
    parties: Mapping[str, Party],
    *,
    rules: Mapping[str, str],
    pack_id: Digest,
    title: str,
    bundle: Attached,
    made_at: datetime,
) -> bytes:
    """The JSON document. ``rules``: titles by id. Same arguments, same bytes: every uuid follows from the pack id."""
    maker = _Maker(UUID(pack_id[7:39]), parties, rules)
    document = {
        "assessment-results": {
            "uuid": maker.uuid("results"),
            "metadata": {
                "title": _text(title),
                "last-modified": _time(made_at),
                "version": pack_id,
                "oscal-version": VERSION,
                "props": [_prop("pack-id", pack_id), _prop("ledger-id", records.ledger)],
            },
            "import-ap": {
                "href": f"#{maker.uuid('plan')}",
                "remarks": "The policy in force, which is an entry of the bundle, is the plan of this assessment.",
            },
            "results": [maker.result(one, records) for one in assessments],
            "back-matter": {
                "resources": [
                    {
                        "uuid": maker.uuid("plan"),
                        "title": "Policy in force",
                        "props": [_prop("policy-digest", digest) for digest in _policies(assessments)],
                    },
                    {
                        "uuid": maker.uuid("bundle"),
                        "title": "The records, which verify on their own",
                        "props": [_prop("size-bytes", str(bundle.size_bytes))],
                        "rlinks": [
                            {
                                "href": bundle.name,
                                "media-type": "application/zip",
                                "hashes": [{"algorithm": "SHA-256", "value": bundle.digest[7:]}],
                            }
                        ],
                    },
                ]
            },
        }
    }
    # In pieces: of a thousand changes the whole tree, its text and its bytes would lie in memory side by side.
    written = io.BytesIO()
    for piece in json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(document):
        written.write(piece.encode("utf-8"))
    written.write(b"\n")
    return written.getvalue()


class _Made(list[dict[str, Any]], Generic[_Thing]):
    """A list for the JSON encoder, each of whose items is made when it is written, and not kept."""

    def __init__(self, things: Sequence[_Thing], make: Callable[[_Thing], dict[str, Any]]) -> None:
        super().__init__()
        self._things, self._make = things, make

    def __bool__(self) -> bool:
        return bool(self._things)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._make, self._things)


@dataclass(frozen=True, slots=True)
class _Maker:
    space: UUID
    parties: Mapping[str, Party]
    rules: Mapping[str, str]

    def uuid(self, *names: object) -> str:
        return str(uuid5(self.space, "/".join(map(str, names))))

    def result(self, found: Assessment, records: Records) -> dict[str, Any]:
        used = sorted({verdict.rule for verdict in found.verdicts})
        times = [record.leaf.received_at for record in records.entries]
        deviating = tuple(place for place, one in enumerate(found.verdicts) if _deviates(one))
        result: dict[str, Any] = {
            "uuid": self.uuid("result", found.subject),
            "title": _text(f"Assessment of {found.subject}"),
            "description": f"Every rule of the policy at position {found.position} of the ledger, as of {found.as_of}.",
            "start": min(times, default=found.as_of),
            "end": found.as_of,
            "props": [
                _prop("policy-digest", found.policy),
                _prop("position", str(found.position)),
                _prop("as-of", found.as_of),
            ],
            "reviewed-controls": {
                "description": "Rules of the policy, by their ids; docs/controls.md names the controls they support.",
                "control-selections": [
                    {"include-controls": [{"control-id": rule} for rule in used]} if used else {"include-all": {}}
                ],
            },
            "assessment-log": {"entries": _Made(records.entries, self._entry)},
            "observations": _Made(range(len(found.verdicts)), lambda place: self._observation(found, place)),
        }
        if deviating:
            result["findings"] = _Made(deviating, lambda place: self._finding(found, place))
        return result

    def _observation(self, found: Assessment, place: int) -> dict[str, Any]:
        verdict = found.verdicts[place]
        observation: dict[str, Any] = {
            "uuid": self.uuid("observation", found.subject, place),
            "title": _text(f"{verdict.rule}: {verdict.subject}"),
            "description": self._sentence(verdict),
            "props": [
                _prop("rule", verdict.rule),
                _prop("subject", verdict.subject),
                _prop("outcome", verdict.outcome.value),
                _prop("severity", verdict.severity),
                *(_prop("excepted-by", one.envelope) for one in verdict.excepted_by),
            ],
            "methods": ["TEST"],
            "types": ["control-objective"],
            "collected": found.as_of,
        }
        if verdict.inputs:
            observation["relevant-evidence"] = [
                {
                    "href": f"#{self.uuid('bundle')}",
                    "description": f"{one.name}, entry {one.index}, envelope {one.envelope}",
                }
                for one in verdict.inputs
            ]
        return observation

    def _finding(self, found: Assessment, place: int) -> dict[str, Any]:
        verdict = found.verdicts[place]
        failed = verdict.outcome is Outcome.FAIL
        return {
            "uuid": self.uuid("finding", found.subject, place),
            "title": _text(f"{verdict.rule}: {self.rules.get(verdict.rule, verdict.rule)}"),
            "description": self._sentence(verdict),
            "target": {
                "type": "objective-id",
                "target-id": verdict.rule,
                "status": {
                    "state": "not-satisfied",
                    "reason": "fail" if failed else "other",
                    "remarks": "The rule did not hold." if failed else self._missing(verdict),
                },
            },
            "related-observations": [{"observation-uuid": self.uuid("observation", found.subject, place)}],
        }

    def _entry(self, record: Record) -> dict[str, Any]:
        return {
            "uuid": self.uuid("entry", record.index),
            "title": f"Entry {record.index}: {record.leaf.kind}",
            "start": record.leaf.received_at,
            "props": [_prop("envelope", record.envelope), _prop("signed-by", record.leaf.key_id)],
        }

    def _sentence(self, verdict: Verdict) -> str:
        return _text(with_names(verdict.sentence, self.parties))

    def _missing(self, verdict: Verdict) -> str:
        return _text(f"Cannot tell: {'; '.join(verdict.missing) or 'evidence'} is missing.")


def _deviates(verdict: Verdict) -> bool:
    return verdict.outcome in {Outcome.FAIL, Outcome.NOT_EVALUABLE}


def _policies(assessments: Sequence[Assessment]) -> Iterator[Digest]:
    yield from dict.fromkeys(one.policy for one in assessments)


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": NAMESPACE, "value": _text(value)}


def _text(value: str) -> str:
    # OSCAL's strings have no spaces at their ends and are not empty.
    return capture(value, limit=_LONGEST).plain.strip() or "-"


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
