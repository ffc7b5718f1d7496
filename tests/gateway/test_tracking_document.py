"""What docs/tracking.md tells client authors is what the code does."""

import re
from pathlib import Path

from gateway.hooks import signing
from gateway.hooks.postman import OUTAGE_S, RETRIES_S
from gateway.hooks.sender import TIMEOUT_S
from gateway.locating.fixes import LIMITS
from gateway.locating.trails import KEPT_MS
from gateway.messages import DELTAS
from gateway.messages.approaching import DelayPredicted
from geo.tracks import FixProblem

TEXT = (Path(__file__).parents[2] / "docs" / "tracking.md").read_text()


def test_the_receiver_in_the_document_knows_what_is_genuine():
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    found = {}
    exec(compile(code, "docs/tracking.md", "exec"), found)
    is_genuine, secret, now_s = found["is_genuine"], signing.new_secret(), 1_800_000_000
    headers = signing.headers([signing.new_secret(), secret], "orders:shop:1", now_s, b"{}")
    assert is_genuine(headers, b"{}", secret, now_s)
    assert is_genuine(headers, b"{}", secret, now_s + 300)
    assert not is_genuine(headers, b"{}", secret, now_s + 301)
    assert not is_genuine(headers, b"{} ", secret, now_s)
    assert not is_genuine(headers, b"{}", signing.new_secret(), now_s)


def test_the_example_to_try_is_computed():
    words = re.findall(r"`([^`]+)`", TEXT[TEXT.index("To try yours") :].replace("\n", " "))
    secret, event, stamp, body, signature = words
    assert signing.standard(secret, event, int(stamp), body.encode()) == signature


def test_the_numbers_in_the_document_are_those_of_the_code():
    words = {"s": 1, "min": 60, "h": 3_600}
    line = TEXT[TEXT.index("again after") : TEXT.index("then it is a dead letter")]
    told = [int(n) * words[unit] for n, unit in re.findall(r"(\d+) (s|min|h)\b", line)]
    assert tuple(told) == RETRIES_S
    assert f"at most {OUTAGE_S[-1] // 60} minutes" in TEXT
    assert f"within {TIMEOUT_S:g} s" in TEXT
    assert f"more than {LIMITS.future_ms // 1_000} s ahead" in TEXT
    assert f"more than {LIMITS.accuracy_m} m" in TEXT
    assert f"more than {LIMITS.max_speed_mm_s // 1_000} m/s" in TEXT
    assert (LIMITS.past_ms, KEPT_MS) == (86_400_000, 7 * 86_400_000)


def test_the_document_names_every_reason_and_every_kind():
    unsaid = (FixProblem.NONE, FixProblem.OUT_OF_RANGE)  # the latter has a code of its own
    for problem in FixProblem:
        assert problem in unsaid or f"`{problem.code}`" in TEXT
    told_of_couriers = [x for x in DELTAS["orders"] if x.__module__ == DelayPredicted.__module__]
    assert len(told_of_couriers) == 4
    for kind in told_of_couriers:
        assert f"`{kind.__struct_config__.tag}`" in TEXT
