"""The permissions to look, and to disconnect."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Connection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "permissions": (
                    ("look", "Can look at the connections of all processes"),
                    ("disconnect", "Can disconnect clients"),
                ),
                "managed": False,
                "default_permissions": (),
            },
        ),
    ]
