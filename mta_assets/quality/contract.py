"""Whether a frame that was read back meets its table's contract. Pure: frame in, Finding out."""

import polars as pl

from mta_assets.contracts.columns import ContractError, Table
from mta_assets.quality.findings import Finding


def meets_contract(table: Table, frame: pl.DataFrame) -> Finding:
    """Whether every row has the columns, types, values and the unique key that the table promises."""
    try:
        table.validate(frame)
    except ContractError as error:
        return Finding(
            passed=False,
            message=str(error),
            recommendation="the table was written by something else than this pipeline, or an older version of it: rematerialise the partition",
            numbers={"rows": frame.height},
        )
    return Finding(passed=True, message=f"{frame.height} rows meet the contract of {table.name}", numbers={"rows": frame.height})
