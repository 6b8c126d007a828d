"""The arena's luck: the same seed draws the same numbers, whatever the version of numpy.

numpy may change what its `Generator` draws from one version to the next; what `RandomState` draws
is frozen (NEP 19, which also promises this of the bits of PCG64).
"""

from __future__ import annotations

import numpy as np

Chance = np.random.RandomState


def seeded(*seed: int) -> Chance:
    """Return a source of chance of its own for these whole numbers from 0 up."""
    return np.random.RandomState(np.random.PCG64(list(seed)))
