"""What stands in front of the API says the same as the API does: which routes take files, how large, whom to believe, how failures look."""

import json
import re
import shutil
import subprocess

import pytest

from api.application import _with_routes
from api.problems import CODES
from mta_assets.settings import ApiSettings
from tests.containers import TOP, composed

TEXT = (TOP / "deploy/nginx/nginx.conf").read_text()
SERVICES = composed({})["services"]
APP, ACCESS = _with_routes(ApiSettings())
RULES = {rule.rule: ACCESS[rule.endpoint] for rule in APP.url_map.iter_rules() if rule.endpoint in ACCESS}


def test_nginx_takes_it(tmp_path):
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    subprocess.run([TOP / "deploy/secrets.sh", "localhost", tmp_path / "secrets"], check=True, capture_output=True)
    own = re.sub(r"(?<=[ \n])/tmp/", f"{tmp_path}/", TEXT).replace("/run/secrets", str(tmp_path / "secrets"))
    (tmp_path / "nginx.conf").write_text(re.sub(r"\b(api:8000|webserver:3000|grafana:3000)", "127.0.0.1:1", own))
    found = subprocess.run(["nginx", "-t", "-q", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "warn" not in found.stderr.replace('the "user" directive', "")


def test_files_stream_through_on_every_route_that_takes_them_and_on_no_other():
    [streamed] = re.findall(r"location ~ (\S+) \{\s+proxy_request_buffering off", TEXT)
    assert {path for path in RULES if re.search(streamed, path)} == {path for path, access in RULES.items() if access.upload}


def test_only_routes_that_take_more_are_let_more_through():
    [small] = re.findall(r"location / \{\s+client_max_body_size (\d+)m;", TEXT)
    large = set(re.findall(r"location = (/v1\S+) \{", TEXT))
    limits = {path: access.most_bytes for path, access in RULES.items() if not access.upload}
    assert {path for path, most in limits.items() if most is None or most > int(small) * 1_000_000} == large


def test_the_api_says_what_is_too_large_before_nginx_does():
    [most] = set(re.findall(r"client_max_body_size (\d+)m;\s+limit_req", TEXT))
    assert ApiSettings().max_upload_mb < int(most) * 1.048576 < 1.25 * ApiSettings().max_upload_mb


def test_one_proxy_is_believed_and_what_a_client_claims_is_replaced():
    assert SERVICES["api"]["environment"]["MTA_API_PROXY_HOPS"] == "1"
    assert re.search(r"proxy_set_header X-Forwarded-For \$remote_addr;", TEXT)
    assert "$proxy_add_x_forwarded_for" not in TEXT
    for header in ("X-Forwarded-Proto $scheme", "X-Forwarded-Host $http_host", 'Forwarded ""'):
        assert f"proxy_set_header {header};" in TEXT


def test_its_own_failures_have_the_api_s_shape_and_codes():
    for status, body in re.findall(r"return (\d{3}) '(\{.*\})';", TEXT):
        document = json.loads(body)
        assert CODES[document["error"]].status == int(status)
        assert {"error", "message", "details", "request_id", "timestamp"} <= document.keys()


def test_every_server_behind_it_and_every_port_of_its_own_is_in_the_compose_file():
    for name, port in re.findall(r"(?:server|http://)\s*(\w+):(\d+)[;\s]", TEXT):
        assert name in SERVICES
        assert {"api": "8000", "webserver": "3000", "grafana": "3000"}[name] == port
    published = {mapping.rpartition(":")[2] for mapping in SERVICES["nginx"]["ports"]}
    assert published == set(re.findall(r"listen (\d+)", TEXT))


def test_nothing_but_tls_is_spoken_and_no_key_or_query_is_logged():
    plain, *others = re.findall(r"listen [^;]+;", TEXT)
    assert plain == "listen 8080 default_server;"
    assert all(line.endswith(" ssl;") for line in others)
    assert not re.search(r"\$(request|args|query_string|request_uri|http_authorization|http_x_api_key)\b", TEXT.partition("access_log")[0])
