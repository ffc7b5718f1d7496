"""The console's pages and what their modules ask of them: nothing here has a browser at hand."""

import re

import pytest

from gateway.connections.http import console_files

IMPORTED = re.compile(r'from "\./([a-z]+\.js)"')
WANTED = re.compile(r'(?:\$|getElementById)\("([a-z-]+)"\)')
GIVEN = re.compile(r'id="([a-z-]+)"')


def text(name: str) -> str:
    return console_files()[f"/console/{name}"].body.decode()


def modules(first: str) -> list[str]:
    found = [first]
    for name in found:  # which grows
        found += [x for x in IMPORTED.findall(text(name)) if x not in found]
    return found


@pytest.mark.parametrize(
    ("page", "first", "elsewhere"),
    [
        ("index.html", "console.js", []),
        # What panels and map know of, and looking back does without:
        (
            "replay.html",
            "replay.js",
            ["trend", "explanation", "explanation-title", "explanation-ways"],
        ),
    ],
)
def test_every_element_a_module_asks_for_is_on_its_page(page, first, elsewhere):
    given = GIVEN.findall(text(page))
    assert len(given) == len(dict.fromkeys(given))
    wanted = {x: name for name in modules(first) for x in WANTED.findall(text(name))}
    missing = {x: name for x, name in wanted.items() if x not in [*given, *elsewhere]}
    assert missing == {}


def test_every_module_of_the_console_is_served():
    served = [x.removeprefix("/console/") for x in console_files() if x.endswith(".js")]
    assert [x for x in modules("console.js") if x not in served] == []
    assert "areas.js" in modules("console.js")
