"""Plant each bug of mutants.toml in a copy of the project; a test must catch every one.

`python tests/mutants.py [word]` runs those whose name contains the word, one after another.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "data")
ENGINE_TESTS = [
    "tests/acceptance",
    "tests/engine/test_positions.py",
    "tests/engine/test_wiring.py",
    "tests/engine/test_fuzz.py",
    "tests/engine/test_properties.py",
]
TIMEOUT_S = 600


def caught_by(mutant: dict[str, str], copy: Path) -> str:
    """The first test that fails once the bug is planted; empty if it survives."""
    file = copy / mutant["file"]
    sound = file.read_text()
    assert sound.count(mutant["old"]) == 1, f"{mutant['name']}: cannot be planted"
    file.write_text(sound.replace(mutant["old"], mutant["new"]))
    tests = mutant.get("tests", "").split() or ENGINE_TESTS
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider"]
    try:
        run = subprocess.run(
            [*command, *tests],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return "(does not end)"
    finally:
        file.write_text(sound)
    if run.returncode == 0:
        return ""
    bad = [x for x in run.stdout.splitlines() if x.startswith(("FAILED", "ERROR"))]
    assert bad, run.stdout + run.stderr
    return bad[0].split(" - ")[0].removeprefix("FAILED ").removeprefix("tests/")


def main(words: list[str]) -> int:
    """Returns how many survived."""
    mutants = tomllib.loads((ROOT / "tests/mutants.toml").read_text())["mutant"]
    chosen = [x for x in mutants if all(word in x["name"] for word in words)]
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(ROOT, Path(folder) / "copy", ignore=LEFT_OUT))
        for mutant in chosen:
            caught = caught_by(mutant, copy)
            print(f"{mutant['name']:64} {caught or 'SURVIVED'}", flush=True)
            survived += not caught
    print(f"{len(chosen) - survived} of {len(chosen)} caught")
    return survived


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
