"""What was played for one comparison is not played again for another, and the answer is the same."""

import pytest
from msgspec.structs import replace

from simulation.lab import command
from simulation.lab.arms import arms_of
from simulation.lab.code import code_digest, digest_of_sources
from simulation.lab.deciding import Rule
from simulation.lab.results import ComparisonError, Results, question_of, runs_for
from simulation.lab.variation import axis_of
from tests.simulation.test_lab import RESULTS, TINY, compare, document


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.mark.slow
def test_who_asks_for_more_plays_only_what_is_new(tiny, tmp_path):
    """More days and one more arm: the answer is the one of who asked for all of it at once."""
    first, more, whole = tmp_path / "first", tmp_path / "more", tmp_path / "whole"
    compare(str(tiny), "--vary", "couriers=2,8", "--replications", "2", "--out", str(first))
    words = [str(tiny), "--vary", "couriers=2,5,8", "--replications", "3", "--workers", "1"]
    code, text = compare(*words, "--out", str(more), "--reuse", str(first))
    assert code == command.ANSWERED
    was = {x.name: x.read_bytes() for x in (first / "runs").iterdir()}
    runs = {x.name: x.read_bytes() for x in (more / "runs").iterdir()}
    assert len(was) == 4
    assert len(runs) == 9
    assert {x: runs[x] for x in was} == was, "with what each took the computer: not played again"
    _, expected = compare(*words, "--out", str(whole))
    assert text.replace("more/", "whole/") == expected
    for name in RESULTS:
        assert (more / name).read_bytes() == (whole / name).read_bytes(), name


def test_runs_of_other_code_or_of_nothing_are_not_taken(tiny, tmp_path, capsys):
    arms = arms_of(document(), [axis_of("couriers=4,8")], [])
    question = question_of("x", arms, 1, Rule())
    assert question.versions["code"] == code_digest()
    with Results(tmp_path / "old", replace(question, versions=question.versions | {"code": "x"})):
        pass
    with pytest.raises(ComparisonError, match=r"of other versions \(code\): play them"):
        runs_for(question, tmp_path / "old")
    with pytest.raises(ComparisonError, match=r"other versions \(code\): choose another folder"):
        Results(tmp_path / "old", question)
    nowhere = ["--out", str(tmp_path / "out"), "--reuse", str(tmp_path / "nothing")]
    code, _ = compare(str(tiny), "--vary", "couriers=2,8", *nowhere)
    assert code == command.UNUSABLE
    assert "holds no comparison" in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_a_run_is_of_other_code_once_one_letter_of_what_plays_it_is_another(tmp_path):
    for name in ("engine/a.py", "solvers/kernels/b.py", "simulation/lab/report.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    first = digest_of_sources(tmp_path)
    (tmp_path / "simulation/lab/report.py").write_text("x = 2\n")
    (tmp_path / "engine/notes.txt").write_text("no code")
    assert digest_of_sources(tmp_path) == first, "how runs are told is no part of them"
    (tmp_path / "solvers/kernels/b.py").write_text("x = 2\n")
    second = digest_of_sources(tmp_path)
    (tmp_path / "solvers/kernels/b.py").rename(tmp_path / "solvers/b.py")
    assert len({first, second, digest_of_sources(tmp_path), code_digest()}) == 4
