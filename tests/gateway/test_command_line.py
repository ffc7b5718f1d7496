"""What the command line says to who calls it wrongly: one line, and 2."""

import os
import subprocess
import sys

import pytest

from gateway.cli import COMMANDS, main
from gateway.privacy.vault import Vault
from gateway.privacy.vault_keys import MASTER_FILE
from gateway.storage.journal import JOURNAL_FILE
from tests.journals import journal_of

READERS = [
    ["console", "DIR"],
    ["replay", "DIR"],
    ["fork", "DIR"],
    ["verify", "DIR"],
    ["explain", "DIR", "o"],
    ["export", "DIR"],
    ["sql", "DIR", "SELECT 1"],
    ["report", "DIR"],
    ["reconcile", "DIR", "--provider", "wechat", "--bill", "FILE"],
    ["token", "courier", "kim", "--data", "DIR/nowhere"],
]


@pytest.mark.parametrize("words", READERS, ids=lambda x: x[0])
def test_who_names_a_folder_without_a_journal_hears_so_in_one_line(words, tmp_path, capsys):
    called = [x.replace("DIR", str(tmp_path)) for x in words]
    assert main(called) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"o2o {words[0]}: ")
    assert told.err.count("\n") == 1
    assert "Errno" not in told.err


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--port", "99999999"],
        ["serve", "--port", "x"],
        ["serve", "--positions-port", "-1"],
        ["sandbox", "--port", "x"],
        ["demo", "--port", "70000"],
        ["console", ".", "--port", "70000"],
        ["token", "nobody", "kim"],
        ["simulate", "lunch_rush", "--seed", "-1"],
        ["nonsense"],
        [],
    ],
    ids=" ".join,
)
def test_what_is_no_such_thing_is_refused_before_anything_starts(words, capsys):
    try:
        status = main(words)
    except SystemExit as end:  # which is how argparse says no
        status = end.code
    assert status == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_second_server_of_the_same_folder_is_refused_in_one_line(tmp_path, capsys):
    """A process is no rival of itself: another one holds the journal."""
    holds = (
        "import sys; from pathlib import Path; from gateway.storage.journal import SqliteJournal\n"
        "journal = SqliteJournal(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", holds, str(tmp_path / JOURNAL_FILE)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        assert main(["serve", "--quiet", "--data", str(tmp_path), "--port", "0"]) == 1
        other.stdin.close()
    told = capsys.readouterr().err
    assert told.startswith("o2o serve: ")
    assert told.count("\n") == 1


def test_a_vault_that_another_key_made_is_refused_in_one_line(tmp_path, capsys):
    Vault(tmp_path, 0).close()
    (tmp_path / MASTER_FILE).write_text("ab" * 32)
    assert main(["serve", "--quiet", "--data", str(tmp_path), "--port", "0"]) == 1
    told = capsys.readouterr().err
    assert "does not open" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("subject", ["", "kim?", "x" * 65, "kim\n"])
def test_a_token_is_somebodys(subject, tmp_path, capsys):
    assert main(["token", "courier", subject, "--data", str(tmp_path)]) == 2
    assert "is no id" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_takes(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert f"usage: o2o {command}" in told
    assert "(default: None)" not in told
    assert "default: 2) (default" not in told


@pytest.mark.parametrize(
    "words",
    [
        ["sql", "DIR", "SELECT range FROM range(100000)"],
        ["verify", "DIR"],
        ["solvers"],
        ["sql", "--help"],
    ],
    ids=lambda x: " ".join(x[:2]),
)
def test_whoever_reads_only_the_beginning_hears_no_complaint(words, tmp_path):
    """As in `o2o sql data "SELECT ..." | head`."""
    journal_of(tmp_path, [])
    called = [x.replace("DIR", str(tmp_path)) for x in words]
    read, write = os.pipe()
    os.close(read)
    try:
        command = [sys.executable, "-m", "gateway.cli", *called]
        usual = {x: y for x, y in os.environ.items() if x != "PYTHONUNBUFFERED"}
        ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, env=usual)
    finally:
        os.close(write)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_no_text_of_a_table_is_a_formula(tmp_path, capsys):
    """A store may call itself anything, and tables are opened in spreadsheets."""
    journal_of(tmp_path, [])
    question = "SELECT '=1+1' AS a, '@x' AS b, '-2' AS c, -2 AS d, '+x' AS e, 'a=b' AS f, NULL AS g"
    assert main(["sql", str(tmp_path), question, "--csv"]) == 0
    assert capsys.readouterr().out == "a,b,c,d,e,f,g\n'=1+1,'@x,'-2,-2,'+x,a=b,\n"
