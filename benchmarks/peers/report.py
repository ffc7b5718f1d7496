"""Tables and plots of benchmarks/README.md from the rows of a run."""

import re
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

Row = dict[str, Any]
OURS = "o2o"
NAMES = {
    OURS: "**o2o-dispatch**",
    "vroom x0": "VROOM, exploration 0",
    "vroom x1": "VROOM, exploration 1",
    "vroom x5": "VROOM, exploration 5",
    "pyvrp": "PyVRP",
    "ortools": "OR-Tools routing",
    "vrp-cli": "vrp-cli",
}
COLORS = {
    OURS: "#c2255c",
    "vroom x0": "#1971c2",
    "vroom x1": "#4dabf7",
    "vroom x5": "#74c0fc",
    "pyvrp": "#2f9e44",
    "ortools": "#f08c00",
    "vrp-cli": "#868e96",
}


def render(runs: list[dict[str, Any]], folder: Path) -> None:
    """Write plots/*.svg and the parts of README.md between the markers.

    Each run has its command, its class of machine and its rows; a case is in one run only.
    """
    rows: list[Row] = [row for run in runs for row in run["rows"]]
    static = [row for row in rows if row["kind"] == "static"]
    live = [row for row in rows if row["kind"] == "live"]
    (folder / "plots").mkdir(exist_ok=True)
    commands = [f"- `{run['command']}` on {run['machine']}" for run in runs if run["rows"]]
    parts = ["\n".join([*commands, f"- {_versions(rows)}"])]
    if static:
        _plot(folder / "plots" / "static.svg", lambda pyplot: _draw_static(pyplot, static))
        parts += ["### Static pickup and delivery (Li & Lim)", _static_tables(static)]
        parts.append("![vehicles above the best known](plots/static.svg)")
    if live:
        _plot(folder / "plots" / "live.svg", lambda pyplot: _draw_live(pyplot, live))
        parts += ["### The live case", _live_tables(live)]
        parts.append("![J against CPU seconds](plots/live.svg)")
    readme = folder / "README.md"
    text = between(readme.read_text(), "peers", "\n\n".join(parts))
    readme.write_text(between(text, "results", _other_results(folder)))


def between(text: str, name: str, part: str) -> str:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    assert begin in text, f"README.md has lost its marker {begin}"
    assert end in text, f"README.md has lost its marker {end}"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n\n{part}\n\n{end}{rest.partition(end)[2]}"


def _other_results(folder: Path) -> str:
    """A line per file that another benchmark has left beside the README."""
    lines = []
    for path in sorted(folder.glob("*_results.md")):
        title = re.search(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
        lines.append(f"- [{title[1] if title else path.stem}]({path.name})")
    return "\n".join(lines) or "None yet."


def _versions(rows: list[Row]) -> str:
    found = {}
    for row in rows:
        if row["version"]:
            name = NAMES[row["solver"]].partition(",")[0]
            found[name] = row["version"].rpartition("==")[2]
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _unique(rows: list[Row], key: str) -> list[Any]:
    return list(dict.fromkeys(row[key] for row in rows))


def _table(head: list[str], body: list[list[str]]) -> str:
    rule = ["---", *("--:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *body))


def _static_tables(rows: list[Row]) -> str:
    """Vehicles and distance by solver and instance; the best known in the first line."""
    tables = []
    for seconds in _unique(rows, "seconds"):
        here = [row for row in rows if row["seconds"] == seconds]
        names = _unique(here, "case")
        known = {row["case"]: row["known"] for row in here}
        best = [f"{known[x][0]} · {known[x][1]:,.0f}" for x in names]
        best_sum = sum(known[x][0] for x in names)
        body = [["best known", *best, str(best_sum), ""]]
        for solver in _unique(here, "solver"):
            own = {row["case"]: row for row in here if row["solver"] == solver}
            cells = [_static_cell(own.get(name)) for name in names]
            solved = [own[x] for x in names if x in own and own[x]["ok"]]
            total = str(sum(row["vehicles"] for row in solved))
            if len(solved) < len(names):
                known_sum = sum(row["known"][0] for row in solved)
                total += f" on {len(solved)} ({known_sum})"
            cpu_s = median(row["cpu_s"] for row in own.values())
            body.append([NAMES[solver], *cells, total, f"{cpu_s:.1f}"])
        head = [f"{seconds:g} s: vehicles · distance", *names, "vehicles", "CPU s, median"]
        tables.append(_table(head, body))
    return "\n\n".join(tables)


def _static_cell(row: Row | None) -> str:
    if row is None:
        return ""
    if not row["ok"]:
        return "incomplete" if "visited 0 times" in row["note"] else row["note"]
    mark = "**" if row["vehicles"] == row["known"][0] else ""
    return f"{mark}{row['vehicles']}{mark} · {row['distance']:,.0f}"


def _live_tables(rows: list[Row]) -> str:
    """J, late and unserved orders by solver and budget; J as a ratio to the best of ours."""
    tables = []
    for case in _unique(rows, "case"):
        here = [row for row in rows if row["case"] == case]
        ours = min((r["j_min"] for r in here if r["solver"] == OURS and r["ok"]), default=None)
        body = []
        for row in sorted(here, key=lambda row: row["cpu_s"]):
            cells = [f"{row['j_min']:,.0f}", str(row["late"]), str(row["unserved"])]
            ratio = f"{row['j_min'] / ours:.2f}" if ours else ""
            if not row["ok"]:
                cells, ratio = [row["note"] or "no plan", "", ""], ""
            budget = "" if row["solver"].startswith("vroom") else f", {row['seconds']:g} s"
            body.append([NAMES[row["solver"]] + budget, f"{row['cpu_s']:.2f}", *cells, ratio])
        head = [f"orders/couriers {case} min", "CPU s", "J, min", "late", "unserved", "J / ours"]
        tables.append(_table(head, body))
    return "\n\n".join(tables)


def _plot(path: Path, draw: Callable[[Any], Any]) -> None:
    """An SVG that is the same bytes for the same rows."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    plain = {"svg.hashsalt": "o2o", "font.size": 9, "axes.spines.top": False}
    with pyplot.rc_context(plain | {"axes.spines.right": False}):
        figure = draw(pyplot)
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
        pyplot.close(figure)
    path.write_text("\n".join(x.rstrip() for x in path.read_text().splitlines()) + "\n")


def _draw_static(pyplot: Any, rows: list[Row]) -> Any:
    """Bars: vehicles above the best known; a cross where there is no feasible solution."""
    longest = max(row["seconds"] for row in rows)
    rows = [row for row in rows if row["seconds"] == longest]
    names, solvers = _unique(rows, "case"), _unique(rows, "solver")
    figure, axes = pyplot.subplots(figsize=(8, 3))
    width = 0.8 / len(solvers)
    for k, solver in enumerate(solvers):
        place = [x + (k - (len(solvers) - 1) / 2) * width for x in range(len(names))]
        own = {row["case"]: row for row in rows if row["solver"] == solver}
        for x, name in zip(place, names, strict=True):
            if name in own and not own[name]["ok"]:
                axes.plot([x], [0.4], marker="x", color=COLORS[solver], markersize=5)
        above = [
            own[x]["vehicles"] - own[x]["known"][0] if x in own and own[x]["ok"] else 0
            for x in names
        ]
        label = NAMES[solver].strip("*")
        axes.bar(place, above, width, color=COLORS[solver], label=label)
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("vehicles above the best known")
    axes.legend(frameon=False, fontsize=8)
    axes.set_title(f"{longest:g} CPU seconds, one thread; x: no complete solution", fontsize=9)
    return figure


def _draw_live(pyplot: Any, rows: list[Row]) -> Any:
    """One panel a case: J against the CPU seconds it took."""
    cases = _unique(rows, "case")
    columns = min(2, len(cases))
    height = -(-len(cases) // columns)
    size = (4 * columns, 2.8 * height)
    figure, panels = pyplot.subplots(height, columns, figsize=size, squeeze=False)
    for axes, case in zip(panels.flat, cases, strict=False):
        here = [row for row in rows if row["case"] == case and row["ok"]]
        for solver in _unique(here, "solver"):
            points = sorted((r["cpu_s"], r["j_min"]) for r in here if r["solver"] == solver)
            label = NAMES[solver].strip("*")
            axes.plot(*zip(*points, strict=True), "o-", color=COLORS[solver], label=label, ms=4)
        axes.set_xscale("log")
        axes.set_title(f"{case} min", fontsize=9)
        axes.set_xlabel("CPU seconds")
        axes.set_ylabel("J, minutes")
    lines = {line.get_label(): line for axes in panels.flat for line in axes.get_lines()}
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "ncols": len(lines)}
    figure.legend(lines.values(), lines.keys(), frameon=False, fontsize=8, **below)
    for axes in panels.flat[len(cases) :]:
        axes.set_visible(False)
    figure.tight_layout()
    return figure
