"""How the workbook is set up, opened, made from its sources, and tested: the commands' work.

Its set-up runs on a bare Python, so what it needs of the other rooms it asks for late.
"""
