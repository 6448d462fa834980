"""A plan of actions received as a spreadsheet: read, previewed row by row, written whole or not."""
