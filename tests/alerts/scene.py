"""A watched system of which a test says what is wrong, with everything real between the facts and the receiver."""

import orjson

from mta_assets.alerts.delivery import Courier, single
from mta_assets.alerts.facts import Facts
from mta_assets.alerts.registry import RULES
from mta_assets.alerts.rounds import look, tell
from mta_assets.config_alerts import AlertsConfig
from mta_assets.state.alerts import Alerts
from mta_assets.state.signature import verify

SECRET = "a-secret-that-only-both-ends-know"  # noqa: S105  of this test alone
VARIABLES = {"ALERT_SECRET": SECRET}
DOWN, UP = "It does not answer.", None


def hook(url, **more):
    """A webhook target at this address."""
    return {"webhook": url, "secret": "${ALERT_SECRET}", **more}


class Scene:
    """Ticks over one store. Each may be made by a new process: nothing is kept between them but in the store."""

    def __init__(self, store, clock, targets, **more):
        self.store, self.clock = store, clock
        self.config = AlertsConfig.model_validate({"targets": targets, **more})

    @property
    def alerts(self):
        return Alerts(self.store, single(self.config.targets, VARIABLES.get))

    def look(self, **facts):
        """A look without sending."""
        return look(self.alerts, RULES.values(), Facts(at=self.clock(), **{"parts": {}, **facts}), self.config)

    def tell(self):
        return tell(self.alerts, Courier(self.config.targets, variable=VARIABLES.get, now=self.clock), self.clock, seconds=20)

    def tick(self, **facts):
        """A look, and sending what is due."""
        self.look(**facts)
        return self.tell()


def documents(receiver, now=None):
    """What a webhook received, each document once its signature was verified."""
    found = []
    for _, headers, body in receiver.received:
        stamp = int(headers["MTA-Signature"].split(",")[0][2:])
        assert verify(SECRET, headers["MTA-Signature"], body, now=stamp)
        assert headers["MTA-Delivery"] == orjson.loads(body)["id"]
        found.append(orjson.loads(body))
    return found


def told(receiver):
    """(status, rule, subject) of every alert that a webhook was told of, message by message."""
    return [[(each["status"], each["rule"], each["subject"]) for each in found["data"]["alerts"]] for found in documents(receiver)]
