"""Standard errors by leaving out one group of users at a time, and the bands made of them. Pure arithmetic; what is left out of what is the callers'.

Source: Kott 2001, The delete-a-group jackknife, Journal of Official Statistics 17(4).
"""

import numpy as np
from scipy.special import stdtrit

from mta_assets.contracts.arrays import Floats


def without_each(amounts: Floats) -> Floats:
    """(..., groups): the estimate of the total from all groups but one. amounts: (..., groups), what each group comes to.

    What is left is scaled up to all groups, for it estimates the total of as many users as there are.
    """
    groups = amounts.shape[-1]
    return np.asarray((amounts.sum(axis=-1, keepdims=True) - amounts) * (groups / (groups - 1)))


def standard_error(without: Floats) -> Floats:
    """(...,) of estimates without each group. without: (..., groups); NaN where nothing is left without the group."""
    known = ~np.isnan(without)
    number = np.maximum(known.sum(axis=-1), 1)
    mean = np.where(known, without, 0).sum(axis=-1) / number
    squares = np.where(known, (without - mean[..., None]) ** 2, 0).sum(axis=-1)
    return np.asarray(np.sqrt(squares * (number - 1) / number))


def quantile(level: float, groups: int) -> float:
    """How many standard errors a band of this level reaches to either side: Student's t of one degree of freedom less than there are groups."""
    return float(stdtrit(groups - 1, (1 + level) / 2))
