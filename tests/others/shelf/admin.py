from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from tests.others.shelf.models import Reader

admin.site.register(Reader, UserAdmin)
