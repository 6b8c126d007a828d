"""`genai`: serve the pipeline in the foreground, with the handbook, until Ctrl-C stops it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pubsub_kit import options
from pubsub_kit.genai.corpus import documents, questions
from pubsub_kit.genai.pipeline import Pipeline
from pubsub_kit.genai.service import Served, documents_app

_PAUSE = 0.1  # seconds between two looks for work


def main(argv: Sequence[str]) -> int:
    """Run the command, and return its exit status: 0 after Ctrl-C.

    Raises PipelineError for a folder that can't be used, and EngineError for an engine.
    """
    asked = options.genai().parse_args(argv)
    with TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(asked.folder or temporary)
        with Pipeline(folder, asked.engine) as pipeline, Served(documents_app(pipeline)) as served:
            _serve(pipeline, served)
    return 0


def _serve(pipeline: Pipeline, served: Served) -> None:
    try:
        if not pipeline.chunks():
            for document in documents():
                pipeline.ingest(document.id, document.text)
        pipeline.drain()
        print(_told(pipeline, served), flush=True)
        while served.running:
            pipeline.drain()
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        print("\nStopping.", flush=True)


def _told(pipeline: Pipeline, served: Served) -> str:
    first = questions()[0].ask.replace(" ", "+").rstrip("?")
    return (
        f"{len(pipeline.chunks())} chunks in the index of {pipeline.models['active']}; it "
        f"answers at {served.url}\n"
        f"Ask:     curl '{served.url}/search?q={first}'\n"
        f'Change:  curl {served.url}/documents --json \'{{"doc": "cups", "text": "Cups are '
        "made of glass.\"}'\n"
        f"Delete:  curl -X DELETE {served.url}/documents/cups\n"
        "Lesson 13 can be run now. Ctrl-C stops this."
    )
