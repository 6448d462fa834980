"""A catalogue published elsewhere, from its bytes to the programs it creates or updates, and back.

reading → one module a source (mission_transition, data_gouv, aides_territoires) → plan is what the
preview shows and what `commit` writes; `undo` takes it back. Only `places`, `plan`, `commit` and
`undo` touch the database; `api` asks Aides-territoires.
"""
