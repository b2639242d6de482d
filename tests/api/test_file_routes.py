"""What is answered about files: verdicts and credit, as `mta validate` and `mta attribute` give them on the same files, to the last digit."""

import gzip
import io
import json
from pathlib import Path

import polars as pl
import pytest
import zstandard
from click.testing import CliRunner

from mta_assets.cli import mta
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table
from tests.api.sending import ANALYZE, EVENTS, VALIDATE, form, part, waiting
from tests.api.test_problems import assert_problem

JULY = Path(__file__).parents[3] / "shared" / "data" / "july2018"
JULY_COLUMNS = "user_id=customer_id,ts=time,value=conversion_value"


@pytest.fixture
def analyst(app, client, key_of):
    client.environ_base["HTTP_X_API_KEY"] = key_of("analyst")
    return client


def by_command(*arguments):
    """What `mta` prints as JSON."""
    done = CliRunner().invoke(mta, [*map(str, arguments), "--json"], catch_exceptions=False)
    return json.loads(done.stdout)


def assert_same(answer, command):
    """Every row and every count are the command's, to the last digit."""
    money = {"value", "cost", "cpa"}
    rows = [{name: float(cell) if name in money and cell is not None else cell for name, cell in row.items()} for row in answer["data"]]
    shown = {name for row in command["results"] for name in row}
    assert [{name: cell for name, cell in row.items() if name in shown} for row in rows] == command["results"]
    for name in ("rows", "journeys", "conversions", "unavailable", "notes", "sums"):
        assert answer["about"][name] == command[name]


@pytest.mark.skipif(not JULY.exists(), reason="shared/data/july2018 is not here")
def test_the_july_file_gets_the_numbers_of_the_command(analyst):
    files = {"file": part((JULY / "events.csv").read_bytes()), "spend": part((JULY / "spend.csv").read_bytes(), "spend.csv")}
    answer = analyst.post(ANALYZE, **form(**files, columns=JULY_COLUMNS))
    assert answer.status_code == 200
    command = by_command("attribute", JULY / "events.csv", "--spend", JULY / "spend.csv", "--columns", JULY_COLUMNS)
    assert_same(answer.get_json(), command)


def test_simulated_files_get_the_numbers_of_the_command(analyst, tmp_path):
    touchpoints, conversions, spend = write_table(World(touchpoints=20_000, days=40, dirty_share=0.02), tmp_path)
    files = {
        name: part(path.read_bytes(), path.name) for name, path in (("file", touchpoints), ("conversions", conversions), ("spend", spend))
    }
    answer = analyst.post(ANALYZE, **form(**files, by="campaign", lookback_days="14", timezone="Europe/Berlin")).get_json()
    options = ("--by", "campaign", "--lookback-days", "14", "--timezone", "Europe/Berlin")
    assert_same(answer, by_command("attribute", touchpoints, conversions, "--spend", spend, *options))
    assert answer["total"] == len(answer["data"])
    verdict = analyst.post(VALIDATE, data=touchpoints.read_bytes(), query_string={"limit": 1000, "filename": touchpoints.name}).get_json()
    command = by_command("validate", touchpoints)
    assert verdict["rows"] == command["rows"]
    assert verdict["errors"] == [{k: v for k, v in row.items() if k != "record"} for row in command["rejected"][:1000]]
    assert verdict["reasons"] == command["reasons"]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lambda content: content])
def test_a_packed_file_is_as_good_as_the_file(analyst, pack):
    body = analyst.post(ANALYZE, data=pack(EVENTS.encode()), query_string={"models": "linear"}).get_json()
    assert [(row["channel"], row["conversions"], row["value"]) for row in body["data"]] == [
        ("email", 0.5, "9.995"),
        ("search", 0.5, "9.995"),
    ]


def test_every_format_holds_the_same_rows(analyst):
    frame = pl.read_csv(io.BytesIO(EVENTS.encode()), schema_overrides={"conversion": pl.String})
    held = io.BytesIO()
    frame.write_parquet(held)
    forms = {"csv": EVENTS, "json": json.dumps(frame.to_dicts()), "ndjson": frame.write_ndjson(), "parquet": held.getvalue()}
    answers = {name: analyst.post(ANALYZE, data=content, query_string={"models": "linear"}).get_json() for name, content in forms.items()}
    assert all(answer["data"] == answers["csv"]["data"] for answer in answers.values()), answers


def test_credit_can_be_had_as_csv_parquet_and_arrow(analyst):
    rows = [(row["channel"], row["conversions"]) for row in analyst.post(ANALYZE, data=EVENTS).get_json()["data"]]
    read = {
        "text/csv": pl.read_csv,
        "application/vnd.apache.parquet": pl.read_parquet,
        "application/vnd.apache.arrow.stream": pl.read_ipc_stream,
    }
    for media, reading in read.items():
        response = analyst.post(ANALYZE, data=EVENTS, headers={"Accept": media})
        assert reading(io.BytesIO(response.data)).select("channel", "conversions").rows() == rows


def test_text_that_a_spreadsheet_would_run_is_harmless_in_csv(analyst):
    answer = analyst.post(
        ANALYZE, data=EVENTS.replace("email", "=cmd()"), query_string={"models": "linear"}, headers={"Accept": "text/csv"}
    )
    assert "'=cmd()" in answer.text
    assert ",=cmd()" not in answer.text


def test_a_file_that_is_too_large_to_wait_for_becomes_a_job_that_says_that_no_daemon_runs(make_app):
    app = make_app(inline_mb=0)
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = "dev-api-key"
    answer = client.post(ANALYZE, data={"file": part(EVENTS)})
    assert answer.status_code == 202
    assert "mta up" in answer.get_json()["warning"]
    assert int(answer.headers["Retry-After"]) > 0
    assert_problem(client.post(ANALYZE, data={"file": part(EVENTS), "mode": "inline"}), "payload_too_large", 413)
    assert client.get(answer.headers["Location"]).get_json()["id"] == answer.get_json()["id"]


def test_a_verdict_is_computed_once_for_the_same_file_and_options(analyst):
    first, again = (analyst.post(VALIDATE, data=EVENTS) for _ in range(2))
    assert [answer.headers["X-Cache-Status"] for answer in (first, again)] == ["MISS", "HIT"]
    assert first.data == again.data
    assert analyst.post(VALIDATE, data=EVENTS, query_string={"limit": 1}).headers["X-Cache-Status"] == "MISS"
    assert analyst.post(VALIDATE, data=EVENTS + "\n").headers["X-Cache-Status"] == "MISS"


def test_a_verdict_tells_row_column_value_reason_and_remedy(analyst):
    body = analyst.post(VALIDATE, data={"file": part(EVENTS)}).get_json()
    assert body["verdict"] == "usable_with_rejected_rows"
    assert body["rows"] == {"read": 4, "accepted": 3, "quarantined": 1, "duplicates": 0}
    (error,) = body["errors"]
    assert {key: error[key] for key in ("file", "row", "column", "value")} == {
        "file": "events.csv",
        "row": 5,
        "column": "ts",
        "value": "yesterday",
    }
    assert error["reason"]
    assert error["remedy"]
    assert (body["first_day"], body["last_day"]) == ("2026-03-01", "2026-03-02")
    assert analyst.post(VALIDATE, data=EVENTS.replace("u3,yesterday,search,0,\n", "")).get_json()["verdict"] == "ok"


HUGE_CELL = "user_id,ts,channel\nu1,2026-03-01T10:00:00Z," + "x" * 4_000_000 + "\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("user_id,ts,channel,conversion\n", "None of its rows"),
        ("user_id:ts:channel:conversion\nu1:1:email:1\n", "user_id"),
        ("customer,time,channel,conversion\nu1,1,email,1\n", "customer"),
        (HUGE_CELL, "None of its rows"),
        ('[{"user_id": "u1", "ts"', "breaks off"),
        ('user_id,ts,channel\n"u1,2026-03-01,email\n', "None of its rows"),
        (gzip.compress(EVENTS.encode())[:-12], "cut short"),
        (b"PAR1" + b"\0" * 100, "cut short"),
    ],
    ids=["empty", "header only", "wrong delimiter", "other names", "huge cell", "torn json", "open quote", "torn gzip", "torn parquet"],
)
def test_a_file_that_cannot_be_used_gets_that_verdict_and_its_analysis_fails_with_the_reason(app, analyst, content, said):
    body = analyst.post(VALIDATE, **form(file=part(content))).get_json()
    assert (body["verdict"], body["rows"]["accepted"]) == ("unusable", 0)
    assert said in body["reason"]
    problem = analyst.post(ANALYZE, **form(file=part(content)))
    assert problem.status_code == 422
    for text in (body["reason"], problem.get_json()["message"]):
        assert "--c" not in text
        assert "mta.yaml" not in text
        assert str(app.extensions["mta"].settings.uploads) not in text
    assert waiting(app) == []


def test_nul_bytes_cost_their_rows_only(analyst):
    body = analyst.post(VALIDATE, data=EVENTS.replace("u2", "u\0002")).get_json()
    assert body["rows"]["quarantined"] == 2
    assert "\\u0000" not in json.dumps(body["errors"][0]["reason"])


@pytest.mark.parametrize(
    ("content", "status", "code", "said"),
    [
        (b"PK\x03\x04 xl/workbook.xml", 415, "unsupported_media_type", "xlsx"),
        (b"%PDF-1.7", 415, "unsupported_media_type", "PDF"),
        (gzip.compress(gzip.compress(b"a,b")), 415, "unsupported_media_type", "twice"),
        (gzip.compress(b"0" * 60_000_000), 413, "payload_too_large", "200 times"),
    ],
)
def test_what_is_not_even_looked_at_is_refused_with_what_it_is(app, analyst, content, status, code, said):
    for route in (VALIDATE, ANALYZE):
        assert said in assert_problem(analyst.post(route, data={"file": part(content)}), code, status)["message"]
    assert waiting(app) == []


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"columns": "user_id"}, "columns"),
        ({"columns": "user=uid"}, "columns"),
        ({"columns": "user_id=nobody"}, "columns"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"lookback_days": "0"}, "lookback_days"),
        ({"lookback_days": "nan"}, "lookback_days"),
        ({"mode": "now"}, "mode"),
        ({"by": "device"}, "by"),
        ({"kind": "event"}, "kind"),
        ({"modles": "all"}, "modles"),
    ],
)
def test_an_option_that_does_not_fit_is_named(analyst, options, field):
    for where in ({"query_string": options, "data": EVENTS}, {"data": {"file": part(EVENTS)} | options}):
        assert assert_problem(analyst.post(ANALYZE, **where), "invalid_parameter", 422)["details"]["field"] == field


def test_a_model_that_there_is_not_is_met_with_the_nearest(analyst):
    assert (
        "linear"
        in assert_problem(analyst.post(ANALYZE, data=EVENTS, query_string={"models": "liner"}), "invalid_parameter", 422)["message"]
    )


def test_files_that_make_no_analysis_together_say_what_is_missing(analyst):
    touchpoints = "user_id,ts,channel\nu1,2026-03-01T10:00:00Z,email\n"
    problem = assert_problem(analyst.post(ANALYZE, data=touchpoints), "invalid_parameter", 422)
    assert problem["details"]["field"] == "conversions"


def test_a_viewer_may_not_send_files(client, key_of):
    for route in (VALIDATE, ANALYZE):
        assert_problem(client.post(route, data=EVENTS, headers={"X-API-Key": key_of("viewer")}), "forbidden", 403)
