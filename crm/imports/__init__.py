"""A spreadsheet of companies, from its bytes to the rows it creates, and back again.

reading → columns → rows → plan are what the preview shows and what `commit` writes; `undo` takes
it back. Only `lookups`, `plan`, `commit` and `undo` touch the database.
"""
