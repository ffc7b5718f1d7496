"""Pages that are kept: one HTML file with its plots, tables and scripts inside, and no network.

Text is escaped here, once; whoever writes a page hands over plain text and plotly's own shapes.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any

import msgspec
from plotly.offline import get_plotlyjs

# Okabe and Ito's colors, told apart by everybody: jfly.uni-koeln.de/color, 2008.
BLUE, ORANGE, GREEN, YELLOW = "#0072b2", "#e69f00", "#009e73", "#f0e442"
SKY, VERMILION, PURPLE, BLACK = "#56b4e9", "#d55e00", "#cc79a7", "#000000"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW, BLACK)
# Lightness alone already orders them.
SHADES: tuple[tuple[float, str], ...] = ((0.0, "#fff7ec"), (0.5, ORANGE), (1.0, "#5c2a00"))

FIGURE = re.compile(r"-?\d[\d\u202f.:]*( [A-Za-z%]+)?")
Cell = str | int | float | None
Shape = dict[str, Any]  # a trace or a layout, as plotly.com/javascript/reference names it

STYLE = """\
:root { color-scheme: light; --line: #d9dfe4; --dim: #5b6770; }
body { margin: 0 auto; max-width: 1180px; padding: 24px 28px 60px; color: #16202a;
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0; font-size: 28px; } header p { margin: 4px 0 0; color: var(--dim); }
h2 { margin: 40px 0 4px; padding-top: 14px; border-top: 2px solid #16202a; font-size: 21px; }
h3 { margin: 26px 0 0; font-size: 16px; }
p.said { margin: 2px 0 8px; color: var(--dim); max-width: 80ch; }
p.good::before { content: "✓ "; color: #009e73; } p.bad { color: #a33c00; font-weight: 600; }
p.bad::before { content: "✗ "; }
.tiles { display: grid; margin: 14px 0; gap: 12px;
  grid-template-columns: repeat(auto-fill, minmax(165px, 1fr)); }
.tiles div { border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.tiles b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--dim); font-size: 13px; }
p.words { margin: 2px 0 10px; max-width: 90ch; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th { text-align: left; color: var(--dim); font-weight: 600; }
th, td { padding: 3px 16px 3px 0; border-bottom: 1px solid var(--line); }
th { vertical-align: bottom; max-width: 14ch; } td { white-space: nowrap; }
td.n, th.n { text-align: right; }
"""
DRAW = """\
for (const place of document.querySelectorAll(".plot")) {
  const { data, layout } = JSON.parse(document.getElementById(place.id + "-data").textContent);
  Plotly.newPlot(place, data, layout, { displaylogo: false, responsive: true,
    plotlyServerURL: "", modeBarButtonsToRemove: ["sendChartToCloud"] }); // figures stay here
}
"""
LAYOUT: Shape = {
    "colorway": list(PALETTE),
    "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#16202a"},
    "margin": {"l": 64, "r": 20, "t": 16, "b": 48},
    "height": 360,
    "legend": {"orientation": "h", "y": 1.12},
    "hovermode": "closest",
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
}
AXIS: Shape = {"gridcolor": "#e6eaed", "zerolinecolor": "#b8c2ca", "automargin": True}


class Page:
    """Written from top to bottom; `html` is all of it. Plots have a line that explains them."""

    def __init__(self, title: str, subtitle: str) -> None:
        self.title = title
        self._parts = [f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>"]
        self._plots = 0

    def section(self, title: str, said: str = "") -> None:
        self._parts.append(f"<h2>{escape(title)}</h2>")
        if said:
            self.text(said)

    def text(self, said: str) -> None:
        self._parts.append(f'<p class="said">{escape(said)}</p>')

    def words(self, said: str) -> None:
        """What the page is about; `text` explains."""
        self._parts.append(f'<p class="words">{escape(said)}</p>')

    def verdict(self, said: str, is_good: bool) -> None:
        """A sentence that was checked."""
        kind = "good" if is_good else "bad"
        self._parts.append(f'<p class="{kind}">{escape(said)}</p>')

    def tiles(self, figures: Iterable[tuple[str, str]]) -> None:
        """(what, how much), large."""
        made = (f"<div><b>{escape(much)}</b><span>{escape(x)}</span></div>" for x, much in figures)
        self._parts.append(f'<div class="tiles">{"".join(made)}</div>')

    def plot(self, title: str, said: str, traces: Sequence[Shape], **layout: Any) -> None:
        """`traces` and `layout` are plotly's; axes and looks are filled in where not said.

        Names and labels in them are text from outside: pass them through `label`.
        """
        self._plots += 1
        key = f"plot-{self._plots}"
        whole = LAYOUT | layout
        for axis in ("xaxis", "yaxis"):
            whole[axis] = AXIS | layout.get(axis, {})
        document = msgspec.json.encode({"data": list(traces), "layout": whole}).decode()
        self._parts.append(f'<h3>{escape(title)}</h3><p class="said">{escape(said)}</p>')
        place = f'<div class="plot" id="{key}" style="min-height: {whole["height"]}px"></div>'
        self._parts.append(place)
        inert = document.replace("<", "\\u003c")  # nothing in it can end the element
        self._parts.append(f'<script type="application/json" id="{key}-data">{inert}</script>')

    def table(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], said: str = ""
    ) -> None:
        """Columns of figures to the right, numbers with separators; None is an empty cell."""
        body = [[_shown(x) for x in row] for row in rows]
        sides = [
            ' class="n"' if _are_figures([x[k] for x in body]) else "" for k in range(len(columns))
        ]
        head, *lines = (
            "".join(f"<{tag}{side}>{escape(x)}</{tag}>" for x, side in zip(row, sides, strict=True))
            for tag, row in (("th", columns), *(("td", row) for row in body))
        )
        self._parts.append(f"<h3>{escape(title)}</h3>")
        if said:
            self.text(said)
        self._parts.append(
            f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(f'<tr>{x}</tr>' for x in lines)}</tbody></table></div>"
        )

    def html(self) -> str:
        """May load nothing, and run nothing but the two scripts whose digests it names."""
        scripts = [get_plotlyjs(), DRAW] if self._plots else []
        allowed = " ".join(map(_digest, scripts)) or "'none'"
        policy = (
            f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
            "img-src data: blob:; base-uri 'none'; form-action 'none'"
        )
        head = (
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style>"
        )
        body = "\n".join(self._parts) + "".join(f"<script>{x}</script>" for x in scripts)
        return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def label(text: str) -> str:
    """For names in plots: plotly reads a little markup, and names are not ours."""
    return escape(text, quote=False)


def count(number: int | float, digits: int = 0) -> str:
    """With thin spaces between thousands, for tiles and sentences."""
    return f"{number:,.{digits}f}".replace(",", "\u202f")


def _shown(value: Cell) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return count(value) if isinstance(value, int) else count(value, 2)


def _are_figures(texts: list[str]) -> bool:
    """Numbers with or without a unit, in every line that says anything."""
    said = [x for x in texts if x.strip("-")]
    return bool(said) and all(FIGURE.fullmatch(x) for x in said)


@cache
def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'"
