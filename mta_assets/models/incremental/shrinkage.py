"""How much of each estimate is credited: what chance makes of nothing is not. Arithmetic on estimates and their errors; nothing is fitted here."""

import numpy as np

from mta_assets.contracts.arrays import Floats


def shrinkage(increment: Floats, error: Floats) -> Floats:
    """(channels,) part of each increment that is credited, 0 to 1, by empirical Bayes. increment, error: (channels,) of the channels that may earn.

    How far true increments usually are from 0 is told by how far the estimates are beyond their errors; an estimate below 0 counts as 0, since no touch is
    credited with less. An estimate keeps the part that is not expected to be chance. Where all channels together show no more than that, none is credited.

    Source: Efron and Morris 1973, doi:10.1080/01621459.1973.10481350.
    """
    if not len(increment):
        return np.zeros(0)
    true = max(0.0, float(np.mean(np.clip(increment, 0.0, None) ** 2 - error**2)))
    whole = true + error**2
    return np.divide(true, whole, out=np.zeros(len(whole)), where=whole > 0)
