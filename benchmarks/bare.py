"""The bound: `python benchmarks/bare.py FOLDER`, one bare DuckDB group-by over the raw events on two threads."""

import sys
from pathlib import Path

import duckdb
from stages import Stages


def main(folder: Path) -> None:
    connection = duckdb.connect(config={"threads": 2})
    stages = Stages()
    with stages("group by"):
        query = f"SELECT user_id, count(*), min(ts), max(ts) FROM '{folder}/events.parquet' GROUP BY user_id"
        users = connection.sql(query).to_arrow_table().num_rows
    stages.report(users=users)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
