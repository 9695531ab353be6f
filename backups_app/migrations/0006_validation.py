from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("backups_app", "0005_verify"),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("backup", "Backup"),
                    ("restore", "Restore"),
                    ("preview", "Preview"),
                    ("import", "Import"),
                    ("rescan", "Rescan"),
                    ("copy", "Copy"),
                    ("validate", "Validation"),
                    ("clean-up", "Clean-up"),
                    ("verify", "Verify"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
    ]
