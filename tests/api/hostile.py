"""Hostile values and requests, made from the specification, so that a new route meets them too. No test."""

import json
import random
from urllib.parse import quote, quote_plus

TEXTS = [
    # empty, long, and characters that programs stumble over
    "", " ", "\0", "a\0b", "\x01\x1f\x7f", "\ufeff", "\u202e\u202d", "e\u0301" * 50, "\U0001f600" * 60, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "A" * 501, "ﷺ" * 200, "ı İ ß ﬀ", "\u2028\u2029", "%00", "%", "%%%", "%zz", "%c0%af", "%ff%fe", "+", "&&==&", ";", "#", "?", "[]", "a[b]=c",
    # numbers
    "NaN", "nan", "Infinity", "-Infinity", "1e309", "-1", "0", "-0", "0x10", "1_000", "９", "9" * 400, "1" + "0" * 5000, "2147483648", "9223372036854775808", "1.0", "1e3", " 1", "1 ", "true", "null", "None", "undefined",
    # dates
    "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-13-01", "2026-03-01T00:00:00Z", "-2026-03-01", "20260301", "1772323200", "99999999999999999999",
    # injection: SQL, templates, shells, formats, logs, markup, LDAP, XPath
    "' OR '1'='1", "'; DROP TABLE api_keys; --", "1; SELECT pg_sleep(9)", "' UNION SELECT secret FROM api_keys --", '" OR ""="', "admin'--", "`id`", "$(id)", "; sleep 9", "| cat /etc/passwd",
    "{{7*7}}", "{{config}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{0.__class__.__mro__}", "{settings.pepper}", "%s%s%s%n", "%(pepper)s", "${jndi:ldap://127.0.0.1/a}",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "=HYPERLINK(\"http://x\")", "@SUM(1)", "*)(uid=*))(|(uid=*", "' or count(//*)=1 or '",
    # lines of headers and logs
    "x\r\nX-Injected: yes", "x\nSet-Cookie: a=b", "x\r\n\r\n<html>", "%0d%0aX-Injected:%20yes", "\x1b[31mred\x1b[0m", '{"level":"info"}\n{"forged":true}',
    # ways to other files
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "....//....//etc/passwd", "/etc/passwd", "file:///etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f", "..;/", "C:\\boot.ini", "\\\\host\\share", "/proc/self/environ", "~root", ".git/config", "CON", "a/../b",
    # addresses that a server should not fetch
    "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:22/", "http://[::1]/", "gopher://127.0.0.1:6379/_FLUSHALL", "http://0x7f000001/", "http://localhost.",
    # JSON where text is expected, and regular expressions that blow up
    '{"$gt":""}', '["a"]', "[" * 2000, '{"__proto__":{"admin":true}}', "a" * 40 + "!", "channel," * 100 + "channel", "channel," * 100, "(a+)+$",
]  # fmt: skip

HEADERS = ["Accept", "Accept-Encoding", "If-None-Match", "Range", "X-Request-ID", "X-API-Key", "Authorization", "Cookie", "Host", "Origin",
           "X-Forwarded-For", "X-HTTP-Method-Override", "Content-Type", "Content-Encoding", "Content-Length", "Idempotency-Key", "If-Modified-Since",
           "Expect", "Referer", "User-Agent", "X-Original-URL", "Forwarded"]  # fmt: skip

BODIES = [
    b"", b"null", b"0", b'""', b"[]", b"{}", b"NaN", b"[NaN]", b"Infinity", b"-", b"{", b'{"a":', b'{"a":1,}', b"\xff\xfe\x00", b"\x00" * 64, b"\xef\xbb\xbf{}",
    b'{"a":1}{"b":2}', b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"a":1e999}', b'{"a":' + b"9" * 5_000 + b"}", b'"\\ud800"', b'{"\\u0000":"\\u0000"}',
    b'{"__class__":{"__mro__":[]}}', b'{"models":["linear"],"models":["shapley"]}', b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00", b"PAR1\x00\x00\x00\x00PAR1", b"PK\x03\x04" + b"\x00" * 40, b"(lp0\nS'cos'\n.", b"a,b\n1,2\n", b"a=1&b=2", b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../x\"\r\n\r\nhello",
]  # fmt: skip

TYPES = ["application/json", "application/json; charset=utf-16", "text/csv", "multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded",
         "application/octet-stream", "application/xml", "application/vnd.apache.parquet", "text/plain", "*/*", "", "application/json; charset=\xff"]  # fmt: skip

LEAVES = [
    None,
    True,
    -1,
    0,
    1e308,
    10**400,
    "",
    "\0",
    "A" * 10_000,
    [],
    {},
    [[]],
    {"": None},
    "2026-02-30",
    "NaN",
    [None] * 1000,
    {"a": {"b": {"c": {}}}},
    "\ud800",
    -0.0,
]


def requests_of(document, seed, count):
    """So many of (method, path with query, headers, body), drawn by the seed: half from every parameter of every route times every text and from
    bodies of every kind, half from random mixtures of all of it."""
    chance = random.Random(seed)  # noqa: S311  to be repeatable
    operations = [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]
    systematic = [request for each in operations for request in _of_parameters(*each)]
    systematic += [request for each in operations if each[1] in {"post", "patch"} for request in _of_bodies(*each, document)]
    systematic += [_one("get", "/v1/attribution/{model}", {(header, "header"): text}) for header in HEADERS for text in TEXTS]
    chosen = chance.sample(systematic, min(len(systematic), count // 2))
    return chosen + [_mixture(chance, *chance.choice(operations)) for _ in range(count - len(chosen))]


def _of_parameters(path, method, operation):
    return [_one(method, path, {each: text}) for each in _parameters(operation) for text in TEXTS]


def _of_bodies(path, method, operation, document):
    for body in BODIES:
        for media in TYPES:
            yield method, _filled(path, {}), {"Content-Type": media}, body
    for leaf in LEAVES:
        yield method, _filled(path, {}), {"Content-Type": "application/json"}, _wrong_types(operation, document, leaf)


def _mixture(chance, path, method, operation):
    known = [*_parameters(operation), (chance.choice(HEADERS), "header"), (chance.choice(TEXTS), "query")]
    given = {each: _mixed(chance) for each in chance.sample(known, chance.randint(1, min(4, len(known))))}
    verb = method if chance.random() < 0.8 else chance.choice(["put", "delete", "patch", "head", "options", "post", "get", "TRACE", "FOO"])
    request = _one(verb, path if chance.random() < 0.9 else path + quote(_mixed(chance)), given)
    return (*request[:3], chance.choice(BODIES)) if verb in {"post", "patch", "put"} else request


def _parameters(operation):
    return [(each["name"], each["in"]) for each in operation.get("parameters", []) if "name" in each]


def _mixed(chance):
    parts = chance.sample(TEXTS, chance.randint(1, 3))
    text = "".join(part[:300] for part in parts)
    return text[::-1] if chance.random() < 0.2 else text


def _one(method, path, given):
    query = "&".join(f"{quote_plus(name)}={quote_plus(text)}" for (name, place), text in given.items() if place == "query")
    raw = {name: text for (name, place), text in given.items() if place == "header"}
    headers = {
        name: text.encode().decode("latin-1").replace("\r", "").replace("\n", "") for name, text in raw.items()
    }  # lines are split on the live server
    return (
        method,
        _filled(path, {name: text for (name, place), text in given.items() if place == "path"}) + (f"?{query}" if query else ""),
        headers,
        b"",
    )


def _filled(path, values):
    for part in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{part}}}", quote(values.get(part, "linear"), safe=""))
    return path


def _wrong_types(operation, document, leaf):
    """A body with every property that the route knows, each of a wrong type."""
    schema = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {}).get("schema", {})
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    try:
        return json.dumps(dict.fromkeys(schema.get("properties", {"a": None}), leaf)).encode()
    except UnicodeEncodeError:
        return b"{}"
