"""Abstract, concrete and proxy inheritance."""

from django.db import models

from tests.zoo.models.relations import Label


class Place(models.Model):
    name = models.CharField(max_length=50)
    near = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    labels = models.ManyToManyField(Label, related_name="places")


class Restaurant(Place):
    serves = models.CharField(max_length=50)
    partner = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    specials = models.ManyToManyField(Label, related_name="restaurants")


class ItalianRestaurant(Restaurant):
    """Two tables below Place, and no column of its own but the link and one."""

    has_gnocchi = models.BooleanField()


class Food(models.Model):
    food_id = models.AutoField(primary_key=True)
    food_name = models.CharField(max_length=50)


class Cafe(Place, Food):
    """Two parents."""

    beans = models.CharField(max_length=50)


class Tavern(models.Model):
    """The parent of a child with a link that has a name and a column of its own."""

    sign = models.CharField(max_length=50, unique=True)


class Drink(Tavern):
    served_at = models.OneToOneField(
        Tavern, models.CASCADE, parent_link=True, primary_key=True, db_column="the_tavern", related_name="drink"
    )
    strength = models.DecimalField(max_digits=4, decimal_places=1)


class PlaceProxy(Place):
    class Meta:
        proxy = True
        ordering = ["-name"]


class ProxyFan(models.Model):
    """References to a proxy and to a child table."""

    place = models.ForeignKey(PlaceProxy, models.CASCADE, related_name="+")
    restaurant = models.ForeignKey(ItalianRestaurant, models.CASCADE, null=True, related_name="+")
    places = models.ManyToManyField(PlaceProxy, related_name="+")


class AbstractBase(models.Model):
    title = models.CharField(max_length=50)
    labels = models.ManyToManyField(Label, related_name="%(class)ss")

    class Meta:
        abstract = True


class ConcreteChild(AbstractBase):
    body = models.TextField(null=True)
