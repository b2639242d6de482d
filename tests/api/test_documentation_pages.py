"""The two documentation pages, as a person sees them: in a real browser, offline, under their policy."""

from urllib.parse import urlsplit

import pytest

from api.assets import ASSETS, PAGES, content
from tests.api.live import live_server
from tests.browser import browser_page, require_chromium

SEEN = {
    "/docs": "document.querySelectorAll('.opblock').length > 3",
    "/redoc": "document.body.innerText.includes('X-API-Key') && document.body.innerText.includes('unknown_model')",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    require_chromium()
    with live_server(tmp_path_factory.mktemp("api"), workers=1, threads=8) as url:
        yield url


@pytest.mark.parametrize("path", SEEN)
def test_the_page_shows_the_api_without_an_error_and_asks_nobody_else(server, tmp_path, path):
    with browser_page(tmp_path) as page:
        page.open(server + path, until=SEEN[path])
        page.screenshot(tmp_path / "page.png")
        assert page.said == []
        assert {urlsplit(url).netloc for url in page.requested if urlsplit(url).scheme != "data"} == {urlsplit(server).netloc}
        assert "Several models side by side" in page.value("document.body.innerText")


def test_a_request_can_be_tried_from_the_page(server, tmp_path):
    with browser_page(tmp_path) as page:
        page.open(f"{server}/docs", until=SEEN["/docs"])
        page.value("document.querySelector('#operations-health-health_live .opblock-summary-control').click()")
        page.wait("document.querySelector('#operations-health-health_live .execute') !== null")
        page.value("document.querySelector('#operations-health-health_live .execute').click()")
        page.wait("document.body.innerText.includes('\"alive\"')")
        assert page.said == []


def test_the_pages_name_no_host_but_ours():
    for page in PAGES.values():
        assert b"//" not in content(page)


def test_every_file_that_a_page_names_is_served(client):
    for name in ASSETS:
        response = client.get(f"/docs/assets/{name}")
        assert response.status_code == 200
        assert response.content_type.startswith(ASSETS[name].media)


def test_the_logo_of_redoc_is_ours():
    bundle = content(ASSETS["redoc.standalone.js"])
    assert b"cdn.redoc.ly" not in bundle
    assert bundle.count(b"docs/assets/redoc.svg") == 1


def test_the_policy_of_a_page_lets_no_script_run_but_our_files(client):
    for path in SEEN:
        policy = dict(part.strip().split(" ", 1) for part in client.get(path).headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/assets/swagger-ui.css"])
def test_where_the_documentation_is_closed_it_is_not_there(make_app, path):
    assert make_app(docs=False).test_client().get(path).status_code == 404


def test_a_file_that_the_browser_has_is_not_sent_again(client):
    first = client.get("/docs/assets/swagger-ui.css", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    again = client.get("/docs/assets/swagger-ui.css", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
