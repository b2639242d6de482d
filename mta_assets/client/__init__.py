"""A client of the HTTP API in Python: `Client`. It needs httpx alone and imports nothing else of this package."""

from mta_assets.client.client import Client
from mta_assets.client.errors import ApiProblem, ClientError, JobEndedError, UnreachableError
from mta_assets.client.rows import Rows

__all__ = ["ApiProblem", "Client", "ClientError", "JobEndedError", "Rows", "UnreachableError"]
