from django.urls import path

from funding.views import eu_size

COMPANY = "financements/entreprise/<int:pk>/taille/"
FIRM = "financements/taille/<int:pk>/"

urlpatterns = [
    path(COMPANY, eu_size.eu_size_page, name="eu_size"),
    path(f"{COMPANY}comptes/", eu_size.eu_size_accounts_edit, name="eu_size_accounts_edit"),
    path(f"{COMPANY}entreprise/", eu_size.eu_size_firm_new, name="eu_size_firm_new"),
    path(f"{COMPANY}seule/", eu_size.eu_size_alone, name="eu_size_alone"),
    path(f"{COMPANY}pas-seule/", eu_size.eu_size_not_alone, name="eu_size_not_alone"),
    path(f"{COMPANY}retenir/", eu_size.eu_size_adopt, name="eu_size_adopt"),
    path(f"{COMPANY}revenir/<int:history>/", eu_size.eu_size_undo, name="eu_size_undo"),
    path(FIRM, eu_size.eu_size_firm_edit, name="eu_size_firm_edit"),
    path(f"{FIRM}retirer/", eu_size.eu_size_firm_remove, name="eu_size_firm_remove"),
    path(f"{FIRM}remettre/", eu_size.eu_size_firm_restore, name="eu_size_firm_restore"),
]
