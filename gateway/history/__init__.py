"""History: a journal as Parquet tables, for whoever asks with SQL, pandas, or a report.

A table is a folder of part files; `export.json` beside them says of which record they are.
"""
