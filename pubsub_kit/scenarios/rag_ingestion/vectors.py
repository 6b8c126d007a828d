"""Chunks and their vectors: the embedding service, the cache in front of it, and a chunk's id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.designs.components import DesignError
from pubsub_kit.designs.steps import Steps
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.world.verbs import sleep

Change = dict[str, Any]
TOKENS, PATIENCE = 300, 10.0  # of a chunk; seconds that the embedding service lets anybody wait


class OverQuota(PubSubKitError):
    """The embedding service refuses to work: its quota is used up for now."""


class Embedder(Steps):
    """The embedding service: a vector for each text, within a quota of tokens.

    Whoever would wait longer than 10 seconds is refused at once, which costs no tokens.
    """

    async def embed(self, data: Change) -> list[Any]:
        """Return one vector for each of `texts`, from `model`, as soon as the quota allows."""
        await self._turn(TOKENS * len(data["texts"]))
        self.record("embedded", data["model"], texts=list(data["texts"]))
        made = {(data["model"], text): self.vector(text, data["model"]) for text in data["texts"]}
        self.place.outside.setdefault("vectors", {}).update(made)
        return [made[data["model"], text] for text in data["texts"]]

    def vector(self, text: str, model: str) -> Any:
        """Return the vector of a text: a stand-in for a real model."""
        return f"{model}({text})"

    async def _turn(self, tokens: int) -> None:
        """Wait behind all that was asked before, at the quota's tokens a second."""
        outside, now = self.place.outside, self.place.now
        if quota := outside.get("quota"):
            free = max(now, outside.get("free", 0.0))
            if free > now + PATIENCE:
                raise OverQuota(f"429: over the quota for {free - now:.0f} s more")
            outside["free"] = free + tokens / quota
            await sleep(outside["free"] - now)


class Vectors(Steps):
    """How a version's texts become rows: by the cache, or by the embedding service."""

    async def embedded(self, data: Change, model: str) -> dict[str, Change]:
        """Return a version's rows of one model by their keys, with their vectors."""
        keys = [self.cached(data, n, model) for n in range(len(data["texts"]))]
        found = await self.vectors(dict(zip(keys, data["texts"], strict=True)), model)
        return {
            self.key(data, n, model): {
                "doc": data["doc"],
                "version": data["version"],
                "n": n,
                "text": data["texts"][n],
                **found[key],
            }
            for n, key in enumerate(keys)
        }

    async def vectors(self, texts: Mapping[str, str], model: str) -> dict[str, Change]:
        """Return the vector of each text by its key in the cache, embedding those not there."""
        kept = self.rows("embeddings") if self.keeps("embeddings") else None
        found = {key: await kept.get(key) for key in texts} if kept else {}
        missing = [key for key in texts if not found.get(key)]
        if not missing:
            return found
        new = [texts[key] for key in missing]
        asked = {"id": " ".join(new)[:24], "texts": new, "model": model}
        made = await self.send("embed", asked)
        if made is None:
            raise DesignError(
                "a vector is needed at once: wire to a Provider that performs 'embed'"
            )
        for key, vector in zip(missing, made, strict=True):
            found[key] = {"model": model, "vec": vector}
            if kept:
                await kept.put(key, found[key])
        if kept:
            self.record("kept", model, texts=new)
        return found

    def cached(self, data: Change, n: int, model: str) -> str:
        """Return where the cache has a text's vector; a text stands for its hash."""
        text = data["texts"][n]
        chunk = f"{data['doc']} {data['version']}.{n} {model}"
        choices = {"hash": text, "chunk": chunk, "hash-and-model": f"{text} {model}"}
        return str(choices[self.decisions["cache-key"]])

    def key(self, data: Change, n: int, model: str) -> str:
        """Return a chunk's id, below the index that it belongs to."""
        index, chunk = self.index(model), f"{data['doc']} {data['version']}.{n}"
        if self.decisions["chunk-id"] == "content-hash":
            return f"{index} #{data['texts'][n]}"
        if self.decisions["chunk-id"] == "random":
            fresh = self.place.outside["ids"] = self.place.outside.get("ids", 0) + 1
            return f"{index} {chunk} id{fresh}"
        return f"{index} {chunk}"

    def index(self, model: str) -> str:
        """Return the index of a model: its own, or the only one."""
        return model if self.decisions["new-model"] == "second-index" else "all"
