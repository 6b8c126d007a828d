"""What a log accepts, and the copies that it gives out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pubsub_kit.errors import brief
from pubsub_kit.log.event import NO_EXTENSIONS, Event, checked, make, microseconds
from pubsub_kit.log.settings import LogError
from pubsub_kit.log.values import EventError, check_texts, copied, plain

_USUAL = 1 << 62
_SOON = 2.2e9  # seconds: below this, adding _WHOLE rounds microseconds to whole ones
_WHOLE = 1.5 * 2**52
_TEXTS = {str, type(None)}


def accepted(event: Event) -> Event:
    """Return a copy of an event that a log may keep; raises EventError for any other value.

    Its data is as JSON gives it back, and shares nothing with the writer's.
    """
    if event.__class__ is Event:
        id, source, type, time, data, subject, key, more = event
        if (
            data.__class__ is dict and subject is None and more is NO_EXTENSIONS
            and id.__class__ is source.__class__ is type.__class__ is str and id and source and type
            and (key is None or (key and key.__class__ is str and key.isascii()))
            and id.isascii() and source.isascii() and type.isascii()
            and time.__class__ is float and -_SOON < time < _SOON
            and (time * 1e6 + _WHOLE - _WHOLE) / 1e6 == time
        ):  # fmt: skip
            data = data.copy()
            for name, each in data.items():
                if name.__class__ is not str or not name.isascii():
                    break
                if each.__class__ is str:
                    if not each.isascii():
                        break
                elif each.__class__ is not int or not -_USUAL < each < _USUAL:
                    break
            else:
                return make(Event, (id, source, type, time, data, None, key, NO_EXTENSIONS))
    return _unusual(event)


def _unusual(event: Event) -> Event:
    """Do what `accepted` does, for any event: slower."""
    if event.__class__ is not Event:
        raise EventError(f"A log takes events, made by Event.new, not {brief(event)}.")
    id, source, type, time, data, subject, key, more = event
    check_texts(checked(event))
    if {id.__class__, source.__class__, type.__class__, subject.__class__, key.__class__} - _TEXTS:
        id, source, type = map(str.__str__, (id, source, type))  # of an Enum, say
        subject, key = subject and str.__str__(subject), key and str.__str__(key)
    time = microseconds(time) / 1_000_000
    if not (data is None or data.__class__ is bytes):
        data = plain(data)
    fields = (id, source, type, time, data, subject, key, dict(more) if more else NO_EXTENSIONS)
    return make(Event, fields)


def own(event: Event) -> Event:
    """Return the event with data of its own: changing it changes nobody else's copy."""
    id, source, type, time, data, subject, key, more = event
    if data.__class__ is dict:
        data = data.copy()
        for name, each in data.items():
            if each.__class__ is dict or each.__class__ is list:
                data[name] = copied(each)
    elif data.__class__ is list:
        data = copied(data)
    elif not more:
        return event
    return make(Event, (id, source, type, time, data, subject, key, dict(more) if more else more))


def several(events: Iterable[Event]) -> Sequence[Event]:
    """Return events as a sequence; raises LogError for what is no iterable of events."""
    if isinstance(events, str | bytes | bytearray | Mapping | Event):
        raise LogError(f"A batch is an iterable of events, such as a list, not {brief(events)}.")
    try:
        return tuple(events)
    except TypeError:
        if hasattr(events, "__iter__"):
            raise
        raise LogError(
            f"A batch is an iterable of events, such as a list, not {brief(events)}."
        ) from None


def across(shares: Mapping[int, Iterable[Event]]) -> dict[int, Sequence[Event]]:
    """Return {partition: events} with sequences of events; raises LogError for anything else."""
    if not isinstance(shares, Mapping):
        raise LogError(f"append_across takes {{partition: events}}, not {brief(shares)}.")
    return {number: several(events) for number, events in shares.items()}
