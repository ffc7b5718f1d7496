"""How all plots look: colors that color-blind readers can tell apart, and a quiet frame.

The palette is that of M. Okabe and K. Ito, "Color Universal Design" (2002/2008), black last;
markers differ too, so that nothing hangs on color alone.
"""

from typing import Any

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon")
FONT = 'system-ui, -apple-system, "Segoe UI", sans-serif'


def color(number: int) -> str:
    return PALETTE[number % len(PALETTE)]


def marker(number: int) -> str:
    return MARKERS[number % len(MARKERS)]


def framed(figure: Any, x: str, y: str) -> Any:
    """The same figure, with its axes named and nothing but the data loud."""
    axis = {"gridcolor": "#e5e8eb", "zerolinecolor": "#9aa4ad", "linecolor": "#9aa4ad"}
    figure.update_layout(
        template="none",
        font={"family": FONT, "size": 14, "color": "#1b1f24"},
        margin={"l": 80, "r": 20, "t": 30, "b": 60},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        hoverlabel={"font": {"family": FONT}},
        xaxis={"title": {"text": x}, "automargin": True, **axis},
        yaxis={"title": {"text": y}, "automargin": True, **axis},
    )
    return figure
