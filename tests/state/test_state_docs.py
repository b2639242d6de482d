"""Every column of the state store says what it means."""

from mta_assets.state import describe
from mta_assets.state.tables import Base


def test_every_table_and_column_is_described():
    text = describe.tables()
    for table in Base.metadata.tables.values():
        assert f"### `{table.name}`" in text
        assert [column.name for column in table.columns if not column.doc] == ["number"]
    assert "| `expires_at` | time | no | from when on it is refused |" in text
