"""Backup and restore of a Django project's database."""

__version__ = "0.1.0"
