from django.db import migrations


def keep_what_a_scenario_supposes(apps, schema_editor):
    """A source now follows its file; one that somebody wrote as refused is a scenario’s."""
    SourceLine = apps.get_model("funding", "SourceLine")
    SourceLine.objects.filter(application__isnull=False, state="refused").exclude(
        application__status="refuse"
    ).update(is_hypothesis=True)


class Migration(migrations.Migration):
    dependencies = [("funding", "0003_actions_eu_size_and_hypotheses")]
    operations = [
        migrations.RunPython(keep_what_a_scenario_supposes, migrations.RunPython.noop)
    ]
