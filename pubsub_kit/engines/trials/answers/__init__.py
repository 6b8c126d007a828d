"""The lessons' answers on real engines: unchanged code, real time, and processes that are killed.

    a process                  a broker, with a process of its own or none
    ┌──────────────────────┐        ┌─────────────┐
    │ the kit's Consumer   │ ◀────▶ │ the engine  │
    │   the answer         │        └─────────────┘
    │     await db.put(…)  │ ─────▶ SQLite: the rows, and a journal of what was done outside
    └──────────────────────┘
          ✗ killed before one of its awaits, and started again

In a world, a crash may fall at every await of an effect. Here the same awaits have the same words,
and a process is killed (SIGKILL) or stopped (SIGSTOP) at the one that you name. What that proves is
how code, store and engine behave when a process dies. The operating system lives on, and with it
all that was written but not yet on the disk: a power cut is another experiment.
"""
