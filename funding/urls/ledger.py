from django.urls import path

from funding.views import ledger

urlpatterns = [
    path("financements/aides-recues/", ledger.aid_list, name="aid_list"),
    path("financements/aides-recues/<int:pk>/", ledger.received_aid, name="received_aid"),
    path("financements/aides-recues/<int:pk>/retirer/", ledger.aid_remove, name="aid_remove"),
    path(
        "financements/aides-recues/<int:history>/remettre/",
        ledger.aid_restore,
        name="aid_restore",
    ),
    path("financements/registre/<int:pk>/", ledger.ledger, name="ledger"),
    path("financements/registre/<int:pk>/resume/", ledger.ledger_panel, name="ledger_panel"),
    path("financements/registre/<int:pk>/aide/", ledger.aid_new, name="aid_new"),
    path("financements/registre/<int:pk>/entreprise/", ledger.firm_new, name="firm_new"),
    path(
        "financements/registre/<int:pk>/entreprise/<int:firm>/retirer/",
        ledger.firm_remove,
        name="firm_remove",
    ),
    path(
        "financements/registre/<int:pk>/entreprise/<int:history>/remettre/",
        ledger.firm_restore,
        name="firm_restore",
    ),
    path(
        "financements/registre/<int:pk>/liste-complete/",
        ledger.undertaking_declared,
        name="undertaking_declared",
    ),
    path("financements/aides-recues/importer/", ledger.ledger_imports_page, name="ledger_imports"),
    path(
        "financements/aides-recues/importer/<uuid:token>/",
        ledger.ledger_import,
        name="ledger_import",
    ),
    path(
        "financements/aides-recues/importer/<uuid:token>/annuler/",
        ledger.ledger_import_undo,
        name="ledger_import_undo",
    ),
    path(
        "financements/aides-recues/importer/<uuid:token>/refus.csv",
        ledger.ledger_import_refused,
        name="ledger_import_refused",
    ),
]
