"""`/v1/attribution`: the models, and what they credit."""

from importlib.metadata import version

from flask import Response

from api.representations import Result
from api.routes.results import CREDIT_TABLES, answered, version_of
from api.routing import Routes
from api.schemas.results import CompareQuery, Comparison, Credit, CreditQuery, Methods, ModelPath
from api.services import services
from api.serving import served
from mta_assets.results.credit import compare, credit
from mta_assets.results.methods import methods
from mta_assets.state.access import Scope

# What is said of the models changes with the program and with mta.yaml, which is read when it starts.
PACKAGE_VERSION = version("mta-assets")

routes = Routes("attribution", "/v1/attribution", tag="attribution")


@routes.view("get", "/methods", scope=Scope.RESULTS_READ, answers={200: Methods})
def list_methods() -> Response:
    """Every attribution model: what it is, its parameters, a worked example, and whether it is available here."""
    made = services()
    return served(
        version=lambda: PACKAGE_VERSION,
        parameters=None,
        seconds=made.api.cache_methods_seconds,
        compute=lambda _: Result(rows=methods(made.models, made.config)),
        tabular=False,
    )


@routes.view("get", "/compare", scope=Scope.RESULTS_READ, answers={200: Comparison}, tabular=True)
def compare_models(query: CompareQuery) -> Response:
    """Several models side by side, and how much they differ."""
    marts = services().marts
    chosen = marts.chosen(query.models)
    return answered(
        query,
        version_of(CREDIT_TABLES),
        lambda column: column.endswith("_value"),
        lambda: (compare(marts, chosen, query.groups(), query.selection()), {"models": chosen}),
    )


@routes.view("get", "/<model_name:model>", scope=Scope.RESULTS_READ, answers={200: Credit}, tabular=True)
def credit_of_model(path: ModelPath, query: CreditQuery) -> Response:
    """What a model credits, grouped as asked."""
    marts = services().marts
    chosen = marts.chosen([path.model])
    return answered(
        query,
        version_of(CREDIT_TABLES),
        lambda column: column == "value",
        lambda: (credit(marts, chosen, query.groups(), query.selection()), {}),
    )
