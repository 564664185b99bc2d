"""The policy in a file: YAML, TOML or JSON as people write it, to the canonical JSON that a ledger holds.

Of YAML the part that cannot surprise is read (docs/policies.md): mappings, sequences, texts, whole numbers, true,
false and null, each as YAML 1.2 has them, so that `on` is a word and `no` a word too. Anchors, aliases and tags are
refused: they are how a small file becomes a large one, and how one line changes another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from ledger.errors import FormatError, LedgerError, escaped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.canonical import Encodable
    from ledger.rules.policy import PolicyRules

MAX_FILE_BYTES: Final = 262_144
"""Comments and indentation make a file larger than the policy that it spells."""
_MAX_DEPTH: Final = 12

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,15})", re.ASCII)
_AMBIGUOUS: Final = re.compile(r"[-+.]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|0[xo][0-9a-fA-F]+", re.ASCII)
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
_TWO_FORMS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
"""Words that a reader of YAML 1.1 takes for something else, in some spelling."""

_BEGIN: Final = "Begin with what this writes: evidence policy show --yaml startup"


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy as it was read."""

    data: bytes
    """Canonical JSON."""
    rules: PolicyRules


def read_policy_file(path: Path) -> PolicyFile:
    """The policy in a file: YAML if its name ends in .yaml or .yml, TOML if in .toml, else JSON.

    Raises:
        FormatError: it is none; with the line where the file is YAML.
        LedgerError: ``extra-missing``.
    """
    data = path.read_bytes()
    if len(data) > MAX_FILE_BYTES:
        raise FormatError("too-long", "a policy's file is smaller", details={"most": MAX_FILE_BYTES})
    match path.suffix:
        case ".yaml" | ".yml":
            return parse_yaml_policy(_text(data, path), str(path))
        case ".toml":
            return _policy(_toml(_text(data, path), path))
        case _:
            return _policy(_json(data, path))


def parse_yaml_policy(text: str, name: str = "") -> PolicyFile:
    """The policy that ``text`` spells in YAML; ``name`` is told in errors.

    Raises:
        FormatError: with the line. LedgerError: ``extra-missing``.
    """
    reading = _Reading(name)
    try:
        return _policy(reading.document(text))
    except FormatError as error:
        line = reading.line_of(error.where)
        if line is not None and "line" not in error.details:
            error.details = {**error.details, **({"path": name} if name else {}), "line": line}
        raise


def _policy(value: object) -> PolicyFile:
    from ledger.canonical import encode
    from ledger.rules.policy import parse_policy

    try:
        canonical = encode(cast("Encodable", value))
    except ValueError:
        raise FormatError("bad-policy", "a policy holds texts, whole numbers, true, false, lists and objects") from None
    return PolicyFile(canonical, parse_policy(canonical))


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("invalid-utf8", "the file is not UTF-8", details={"path": str(path)}) from None


def _toml(text: str, path: Path) -> object:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise FormatError("bad-policy", "the file is not TOML", details={"path": str(path)}) from None


def _json(data: bytes, path: Path) -> object:
    from ledger.canonical import parse

    try:
        return parse(data, max_bytes=MAX_FILE_BYTES)
    except FormatError:
        if path.suffix == ".json":
            raise
        raise FormatError(
            "bad-policy",
            "a file of this name is read as JSON, and it is none; YAML ends in .yaml or .yml, TOML in .toml",
            details={"path": str(path)},
            remedy=_BEGIN,
        ) from None


@dataclass(slots=True)
class _Reading:
    """One file of YAML on its way to a value, with the lines on which its parts stand."""

    name: str
    lines: dict[str, int] = field(default_factory=dict)
    """By place, as errors name it, the line from 1."""

    def document(self, text: str) -> object:
        """The value of the one document in ``text``."""
        yaml = _yaml()
        try:
            events = list(yaml.parse(text, Loader=yaml.SafeLoader))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self._not_read(
                "this is not YAML",
                None if mark is None else mark.line + 1,
                "Look at that line and the one before: spaces and no tabs in front, a space after each colon, quotes "
                "closed.",
            )
        starts = [at for at, event in enumerate(events) if type(event).__name__ == "DocumentStartEvent"]
        if len(starts) != 1:
            self._not_read("one document is required", None, _BEGIN)
        rest = iter(events[starts[0] + 1 :])
        return self._value(next(rest), rest, "", 0)

    def line_of(self, where: str) -> int | None:
        """The line of a place, or of the part around it."""
        while where not in self.lines and where:
            where = where.rpartition("/")[0]
        return self.lines.get(where)

    def _value(self, event: Any, events: Iterator[Any], place: str, depth: int) -> object:  # noqa: ANN401 -- an event of PyYAML
        line = event.start_mark.line + 1
        self.lines[escaped(place, 240)] = line
        sort = type(event).__name__
        if sort == "AliasEvent" or event.anchor is not None:
            self._not_read("anchors and aliases are not allowed", line, "Write the value out where it is needed.")
        if event.tag is not None:
            self._not_read("tags are not allowed", line, "Leave out what begins with an exclamation mark.")
        if depth > _MAX_DEPTH:
            self._not_read("nested too deeply for a policy", line, _BEGIN)
        match sort:
            case "MappingStartEvent":
                return self._mapping(events, place, depth)
            case "SequenceStartEvent":
                items: list[object] = []
                while type(item := next(events)).__name__ != "SequenceEndEvent":
                    items.append(self._value(item, events, f"{place}/{len(items)}", depth + 1))
                return items
            case _:
                return self._scalar(event, line)

    def _mapping(self, events: Iterator[Any], place: str, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while type(key := next(events)).__name__ != "MappingEndEvent":
            line = key.start_mark.line + 1
            if type(key).__name__ != "ScalarEvent" or key.anchor is not None or key.tag is not None:
                self._not_read("a member's name must be plain text", line, "Write: name: value")
            name = str(key.value)
            if name in found:
                first = self.lines[escaped(f"{place}/{name}", 240)]
                self._not_read(
                    "the same member stands twice in one object",
                    line,
                    f"The first is on line {first}; keep one of the two.",
                )
            found[name] = self._value(next(events), events, f"{place}/{name}", depth + 1)
            # Where an object begins on the next line, people look for its name.
            self.lines[escaped(f"{place}/{name}", 240)] = line
        return found

    def _scalar(self, event: Any, line: int) -> object:  # noqa: ANN401 -- as above
        text = str(event.value)
        if event.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if text.lower() in _TWO_FORMS:
            self._not_read(
                "a word that readers of YAML take for different things",
                line,
                "Write true or false in lower case; or quotes around it, if it is a text.",
            )
        if _AMBIGUOUS.fullmatch(text):
            self._not_read(
                "a number that is not a plain whole number",
                line,
                "Write a whole number without leading zeros; or quotes around it, if it is a text.",
            )
        return text

    def _not_read(self, message: str, line: int | None, remedy: str) -> NoReturn:
        details: dict[str, str | int] = {"path": self.name} if self.name else {}
        raise FormatError(
            "bad-yaml", message, details=details if line is None else {**details, "line": line}, remedy=remedy
        )


def _yaml() -> Any:  # noqa: ANN401 -- a module
    try:
        import yaml
    except ModuleNotFoundError:
        raise LedgerError(
            "extra-missing",
            "reading YAML takes a library that is not installed; policies in JSON and TOML need none",
            details={"module": "yaml"},
            remedy="pip install 'evidence-ledger[policy]'",
        ) from None
    return yaml
