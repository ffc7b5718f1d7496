"""The page all reports share: `Page(title).add(...)`, then `html()`. One file, no network.

`o2o compare` writes one, and whoever reports on a journal may: sections of paragraphs, tables and
plots, what has to be known to repeat it at the end. Everything said is escaped here.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Self

STYLE = """
:root { --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --back: #ffffff; --well: #f6f8fa; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink);
  background: var(--back); margin: 0 auto; padding: 1.5rem; max-width: 72rem; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p { margin: .5rem 0; max-width: 60rem; } .lead { color: var(--soft); }
ul { margin: .5rem 0; padding-left: 1.2rem; } li { margin: .35rem 0; max-width: 60rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th { background: var(--well); text-align: right; } th.text, td.text { text-align: left; }
tr.marked td { background: #e8f4fb; }
.plot { width: 100%; min-height: 22rem; } figure { margin: 1rem 0; }
figcaption { color: var(--soft); font-size: .9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .85rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { max-width: none; } }
"""


class Page:
    """Sections in the order they are added."""

    def __init__(self, title: str, lead: str = "") -> None:
        self._title, self._lead = title, lead
        self._parts: list[str] = []
        self._plots = 0

    def section(self, heading: str) -> Self:
        self._parts.append(f"<h2>{escape(heading)}</h2>")
        return self

    def text(self, *paragraphs: str) -> Self:
        self._parts += [f"<p>{escape(x)}</p>" for x in paragraphs]
        return self

    def points(self, lines: Iterable[str]) -> Self:
        self._parts.append(f"<ul>{''.join(f'<li>{escape(x)}</li>' for x in lines)}</ul>")
        return self

    def table(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[str]],
        texts: int = 1,
        marked: Sequence[int] = (),
    ) -> Self:
        """The first `texts` columns to the left, figures to the right; `marked` rows stand out."""
        head = "".join(_cell("th", x, n < texts) for n, x in enumerate(header))
        body = "".join(
            ('<tr class="marked">' if n in marked else "<tr>")
            + "".join(_cell("td", x, column < texts) for column, x in enumerate(row))
            + "</tr>"
            for n, row in enumerate(rows)
        )
        self._parts.append(
            f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
            "</div>"
        )
        return self

    def plot(self, figure: Any, caption: str) -> Self:
        """A plotly figure. The caption says in words what there is to see, for who cannot."""
        self._plots += 1
        div = figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=f"plot-{self._plots}",
            config={"displaylogo": False, "responsive": True},
        )
        self._parts.append(
            f'<figure role="img" aria-label="{escape(caption)}">{div}'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
        return self

    def facts(self, pairs: Iterable[tuple[str, str]]) -> Self:
        """Names and values: seed, versions, settings."""
        lines = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs)
        self._parts.append(f"<dl>{lines}</dl>")
        return self

    def html(self) -> str:
        """The whole document. With a plot in it, four megabytes of plotly.js come along."""
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self._title)}</title><style>{STYLE}</style>{self._script()}</head>"
            f'<body><h1>{escape(self._title)}</h1><p class="lead">{escape(self._lead)}</p>'
            f"{''.join(self._parts)}</body></html>\n"
        )

    def _script(self) -> str:
        if not self._plots:
            return ""
        from plotly.offline import get_plotlyjs  # half a second: only where there is a plot

        return f"<script>{get_plotlyjs()}</script>"


def _cell(tag: str, text: str, is_text: bool) -> str:
    kind = "text" if is_text else "figure"
    return f'<{tag} class="{kind}">{escape(text)}</{tag}>'
