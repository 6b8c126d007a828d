"""Real engines behind one protocol: the same publisher and handler, on what is run in production.

An adapter a file, and `servers/`, which starts the engines on this machine. This room stands on the
event and the broker, and knows nothing above them.
"""
