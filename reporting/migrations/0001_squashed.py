"""All the migrations so far as one, for a database made from nothing: the same tables, in half
the time. A database that began with the others goes on with them."""

import crm.freezing
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('reporting', '0001_initial'), ('reporting', '0002_returns_and_brand')]

    initial = True

    dependencies = [
        ('funding', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Edition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200, verbose_name='intitulé')),
                ('number', models.PositiveIntegerField(verbose_name='numéro')),
                ('drawn_on', models.DateField(verbose_name='chiffres au')),
                ('issued_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='émise le')),
                ('issued_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('issuer', models.CharField(max_length=200, verbose_name='émise par')),
                ('content', models.JSONField(verbose_name='chiffres et lignes')),
                ('sha256', models.CharField(max_length=64, verbose_name='empreinte du contenu')),
                ('app_version', models.CharField(max_length=20, verbose_name='version d’Établi')),
                ('territory', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='editions', to='crm.territory')),
                ('report', models.CharField(choices=[('comite', 'Dossier du comité')], default='comite', max_length=12, verbose_name='rapport')),
                ('meeting', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='editions', to='actions.meeting', verbose_name='réunion')),
                ('readers', models.CharField(choices=[('elus', 'Élus'), ('techniciens', 'Techniciens')], max_length=12, verbose_name='lecteurs')),
                ('perimeter', models.CharField(blank=True, max_length=600, verbose_name='périmètre')),
                ('previous', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reporting.edition', verbose_name='édition précédente')),
            ],
            options={
                'verbose_name': 'édition',
                'ordering': ['-issued_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('territory', 'report', 'number'), name='edition_number_once'), crm.freezing.FrozenRows(name='edition_is_frozen'), crm.freezing.NeverDeleted(name='edition_is_never_deleted')],
            },
        ),
        migrations.CreateModel(
            name='ExchangedProject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='exchanged', to='crm.project')),
                ('territory', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.territory')),
                ('identifier', models.UUIDField(verbose_name='identifiant d’échange')),
            ],
            options={
                'verbose_name': 'projet échangé',
                'verbose_name_plural': 'projets échangés',
                'constraints': [models.UniqueConstraint(fields=('territory', 'identifier'), name='exchanged_once_a_territory')],
            },
        ),
        migrations.CreateModel(
            name='HistoricalIndustrialJobs',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1990, 'L’année compte quatre chiffres, à partir de 1990.'), django.core.validators.MaxValueValidator(2100, 'L’année compte quatre chiffres, jusqu’à 2100.')], verbose_name='année')),
                ('jobs', models.PositiveIntegerField(validators=[django.core.validators.MaxValueValidator(10000000, 'C’est trop d’emplois.')], verbose_name='emplois industriels')),
                ('source', models.CharField(max_length=200, verbose_name='source')),
                ('noted_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='noté le')),
                ('territory', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.territory')),
                ('epci', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.epci')),
                ('departement', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.departement')),
                ('noted_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical emplois industriels d’un lieu',
                'verbose_name_plural': 'historical emplois industriels des lieux',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='IndustrialJobs',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('territory', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='industrial_jobs', to='crm.territory')),
                ('epci', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.epci')),
                ('departement', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.departement')),
                ('year', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1990, 'L’année compte quatre chiffres, à partir de 1990.'), django.core.validators.MaxValueValidator(2100, 'L’année compte quatre chiffres, jusqu’à 2100.')], verbose_name='année')),
                ('jobs', models.PositiveIntegerField(validators=[django.core.validators.MaxValueValidator(10000000, 'C’est trop d’emplois.')], verbose_name='emplois industriels')),
                ('source', models.CharField(max_length=200, verbose_name='source')),
                ('noted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('noted_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='noté le')),
            ],
            options={
                'verbose_name': 'emplois industriels d’un lieu',
                'verbose_name_plural': 'emplois industriels des lieux',
                'ordering': ['-year', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('departement__isnull', False), ('epci', None)), models.Q(('departement', None), ('epci__isnull', False)), _connector='OR'), name='industrial_jobs_of_one_place'), models.UniqueConstraint(fields=('territory', 'epci', 'year'), name='industrial_jobs_once_an_epci'), models.UniqueConstraint(fields=('territory', 'departement', 'year'), name='industrial_jobs_once_a_departement')],
            },
        ),
        migrations.CreateModel(
            name='ProjectImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('file_name', models.CharField(max_length=200, verbose_name='fichier')),
                ('counts', models.JSONField(default=dict, verbose_name='résultat')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('committed_at', models.DateTimeField(null=True, verbose_name='importé le')),
                ('undone_at', models.DateTimeField(null=True, verbose_name='annulé le')),
                ('territory', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='project_imports', to='crm.territory')),
                ('header', models.JSONField(default=list, verbose_name='titres de colonnes')),
                ('rows', models.JSONField(default=list, verbose_name='lignes')),
                ('undo', models.JSONField(default=dict, verbose_name='ce qu’il faut pour annuler')),
            ],
            options={
                'verbose_name': 'import de projets',
                'verbose_name_plural': 'imports de projets',
                'ordering': ['-created_at', '-pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ReturnMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('territory', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='return_mappings', to='crm.territory')),
                ('code', models.SlugField(max_length=40, verbose_name='code')),
                ('name', models.CharField(max_length=120, verbose_name='nom')),
                ('recipient', models.CharField(choices=[('national', 'Programme national'), ('region', 'Région'), ('etat', 'Préfecture, SGAR (CRTE)'), ('ademe', 'ADEME (COT)'), ('epci', 'EPCI'), ('autre', 'Autre destinataire')], max_length=10, verbose_name='destinataire')),
                ('position', models.PositiveSmallIntegerField(default=100, verbose_name='ordre')),
                ('draft', models.JSONField(blank=True, null=True, verbose_name='grille en cours d’écriture')),
                ('draft_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('draft_at', models.DateTimeField(null=True, verbose_name='modifiée le')),
            ],
            options={
                'verbose_name': 'remontée',
                'ordering': ['position', 'name', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('territory', 'code'), name='return_code_once_a_territory'), models.UniqueConstraint(condition=models.Q(('territory', None)), fields=('code',), name='shared_return_code_once')],
            },
        ),
        migrations.CreateModel(
            name='EditionFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='nom')),
                ('content', models.BinaryField(verbose_name='octets')),
                ('size', models.PositiveIntegerField(verbose_name='taille')),
                ('sha256', models.CharField(max_length=64, verbose_name='empreinte')),
                ('edition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='reporting.edition')),
                ('kind', models.CharField(choices=[('xlsx', 'Classeur xlsx'), ('pdf', 'PDF'), ('pptx', 'Diaporama pptx')], max_length=4, verbose_name='forme')),
            ],
            options={
                'verbose_name': 'fichier d’une édition',
                'verbose_name_plural': 'fichiers d’une édition',
                'ordering': ['-kind'],
                'constraints': [models.UniqueConstraint(fields=('edition', 'kind'), name='edition_file_once'), crm.freezing.FrozenRows(name='edition_file_is_frozen'), crm.freezing.NeverDeleted(name='edition_file_is_never_deleted')],
            },
        ),
        migrations.CreateModel(
            name='MappingVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mapping', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='reporting.returnmapping')),
                ('number', models.PositiveIntegerField(verbose_name='numéro')),
                ('content', models.JSONField(verbose_name='feuilles et colonnes')),
                ('applies_from', models.DateField(verbose_name='applicable à partir du')),
                ('note', models.CharField(blank=True, max_length=250, verbose_name='ce qui change')),
                ('is_official', models.BooleanField(default=False, verbose_name='grille donnée par le destinataire')),
                ('published_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='publiée le')),
                ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('publisher', models.CharField(max_length=200, verbose_name='publiée par')),
            ],
            options={
                'verbose_name': 'version d’une grille',
                'verbose_name_plural': 'versions d’une grille',
                'ordering': ['-number'],
                'constraints': [models.UniqueConstraint(fields=('mapping', 'number'), name='mapping_number_once'), crm.freezing.FrozenRows(name='mapping_version_is_frozen')],
            },
        ),
        migrations.CreateModel(
            name='Sending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200, verbose_name='intitulé')),
                ('number', models.PositiveIntegerField(verbose_name='numéro')),
                ('drawn_on', models.DateField(verbose_name='chiffres au')),
                ('issued_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='émise le')),
                ('issued_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('issuer', models.CharField(max_length=200, verbose_name='émise par')),
                ('content', models.JSONField(verbose_name='chiffres et lignes')),
                ('sha256', models.CharField(max_length=64, verbose_name='empreinte du contenu')),
                ('app_version', models.CharField(max_length=20, verbose_name='version d’Établi')),
                ('territory', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sendings', to='crm.territory')),
                ('mapping_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reporting.mappingversion')),
                ('code', models.SlugField(max_length=40, verbose_name='remontée')),
                ('sent_on', models.DateField(verbose_name='envoyée le')),
                ('sent_to', models.CharField(max_length=200, verbose_name='à qui')),
                ('note', models.TextField(blank=True, max_length=1000, verbose_name='note')),
                ('previous', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reporting.sending', verbose_name='envoi précédent')),
            ],
            options={
                'verbose_name': 'envoi',
                'ordering': ['-sent_on', '-number'],
                'constraints': [models.UniqueConstraint(fields=('territory', 'code', 'number'), name='sending_number_once'), crm.freezing.FrozenRows(name='sending_is_frozen')],
            },
        ),
        migrations.CreateModel(
            name='SendingFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='nom')),
                ('content', models.BinaryField(verbose_name='octets')),
                ('size', models.PositiveIntegerField(verbose_name='taille')),
                ('sha256', models.CharField(max_length=64, verbose_name='empreinte')),
                ('sending', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='reporting.sending')),
            ],
            options={
                'verbose_name': 'fichier d’un envoi',
                'verbose_name_plural': 'fichiers d’un envoi',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('sending',), name='one_file_a_sending'), crm.freezing.FrozenRows(name='sending_file_is_frozen')],
            },
        ),
    ]
