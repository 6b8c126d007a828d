"""The pipeline on Kubernetes: manifests, what validates them, and how a consumer's process ends.

    manifests/       an API and three consumers, with what scales them by their lag; files.py
    validation.py    holds a manifest to the schemas of Kubernetes and of KEDA (keda/), and to
                     rules.py, which says what has to agree
    worker.py        a consumer as a process: SIGTERM lets it finish the message that it holds
    termination.py   ends such a process as Kubernetes does, and counts what that cost; what the
                     process does with a document is in rehearsal.py

No cluster is needed, and none was used: the manifests were validated and not deployed.
"""
