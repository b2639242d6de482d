"""The API over a lake that is broken while it answers: what a client may be told, and what it must never be."""

from dataclasses import replace
from datetime import UTC, datetime

from api import create_app
from api.services import make_services
from mta_assets.jobs.daemon import DAEMON
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.heartbeats import Heartbeats

QUESTIONS = (
    "/v1/attribution/linear",
    "/v1/attribution/markov_1?group_by=day,channel&limit=10000",
    "/v1/attribution/compare?models=linear&models=shapley",
    "/v1/channels/performance",
)


class Api:
    """An application with a reader's key. Every question is asked of the lake anew, not of a memory of the last second."""

    def __init__(self, folder, lake, **settings) -> None:
        state = settings.pop("state_url", f"sqlite:///{folder}/state.db")
        where = Settings(
            lake=str(lake), landing=folder / "landing", uploads=folder / "uploads", state_url=state, config=folder / "mta.yaml"
        )
        services = make_services(where, ApiSettings(**({"pepper": "p" * 32} | settings)))
        services.marts.snapshots.check_seconds = 0.0
        services.components.kept_seconds = 0.0
        self.services = replace(services)
        self.client = create_app(self.services).test_client()
        Heartbeats(services.store).beat(DAEMON, datetime.now(UTC))
        self._key = services.keys.create(owner="bi", name="reader", role="viewer", now=services.now())[1]

    def ask(self, question: str):
        return self.client.get(question, headers={"X-API-Key": self._key})

    def answers(self) -> dict[str, bytes]:
        """What each question is answered with; every one must be."""
        found = {question: self.ask(question) for question in QUESTIONS}
        assert {answer.status_code for answer in found.values()} == {200}, [answer.data for answer in found.values()]
        return {question: answer.data for question, answer in found.items()}

    def told(self, good: dict[str, bytes]) -> set[str]:
        """How the questions are answered now: HIT, MISS, STALE or 503. Whatever is answered is what was good."""
        kinds = set()
        for question, expected in good.items():
            answer = self.ask(question)
            if answer.status_code == 200:
                assert answer.data == expected, f"{question}: a wrong number, {answer.headers['X-Cache-Status']}"
                kinds.add(answer.headers["X-Cache-Status"])
            else:
                assert answer.status_code == 503, answer.data
                assert answer.get_json()["error"] == "unavailable"
                kinds.add("503")
        return kinds

    def health(self) -> tuple[int, dict[str, str]]:
        """(status of readiness, component -> status)."""
        answer = self.client.get("/health/ready")
        body = answer.get_json()
        parts = body.get("components") or body["details"]["components"]
        return answer.status_code, {name: part["status"] for name, part in parts.items()}

    def close(self) -> None:
        self.services.close()
