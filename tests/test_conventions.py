"""Checks on the code itself, for the conventions no linter knows."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from engine import events as e
from tests.state_layout import WRITTEN_DOWN, layout

ROOT = Path(__file__).parents[1]
PACKAGES = ("engine", "geo", "solvers", "simulation", "gateway")
PYTHON = sorted(chain(*((ROOT / x).rglob("*.py") for x in (*PACKAGES, "tests", "benchmarks"))))
WRITTEN = sorted(
    x
    for x in chain(
        PYTHON,
        (ROOT / "docs").rglob("*"),
        (ROOT / "scenarios").rglob("*"),
        (ROOT / "gateway").rglob("*.js"),
        (ROOT / "gateway").rglob("*.html"),
        (ROOT / ".ci").rglob("*"),
        ROOT.glob("*.md"),
        ROOT.glob("*.toml"),
        ROOT.glob("*.txt"),
        [ROOT / "Makefile"],
    )
    if x.is_file() and x.suffix not in (".png", ".jpg", ".woff2") and x.name != Path(__file__).name
)
LINES_PER_FILE = 400
DOCSTRING_LINES = 16
NOT_A_SUBJECT = (
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "base",
    "models",
    "common",
    "misc",
)
APPLIES = {re.sub(r"(?<!^)(?=[A-Z])", "_", x.__name__).lower() for x in e.Event.__subclasses__()}
MAY_PRINT = ("gateway/cli.py", "gateway/commands/")
FOREIGN = re.compile(
    r"pypi\.org|pythonhosted\.org|(?:extra-)?index-url|registry\.npmjs|find-links"  # a registry
    r"|(?<![\w.])/(?:home|root|work|Users)/|(?<![\w.])/tmp/|C:\\\\"  # somebody's machine
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_a_file_is_one_subject_says_which_and_is_short(path):
    tree, lines = parsed(path), path.read_text().splitlines()
    assert len(lines) <= LINES_PER_FILE, f"{len(lines)} lines: find the second subject in it"
    assert path.stem not in NOT_A_SUBJECT, "a name for a place to put things, not for a subject"
    if tree.body:
        docstring = ast.get_docstring(tree)
        assert docstring, "no docstring: what is this module for?"
        assert len(docstring.splitlines()) <= DOCSTRING_LINES


@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_nothing_written_knows_a_machine_or_a_registry(path):
    found = [
        f"{path.name}:{n}: {line.strip()[:90]}"
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "engine").rglob("*.py")), ids=name_of)
def test_the_engine_is_deterministic_and_never_waits(path):
    found = [f"{path.name}:{node.lineno}: {why}" for node, why in undeterministic(parsed(path))]
    assert found == []


def undeterministic(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        named = called.id if isinstance(called, ast.Name) else ""
        if isinstance(node, ast.Set | ast.SetComp) or named in ("set", "frozenset", "hash", "id"):
            yield node, "sets, hash() and id() have no order two runs agree on"
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node, "the engine never waits"
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield node, "state lives in engine/state"


@pytest.mark.parametrize("path", sorted((ROOT / "engine/handlers").glob("*.py")), ids=name_of)
def test_a_handler_decides_and_writes_nothing(path):
    for node in ast.walk(parsed(path)):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        for target in (x for x in targets if isinstance(x, ast.Attribute)):
            assert ast.unparse(target).count(".") == 1, (
                f"{node.lineno}: writes {ast.unparse(target)}"
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            applies = node.func.attr in APPLIES and ast.unparse(node.func).count(".") > 1
            assert not applies, f"{node.lineno}: only the engine applies events"


@pytest.mark.parametrize("path", [x for x in PYTHON if "tests" not in x.parts], ids=name_of)
def test_only_the_command_line_prints(path):
    if name_of(path).startswith((*MAY_PRINT, "benchmarks/")):
        return
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=name_of)
def test_tests_use_fakes_of_our_own(path):
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [getattr(node, "module", "") or "", *(x.name for x in node.names)]
            assert not any(x.startswith("unittest") for x in modules), f"{path.name}:{node.lineno}"


def test_every_planted_bug_still_has_its_place():
    """Code that moves takes its bug along, or nobody notices that it is not planted any more."""
    mutants = tomllib.loads((ROOT / "tests/mutants.toml").read_text())["mutant"]
    astray = [x["name"] for x in mutants if (ROOT / x["file"]).read_text().count(x["old"]) != 1]
    assert astray == []
    assert len({x["name"] for x in mutants}) == len(mutants)


def test_how_a_state_is_dumped_is_written_down():
    """Or a change of it would go unnoticed by tests/engine/test_state_layout.py."""
    assert json.loads(WRITTEN_DOWN.read_text()) == layout(), "python -m tests.state_layout"


def test_the_checks_see_what_they_look_for():
    """A check that has never failed proves nothing."""
    bad = "x = {1, 2}\ny = hash(x)\nasync def f(): await g()\n"
    assert sorted(node.lineno for node, _ in undeterministic(ast.parse(bad))) == [1, 2, 3, 3]
    assert FOREIGN.search("-i https://pypi" + ".org/simple")
    assert FOREIGN.search("open('/tm" + "p/x')")
    assert not FOREIGN.search("docs/work/home.md and o2o/tmp/")
