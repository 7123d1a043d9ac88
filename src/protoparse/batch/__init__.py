"""Many listings: over processes, resumable, each parsed once.

In: files, folders, archives and streams of registry records. Out: a folder with the criteria of all of them.

    records ─▶ shards ─▶ processes ─▶ ledger ─▶ ndjson · parquet · sqlite
"""

from protoparse.batch.converting import Options, Outcome, convert
from protoparse.batch.limiting import Limits
from protoparse.batch.running import Progress, Summary, run

__all__ = ["Limits", "Options", "Outcome", "Progress", "Summary", "convert", "run"]
