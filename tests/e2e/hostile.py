"""The table of hostile streams: what a peer may send that it should not, and what it is to be told.

A case is the bytes of a connection from its first to its last, and what docs/protocol.md has for them:

    Goodbye(code)   the connection ends with that GOODBYE
    Refused(code)   an error envelope comes back, and the connection stays
    Stays()         nothing comes back, and the connection stays
    Answered()      the envelope is delivered, and its answer comes back
    AnyRefusal()    an error envelope comes back, whatever its code
    Delivered(part) the envelope is delivered, as it was sent as far as `part` goes; where `or_refused`,
                    it may be refused as bad-envelope instead: nobody has to walk through a thousand levels
    Anything()      the page leaves it open; only the others must not notice
"""

import random
import struct
from dataclasses import dataclass

import msgpack

from harness import jetway

frame = jetway.frame
HELLO, ENVELOPE, ANNOUNCE, ACK = jetway.HELLO, jetway.ENVELOPE, jetway.ANNOUNCE, jetway.ACK
PING, PONG, GOODBYE = jetway.PING, jetway.PONG, jetway.GOODBYE
ATTACH, DETACH, HOLD, RESUME = jetway.ATTACH, jetway.DETACH, jetway.HOLD, jetway.RESUME

MAX_FRAME = 16 << 20
BYSTANDER = "bystander"  # the service that answers what is delivered to it
OWN = "mine"             # the service that a hostile connection attaches
DEEP = 10_000


@dataclass
class Goodbye:
    code: str


@dataclass
class Refused:
    code: str


class Stays:
    pass


class Answered:
    pass


class Anything:
    pass


@dataclass
class Delivered:
    part: bytes
    or_refused: bool = False


class AnyRefusal:
    pass


@dataclass
class Case:
    name: str
    stream: bytes
    expected: object


pack = msgpack.packb
NEST_LIST = b"\x91" * DEEP + b"\xc0"
NEST_MAP = b"\x81\xa1k" * DEEP + b"\xc0"
CUT_LIST = b"\xdd\xff\xff\xff\xff"     # an array of 2^32-1 entries that do not come
CUT_MAP = b"\xdf\xff\xff\xff\xff"
CUT_TEXT = b"\xdb\xff\xff\xff\xffx"
CUT_BIN = b"\xc6\xff\xff\xff\xffx"
RESERVED = b"\xc1"                      # the one byte that msgpack never uses
VALUES = {"nil": b"\xc0", "bool": b"\xc3", "uint": pack(7), "negative": pack(-7), "float": pack(1.5),
          "str": pack("text"), "bin": pack(b"bin"), "list": pack(["x"]), "map": pack({"k": "v"}), "map of uint": pack({1: 2}),
          "ext": pack(msgpack.ExtType(5, b"x")), "nested list": NEST_LIST, "nested map": NEST_MAP}
MAPS = ("map", "map of uint", "nested map")
BROKEN = {"endless list": CUT_LIST, "endless map": CUT_MAP, "endless str": CUT_TEXT, "endless bin": CUT_BIN,
          "reserved byte": RESERVED, "nested and cut": b"\x91" * DEEP}
LONG = "n" * 200
BAD_NAMES = ("", "-a", ".a", "_a", "a b", "a@b", "a/b", "a\0b", "ä", "a\n", "*", LONG, "n" * 129)
RESERVED_NAMES = ("router", "echo", "client-", "client-1")


def header(length, kind=ENVELOPE, flags=0, hops=0, pin=0):
    return struct.pack(">IBBBB", length & 0xffffffff, kind, flags, hops, pin)


def raw_map(*pairs):
    """A msgpack map whose keys and values are given as bytes: what no packer would write."""
    return struct.pack(">BH", 0xde, len(pairs)) + b"".join(key + value for key, value in pairs)


def with_value(fields, key, value):
    """The map `fields` with `key` on this raw value, whatever it is."""
    return raw_map(*((pack(k), pack(v)) for k, v in fields.items() if k != key), (pack(key), value))


def hello(**changes):
    return {"protocol": [1], "role": "service", "services": [OWN], **changes}


def router_hello(machine, **changes):
    return {"protocol": [1], "role": "router", "machineId": machine, "incarnation": 1, **changes}


def envelope(**changes):
    return {"destination": BYSTANDER, "id": 1, **changes}


def broken_frames(first):
    """Frame headers out of range, after what `first` has opened the connection with."""
    for length in range(4):
        yield Case(f"length {length}", first + header(length) + b"\xc0" * 8, Goodbye("bad-frame"))
    yield Case("no body", first + header(4), Goodbye("bad-frame"))
    for pin in (1, 2, 8, 255):
        yield Case(f"a pin of {pin} beyond the frame", first + header(4, pin=pin) + b"p" * 300,
                   Goodbye("bad-frame"))
        yield Case(f"a pin of {pin} and no body", first + header(4 + pin, pin=pin) + b"p" * pin,
                   Goodbye("bad-frame"))
    for length in (MAX_FRAME + 1, 1 << 31, 0xffffffff):
        yield Case(f"length {length}", first + header(length), Goodbye("too-large"))
        yield Case(f"length {length} and a body", first + header(length) + b"x" * 1000, Goodbye("too-large"))


def before_hello():
    yield from broken_frames(b"")
    for kind in list(range(2, 11)) + [0, 12, 99, 255]:
        yield Case(f"kind {kind} before HELLO", frame(kind, pack(envelope())), Goodbye("bad-frame"))
    yield Case("HTTP", b"GET / HTTP/1.1\r\nHost: jetway\r\n\r\n", Goodbye("too-large"))
    yield Case("TLS", bytes.fromhex("16030100c8010000c40303") + b"\0" * 200, Goodbye("too-large"))
    yield Case("GOODBYE first", frame(GOODBYE, pack({"code": "shutdown", "message": ""})), Anything())
    for name, body in {**VALUES, **BROKEN}.items():
        if name not in ("map", "map of uint", "nested map"):
            yield Case(f"HELLO is {name}", frame(HELLO, body), Goodbye("bad-hello"))
    yield Case("HELLO is an empty map", frame(HELLO, b"\x80"), Goodbye("bad-hello"))


def hellos(good):
    """What may be wrong in a HELLO of either role; `good` is a right one."""
    whole = pack(good)
    for size in range(1, len(whole)):
        yield Case(f"HELLO cut after {size} bytes", frame(HELLO, whole[:size]), Goodbye("bad-hello"))
    yield Case("HELLO with bytes after it", frame(HELLO, whole + b"\xc0"), Goodbye("bad-hello"))
    for key, allowed in (("protocol", ()), ("role", ()), ("token", ("str",)), ("limits", MAPS)):
        for name, value in VALUES.items():
            if name not in allowed:
                yield Case(f"HELLO: {key} is {name}", frame(HELLO, with_value(good, key, value)),
                           Goodbye("bad-hello"))
        for name, value in BROKEN.items():
            yield Case(f"HELLO: {key} is {name}", frame(HELLO, with_value(good, key, value)), Goodbye("bad-hello"))
    for versions in ([], [0], [2], [2, 3, 255], [2**64 - 1]):
        yield Case(f"HELLO: protocol {versions}", frame(HELLO, pack({**good, "protocol": versions})),
                   Goodbye("version"))
    for role in ("", "king", "Service", LONG):
        yield Case(f"HELLO: role {role[:9]!r}", frame(HELLO, pack({**good, "role": role})), Goodbye("bad-hello"))
    for key in ("protocol", "role"):
        lacking = {k: v for k, v in good.items() if k != key}
        yield Case(f"HELLO without {key}", frame(HELLO, pack(lacking)), Goodbye("bad-hello"))


def local():
    """The streams for a local terminal."""
    yield from before_hello()
    yield from hellos(hello())
    for name in BAD_NAMES + RESERVED_NAMES:
        for services in ([name], [{"name": name}], ["fine", name]):
            yield Case(f"HELLO: services {str(services)[:30]}", frame(HELLO, pack(hello(services=services))),
                       Goodbye("bad-hello"))
    for name, value in {**VALUES, **BROKEN}.items():
        if name != "list":
            yield Case(f"HELLO: services is {name}", frame(HELLO, with_value(hello(), "services", value)),
                       Goodbye("bad-hello"))
        if name != "str":
            yield Case(f"HELLO: services holds {name}",
                       frame(HELLO, with_value(hello(), "services", b"\x91" + value)), Goodbye("bad-hello"))
        for key, right in (("name", "str"), ("capabilities", "list"), ("version", "str"), ("weight", "uint")):
            if name != right:
                service = with_value({"name": OWN}, key, value)
                yield Case(f"HELLO: a service's {key} is {name}",
                           frame(HELLO, with_value(hello(), "services", b"\x91" + service)), Goodbye("bad-hello"))
    yield Case("HELLO with 5,000 services", frame(HELLO, pack(hello(services=[f"s{n}" for n in range(5000)]))),
               Goodbye("bad-hello"))
    yield Case("HELLO: role router", frame(HELLO, pack(router_hello("beta"))), Goodbye("forbidden"))
    yield Case("HELLO with unknown keys", frame(HELLO, pack(hello(unknown=[1], another={}))), Stays())

    first = frame(HELLO, pack(hello()))
    yield Case("HELLO twice", first + first, Goodbye("bad-frame"))
    yield from ((Case(f"after HELLO: {case.name}", case.stream, case.expected)) for case in broken_frames(first))
    yield from unknown_kinds(first, (ANNOUNCE, ACK, HOLD, RESUME))
    yield from headers(first)
    yield from envelopes(first, refused=True)
    for source in (f"{BYSTANDER}@alpha", BYSTANDER, f"{OWN}@beta", "router@alpha", "echo@alpha", "client-1@alpha",
                   f"{OWN}@*"):
        yield Case(f"source {source}", first + frame(ENVELOPE, pack(envelope(source=source))),
                   Refused("forbidden-source"))
    for source in ("", "@alpha", f"{OWN}@", f"{OWN}@alpha@alpha", LONG, f"{OWN}@{LONG}"):
        yield Case(f"source {source[:20]!r}", first + frame(ENVELOPE, pack(envelope(source=source))), AnyRefusal())
    yield Case("source of its own", first + frame(ENVELOPE, pack(envelope(source=f"{OWN}@alpha"))), Answered())
    for destination in ("nobody", "nobody@alpha", f"{BYSTANDER}@nowhere"):
        yield Case(f"destination {destination}", first + frame(ENVELOPE, pack(envelope(destination=destination))),
                   Refused("no-route"))
    yield from attaches(first)
    for name, body in {**VALUES, **BROKEN}.items():
        yield Case(f"PING {name}", first + frame(PING, body), Anything())
        yield Case(f"PONG {name}", first + frame(PONG, body), Stays())
        yield Case(f"GOODBYE {name}", first + frame(GOODBYE, body), Anything())


def unknown_kinds(first, not_for_the_role):
    bodies = {"nil": b"\xc0", "broken": RESERVED, "map": pack(envelope()), "nested": NEST_LIST}
    for kind in (0, 12, 13, 100, 255) + tuple(not_for_the_role):
        for name, body in bodies.items():
            yield Case(f"kind {kind} with {name}", first + frame(kind, body), Stays())


def headers(first):
    """Header fields that a service is not asked for: the router makes its own."""
    for flags in range(256):
        if not flags & 0b1010:  # TRACE, and DRY with it, mean something
            yield Case(f"flags {flags}", first + frame(ENVELOPE, pack(envelope()), flags=flags), Answered())
        else:
            yield Case(f"flags {flags}", first + frame(ENVELOPE, pack(envelope()), flags=flags), Anything())
    for hops in (1, 31, 32, 33, 127, 128, 255):
        yield Case(f"hops {hops}", first + frame(ENVELOPE, pack(envelope()), hops=hops), Answered())
    for pin in (b"alpha", b"nowhere", b"\0", b"\xff" * 255, b"n" * 200, b"a@b"):
        yield Case(f"pin {pin[:9]!r}", first + frame(ENVELOPE, pack(envelope()), pin=pin), Answered())


def envelopes(first, refused):
    """Bodies that are no envelope: refused to a service, skipped and counted from a router."""
    bad = Refused("bad-envelope") if refused else Stays()

    def case(name, body):
        return Case(f"envelope: {name}", first + frame(ENVELOPE, body), bad)

    for name, body in {**VALUES, **BROKEN}.items():
        yield case(name, body)
    yield case("an empty map", b"\x80")
    whole = pack(envelope(source=f"{OWN}@alpha", replyTo=OWN, headers={"k": "v"}))
    for size in range(1, len(whole)):
        yield case(f"cut after {size} bytes", whole[:size])
    yield case("bytes after it", whole + b"\xc0")
    yield case("no destination", pack({"id": 1, "data": 1}))
    to_bystander = (pack("destination"), pack(BYSTANDER))
    allowed = {"source": ("str",), "destination": ("str",), "replyTo": ("str",), "id": ("str", "bin", "uint"),
               "inReplyTo": ("str", "bin", "uint"), "headers": ("map",), "error": MAPS}
    for key, right in allowed.items():
        for name, value in VALUES.items():
            if name not in right:
                yield case(f"{key} is {name}", with_value(envelope(), key, value))
        for name, value in BROKEN.items():
            yield case(f"{key} is {name}", with_value(envelope(), key, value))
        value = pack({"headers": {"k": "v"}, "error": {"code": "x"}}.get(key, BYSTANDER))
        yield case(f"{key} twice", raw_map(to_bystander, (pack(key), value), (pack(key), value)))
    yield case("data twice", raw_map(to_bystander, (pack("data"), b"\xc0"), (pack("data"), b"\xc0")))
    for name, value in BROKEN.items():
        yield case(f"data before the rest, {name}", raw_map((pack("data"), value), to_bystander))
        yield case(f"an unknown key on {name}", raw_map((pack("more"), value), to_bystander))
    yield case("a key that is no str", raw_map((pack("destination"), pack(BYSTANDER)), (pack(5), pack(5))))
    yield case("fewer entries than said", b"\x8f" + pack("destination") + pack(BYSTANDER))
    yield case("endless entries", CUT_MAP + pack("destination") + pack(BYSTANDER))
    if not refused:
        return
    for key in ("destination", "replyTo"):
        for address in ("", "@", "@alpha", "a@", "a@b@c", "a b", "a@b c", "-a", "a@-b", LONG, f"a@{LONG}", "n" * 129,
                        "ä", "a\0"):
            yield case(f"{key} {address[:12]!r}", pack(envelope(**{key: address})))
    yield case("replyTo to many", pack(envelope(replyTo=f"{OWN}@*")))
    # `data` is opaque, and so is what a later version may add. These go to the connection itself, for
    # the bystander could not read all of it.
    for name, value in {**VALUES, **BROKEN}.items():
        yield Case(f"data is {name}", first + frame(ENVELOPE, with_value({"destination": OWN}, "data", value)),
                   Delivered(value))
    for name, value in VALUES.items():
        for key, word in (("data", "data first"), ("more", "an unknown key")):
            yield Case(f"{word} is {name}", first + frame(ENVELOPE, raw_map(
                (pack(key), value), (pack("destination"), pack(OWN)))), Delivered(value, name.startswith("nested")))


def attaches(first):
    for kind, word in ((ATTACH, "ATTACH"), (DETACH, "DETACH")):
        expected = Refused("forbidden") if kind == ATTACH else Anything()
        for name, body in {**VALUES, **BROKEN}.items():
            if name not in ("map", "map of uint", "nested map"):
                yield Case(f"{word} is {name}", first + frame(kind, body), expected)
            if name != "list":
                yield Case(f"{word}: services is {name}",
                           first + frame(kind, with_value({}, "services", body)), expected)
            if name != "str":
                yield Case(f"{word}: services holds {name}",
                           first + frame(kind, with_value({}, "services", b"\x91" + body)), expected)
        for name in BAD_NAMES + RESERVED_NAMES:
            yield Case(f"{word} {name[:9]!r}", first + frame(kind, pack({"services": [name]})), expected)
        many = [f"s{n}" for n in range(5000)]
        yield Case(f"{word} of 5,000", first + frame(kind, pack({"services": many})), expected)


def network(machine):
    """The streams for a network listener, from a peer that says it is the router `machine`.

    `machine` is a function that gives a new name at each call: what one case did to the name of
    its peer is not to be met by the next.
    """
    yield from before_hello()
    good = router_hello(machine())
    yield from hellos(good)
    for key, right in (("machineId", "str"), ("incarnation", "uint"), ("session", "bin"), ("received", "uint")):
        for name, value in {**VALUES, **BROKEN}.items():
            if name != right:
                yield Case(f"HELLO: {key} is {name}", frame(HELLO, with_value(good, key, value)),
                           Goodbye("bad-hello"))
    for name in BAD_NAMES:
        yield Case(f"HELLO: machineId {name[:9]!r}", frame(HELLO, pack({**good, "machineId": name})),
                   Goodbye("bad-hello"))
    for key in ("machineId", "incarnation"):
        lacking = {k: v for k, v in good.items() if k != key}
        yield Case(f"HELLO without {key}", frame(HELLO, pack(lacking)), Goodbye("bad-hello"))
    yield Case("HELLO of the router's own name", frame(HELLO, pack(router_hello("alpha"))),
               Goodbye("duplicate-machine"))
    yield Case("HELLO: role service", frame(HELLO, pack(hello())), Anything())

    def first():
        return frame(HELLO, pack(router_hello(machine())))

    opening = first()
    yield Case("HELLO twice", opening + opening, Goodbye("bad-frame"))
    for case in broken_frames(b""):
        yield Case(f"after HELLO: {case.name}", first() + case.stream, case.expected)
    for case in unknown_kinds(b"", (ATTACH, DETACH)):
        yield Case(case.name, first() + case.stream, case.expected)
    for case in envelopes(b"", refused=False):
        yield Case(case.name, first() + case.stream, case.expected)
    for name, body in announces():
        yield Case(f"announce: {name}", first() + frame(ANNOUNCE, body), Anything())


def announces():
    """Bodies of ANNOUNCE that are wrong in form, or in what they claim."""
    good = {"machineId": "liar", "incarnation": 1, "full": True, "digest": bytes(8), "routes": [["liar", 1, 0, 0]],
            "catalogs": [{"machineId": "liar", "incarnation": 1, "revision": 1, "services": [
                {"name": "lie", "instance": 1, "health": "up"}]}], "requests": [["alpha", 5, 255]]}
    yield "as it should be, of another machine", pack(good)
    whole = pack(good)
    for size in range(1, len(whole), 3):
        yield f"cut after {size}", whole[:size]
    for name, value in {**VALUES, **BROKEN}.items():
        yield name, value
        for key in good:
            yield f"{key} is {name}", with_value(good, key, value)
        for key in ("routes", "catalogs", "requests"):
            yield f"{key} holds {name}", with_value(good, key, b"\x91" + value)
        for place in range(4):
            route = [pack("liar"), pack(1), pack(0), pack(0)]
            route[place] = value
            yield f"entry {place} of a route is {name}", with_value(good, "routes", b"\x91\x94" + b"".join(route))
        for key in ("machineId", "incarnation", "revision", "services"):
            catalog = with_value(good["catalogs"][0], key, value)
            yield f"{key} of a catalog is {name}", with_value(good, "catalogs", b"\x91" + catalog)
        for key in ("name", "instance", "health", "capabilities", "version", "weight"):
            service = with_value(good["catalogs"][0]["services"][0], key, value)
            catalog = with_value(good["catalogs"][0], "services", b"\x91" + service)
            yield f"{key} of a service is {name}", with_value(good, "catalogs", b"\x91" + catalog)
    top = 2**64 - 1
    for route in (["alpha", top, 0, 0], ["alpha", 1, 0, 0], ["liar", top, top, top], ["liar", 1, 65535, 0],
                  ["liar", 1, 65534, 255], ["liar", 0, 0, 0], ["liar", 1], [], ["liar", 1, 0, 0, 0],
                  [LONG, 1, 1, 1], ["", 1, 1, 1]):
        yield f"route {str(route)[:30]}", pack({**good, "routes": [route]})
    for request in (["alpha", top, 255], ["alpha", 1, 0], ["nowhere", 1, 255], ["alpha"], [], ["alpha", 2**33, 255]):
        yield f"request {request}", pack({**good, "requests": [request]})
    yield "the router's own catalog", pack({**good, "catalogs": [
        {"machineId": "alpha", "incarnation": top, "revision": top, "services": []}]})
    yield "a service of 200 characters", pack({**good, "catalogs": [
        {**good["catalogs"][0], "services": [{"name": LONG, "instance": 1, "health": "up"}]}]})
    yield "20,000 machines", pack({**good, "routes": [[f"m{n}", 1, 1, 1] for n in range(20_000)]})
    yield "100,000 requests", pack({**good, "requests": [["alpha", 1, 255]] * 100_000})


def good_stream():
    """A connection that does all that a service may, with nothing wrong in it."""
    return b"".join((frame(HELLO, pack(hello())),
                     frame(ATTACH, pack({"services": ["second"]})),
                     frame(ENVELOPE, pack(envelope(headers={"k": "v"}, data=[1, "two", b"three"]))),
                     frame(DETACH, pack({"services": ["second"]})),
                     frame(PING, b"\xc0")))


def noise(seed, count):
    """Random streams: pure noise, noise after a HELLO, noise in frames, and good streams with a few wrong bytes."""
    dice = random.Random(seed)
    opening, good = frame(HELLO, pack(hello())), good_stream()
    for number in range(count):
        way = number % 4
        if way == 0:
            yield dice.randbytes(dice.randrange(1, 400))
        elif way == 1:
            yield opening + dice.randbytes(dice.randrange(1, 400))
        elif way == 2:
            yield opening + b"".join(
                frame(dice.choice((HELLO, ENVELOPE, ANNOUNCE, PING, ATTACH, DETACH, dice.randrange(256))),
                      dice.randbytes(dice.randrange(1, 60)), pin=dice.randbytes(dice.choice((0, 0, 3, 255))))
                for _ in range(dice.randrange(1, 6)))
        else:
            wrong = bytearray(good)
            for _ in range(dice.randrange(1, 4)):
                wrong[dice.randrange(len(wrong))] = dice.randrange(256)
            yield bytes(wrong)
