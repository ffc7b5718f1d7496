"""The page all reports share: whole in one file, and nothing said in it is markup."""

import plotly.graph_objects as go

from pages.page import Page
from pages.plots import MARKERS, PALETTE, color, framed, marker


def page() -> Page:
    return (
        Page("A & B", "two arms")
        .section("What <happened>")
        .text("first", "second")
        .points(["one", "two"])
        .table(["arm", "cost"], [["A", "1"], ["<b>B</b>", "2"]], marked=[1])
        .facts([("seed", "7")])
    )


def test_everything_said_is_escaped():
    html = page().html()
    assert "<title>A &amp; B</title>" in html
    assert "What &lt;happened&gt;" in html
    assert "&lt;b&gt;B&lt;/b&gt;" in html
    assert html.count('<tr class="marked">') == 1


def test_a_page_without_plots_is_small_and_asks_nobody_for_anything():
    html = page().html()
    assert len(html) < 10_000
    assert "http" not in html


def test_plots_bring_their_program_along_once():
    figure = framed(go.Figure(go.Bar(x=[1, 2], y=[3, 4])), "arms", "minutes")
    html = page().plot(figure, "Bars <up>").plot(figure, "and again").html()
    assert html.count("plotly.js v") == 1
    assert 'id="plot-1"' in html
    assert 'id="plot-2"' in html
    assert "Bars &lt;up&gt;" in html
    assert "<script src" not in html
    assert html == page().plot(figure, "Bars <up>").plot(figure, "and again").html()


def test_there_are_as_many_markers_as_colors_and_both_begin_again():
    assert len(PALETTE) == len(MARKERS) == len(set(PALETTE)) == len(set(MARKERS))
    assert color(len(PALETTE)) == PALETTE[0]
    assert marker(len(MARKERS) + 1) == MARKERS[1]
