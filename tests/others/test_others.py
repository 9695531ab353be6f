"""Other people's projects come back too: well-known apps, filled by their own ways, their models told to nobody."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.servers.processes import fresh_folder

PROJECT = Path(__file__).resolve().parent.parent.parent

# A table of each app that must have had rows, or nothing was tried.
FILLED = {
    *("auth_group", "django_flatpage", "django_site", "shelf_reader", "shelf_historicalreader"),
    *("taggit_taggeditem", "shelf_taggedbyuuid", "shelf_taggedstory", "shelf_historicalnovel_authors"),
    *("guardian_userobjectpermission", "guardian_groupobjectpermission"),
    *("shelf_film", "shelf_sheet", "shelf_medium_related", "shelf_genre", "shelf_room", "shelf_rack", "shelf_board"),
    *("wagtailcore_page", "wagtailcore_revision", "wagtailcore_collection", "wagtailcore_pagelogentry"),
    *("wagtailcore_referenceindex", "wagtailcore_comment", "wagtailcore_taskstate", "wagtailcore_grouppagepermission"),
    *("wagtailimages_image", "wagtailimages_rendition", "wagtaildocs_document", "wagtailredirects_redirect"),
    *("wagtailforms_formsubmission", "wagtailsearch_indexentry", "shelf_story", "shelf_story_people", "shelf_opening"),
    *("catalogue_product", "catalogue_category", "catalogue_productattributevalue", "order_order", "basket_line"),
}


@pytest.fixture
def reported(database: str) -> dict[str, Any]:
    """What `journey` says of its way on this kind of database."""
    folder, server = fresh_folder("others"), settings.SERVERS.get(database)
    if server:
        server.create_database("others")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "MYSQL_DRIVER") if name in os.environ},
        "PYTHONPATH": str(PROJECT),
        "DJANGO_SETTINGS_MODULE": "tests.others.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": server.url("others") if server else f"sqlite:///{folder / 'db.sqlite3'}",
    }
    command = [sys.executable, "-W", "ignore", "-m", "django", "journey"]
    try:
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    finally:
        if server:
            server.drop_database("others")
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


@pytest.mark.timeout(300)  # two hundred tables are made
def test_a_site_a_shop_and_their_trees_tags_and_permissions_come_back_exactly(reported):
    assert sum(reported["rows"].values()) > 1000
    assert {name for name in FILLED if not reported["rows"][name]} == set()
    assert FILLED.isdisjoint(reported["unchanged"])
    assert reported["differences"] == []
    assert reported["next_ids_are_the_same"]
    assert reported["schema_is_the_same"]
    assert reported["search_finds_the_same"]
