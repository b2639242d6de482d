"""Prometheus' own tool finds the rules sound, and each of them fires on what it is about and on nothing else."""

import re
import shutil
import subprocess

import pytest
import yaml

from tests.containers import TOP

RULES = TOP / "deploy/prometheus/mta.rules.yml"
ALERTS = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
# Alert -> (series that make it fire, series that do not), each by what it does from minute to minute, and the minute of the question.
CASES = {
    "MtaApiDown": ({'up{job="mta-api",instance="a"}': "0x10"}, {'up{job="mta-api",instance="a"}': "1x10"}, 5),
    "MtaPartDown": ({'mta_component_up{component="redis"}': "0x10"}, {'mta_component_up{component="redis"}': "1x10"}, 5),
    "MtaErrorRate": (
        {'mta_http_requests_total{status="200"}': "0+90x20", 'mta_http_requests_total{status="500"}': "0+10x20"},
        {'mta_http_requests_total{status="200"}': "0+99x20", 'mta_http_requests_total{status="500"}': "0+1x20"},
        15,
    ),
    "MtaSlowAnswers": (
        {
            'mta_http_request_seconds_bucket{method="GET",le="1.0"}': "0+80x30",
            'mta_http_request_seconds_bucket{method="GET",le="2.5"}': "0+100x30",
            'mta_http_request_seconds_bucket{method="GET",le="+Inf"}': "0+100x30",
        },
        {
            'mta_http_request_seconds_bucket{method="GET",le="1.0"}': "0+99x30",
            'mta_http_request_seconds_bucket{method="GET",le="2.5"}': "0+100x30",
            'mta_http_request_seconds_bucket{method="GET",le="+Inf"}': "0+100x30",
        },
        25,
    ),
    "MtaFailedAuthentications": (
        {'mta_problems_total{code="key_expired"}': "0+20x10"},
        {'mta_problems_total{code="not_found"}': "0+20x10"},
        8,
    ),
    "MtaAddressBlocked": (
        {'mta_problems_total{code="address_blocked"}': "0+1x10"},
        {'mta_problems_total{code="address_blocked"}': "7x10"},
        8,
    ),
    "MtaLimited": ({'mta_limit_rejections_total{limit="key"}': "0+30x10"}, {'mta_limit_rejections_total{limit="key"}': "0+10x10"}, 8),
    "MtaDaemonSilent": ({"mta_daemon_silent_seconds": "0+60x10"}, {"mta_daemon_silent_seconds": "5x10"}, 8),
    "MtaRunFailed": (
        {'mta_runs_total{job="core",outcome="failed"}': "1x5 2x10"},
        {'mta_runs_total{job="core",outcome="failed"}': "2x15", 'mta_runs_total{job="core",outcome="done"}': "0+1x15"},
        10,
    ),
    "MtaDataStale": ({'mta_data_late{kind="table",name="t"}': "1x30"}, {'mta_data_late{kind="table",name="t"}': "0x30"}, 20),
    "MtaCheckFailed": (
        {'mta_check_passed{asset="a",check="c",severity="error"}': "0x5"},
        {'mta_check_passed{asset="a",check="c",severity="error"}': "1x5"},
        2,
    ),
    "MtaCheckWarns": (
        {'mta_check_passed{asset="a",check="c",severity="warning"}': "0x5"},
        {'mta_check_passed{asset="a",check="c",severity="error"}': "0x5"},
        2,
    ),
    "MtaQuarantineGrows": (
        {'mta_rows_total{source="s",fate="quarantined"}': "0+10x60", 'mta_rows_total{source="s",fate="accepted"}': "0+90x60"},
        {'mta_rows_total{source="s",fate="quarantined"}': "0+1x60", 'mta_rows_total{source="s",fate="accepted"}': "0+99x60"},
        60,
    ),
    "MtaDuplicatesGrow": (
        {'mta_rows_total{source="s",fate="duplicates"}': "0+30x60", 'mta_rows_total{source="s",fate="accepted"}': "0+70x60"},
        {'mta_rows_total{source="s",fate="duplicates"}': "0+10x60", 'mta_rows_total{source="s",fate="accepted"}': "0+90x60"},
        60,
    ),
    "MtaWorkWaits": ({'mta_pending_days{scope="fit"}': "2x240"}, {'mta_pending_days{scope="fit"}': "2x100 0x5 2x140"}, 200),
    "MtaCreditDisagrees": (
        {'mta_credited_conversions{model="a",additive="yes"}': "100x60", 'mta_credited_conversions{model="b",additive="yes"}': "99x60"},
        {'mta_credited_conversions{model="a",additive="yes"}': "100x60", 'mta_credited_conversions{model="b",additive="no"}': "170x60"},
        45,
    ),
    "MtaDiskFills": ({"mta_lake_disk_free_bytes": "4e9x30"}, {"mta_lake_disk_free_bytes": "5e10x30"}, 20),
}


def promtool(*arguments):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian has it in the package prometheus)")
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)


def judged(tmp_path, alert, series, minute, fires):
    """Ask promtool whether these series make the alert fire, and nothing else of the kind."""
    interval = {"interval": "1m", "input_series": [{"series": name, "values": values} for name, values in series.items()]}
    query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    interval["promql_expr_test"] = [{"expr": query, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": int(fires)}]}]
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [interval]}))
    return promtool("test", "rules", file)


def test_the_tool_finds_the_rules_sound():
    found = promtool("check", "rules", RULES)
    assert (found.returncode, f"{len(ALERTS)} rules found" in found.stdout) == (0, True), found.stderr + found.stdout


def test_the_tool_finds_the_configuration_sound():
    version = tuple(map(int, re.search(r"version (\d+)\.(\d+)", promtool("--version").stdout).groups()))
    if version < (2, 55):
        pytest.skip("http_headers came with Prometheus 2.55")
    found = promtool("check", "config", "--syntax-only", RULES.with_name("prometheus.yml"))
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_rule_has_a_case():
    assert sorted(CASES) == sorted(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_a_rule_fires_on_what_it_is_about_and_on_nothing_else(tmp_path, alert):
    wrong, good, minute = CASES[alert]
    for series, fires in ((wrong, True), (good, False)):
        found = judged(tmp_path, alert, series, minute, fires=fires)
        assert found.returncode == 0, found.stdout + found.stderr
