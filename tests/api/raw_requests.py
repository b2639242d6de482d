"""Requests that no client library would send, as bytes: broken, ambiguous, truncated, oversized. No test."""

KEY = b"X-API-Key: dev-api-key\r\n"
CLOSE = b"Connection: close\r\n"


def head(line, *fields):
    return b"\r\n".join([line, *fields]) + b"\r\n\r\n"


def _smuggled(*fields, body=b"0\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"):
    """A POST that two servers may read differently, with a second request hidden in its body."""
    return head(b"POST /health/live HTTP/1.1", b"Host: x", *fields) + body


SMUGGLED = [
    _smuggled(b"Content-Length: 6", b"Transfer-Encoding: chunked"),
    _smuggled(b"Transfer-Encoding: chunked", b"Content-Length: 6"),
    _smuggled(b"Content-Length: 0", b"Content-Length: 44"),
    _smuggled(b"Content-Length: 5, 6"),
    _smuggled(b"Content-Length: +6"),
    _smuggled(b"Content-Length: -1"),
    _smuggled(b"Content-Length: 0x6"),
    _smuggled(b"Content-Length: 6 6"),
    _smuggled(b"Content-Length: \xb2"),
    _smuggled(b"Content-Length: " + b"9" * 50),
    _smuggled(b"Content-Length : 6"),
    _smuggled(b" Content-Length: 6"),
    _smuggled(b"Content_Length: 6", b"Content-Length: 44"),
    _smuggled(b"Transfer-Encoding: xchunked"),
    _smuggled(b"Transfer-Encoding : chunked"),
    _smuggled(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    _smuggled(b"Transfer-Encoding: chunked, identity"),
    _smuggled(b"Transfer-Encoding:\x0bchunked"),
    _smuggled(b"Transfer-Encoding: \x00chunked"),
    _smuggled(b"Transfer-Encoding: ch\xc3\xbcnked"),
    _smuggled(b"Transfer-Encoding: 'chunked'"),
    _smuggled(b"X: y\nTransfer-Encoding: chunked"),
    _smuggled(b"X: y\rTransfer-Encoding: chunked"),
    _smuggled(b"Transfer-Encoding: chunked", body=b"-1\r\n\r\n"),
    _smuggled(b"Transfer-Encoding: chunked", body=b"ffffffffffffffffffff\r\nx"),
    _smuggled(b"Transfer-Encoding: chunked", body=b"0x1\r\nx\r\n0\r\n\r\n"),
    _smuggled(b"Transfer-Encoding: chunked", body=b"1_0\r\nx\r\n0\r\n\r\n"),
    _smuggled(b"Transfer-Encoding: chunked", body=b"1;" + b"a" * 100_000 + b"\r\nx\r\n0\r\n\r\n"),
    _smuggled(b"Transfer-Encoding: chunked", body=b"1\nx\n0\n\n"),
    _smuggled(b"Transfer-Encoding: chunked", body=b"1\r\nxy\r\n0\r\n\r\n"),
    _smuggled(b"Transfer-Encoding: chunked", body=b"0\r\nContent-Length: 44\r\n\r\n"),
]

BROKEN = [
    b"\r\n\r\n", b"\0" * 100, b"GET", b"GET /", b"GET /health/live", b"GET /health/live\r\n\r\n", b"GET  /health/live  HTTP/1.1\r\n\r\n", b" GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\nHost", b"GET / HTTP/2.0\r\n\r\n", b"GET / HTTP/1.1.1\r\n\r\n", b"GET / http/1.1\r\n\r\n", b"GET / HTTP/-1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-x\r\n", b"*1\r\n$4\r\nPING\r\n", b"EHLO x\r\n", b"get / HTTP/1.1\r\n\r\n",
    b"G\xcbT / HTTP/1.1\r\n\r\n", b"A" * 300 + b" / HTTP/1.1\r\n\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\nGET /health/live HTTP/1.1\r\n\r\n",
]  # fmt: skip

_PATHS = [
    b"/../../etc/passwd", b"//etc/passwd", b"/./health/./live", b"/health/../health/live", b"/%2e%2e/%2e%2e/etc/passwd", b"/docs/assets/../../../etc/passwd",
    b"/docs/assets/..%2f..%2f..%2fetc%2fpasswd", b"/docs/assets/%00", b"/docs/assets/swagger-ui.css%00.js", b"/health/live%00", b"/health/live\x00", b"/health/live\xff",
    b"/health/live%0d%0aX-Injected:%20yes", b"/v1/attribution/%0d%0aX-Injected:yes", b"/v1/attribution/x%0a%0d%0a%0d<html>", b"/v1/attribution/%ff%fe", b"/v1/attribution/%F0%9F%98%80",
    b"/%", b"/%zz", b"/?%", b"/?" + b"a=1&" * 1_500, b"/v1/attribution/linear?" + b"&".join(b"channel=%d" % i for i in range(550)), b"/" + b"a/" * 3_000, b"*", b"http://other.example/health/live",
    b"//other.example/health/live", b"http://[::1/", b"\\health\\live", b"/health/live#x", b"/health/live;a=b", b"/v1/journeys/..", b"/v1/journeys/%2e%2e%2f", b"/v1/jobs/..%2f..", b"",
]  # fmt: skip
_METHODS = [b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"PUT", b"PATCH", b"DELETE", b"POST", b"PROPFIND"]
PATHS = [head(method + b" " + path + b" HTTP/1.1", b"Host: x", KEY.strip(), CLOSE.strip()) for path in _PATHS for method in _METHODS]

_FIELDS = [
    b"X: a\r\n b", b"X: a\r\n\tb", b"X", b": x", b"X:", b"X\0: a", b"X: a\0b", b"X: a\rb", b"X: a\nY: b", b"X: \x80\xff", b"X-\xc3\xa9: a", b"X Y: a", b"(X): a", b"X: " + b"a" * 8_000, b"X: " + b"a" * 9_000,
    b"Cookie: " + b"a=b; " * 1_500, b"Host: a\r\nHost: b", b"Host:", b"Host: a b", b"Host: a/b", b"Host: ../..", b"Host: x:99999999", b"Host: x\r\n\r\nGET / HTTP/1.1", b"Expect: 100-continue",
    b"Expect: x", b"Upgrade: websocket\r\nConnection: Upgrade", b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings", b"Range: bytes=0-,0-,0-", b"Range: bytes=-1",
    b"Range: bytes=9999999999999999999-", b"If-None-Match: " + b'"a",' * 1_900, b"If-None-Match: *", b"If-None-Match: W/\"", b"If-Modified-Since: Mon, 99 Xyz 9999 99:99:99 GMT", b"Accept: " + b"a/b," * 2_000,
    b"Accept: text/csv;q=9999999999", b"Accept: text/csv;q=nan", b"Accept: ;;;", b"Accept: */", b"Accept-Encoding: " + b"gzip," * 1_600, b"Accept-Encoding: gzip;q=-1, zstd;q=x", b"Content-Type: \xff",
    b"Content-Encoding: gzip, gzip", b"X-Request-ID: a b", b"X-Request-ID: \xff", b"X-Request-ID: " + b"a" * 8_000, b"Authorization: Bearer " + b"a" * 8_000, b"Authorization: Bearer a.b.c", b"Authorization: Bearer \xff",
    b"Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", b"Authorization: Basic \xff", b"Authorization:", b"X-API-Key: ", b"X-API-Key: \xff\xfe", b"X-API-Key: mta_a_b", b"X-API-Key: mta_" + b"a" * 8_000,
    b"X-API-Key: x\r\nX-API-Key: y", b"Origin: null", b"Origin: http://x\r\nAccess-Control-Request-Method: \xff", b"X-Forwarded-For: \xff", b"X-Forwarded-For: ' OR 1=1", b"X-Forwarded-Host: evil", b"X-Forwarded-Proto: x",
    b"Forwarded: for=\"", b"X-HTTP-Method-Override: DELETE", b"Connection: keep-alive, close, x", b"Keep-Alive: timeout=99999999", b"TE: trailers", b"Trailer: Content-Length", b"Transfer-Encoding: gzip", b"Date: x", b"SCRIPT_NAME: /x",
]  # fmt: skip
FIELDS = [
    head(line, b"Host: x", field, CLOSE.strip())
    for line in (b"GET /v1/attribution/linear HTTP/1.1", b"GET /openapi.json HTTP/1.1", b"POST /v1/attribution/calculate HTTP/1.1")
    for field in _FIELDS
]

_PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: text/csv\r\n\r\na,b\n1,2\n'


def _multipart(body, boundary=b"b", length=None):
    length = len(body) if length is None else length
    fields = [
        b"Host: x",
        KEY.strip(),
        CLOSE.strip(),
        b"Content-Type: multipart/form-data; boundary=" + boundary,
        b"Content-Length: %d" % length,
    ]
    return head(b"POST /v1/attribution/validate HTTP/1.1", *fields) + body


MULTIPART = [
    _multipart(_PART % b"a.csv"),  # no end
    _multipart((_PART % b"a.csv") + b"\r\n--b--\r\n", length=10_000),  # less than was promised
    _multipart((_PART % b"a.csv") + b"\r\n--b--\r\n", length=20),  # more than was promised
    _multipart((_PART % b"a.csv") + b"\r\n--b--\r\n", boundary=b""),
    _multipart((_PART % b"a.csv") + b"\r\n--b--\r\n", boundary=b"other"),
    _multipart((_PART % b"a.csv") + b"\r\n--b--\r\n", boundary=b"x" * 5_000),
    _multipart((_PART % b"a.csv") + b"\r\n--b--\r\n", boundary=b'"'),
    _multipart(b"--b"),
    _multipart(b"--b\r\n"),
    _multipart(b"--b\r\n\r\n\r\n--b--"),
    _multipart(b"--b\r\nContent-Disposition: \xff\r\n\r\nx\r\n--b--\r\n"),
    _multipart(b"--b\r\n" + b"X: y\r\n" * 5_000 + b"\r\nx\r\n--b--\r\n"),
    _multipart(b"--b\r\nContent-Disposition: form-data; name=\"" + b"a" * 100_000 + b"\"\r\n\r\nx\r\n--b--\r\n"),
    _multipart(b"".join(b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % i for i in range(5_000)) + b"--b--\r\n"),
    *[_multipart((_PART % name) + b"\r\n--b--\r\n") for name in (b"../../etc/cron.d/x", b"/etc/passwd", b"a\0b", b"\xff\xfe", b"a" * 5_000, b"", b".", b"..", b"CON", b"a\r\nX: y", b"'; rm -rf /", b"a.csv.gz", b"=cmd()", b"%00.csv")],
]  # fmt: skip


def flood(count):
    """A body of a form with very many fields: what an address cannot carry."""
    body = b"&".join(b"a%d=%d" % (i, i) for i in range(count))
    fields = [b"Host: x", KEY.strip(), CLOSE.strip(), b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: %d" % len(body)]
    return head(b"POST /v1/attribution/calculate HTTP/1.1", *fields) + body


QUERY_FLOOD = head(
    b"GET /v1/attribution/linear?" + b"&".join(b"a%d=1" % i for i in range(100_000)) + b" HTTP/1.1", b"Host: x", KEY.strip(), CLOSE.strip()
)
HEADER_FLOOD = head(b"GET /health/live HTTP/1.1", b"Host: x", *[b"X-%d: a" % i for i in range(10_000)])
ALL = [*SMUGGLED, *BROKEN, *PATHS, *FIELDS, *MULTIPART, flood(100_000), QUERY_FLOOD, HEADER_FLOOD]
