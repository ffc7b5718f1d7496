"""Every public meal-delivery day through the live referee, beside the referee's own baselines.

    python benchmarks/mdrp_table.py [--referee DIR] [--data DIR] [--results DIR] [--only PATTERN]

One run after another, one process at a time. Each result is kept in `--results` as JSON; a run
that is there already is not repeated, so the table may be stopped and continued. Writes
benchmarks/mdrp_results.md.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
BASELINES = ("greedy", "bundle")
LOADED_ORDERS_PER_HOUR = 2.0
Report = dict[str, Any]
INTRODUCTION = (
    "## Meal delivery: the public Grubhub days",
    "",
    "`python benchmarks/mdrp_table.py`: every instance through the live referee (`mdrp_live.py`),",
    "which starts `benchmarks/mdrp_agent.py`, tells it what is known at each minute and keeps the",
    "clock. Orders go through the whole engine (quote, payment, acceptance, planning round, plan,",
    "pickup, drop-off); couriers are told what the engine adopted. `greedy` and `bundle` are the",
    "referee's own policies, scored by the same referee.",
    "",
    "Undelivered and late (click-to-door over 90 min) are sums, in brackets what nobody could have",
    "avoided; the other figures are means over instances. Excess is click-to-door minus the floor",
    "(ready time, ride and both hand-overs), in minutes. p99: median and worst instance, in wall",
    "time beside whatever else the machine was doing.",
    "",
    "For comparison (Reyes et al., Table 4, 16 instances): published 31.88; best policy measured",
    "31.61; clairvoyant optimum with bundles of two and no repositioning 30.71 (Yildiz and",
    "Savelsbergh 2018). Couriers here are repositioned, so that optimum is no bound.",
    "",
)


class Group(NamedTuple):
    title: str
    holds: Callable[[str, Report], bool]


def _is_loaded(name: str, report: Report) -> bool:
    heavy = report["orders"] / report["courier_hours"] >= LOADED_ORDERS_PER_HOUR
    return "t100s1" in name and heavy


GROUPS = [
    Group("0o50*, 0r50* (Reyes et al., Table 4)", lambda n, _: n.startswith(("0o50", "0r50"))),
    Group("loaded: s1, t100, 2 or more orders per courier-hour", _is_loaded),
    *(
        Group(f"{city}*", lambda n, _, city=city: n.startswith(city))
        for city in ("0", "3", "4", "6", "8")
    ),
    Group("all", lambda *_: True),
]


def run_live(referee: Path, instance: Path) -> Report:
    """The engine and its solver as the referee's child."""
    command = [sys.executable, str(referee / "mdrp_live.py"), str(instance), "--"]
    command += [sys.executable, str(HERE / "mdrp_agent.py")]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    return dict(json.loads(done.stdout))


def run_baseline(referee: Path, instance: Path, policy: str) -> Report:
    """The referee's own policy, scored by the referee."""
    command = [sys.executable, str(referee / "mdrp_eval.py"), "baseline", str(instance), policy]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def collect(args: argparse.Namespace) -> dict[str, dict[str, Report]]:
    """Reports by policy and instance, from the results folder or by running."""
    reports: dict[str, dict[str, Report]] = {policy: {} for policy in ("live", *BASELINES)}
    folders = sorted(x for x in args.data.iterdir() if (x / "orders.txt").exists())
    folders.sort(key=lambda x: (x.name[:4] not in ("0o50", "0r50"), "t100s1" not in x.name))
    for folder in folders:
        if not fnmatch(folder.name, args.only):
            continue
        for policy, by_instance in reports.items():
            path = args.results / f"{folder.name}.{policy}.json"
            if not path.exists():
                if policy == "live":
                    report = run_live(args.referee, folder)
                else:
                    report = run_baseline(args.referee, folder, policy)
                path.write_text(json.dumps(report), encoding="utf-8")
            by_instance[folder.name] = json.loads(path.read_text(encoding="utf-8"))
        print(folder.name, _line([reports["live"][folder.name]]), flush=True)
        args.table.write_text(table(reports), encoding="utf-8")
    return reports


def table(reports: dict[str, dict[str, Report]]) -> str:
    """Markdown: a row per group and policy, then a row per instance."""
    live = reports["live"]
    wrong = sum(x["n_violations"] + x["live"]["rejected_commands"] for x in live.values())
    lines = [
        *INTRODUCTION,
        f"{len(live)} instances, {wrong} violations and rejected commands.",
        "",
        "| group | n | policy | undelivered | late > 90 | click-to-door | excess | $ per order"
        " | p99 decision (median, worst), ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for group in GROUPS:
        names = [n for n in live if group.holds(n, live[n])]
        for policy, by_instance in reports.items():
            if names:
                shown = "engine" if policy == "live" else f"`{policy}`"
                cells = _line([by_instance[n] for n in names])
                lines.append(f"| {group.title} | {len(names)} | {shown} {cells}")
    lines += ["", "| instance | policy | undelivered | late > 90 | click-to-door | excess"]
    lines[-1] += " | $ per order | p99 decision (median, worst), ms |"
    lines.append("|---|---|---|---|---|---|---|---|")
    lines += [f"| {name} | engine {_line([live[name]])}" for name in sorted(live)]
    return "\n".join(lines) + "\n"


def _line(reports: list[Report]) -> str:
    """The cells of one row."""
    undelivered = sum(x["undelivered"] for x in reports)
    lost = sum(x["orders"] - x["deliverable_upper_bound"] for x in reports)
    late = sum(x["over_max_click_to_door"] for x in reports)
    hopeless = sum(x["unavoidable_over_max"] for x in reports)
    clicks = _mean(x["click_to_door"]["mean"] for x in reports)
    excess = _mean(x["click_to_door"]["mean"] - x["ctd_floor_mean"] for x in reports)
    cost = _mean(x["cost_per_order"] for x in reports)
    slow = [x["live"]["decision_ms"]["p99"] for x in reports if "live" in x]
    p99 = f"{median(slow):.0f}, {max(slow):.0f}" if slow else "-"
    counts = f"| {undelivered} ({lost}) | {late} ({hopeless})"
    return f"{counts} | {clicks:.2f} | {excess:.2f} | {cost:.2f} | {p99} |"


def _mean(values: Iterable[float]) -> float:
    return fmean(list(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--referee", type=Path, default=SHARED / "referee")
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "mdrp")
    parser.add_argument("--results", type=Path, default=HERE.parent / ".benchmarks" / "mdrp")
    parser.add_argument("--table", type=Path, default=HERE / "mdrp_results.md")
    parser.add_argument("--only", default="*", help="instances whose name matches")
    args = parser.parse_args()
    args.results.mkdir(parents=True, exist_ok=True)
    collect(args)


if __name__ == "__main__":
    main()
