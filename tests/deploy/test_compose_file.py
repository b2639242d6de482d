"""What docker-compose.yml promises of every service: it starts in order, is confined, limited, pinned, watched, and keeps no secret in itself."""

import json
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
import yaml

from mta_assets.alerts.fallback import ledger_path
from mta_assets.settings import ApiSettings, Settings
from tests.containers import TOP, composed

FILE = composed({})
SERVICES = FILE["services"]
ONCE = {"migrate", "metrics-key"}
VERSION = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["version"]
services = pytest.mark.parametrize("name", SERVICES)


def test_it_is_a_compose_file_by_the_schema_of_the_specification():
    schemas = Path(find_spec("check_jsonschema").origin).parent / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(FILE)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(FILE | {"services": {"api": {"immage": "x"}}})


def test_every_part_of_the_system_is_there():
    asked = {"postgres", "redis", "code-location", "daemon", "watch", "webserver", "api", "nginx", "prometheus", "grafana"}
    assert set(SERVICES) == asked | ONCE


@services
def test_a_service_may_do_nothing_special_and_writes_where_it_is_told(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert not {"privileged", "cap_add", "pid", "ipc", "network_mode", "devices"} & service.keys()
    assert not any("docker.sock" in str(mount) for mount in service.get("volumes", []))


@services
def test_a_service_has_limits_of_processors_memory_and_processes(name):
    limits = SERVICES[name]["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    assert re.fullmatch(r"\d+[mg]", limits["memory"])
    assert limits["pids"] > 0
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}


@services
def test_an_image_is_pinned_to_a_full_version(name):
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)?", image)
    if "build" in SERVICES[name]:
        assert image == f"mta-assets:{VERSION}"


@services
def test_a_service_that_stays_has_a_health_check_and_one_that_ends_does_not_start_again(name):
    service = SERVICES[name]
    if name in ONCE:
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"].keys() >= {"test", "interval", "timeout", "retries"}


@services
def test_a_service_waits_until_what_it_needs_is_healthy_or_done(name):
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] == ("service_completed_successfully" if needed in ONCE else "service_healthy")


def test_no_service_waits_for_itself():
    def waits_for(name, seen=()):
        assert name not in seen, " -> ".join((*seen, name))
        for needed in SERVICES[name].get("depends_on", {}):
            waits_for(needed, (*seen, name))

    for name in SERVICES:
        waits_for(name)


def test_only_nginx_is_reached_from_outside_and_databases_reach_nobody():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert FILE["networks"]["data"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if service["networks"] == ["data"]} >= {"postgres", "redis"}


def test_secrets_are_files_that_git_does_not_see_and_the_script_makes_them_all(tmp_path):
    for name, secret in FILE["secrets"].items():
        assert secret == {"file": f"./deploy/secrets/{name}"}
    assert "/deploy/secrets/" in (TOP / ".gitignore").read_text().splitlines()
    words = (TOP / "deploy/secrets.sh").read_text()
    assert [name for name in FILE["secrets"] if name not in words] == []
    named = [key for service in SERVICES.values() for key in service.get("environment", {})]
    assert [key for key in named if re.search("PASSWORD|PEPPER|SECRET$|TOKEN|URL", key) and not key.endswith("_FILE")] == []


@services
def test_a_variable_of_ours_is_one_that_the_settings_know_and_a_mounted_secret_is_one_that_it_may_have(name):
    known = {f"MTA_{field}".upper() for field in Settings.model_fields} | {f"MTA_API_{field}".upper() for field in ApiSettings.model_fields}
    service = SERVICES[name]
    ours = [key for key in service.get("environment", {}) if key.startswith("MTA_")]
    files = [secret for secret in service.get("secrets", []) if secret.startswith("mta_")]
    assert {*ours, *(secret.upper() for secret in files)} <= known
    assert not any(secret.upper() in service.get("environment", {}) for secret in files)


def test_whoever_looks_for_alerts_reaches_every_part_knows_the_targets_and_shares_what_is_told_without_the_state_store():
    asked = {"mta_state_url", "mta_dagster_postgres_url", "mta_api_redis_url"}
    for name in ("code-location", "watch"):
        service = SERVICES[name]
        assert asked <= set(service["secrets"])
        assert service["env_file"] == [{"path": "./deploy/secrets/alerts.env", "required": False}]
        assert "app" in service["networks"]  # from where targets are reached
        lake = next(mount for mount in service["volumes"] if mount.startswith("lake:")).split(":")[1]
        assert f"alerts:{ledger_path(lake, Path()).parent}" in service["volumes"]
    assert not {"code-location", "daemon"} & SERVICES["watch"]["depends_on"].keys()


@services
def test_what_is_mounted_from_the_repository_is_there(name):
    for mount in SERVICES[name].get("volumes", []):
        source = mount.split(":")[0]
        assert source in FILE["volumes"] or source == "./landing" or (TOP / source).exists(), source


def test_prometheus_reads_the_key_where_it_is_made_and_rules_that_are_there():
    scrapes = yaml.safe_load((TOP / "deploy/prometheus/prometheus.yml").read_text())
    made = SERVICES["metrics-key"]["command"][-1]
    [scrape] = scrapes["scrape_configs"]
    assert scrape["http_headers"]["X-API-Key"]["files"] == [made]
    mounts = {mount.split(":")[1]: mount.split(":")[0] for mount in SERVICES["prometheus"]["volumes"]}
    assert mounts[str(Path(made).parent)] == "keys"
    assert "keys:/var/lib/mta/keys" in SERVICES["metrics-key"]["volumes"]
    assert scrape["static_configs"] == [{"targets": [f"api:{SERVICES['api']['environment']['MTA_API_PORT']}"]}]


def test_grafana_asks_the_prometheus_beside_it_and_shows_the_dashboards_that_are_mounted():
    provisioning = TOP / "deploy/grafana/provisioning"
    sources = [source for path in provisioning.glob("datasources/*") for source in yaml.safe_load(path.read_text())["datasources"]]
    assert [source["url"] for source in sources] == ["http://prometheus:9090"]
    providers = [provider for path in provisioning.glob("dashboards/*") for provider in yaml.safe_load(path.read_text())["providers"]]
    mounts = {mount.split(":")[1]: mount.split(":")[0] for mount in SERVICES["grafana"]["volumes"]}
    assert [mounts[provider["options"]["path"]] for provider in providers] == ["./deploy/grafana/dashboards"]
