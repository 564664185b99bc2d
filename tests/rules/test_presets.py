"""The ready policies: their YAML is their JSON, they fit the schema, and they differ where they say so."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from ledger.cli.policyfile import parse_yaml_policy
from ledger.policies.presets import PRESETS, preset, preset_yaml
from ledger.rules.catalogue import BY_ID
from ledger.rules.policy import parse_policy
from ledger.rules.policyschema import policy_schema

SCHEMA = Draft202012Validator(policy_schema())


@pytest.mark.parametrize("name", PRESETS)
def test_yaml_and_json_are_one_policy(name: str) -> None:
    """What people read and what the ledger would hold are the same policy, byte for byte."""
    read = parse_yaml_policy(preset_yaml(name), name)
    assert read.data == preset(name), "write the JSON anew from the YAML: parse_yaml_policy(...).data"
    assert read.rules.name == name


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_decides_about_every_rule(name: str) -> None:
    """Each rule of the catalogue stands in each preset, on or off, so that none is left out unseen."""
    assert set(json.loads(preset(name))["rules"]) == set(BY_ID)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fits_the_schema(name: str) -> None:
    """Editors find nothing wrong with a preset, and its header leads them to the schema."""
    SCHEMA.validate(json.loads(preset(name)))
    assert preset_yaml(name).startswith("# yaml-language-server: $schema=../../docs/policy.schema.json\n")


def test_startup_works_for_two() -> None:
    """Two people can work by `startup`: one approval, releases by a reviewer, exceptions reviewed by the other one."""
    policy = parse_policy(preset("startup"))
    on = {setting.rule.id: setting.settings for setting in policy.rules}
    assert policy.shared["approvals"]["default"] == 1  # type: ignore[index, call-overload]
    assert policy.shared["forge_attested"] == "count"
    assert not policy.strict
    assert on["SOD-06"]["reviewers"] == "allowed"
    assert on["SOD-08"]["requester_alone"] is True
    assert "SOD-13" not in on


@pytest.mark.parametrize("name", ["regulated", "pci", "sox"])
def test_the_others_rest_on_peoples_own_keys(name: str) -> None:
    """Each demanding preset is strict, counts signatures of people alone, and asks for an approval of releases."""
    policy = parse_policy(preset(name))
    on = {setting.rule.id: setting.settings for setting in policy.rules}
    assert policy.strict
    assert policy.shared["forge_attested"] == "show_only"
    assert on["APP-05"]["release_approvals"] == 1
    assert {"SOD-01", "SOD-02", "SOD-03", "SOD-04", "SOD-06", "SOD-07", "APP-01", "EXC-02", "EXC-05"} <= set(on)
