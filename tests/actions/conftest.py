"""A backup folder for each test."""

from tests.catalogue import backup_folder, fresh_cache, machinery  # noqa: F401 (fixtures)
