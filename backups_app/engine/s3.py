"""Object storage that speaks S3, for files as large as backups.

What django-storages' own class lacks: waiting that ends, reading and writing in flat memory, names that two writers do
not both get, and errors in words. A network's errors come out as StoreFailed, a taken name as FileExistsError.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from django.core.files import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name
from urllib3.exceptions import HTTPError

from backups_app.engine.errors import StoreFailed

BLOCK_BYTES = 1 << 20
# An object of up to this many bytes is sent in one request, a larger one in parts of this size or more.
PART_BYTES = 16 << 20
MAX_PARTS = 10_000

_WRITER = "backups-writer"
_REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "403", "401")
_NO_BUCKET = ("NoSuchBucket", "404", "301", "PermanentRedirect", "AuthorizationHeaderMalformed")
_FULL = ("InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "507")
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


class S3BackupStorage(S3Storage):  # type: ignore[misc, unused-ignore]
    """django-storages' S3Storage with these options more:

    connect_timeout, read_timeout: seconds that one try waits for the server. attempts: how often it is tried.
    """

    connect_timeout: int
    read_timeout: int
    attempts: int

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        bounded = Config(
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
            # Else a part of an object can't be read where the server keeps a checksum of the whole.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self.client_config: Config = bounded.merge(self.client_config)

    def get_default_settings(self) -> dict[str, Any]:
        defaults = {"file_overwrite": False, "connect_timeout": 10, "read_timeout": 30, "attempts": 3}
        return {**super().get_default_settings(), **defaults}

    def exists(self, name: str) -> bool:
        with _in_words(f"ask for {name}"):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _in_words(f"ask for {name}"):
            return int(super().size(name))

    def get_modified_time(self, name: str) -> datetime:
        with _in_words(f"ask for {name}"):
            moment: datetime = super().get_modified_time(name)
            return moment

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with _in_words("list its files"):
            folders, files = super().listdir(name)
            return folders, files

    def delete(self, name: str) -> None:
        with _in_words(f"delete {name}"):
            super().delete(name)

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            raise ValueError("Files here are written by save().")
        with _in_words(f"give {name}"):
            try:
                remote = _Remote(self._object(name), name, attempts=self.attempts)
            except ClientError as error:
                if _code(error) in ("404", "NoSuchKey"):
                    raise FileNotFoundError(f"There is no {name}.") from error
                raise
        # Not typed by Django as what it takes: anything with read, seek and close.
        stream: Any = io.BufferedReader(remote, BLOCK_BYTES)
        return File(stream, name)

    def _save(self, name: str, content: Any) -> str:
        """Raises FileExistsError when the name was taken meanwhile, as far as the server can tell.

        Whatever goes wrong, no object of this call's is left, unless the server can't be reached for deleting it.
        """
        cleaned: str = clean_name(name)
        remote = self._object(cleaned)
        writer = uuid.uuid4().hex
        parameters = {**self._get_write_parameters(remote.key), "Metadata": {_WRITER: writer}}
        with _in_words(f"take {cleaned}"):
            try:
                self._write(remote, content, parameters)
                is_ours = _written_by(remote) in (writer, None)
            except BaseException:
                # A server that broke off its answer may have kept the object all the same.
                with suppress(Exception):
                    if _written_by(remote) == writer:
                        remote.delete()
                raise
        if not is_ours:
            raise FileExistsError(f"{cleaned} was taken by another writer at the same time.")
        return cleaned

    def _write(self, remote: Any, content: Any, parameters: dict[str, Any]) -> None:
        """Only if there is no such object; a server that knows no conditions is asked without."""
        for condition in ({"IfNoneMatch": "*"}, {}):
            content.seek(0)
            try:
                if content.size <= PART_BYTES:
                    remote.put(Body=content.read(), **parameters, **condition)
                else:
                    self._write_in_parts(remote, content, parameters, condition)
            except ClientError as error:
                if _code(error) in _TAKEN:
                    raise FileExistsError(f"{remote.key} is there already.") from error
                if _code(error) == "NotImplemented" and condition:
                    continue
                raise
            return

    def _write_in_parts(self, remote: Any, content: Any, parameters: dict[str, Any], condition: dict[str, str]) -> None:
        """Until it is completed nothing is there; what a killed process leaves is never listed."""
        upload = remote.initiate_multipart_upload(**parameters)
        try:
            parts: list[dict[str, Any]] = []
            length = max(PART_BYTES, -(-content.size // MAX_PARTS))
            while block := content.read(length):
                number = len(parts) + 1
                parts.append({"PartNumber": number, "ETag": upload.Part(number).upload(Body=block)["ETag"]})
            upload.complete(MultipartUpload={"Parts": parts}, **condition)
        except BaseException:
            with suppress(Exception):
                upload.abort()
            raise

    def _object(self, name: str) -> Any:
        return self.bucket.Object(self._normalize_name(clean_name(name)))


class _Remote(io.RawIOBase):
    """An object's bytes, read as one stream; a seek, or a connection that broke, begins another one at that place."""

    def __init__(self, remote: Any, name: str, *, attempts: int) -> None:
        super().__init__()
        self._remote = remote
        self._name = name
        self._attempts = attempts
        self._size: int = remote.content_length
        self._etag: str = remote.e_tag
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset != self._position:
            self._hang_up()
        self._position = max(start + offset, 0)
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        with _in_words(f"give all of {self._name}"):
            block = self._read(wanted)
        self._position += len(block)
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _read(self, wanted: int) -> bytes:
        for attempt in range(1, self._attempts + 1):
            try:
                if self._body is None:
                    # Not another object that was given this name meanwhile.
                    asked = self._remote.get(Range=f"bytes={self._position}-{self._size - 1}", IfMatch=self._etag)
                    self._body = asked["Body"]
                if block := self._body.read(wanted):
                    return bytes(block)
                raise HTTPClientError(error="the answer was shorter than it should be")
            except (BotoCoreError, HTTPError, OSError):
                self._hang_up()
                if attempt == self._attempts:
                    raise
        raise AssertionError("There is at least one attempt.")

    def _hang_up(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            with suppress(Exception):
                body.close()


def _written_by(remote: Any) -> str | None:
    """None also where the server keeps no such notes."""
    remote.reload()
    # Servers spell the names of such notes in capitals or not.
    return {name.lower(): value for name, value in (remote.metadata or {}).items()}.get(_WRITER)


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """Errors of the network and the server become StoreFailed, without addresses and keys."""
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error, HTTPError) as error:
        reason, hint = _reason(error)
        raise StoreFailed(f"The object storage did not {what}: {reason}.", hint=hint) from error
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        raise StoreFailed(f"The object storage did not {what}: the connection broke off.", hint=_TRY_AGAIN) from error


_TRY_AGAIN = "Check the network and whether the object storage runs, then start it again."


def _reason(error: Exception) -> tuple[str, str]:
    """What happened, and the next step."""
    if isinstance(error, ClientError):
        return _reason_of_refusal(_code(error))
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "no access key is set", "Set the access key and the secret key of the storage, then start it again."
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return "it can't be reached", f"Check its address. {_TRY_AGAIN}"
    if isinstance(error, ReadTimeoutError) or "timed out" in str(error):
        return "it did not answer in time", _TRY_AGAIN
    return f"the connection broke off ({type(error).__name__})", _TRY_AGAIN


def _reason_of_refusal(code: str) -> tuple[str, str]:
    if code in _REFUSED:
        return f"it refused the access ({code})", "Check the access key, its secret, its rights, and this host's clock."
    if code in _NO_BUCKET:
        return f"there is no such bucket there ({code})", "Check the names of bucket and region, or create the bucket."
    if code in _FULL:
        return f"it is full ({code})", "Free space in the bucket, or raise its quota, then start it again."
    return f"it answered {code}", "See the object storage's log, then start it again."


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code") or "an error")
