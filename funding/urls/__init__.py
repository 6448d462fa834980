from funding.urls import (
    applications,
    catalogue,
    catalogue_imports,
    envelopes,
    ledger,
    matches,
    plans,
    programs,
    watch,
)

app_name = "funding"
urlpatterns = [
    *programs.urlpatterns,
    *catalogue.urlpatterns,
    *catalogue_imports.urlpatterns,
    *matches.urlpatterns,
    *applications.urlpatterns,
    *ledger.urlpatterns,
    *plans.urlpatterns,
    *envelopes.urlpatterns,
    *watch.urlpatterns,
]
