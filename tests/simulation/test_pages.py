"""Pages that are kept: whole in themselves, and nothing a name contains can act in them."""

import re

from simulation.pages import Page, count, label

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def page(name: str = "Noodles") -> str:
    made = Page(f"Report of {name}", "yesterday")
    made.section("Sales", "what was sold")
    made.tiles([(name, "12")])
    made.plot(
        "By hour", "each bar an hour", [{"type": "bar", "x": [1], "y": [2], "name": label(name)}]
    )
    made.table("By store", ["store", "orders", "mean"], [[name, 12_345, 1.5], ["-", 1, None]])
    made.verdict("the sums agree", True)
    return made.html()


def test_a_page_loads_nothing_from_anywhere():
    html = page()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=", html) == []
    assert "<link" not in html


def test_a_name_is_text_wherever_it_stands():
    html = page(HOSTILE)
    assert html.count("<script") == 3  # the library, the drawing, and one plot's data
    assert "<img src=x" not in html


def test_numbers_stand_to_the_right_with_separators():
    html = page()
    assert "<td>Noodles</td>" in html
    assert '<td class="n">12\u202f345</td><td class="n">1.50</td>' in html
    assert '<th class="n">orders</th>' in html
    assert count(1_234_567) == "1\u202f234\u202f567"


def test_a_page_without_plots_carries_no_library():
    made = Page("Nothing", "no orders yet")
    made.text("There is nothing to report.")
    assert len(made.html()) < 10_000
    assert "script-src 'none'" in made.html()
