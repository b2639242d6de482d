"""/openapi.json says what the code does: valid, complete, and with every route in it."""

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.application import RESOURCES
from api.problems import CODES
from api.specification import specification


@pytest.fixture
def document(client):
    response = client.get("/openapi.json")
    assert response.content_type == "application/json"
    return response.get_json()


@pytest.fixture
def operations(document):
    return {operation["operationId"]: operation for item in document["paths"].values() for operation in item.values()}


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_is_in_it_but_the_pages_that_show_it(app, operations):
    endpoints = {rule.endpoint.replace(".", "_") for rule in app.url_map.iter_rules()}
    assert endpoints - set(operations) == {"documentation_swagger_page", "documentation_redoc_page", "documentation_page_asset"}
    assert len(operations) == sum(len(item) for item in specification(app)["paths"].values())


def test_every_route_says_its_scope_and_its_credentials_or_neither(operations):
    access = {f"{each.name}_{name.split('.')[1]}": got for each in RESOURCES for name, got in each.access.items()}
    for name, operation in operations.items():
        scope = access[name].scope
        assert operation.get("x-scope") == (scope and scope.value)
        assert operation.get("security") == ([{"key": []}, {"token": []}] if scope else None)


def test_every_failure_has_the_one_shape_and_an_example_of_each_of_its_codes(document, operations):
    shown = {}
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert response == {"$ref": f"#/components/responses/Problem{status}"}
                shown[int(status)] = document["components"]["responses"][f"Problem{status}"]
    for status, response in shown.items():
        body = response["content"]["application/json"]
        assert body["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert set(body["examples"]) == {name for name, code in CODES.items() if code.status == status}


def test_every_group_and_every_route_and_parameter_is_described(document, operations):
    for tag in document["tags"]:
        assert tag["description"].endswith(".")
    for name, operation in operations.items():
        assert operation["summary"], name
        assert len(operation["tags"]) == 1, name
        for parameter in operation.get("parameters", []):
            assert "$ref" in parameter or parameter["description"], (name, parameter)


def test_it_keeps_to_components_that_are_used(document):
    text = str(document)
    for kind in ("schemas", "responses", "headers", "parameters"):
        for name in document["components"][kind]:
            assert f"#/components/{kind}/{name}" in text, name


def test_a_parameter_is_never_null_for_nobody_can_write_that_in_an_address(operations):
    for operation in operations.values():
        for parameter in operation.get("parameters", []):
            assert "null" not in str(parameter.get("schema"))


def test_names_of_operations_are_names_of_functions(operations):
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in operations)


def test_it_is_the_same_however_often_it_is_made(app):
    assert specification(app) == specification(app)


def test_whoever_has_it_does_not_get_it_again(client):
    etag = client.get("/openapi.json").headers["ETag"]
    assert client.get("/openapi.json", headers={"If-None-Match": etag}).status_code == 304
