"""How files are received: as a body or as parts, under the names that clients gave but never at them, and removed when they were looked at."""

import pytest

from api.uploads import harmless_name
from mta_assets.state.job import JobState
from mta_assets.state.jobs import Jobs
from tests.api.sending import ANALYZE, EVENTS, VALIDATE, form, part, waiting
from tests.api.test_problems import assert_problem


@pytest.fixture
def analyst(app, client, key_of):
    client.environ_base["HTTP_X_API_KEY"] = key_of("analyst")
    return client


@pytest.mark.parametrize("media", ["text/csv", "application/octet-stream", "image/png", ""])
def test_a_body_is_a_file_whatever_its_type_says(app, analyst, media):
    body = analyst.post(VALIDATE, data=EVENTS, content_type=media, query_string={"filename": "March.csv"}).get_json()
    assert (body["file"], body["kind"], body["size_bytes"]) == ("March.csv", "event_log", len(EVENTS))
    assert waiting(app) == []


def test_a_part_is_a_file_with_or_without_a_name_and_other_parts_are_options(app, analyst):
    renamed = EVENTS.replace("user_id", "customer")
    body = analyst.post(VALIDATE, data={"file": part(renamed), "columns": "user_id=customer", "limit": "0"}).get_json()
    assert (body["file"], body["rows"]["accepted"], body["errors"]) == ("events.csv", 3, [])
    unnamed = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + EVENTS.encode() + b"\r\n--x--\r\n"
    assert analyst.post(VALIDATE, data=unnamed, content_type="multipart/form-data; boundary=x").get_json()["rows"]["read"] == 4
    assert waiting(app) == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\events.csv", "events.csv"),
        ("a\r\nSet-Cookie: x.csv", "a··Set-Cookie: x.csv"),
        ("\u202egpj.csv\x00", "·gpj.csv·"),
        ("", "file"),
        ("x" * 500, "x" * 200),
        (None, "file"),
    ],
)
def test_a_name_is_shown_without_path_and_control_characters(given, shown):
    assert harmless_name(given) == shown


def test_two_files_of_one_name_are_told_apart(analyst):
    spend = "day,channel,cost\n2026-03-01,email,1\n"
    body = analyst.post(ANALYZE, data={"file": part(EVENTS, "a.csv"), "spend": part(spend, "a.csv"), "models": "linear"}).get_json()
    assert [file["name"] for file in body["about"]["files"]] == ["a.csv", "a.csv (spend)"]


FORM = "multipart/form-data; boundary=x"
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


@pytest.mark.parametrize(
    ("content_type", "data", "status", "code", "said"),
    [
        (FORM, HEAD + b"user_id,ts", 400, "bad_request", "breaks off"),
        (FORM, b"nonsense", 400, "bad_request", "well formed"),
        ("multipart/form-data", HEAD + b"a\r\n--x--\r\n", 400, "bad_request", "well formed"),
        (FORM, b"--x\r\n\r\nno head\r\n--x--\r\n", 400, "bad_request", "well formed"),
        (FORM, HEAD.replace(b"file", b"fiel") + b"a\r\n--x--\r\n", 422, "invalid_parameter", "fiel"),
        (FORM, HEAD.replace(b"file", b"spend") + b"a\r\n--x--\r\n", 422, "invalid_parameter", "spend"),
        (FORM, b'--x\r\nContent-Disposition: form-data; name="limit"\r\n\r\n1\r\n--x--\r\n', 422, "invalid_parameter", "file"),
        (FORM, (HEAD + b"a\r\n") * 2 + b"--x--\r\n", 422, "invalid_parameter", "two parts"),
        (
            FORM,
            HEAD + b"a\r\n" + HEAD.partition(b";")[0] + b'; name="limit"\r\n\r\n' + b"9" * 30_000 + b"\r\n--x--\r\n",
            422,
            "invalid_parameter",
            "limit",
        ),
        (FORM, HEAD + b"a\r\n" + HEAD.partition(b";")[0] + b'; name="limit"\r\n\r\n\xff\r\n--x--\r\n', 400, "bad_request", "well formed"),
        (FORM, HEAD + b"a\r\n" + HEAD.partition(b";")[0] + b'; name="colour"\r\n\r\nred\r\n--x--\r\n', 422, "invalid_parameter", "colour"),
        (FORM, b"--x\r\n" + b"X-Head: " + b"a" * 400_000, 400, "bad_request", "well formed"),
        ("application/x-www-form-urlencoded", b"file=a", 415, "unsupported_media_type", "multipart"),
    ],
)
def test_a_body_that_is_no_form_of_ours_says_what_is_wrong_with_it(app, analyst, content_type, data, status, code, said):
    body = assert_problem(analyst.post(VALIDATE, data=data, content_type=content_type), code, status)
    assert said in str(body)
    assert waiting(app) == []


def test_a_body_over_the_limit_is_refused(make_app):
    app = make_app(max_upload_mb=1)
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = "dev-api-key"
    assert_problem(client.post(VALIDATE, data=b"a,b\n" * 300_000, content_type="text/csv"), "payload_too_large", 413)
    assert_problem(client.post(VALIDATE, **form(file=part(b"a,b\n" * 300_000))), "payload_too_large", 413)
    assert waiting(app) == []


def test_a_job_keeps_its_files_and_nothing_else_is_kept(app, analyst):
    response = analyst.post(ANALYZE, data={"file": part(EVENTS), "mode": "job", "models": "linear"})
    assert response.status_code == 202
    (job,) = Jobs(app.extensions["mta"].store).queued()
    assert response.headers["Location"] == f"/v1/jobs/{job.id}"
    assert (job.state, job.owner, job.options["models"], job.files[0].kind) == (JobState.QUEUED, "analyst", "linear", "event_log")
    (kept,) = waiting(app)
    assert kept.relative_to(app.extensions["mta"].settings.uploads).parts == (job.id, "files", "file")
    assert kept.read_text() == EVENTS


def test_who_has_enough_jobs_waiting_gets_no_more_and_leaves_no_file(make_app):
    app = make_app(concurrent_analyses=1)
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = "dev-api-key"
    assert client.post(ANALYZE, data={"file": part(EVENTS), "mode": "job"}).status_code == 202
    refused = client.post(ANALYZE, data={"file": part(EVENTS), "mode": "job"})
    assert_problem(refused, "too_many_analyses", 429)
    assert int(refused.headers["Retry-After"]) > 0
    assert len(waiting(app)) == 1
