from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ReportingConfig(AppConfig):
    name = "reporting"
    verbose_name = "Rapports"

    def ready(self):
        from reporting.returns.install import install

        post_migrate.connect(install, sender=self, dispatch_uid="reporting.install_returns")
