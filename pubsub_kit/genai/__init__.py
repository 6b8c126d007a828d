"""A GenAI pipeline, really run: documents to chunks, vectors and an index, and answers from it."""
