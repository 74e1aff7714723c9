"""`application.json` from outside: whatever it holds becomes a claim or findings, never an error and never a leak."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yinjian.catalogue import catalogue
from yinjian.claim import MAX_BYTES, MAX_CHARACTERS, parse_claim
from yinjian.findings import Severity
from yinjian.records import Claim

GOOD: dict[str, Any] = {
    "platform": "hpe",
    "certificate": "enterprise",
    "business": "new",
    "fields": {"unit_name": "哈尔滨松北云杉软件有限公司", "agent_phone": "13904510002"},
    "submitted_on": "2026-05-21",
}


def parse(**changes: Any) -> tuple[Claim | None, list[tuple[str, str]]]:
    claim, findings = parse_claim(json.dumps(GOOD | changes).encode())
    return claim, [(f.where, str(f.severity)) for f in findings]


def test_a_claim_as_the_contract_says() -> None:
    claim, findings = parse_claim(json.dumps(GOOD, ensure_ascii=False).encode())
    assert findings == ()
    assert claim == Claim("hpe", "enterprise", "new", tuple(GOOD["fields"].items()), date(2026, 5, 21))


@pytest.mark.parametrize("certificate", catalogue().certificates, ids=lambda c: c.id)
def test_every_certificate_of_the_catalogue_can_be_claimed(certificate: Any) -> None:
    assert parse(certificate=certificate.id)[1] == []


@pytest.mark.parametrize("missing", ["platform", "certificate", "business", "fields"])
def test_a_missing_key_is_named(missing: str) -> None:
    data = json.dumps({k: v for k, v in GOOD.items() if k != missing}).encode()
    claim, findings = parse_claim(data)
    assert claim is None
    assert [(f.code, f.where) for f in findings] == [("claim.invalid", missing)]
    assert missing in findings[0].message


def test_a_day_of_submission_may_be_left_out() -> None:
    claim, findings = parse(submitted_on=None)
    assert claim is not None
    assert claim.submitted_on is None
    assert findings == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("platform", "moon"),
        ("platform", "daqing"),  # in the register only
        ("platform", ["hpe"]),
        ("certificate", None),
        ("business", 7),
        ("business", {"a": 1}),
        ("fields", []),
        ("fields", "x"),
        ("submitted_on", "2026-02-30"),
        ("submitted_on", "20260521"),
        ("submitted_on", "２０２６-05-21"),
        ("submitted_on", 20260521),
    ],
)
def test_wrong_types_and_unknown_words(key: str, value: object) -> None:
    assert parse(**{key: value}) == (None, [(key, "blocks")])


@pytest.mark.parametrize("value", [13904510002, None, ["a"], {}, True, "长" * (MAX_CHARACTERS + 1), "a\nb", "\ud800"])
def test_a_value_that_no_form_can_hold(value: object) -> None:
    assert parse(fields={"agent_phone": value}) == (None, [("fields.agent_phone", "blocks")])


def test_an_unknown_key_only_warns_and_is_left_out() -> None:
    claim, findings = parse(fields={"unit_name": "某公司", "shoe_size": "43"}, comment="hello")
    assert findings == [("fields.shoe_size", "warns"), ("comment", "warns")]
    assert claim is not None
    assert claim.fields == (("unit_name", "某公司"),)


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert parse(platform="moon", business="none", fields=3)[1] == [
        ("platform", "blocks"),
        ("business", "blocks"),
        ("fields", "blocks"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"fields": {"agent_phone": "王小明" * MAX_CHARACTERS}},
        {"fields": {"王小明": "a"}},
        {"platform": "王小明"},
        {"submitted_on": "王小明"},
        {"王小明": 1},
    ],
)
def test_what_was_typed_is_never_repeated(changes: dict[str, Any]) -> None:
    _, findings = parse_claim(json.dumps(GOOD | changes).encode())
    assert findings
    assert "王小明" not in "".join(f.message + f.where for f in findings)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"not json",
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"fields": ' * 50_000,
        b'{"platform": NaN}',
        b'{"platform": "hpe", "platform": "ggzy"}',
        b'"' + b"a" * (1 << 20) + b'"',
        json.dumps(GOOD | {"comment": "a" * MAX_BYTES}).encode(),
        b"9" * 5000,
    ],
    ids=range(12),
)
def test_bytes_that_are_no_claim(data: bytes) -> None:
    claim, findings = parse_claim(data)
    assert claim is None
    assert [(f.code, f.severity) for f in findings] == [("claim.invalid", Severity.BLOCKS)]
    assert "application.json" in findings[0].message


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from([*GOOD, "other"]) | st.text(max_size=5)
claims = st.dictionaries(keys, values | st.sampled_from([*GOOD.values()]), max_size=6)


@settings(max_examples=200, deadline=None)
@given(claims)
def test_no_object_makes_it_fail(value: dict[str, Any]) -> None:
    claim, findings = parse_claim(json.dumps(value).encode("utf-8", "surrogatepass"))
    assert (claim is None) == any(f.severity is Severity.BLOCKS for f in findings)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    assert parse_claim(data)[0] is None
