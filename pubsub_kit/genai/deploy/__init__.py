"""The pipeline on Kubernetes: manifests, what validates them, and how a consumer's process ends.

worker.py          a consumer as a process: SIGTERM lets it finish the message that it holds
termination.py     ends such a process as Kubernetes does, and counts what that cost


"""
