"""The description of the interface: complete, stable, and true about errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.serving import plain

if TYPE_CHECKING:
    from tests.api.serving import Served

SNAPSHOT = Path(__file__).with_name("openapi.json")


@pytest.fixture(scope="module")
def document(served: Served) -> Any:  # noqa: ANN401 -- JSON
    """The served document."""
    return json.loads(plain(served.port, "GET", "/openapi.json").body)


def operations(document: Any) -> list[tuple[str, str, Any]]:  # noqa: ANN401 -- JSON
    """Path, method and description of every operation."""
    return [(path, method, item) for path, methods in document["paths"].items() for method, item in methods.items()]


def test_is_the_reviewed_one(document: Any) -> None:  # noqa: ANN401 -- JSON
    """A change of the interface shows as a change of the kept document: write it anew, and read the difference."""
    document["info"]["version"] = "0"
    found = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert found == SNAPSHOT.read_text(encoding="utf-8"), f"write the served document to {SNAPSHOT.name}"


def test_every_operation_is_named_and_shown(document: Any) -> None:  # noqa: ANN401 -- JSON
    """Each operation has an id made by hand, a tag, a summary, and an example for each JSON answer."""
    assert document["openapi"] == "3.1.0"
    seen = [item["operationId"] for _, _, item in operations(document)]
    assert len(set(seen)) == len(seen)
    for path, method, item in operations(document):
        assert re.fullmatch(r"[a-z][A-Za-z]+", item["operationId"]), path
        assert item["tags"], path
        assert item["summary"], path
        for status, answer in item["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                if "json" in media_type and "jsonl" not in media_type:
                    assert "example" in content, (path, method, status)


def test_errors_are_problems(document: Any) -> None:  # noqa: ANN401 -- JSON
    """No answer from 400 on is described as anything but a problem, health aside."""
    for path, method, item in operations(document):
        for status, answer in item["responses"].items():
            if int(status) >= 400 and path != "/readyz":
                assert set(answer["content"]) == {"application/problem+json"}, (path, method, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_references_resolve(document: Any) -> None:  # noqa: ANN401 -- JSON
    """Every schema that is referred to is there."""
    wanted = set(re.findall(r'"\$ref": "#/components/schemas/([A-Za-z]+)"', json.dumps(document)))
    assert wanted == set(document["components"]["schemas"])


def test_scopes_are_described(document: Any) -> None:  # noqa: ANN401 -- JSON
    """What needs a token says which scope; what needs none says so."""
    for path, method, item in operations(document):
        opened = path in {"/livez", "/readyz", "/version"}
        assert bool(item["security"]) != opened, (path, method)
