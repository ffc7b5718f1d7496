"""The report: an export asked for sales, customers and operations, as one page.

Each module is a section. Figures are counted when they happened; every sum of money is checked
against the ledger, and the page says whether they agree.
"""
