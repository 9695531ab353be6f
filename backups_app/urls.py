"""The addresses of backup management."""

from django.urls import path

from backups_app.views import backups, progress, restores, uploads

app_name = "backups"

urlpatterns = [
    path("", backups.index, name="index"),
    path("create/", backups.create, name="create"),
    path("upload/", uploads.upload, name="upload"),
    path("<int:pk>/download/", backups.download, name="download"),
    path("<int:pk>/preview/", restores.preview, name="preview"),
    path("<int:pk>/restore/", restores.restore, name="restore"),
    path("<int:pk>/verify/", backups.verify, name="verify"),
    path("<int:pk>/delete/", backups.delete, name="delete"),
    # Answered by the first middleware, by token and from the cache.
    path("jobs/<str:token>/progress/", progress.progress, name="progress"),
    path("jobs/<str:token>/cancel/", progress.cancel, name="cancel"),
]
