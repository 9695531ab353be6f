"""The zoo: a Django app whose models are every field class and every oddity that a backup has to bring back."""

from django.apps import AppConfig
from django.db.models.signals import m2m_changed, post_migrate, post_save, pre_save


class ZooConfig(AppConfig):
    name = "tests.zoo"
    label = "zoo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tests.zoo import receivers
        from tests.zoo.models import Watched

        pre_save.connect(receivers.touch, sender=Watched)
        post_save.connect(receivers.echo, sender=Watched)
        m2m_changed.connect(receivers.echo_friends, sender=Watched.friends.through)
        post_migrate.connect(receivers.set_up_landmark, sender=self)
