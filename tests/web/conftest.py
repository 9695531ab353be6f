"""Browsers for the tests of the pages."""

from tests.catalogue import backup_folder, browser, fresh_cache, static_root  # noqa: F401 (fixtures)
