"""`/health`: whether the process lives and whether it can serve. Liveness touches nothing."""

from api.routing import Routes
from api.schemas.health import Alive

routes = Routes("health", "/health", tag="health")


@routes.view("get", "/live", scope=None, free=True, answers={200: Alive})
def live() -> dict[str, str]:
    """Whether the process answers. It touches neither lake nor stores."""
    return {"status": "alive"}
