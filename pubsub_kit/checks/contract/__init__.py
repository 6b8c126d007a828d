"""Contracts: what any broker, and any log, has to keep, whoever wrote it.

A contract consists of rows (`trial.py`). For a broker, `rows.py` has the core ones,
`capabilities.py` those for what only some can, `case.py` what a row is played on, and `held.py`
reports. For a log on real files, `log_rows.py` has the rows, `log_case.py` what they are played on,
`disk.py` each state that a crash can leave, and `damage.py` what a log has to make of it. Which
belief breaks which rows, and why that is wrong, is told in `reasons.py`.
"""
