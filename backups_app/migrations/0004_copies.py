from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("backups_app", "0003_more_kinds_of_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="backup",
            name="copied_at",
            field=models.DateTimeField(null=True, verbose_name="copied"),
        ),
        migrations.AddField(
            model_name="backup",
            name="copy_problem",
            field=models.TextField(blank=True, default="", verbose_name="why it is not copied"),
        ),
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
                    ("clean-up", "Clean-up"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
    ]
