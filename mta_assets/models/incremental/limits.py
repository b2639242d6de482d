"""Of which channels it cannot be estimated what they added, and why. A sentence or None; no number is made here."""

from mta_assets.models.incremental.roles import PULLED

# The jackknife leaves out 64 buckets of users, and each should hold some.
LEAST_USERS = 200
LEAST_OVERLAP = 0.05
LEAST_VISITS = 1_000  # unpaid ones, that trees can be fitted to


def of_channel(role: str, users: int, overlap: float, visits: int) -> str | None:
    """Why nothing can be said of a channel. users: who were touched; overlap: as in the contract; visits: unpaid ones, of all channels."""
    if users < LEAST_USERS:
        return f"touched {users:,} user(s) only; it takes {LEAST_USERS:,} to tell an effect from chance"
    if overlap < LEAST_OVERLAP:
        return f"hardly a moment is without its touches ({1 - overlap:.0%} have one within a day), so that there is nothing to compare them with"
    if role == PULLED and visits < LEAST_VISITS:
        return f"people come by it of themselves, and there are {visits:,} organic and direct visits to compare it with; it takes {LEAST_VISITS:,}"
    return None
