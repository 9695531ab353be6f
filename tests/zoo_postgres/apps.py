"""The zoo's second house: column types that only PostgreSQL has."""

from django.apps import AppConfig


class ZooPostgresConfig(AppConfig):
    name = "tests.zoo_postgres"
    label = "zoo_postgres"
    default_auto_field = "django.db.models.BigAutoField"
