"""Runs to draw: two by hand, each with a point, and any number made by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.marks import Text
from pubsub_kit.show.picture import Picture
from pubsub_kit.world.trace import Trace


def retry_charges_twice() -> Trace:
    """The reply of a charge is lost, so the caller charges again: the step at 12 is the mistake."""
    trace = Trace()
    trace.add(0.00, "send", "shop", "bank", "m1", "charge 30")
    trace.add(0.01, "receive", "bank", "shop", "m1")
    trace.add(0.01, "begin", "bank", "", "m1")
    trace.add(0.05, "effect", "bank", text="70", data="balance")
    trace.add(0.05, "end", "bank", "", "m1", "done")
    trace.add(0.05, "send", "bank", "shop", "m2", "charged")
    trace.add(0.06, "lose", "bank", "shop", "m2", "charged is lost", True)
    trace.add(0.30, "timeout", "shop", "bank", "m1", "no reply in 0.3 s")
    trace.add(0.30, "retry", "shop", "bank", "m1", "tries again")
    trace.add(0.31, "send", "shop", "bank", "m3", "charge 30")
    trace.add(0.32, "receive", "bank", "shop", "m3")
    trace.add(0.32, "begin", "bank", "", "m3")
    trace.add(0.36, "effect", "bank", text="40", data="balance")
    trace.add(0.36, "end", "bank", "", "m3", "done")
    trace.add(0.36, "send", "bank", "shop", "m4", "charged")
    trace.add(0.37, "receive", "shop", "bank", "m4")
    trace.add(0.37, "end", "shop", data={"latency": 0.37, "ok": True})
    return trace


def crash_at_one_instant() -> Trace:
    """A worker crashes after its effect, all at time 0; the message comes again and twice."""
    trace = Trace()
    trace.add(0.0, "send", "topic", "worker", "d1", "payment-1")
    trace.add(0.0, "receive", "worker", "topic", "d1")
    trace.add(0.0, "begin", "worker", "", "d1")
    trace.add(0.0, "effect", "worker", text="balance = 70")
    trace.add(0.0, "crash", "worker", text="crash before the ack", fault=True)
    trace.add(0.0, "restart", "worker")
    trace.add(0.0, "send", "topic", "worker", "d2", "payment-1")
    trace.add(0.0, "receive", "worker", "topic", "d2")
    trace.add(0.0, "receive", "worker", "topic", "d2", fault=True)
    return trace


def chatter(messages: int, nodes: int = 4) -> Trace:
    """Many messages among a few nodes, a send and its receive at a time."""
    trace = Trace()
    for i in range(messages):
        a, b = f"service-{i % nodes}", f"service-{(i + 1 + i % 2) % nodes}"
        trace.add(i * 0.01, "send", a, b, f"m{i}", f"request {i}")
        trace.add(i * 0.01 + 0.005, "receive", b, a, f"m{i}")
    return trace


HOSTILE = (
    "<script>alert(1)</script>",
    "\"quoted\" & 'single'",
    "]]><!-- & &amp; -->",
    "$x_1$ $\\frac{1}{0}$",
    "שלום עולם",
    "evil\u202eltr",
    "🎉👩‍👩‍👧 配送服务",
    "n" * 300,
    "two\nlines\tand\x00\x1b[31mmore",
    "\ud800 alone",
    "a\u0301\u0301\u0301\u0301",
    "",
)
labels = st.text(st.characters(codec="ascii"), max_size=40) | st.sampled_from(HOSTILE)
KINDS = (
    *("effect", "read", "begin", "end", "timeout", "retry", "pause", "crash", "restart"),
    *("breaker", "partition", "repair", "note", "odd"),
)

names = st.sampled_from(("client", "S1", "S0", "payments-service-eu-west", "worker-2", *HOSTILE))
words = st.sampled_from(("", "order-7", "charge 30", "no reply to order-7 in 0.3 s", *HOSTILE))


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Any run: messages that arrive, twice, late, never, from nowhere; and steps of every kind."""
    nodes = draw(st.lists(names, min_size=1, max_size=16, unique=True))
    node = st.sampled_from(nodes)
    trace, time, sent = Trace(), 0.0, 0
    gaps = st.sampled_from((0.0, 0.0, 0.001, 0.05, 10.0))
    for _ in range(draw(st.integers(0, 60))):
        time += draw(gaps)
        kind = draw(st.sampled_from(("send", "send", "receive", "receive", "lose", *KINDS)))
        fault = draw(st.booleans()) and draw(st.booleans())
        if kind == "send":
            sent += 1
            key = f"m{sent}"
        else:
            key = f"m{draw(st.integers(max(1, sent - 3), sent + 1))}"
        data = draw(st.sampled_from((None, "balance", {"latency": 0.1, "ok": False}, 3)))
        trace.add(time, kind, draw(node), draw(node), key, draw(words), fault, data)
    return trace


def canvas_of(picture: Picture) -> Canvas:
    """Return what a diagram is drawn on."""
    assert isinstance(picture.drawing, Canvas)
    return picture.drawing


def overlapping(canvas: Canvas) -> list[tuple[Text, Text]]:
    """Return the pairs of texts whose boxes overlap, by sweeping over their tops."""
    boxes = sorted(((t.bounds(), t) for t in canvas.texts()), key=lambda pair: pair[0][1])
    found = []
    for i, (a, first) in enumerate(boxes):
        for b, second in boxes[i + 1 :]:
            if b[1] >= a[3] - 0.01:
                break
            if a[0] < b[2] - 0.01 and b[0] < a[2] - 0.01:
                found.append((first, second))
    return found


def outside(canvas: Canvas) -> list[Text]:
    """Return the texts that leave the canvas."""
    edge = (0.0, 0.0, canvas.w, canvas.h)
    return [
        text
        for text in canvas.texts()
        for left, top, right, bottom in [text.bounds()]
        if left < edge[0] or top < edge[1] or right > edge[2] or bottom > edge[3]
    ]
