from django.db import migrations


def keep_under_the_national_program(apps, schema_editor):
    """Judgements on a local version are kept under the code of its national program
    (`Program.legal_code`): one made on both keeps the local one, which applied there."""
    Program = apps.get_model("funding", "Program")
    DeclaredFact = apps.get_model("funding", "DeclaredFact")
    for local in Program.objects.exclude(national=None).select_related("national"):
        old, new = f"judgement:{local.code}:", f"judgement:{local.national.code}:"
        for fact in DeclaredFact.objects.filter(key__startswith=old):
            key = new + fact.key.removeprefix(old)
            about = {
                "project": fact.project_id,
                "action": fact.action_id,
                "organisation": fact.organisation_id,
            }
            DeclaredFact.objects.filter(key=key, **about).delete()
            fact.key = key
            fact.save(update_fields=["key"])


class Migration(migrations.Migration):
    dependencies = [("funding", "0005_points_about_files")]

    operations = [
        migrations.RunPython(keep_under_the_national_program, migrations.RunPython.noop),
    ]
