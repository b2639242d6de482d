"""A Delta table without its past: nothing of older versions stays, neither files nor the log, whose statistics and predicates hold values of rows."""

import time
from pathlib import Path

from deltalake import DeltaTable

# How long the log and removed files are kept. Delta removes what is older, when it is told to; what these say otherwise is restored afterwards.
RETENTION = {"delta.logRetentionDuration": "interval 30 days", "delta.deletedFileRetentionDuration": "interval 1 week"}
NOTHING = "interval 0 seconds"
# Of files that no version names, those of a writer that was killed cannot be told from those of one that is about to commit, except by age.
ORPHANS_HOURS = 24
_TRIES, _PAUSE_SECONDS = 20, 0.05


def purge(uri: str, *, orphans: bool) -> None:
    """Remove all but the newest version of the table. It may be killed and done again.

    orphans: whether files that no version names go whatever their age; only where no writer is at work.
    """
    table = DeltaTable(uri)
    kept = {name: said for name, otherwise in RETENTION.items() if (said := _kept(table, name, otherwise))}
    table.alter.set_table_properties(dict.fromkeys(RETENTION, NOTHING))
    DeltaTable(uri).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=orphans)
    if not orphans:
        DeltaTable(uri).vacuum(retention_hours=ORPHANS_HOURS, dry_run=False, enforce_retention_duration=False, full=True)
    _forget_log(uri)
    DeltaTable(uri).alter.set_table_properties(kept)


def _kept(table: DeltaTable, name: str, otherwise: str) -> str:
    """What the table says of a retention; the default where it says nothing, or where a purge was killed."""
    said = table.metadata().configuration.get(name)
    return otherwise if said in (None, NOTHING) else str(said)


def _forget_log(uri: str) -> None:
    """Write the newest version as a checkpoint and remove the log before it. The log counts in milliseconds: what was written in this one goes in the next."""
    for _ in range(_TRIES):
        table = DeltaTable(uri)
        table.create_checkpoint()
        table.cleanup_metadata()
        if "://" in uri or not _older(Path(uri), table.version()):
            return
        time.sleep(_PAUSE_SECONDS)
    raise OSError(f"its log still has entries before version {table.version()}")


def _older(folder: Path, version: int) -> list[Path]:
    return [path for path in (folder / "_delta_log").glob("[0-9]*") if int(path.name.partition(".")[0]) < version]
