"""E-Click's addresses: the admin is the application; backup management stands beside it."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("backup-management/", include("backups_app.urls")),
    path("admin/", admin.site.urls),
]
