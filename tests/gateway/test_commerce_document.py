"""What docs/commerce.md tells marketers, care and stores to send is sent here, and answered so."""

import json
import re
from datetime import datetime
from pathlib import Path

from gateway import messages as m
from gateway.wire import time_text
from tests.serving import delivered, hear, live, raw, serving, small_city, tell

TEXT = (Path(__file__).parents[2] / "docs" / "commerce.md").read_text()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")
SAID = re.compile(r"^(\w+) +-> (\w+) (\{.*?\})\n<- (.*?)$", re.MULTILINE | re.DOTALL)
PARTIES = {
    "operator": ("operator", "ops"),
    "marketer": ("crm", "mia"),
    "care": ("crm", "leo"),
    "shop": ("order_service", "shop"),
    "store": ("store", "s1"),
}


def moment(text):
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


def conversation():
    blocks = "\n".join(re.findall(r"```\n(.*?)```", TEXT, re.DOTALL))
    return SAID.findall(blocks), blocks


def told(reply):
    if error := reply.get("error"):
        return f"refused: {error['code']}"
    body = reply.get("body")
    return body["type"] if body else "done"


@live
async def test_every_message_is_answered_as_the_document_says(tmp_path):
    """Its Friday is today: all its times are as far from now as they are from its beginning."""
    said, blocks = conversation()
    assert len(said) == blocks.count("->") == blocks.count("<-") > 30
    began = moment(TIME.search(TEXT).group())
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        later = app.loop.clock.now() - began
        for n, (who, name, body, answer) in enumerate(said):
            now = TIME.sub(lambda x: time_text(moment(x.group()) + later), body)
            async with raw(app, *PARTIES[who], m.JSON) as ws:
                request = {"type": name, **json.loads(now)}
                await tell(ws, {"type": "request", "id": str(n), "body": request})
                reply = await hear(ws)
            assert told(reply) == answer, (n, who, name, reply)


def test_whatever_the_document_names_is_there():
    from gateway.history.tables import TABLES

    known = {x.__struct_config__.tag for x in m.RequestBody.__args__}
    tables = re.findall(r"tables ((?:`\w+`(?:, )?)+)", TEXT)
    for name in re.findall(r"`(\w+)`", " ".join(tables)):
        assert name in TABLES, name
    verbs = (
        "get_",
        "set_",
        "list_",
        "open_",
        "report_",
        "export_",
        "forget_",
        "record_",
        "approve_",
    )
    for name in re.findall(r"`([a-z]+_[a-z_]+)`", TEXT):
        if name.startswith(verbs):
            assert name in known, name
