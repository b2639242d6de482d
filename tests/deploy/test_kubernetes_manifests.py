"""The manifests fit Kubernetes' schemas, confine what they start, and say the same as the rest of the repository says."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from mta_assets.alerts.fallback import ledger_path
from tests.containers import TOP, composed

FOLDER = TOP / "deploy/kubernetes"
VERSION = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["version"]
DOCUMENTS = [
    document
    for path in sorted(FOLDER.glob("base/*.yaml")) + sorted(FOLDER.glob("overlays/*/*.yaml"))
    if path.name not in ("kustomization.yaml", "mta.yaml")
    for document in yaml.safe_load_all(path.read_text())
]
PODS = {document["metadata"]["name"]: document["spec"]["template"] for document in DOCUMENTS if document["kind"] in ("Deployment", "Job")}
VALUES = yaml.safe_load((FOLDER / "dagster-values.yaml").read_text())
DAGSTER = yaml.safe_load((TOP / "mta_assets/cli/dagster.yaml").read_text())
SCHEMAS = "1.33"


def of_kind(kind):
    return {document["metadata"]["name"]: document for document in DOCUMENTS if document["kind"] == kind}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: f"{document['kind']}/{document['metadata']['name']}")
def test_a_manifest_fits_its_schema_to_the_letter(document):
    kubernetes_validate.validate(document, SCHEMAS, strict=True)


def test_the_schemas_refuse_what_is_misspelt():
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"portz": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, SCHEMAS, strict=True)


@pytest.mark.parametrize("overlay", sorted(path.name for path in (FOLDER / "overlays").iterdir()))
def test_kustomize_puts_base_and_overlay_together(overlay):
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl, which has kustomize in it, is not installed")
    built = subprocess.run(["kubectl", "kustomize", FOLDER / "overlays" / overlay], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    documents = list(yaml.safe_load_all(built.stdout))
    for document in documents:
        kubernetes_validate.validate(document, SCHEMAS, strict=True)
        assert document["kind"] == "Namespace" or document["metadata"]["namespace"] == "mta"
    images = {container["image"] for document in documents for container in _containers(document)}
    assert images == {f"registry.example.com/mta-assets:{VERSION}"}


def test_every_file_of_the_base_is_part_of_it():
    listed = set(yaml.safe_load((FOLDER / "base/kustomization.yaml").read_text())["resources"])
    assert listed == {path.name for path in (FOLDER / "base").glob("*.yaml")} - {"kustomization.yaml", "mta.yaml"}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_confined_as_the_namespace_demands(name):
    spec = PODS[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"].keys() == {"requests", "limits"}
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}
    assert of_kind("Namespace")["mta"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_api_is_probed_scaled_spread_and_kept_up_under_maintenance():
    pod = PODS["mta-api"]["spec"]
    [api] = pod["containers"]
    assert api["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert api["readinessProbe"]["httpGet"]["path"] == api["startupProbe"]["httpGet"]["path"] == "/health/ready"
    assert of_kind("HorizontalPodAutoscaler")["mta-api"]["spec"]["minReplicas"] >= 2
    assert of_kind("PodDisruptionBudget")["mta-api"]["spec"]["selector"] == of_kind("Deployment")["mta-api"]["spec"]["selector"]
    assert "replicas" not in of_kind("Deployment")["mta-api"]["spec"]  # it would fight the autoscaler at every apply
    assert of_kind("Service")["mta-api"]["spec"]["selector"].items() <= PODS["mta-api"]["metadata"]["labels"].items()
    assert pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].items() <= PODS["mta-api"]["metadata"]["labels"].items()


def test_the_watch_lives_by_its_own_pulse_and_shares_what_is_told_without_the_state_store_with_the_sensors():
    [watch] = PODS["mta-watch"]["spec"]["containers"]
    assert watch["livenessProbe"]["exec"]["command"] == composed({})["services"]["watch"]["healthcheck"]["test"][1:]
    [code] = VALUES["dagster-user-deployments"]["deployments"]
    place = str(ledger_path("s3://mta-lake/lake", Path("/var/lib/mta/uploads")).parent)
    for mounts in (watch["volumeMounts"], code["volumeMounts"]):
        assert {"name": "alerts", "mountPath": place} in mounts
    assert of_kind("PersistentVolumeClaim")["mta-alerts"]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_nothing_is_reached_that_no_policy_names():
    policies = of_kind("NetworkPolicy")
    nothing = policies["nothing-by-default"]["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policies["mta-api"]["spec"]["podSelector"]["matchLabels"].items() <= PODS["mta-api"]["metadata"]["labels"].items()


def test_the_pods_run_the_commands_of_the_compose_file_with_its_settings():
    services = composed({})["services"]
    for pod, service in (("mta-api", "api"), ("mta-migrate", "migrate"), ("mta-watch", "watch")):
        [container] = PODS[pod]["spec"]["containers"]
        assert container["command"] == services[service]["command"]
    fixed = {variable["name"]: variable["value"] for variable in PODS["mta-api"]["spec"]["containers"][0]["env"]}
    compose = services["api"]["environment"]
    assert {name: value for name, value in fixed.items() if name != "MTA_API_WORKERS"} == {
        name: compose[name] for name in fixed if name != "MTA_API_WORKERS"
    }


def test_the_chart_s_values_say_what_dagster_yaml_says():
    daemon, ours, theirs = VALUES["dagsterDaemon"], DAGSTER["concurrency"], VALUES["concurrency"]
    assert theirs["enabled"] is True
    assert theirs["runs"] == _camel(ours["runs"])
    assert theirs["pools"] == _camel(ours["pools"])
    assert daemon["runCoordinator"]["config"] == {"queuedRunCoordinator": _camel(DAGSTER["run_queue"])}
    assert _camel(DAGSTER["run_monitoring"]).items() <= daemon["runMonitoring"].items()
    assert _camel(DAGSTER["run_retries"]) == daemon["runRetries"]
    assert _camel(DAGSTER["sensors"]) == daemon["sensors"]
    assert VALUES["telemetry"]["enabled"] is DAGSTER["telemetry"]["enabled"] is False
    assert VALUES["runLauncher"]["type"] == "K8sRunLauncher"


def test_the_chart_runs_this_version_s_image_with_the_volumes_of_the_base():
    [code] = VALUES["dagster-user-deployments"]["deployments"]
    for image in (VALUES["dagsterWebserver"]["image"], VALUES["dagsterDaemon"]["image"], code["image"]):
        assert image["tag"] == VERSION
    assert code["includeConfigInLaunchedRuns"] == {"enabled": True}
    assert {mount["name"] for mount in code["volumeMounts"]} == {volume["name"] for volume in code["volumes"]}
    claims = {volume["persistentVolumeClaim"]["claimName"] for volume in code["volumes"] if "persistentVolumeClaim" in volume}
    assert claims <= set(of_kind("PersistentVolumeClaim"))
    assert "--module-name" in code["codeServerArgs"]
    pinned = (TOP / "pyproject.toml").read_text().partition('"dagster==')[2].partition('"')[0]
    assert f"--version {pinned} " in (FOLDER / "dagster-values.yaml").read_text()


def _containers(document):
    return document.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])


def _camel(mapping):
    def named(key):
        first, *rest = key.split("_")
        return first + "".join(word.title() for word in rest)

    return {named(key): value for key, value in mapping.items()}
