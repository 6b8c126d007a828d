"""HTTP in front of a broker: FastAPI apps that answer at once, and leave the work to consumers.

    POST /signup      202 ──► broker ──► welcome-email, analytics, vector-index      signup.py
    POST /documents   202 ──► a pipeline that chunks, embeds and indexes             documents.py
    GET  /search      the answer, from what is indexed by now

`Served` runs an app in a thread of this process, on 127.0.0.1 and a free port. All of it needs the
extra `genai`: FastAPI, uvicorn and httpx.
"""

from pubsub_kit.genai.service.installed import ServiceError as ServiceError
from pubsub_kit.genai.service.installed import check_installed

check_installed()

# ruff: noqa: E402 — only now can these be imported
from pubsub_kit.genai.service.documents import documents_app as documents_app
from pubsub_kit.genai.service.latency import band as band
from pubsub_kit.genai.service.latency import latencies as latencies
from pubsub_kit.genai.service.latency import wait_until_drained as wait_until_drained
from pubsub_kit.genai.service.served import Served as Served
from pubsub_kit.genai.service.served import client as client
from pubsub_kit.genai.service.signup import signup_app as signup_app
from pubsub_kit.genai.service.work import WORK as WORK
from pubsub_kit.genai.service.work import Services as Services
