"""What the engine can foresee going wrong.

EngineError              never raised itself
|- SnapshotFailed        the database would not give one consistent snapshot
|- TableChanged          a table changed its shape under the snapshot
|- LoadUnderWay          the database is being loaded by somebody else
|- StoreFailed           the folder or object storage would not take, give or delete a file
|- DiskFull              there is not enough space, with needed and free bytes
|- UnpackFailed          a file's compression or encryption is damaged
|  `- UnpackedTooLarge   it would become larger than is allowed
|- KeyMissing            a file is encrypted, and no key at hand opens it
|- LoadFailed            the database broke off a load; it is as it was before
|  |- LoadRefused        this file can't be loaded into this database
|  |  `- KeysDangle      references of the file lead nowhere; a caller may have them kept
|  |- LockNotFree        somebody kept a table busy for too long
|  |- ProofFailed        after the load the database was not what the file says
|  `- CommitUnknown      the connection was lost in the COMMIT: before or after, but nobody said which
`- Cancelled             somebody asked to stop
"""


class EngineError(Exception):
    """A foreseen failure: `str(error)` says cause and numbers, `hint` the next step, `code` is for machines."""

    code = "engine"
    hint = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint


class SnapshotFailed(EngineError):
    code = "snapshot-failed"
    hint = "Check that the database runs and that its user may read every table, then start the backup again."


class TableChanged(EngineError):
    code = "table-changed"
    hint = "Wait until migrations have ended, then start the backup again."


class LoadUnderWay(EngineError):
    code = "load-under-way"
    hint = "Wait until the other restore has ended, or cancel it; then start again."

    def __init__(self) -> None:
        super().__init__("Another restore of this database is under way.")


class StoreFailed(EngineError):
    code = "store-failed"
    hint = "Check the backup folder's permissions and free space, or the object storage's address and keys."


class DiskFull(StoreFailed):
    code = "disk-full"
    hint = "Free space on that disk, or set BACKUPS_DIR to a larger one, then start the backup again."


class UnpackFailed(EngineError):
    code = "unpack-failed"
    hint = "Nothing was changed. Take another copy of the file, or unpack it by other means and give it plain."


class UnpackedTooLarge(UnpackFailed):
    code = "unpacked-too-large"
    hint = "Nothing was changed. If the file is honest, raise BACKUPS['UNPACKED_BYTES'] or ['UNPACKED_RATIO']."


class KeyMissing(EngineError):
    code = "key-missing"
    hint = "Nothing was changed. Name the key that opens it in BACKUPS['DECRYPT_KEYS'], then start again."


class LoadFailed(EngineError):
    code = "load-failed"
    hint = "Nothing was changed. See what the database says, then start the restore again."


class LoadRefused(LoadFailed):
    code = "load-refused"
    hint = "Nothing was changed. Check the file, and that the project's migrations are those of the backup."


class KeysDangle(LoadRefused):
    code = "keys-dangle"
    hint = "Nothing was changed. Mend the references, or have them kept as they are."


class LockNotFree(LoadFailed):
    code = "lock-not-free"
    hint = "Nothing was changed. End what keeps the tables busy, or wait for it, then start the restore again."


class ProofFailed(LoadFailed):
    code = "proof-failed"
    hint = "Nothing was changed. Look for triggers or rules in the database that change what is written."


class CommitUnknown(LoadFailed):
    code = "commit-unknown"
    hint = "The database is wholly as before or wholly restored. Look which, then start the restore again if need be."


class Cancelled(EngineError):
    code = "cancelled"
