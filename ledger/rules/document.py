"""An assessment as the document that a gate's decision carries (format §4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ledger.canonical import Encodable, encode

if TYPE_CHECKING:
    from ledger.rules.verdict import Assessment, Input, Verdict


def encode_assessment(assessment: Assessment) -> bytes:
    """The bytes of the document ``assessment``: every verdict with its inputs, principals by their ids.

    Verdicts are encoded one by one, so that those of a large release are not all held in a second form; their key is
    the last one of the object in the order of RFC 8785.
    """
    head = encode(
        {
            "as_of": assessment.as_of,
            "policy": assessment.policy,
            "position": assessment.position,
            "subject": assessment.subject,
            "v": 1,
        }
    )
    verdicts = b",".join(encode(_verdict(verdict)) for verdict in assessment.verdicts)
    return head[:-1] + b',"verdicts":[' + verdicts + b"]}"


def _verdict(verdict: Verdict) -> Encodable:
    return {
        "excepted_by": [item.envelope for item in verdict.excepted_by],
        "inputs": [_input(item) for item in verdict.inputs],
        "missing": list(verdict.missing),
        "outcome": verdict.outcome.value,
        "parameters": cast("Encodable", dict(verdict.parameters)),
        "rule": verdict.rule,
        "sentence": verdict.sentence,
        "severity": verdict.severity,
        "subject": verdict.subject,
    }


def _input(item: Input) -> Encodable:
    return {"envelope": item.envelope, "index": item.index, "name": item.name}
