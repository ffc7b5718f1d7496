"""A journal's folder, made of records that are there already."""

from itertools import islice

from gateway.storage.journal import JOURNAL_FILE, SqliteJournal


def journal_of(folder, records):
    """The folder. Many records a batch, as when many asked at once."""
    folder.mkdir(exist_ok=True)
    journal = SqliteJournal(folder / JOURNAL_FILE)
    left = iter(records)
    while batch := list(islice(left, 500)):
        journal.append(batch)
    journal.close()
    return folder
