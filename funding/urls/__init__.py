from funding.urls import (
    applications,
    catalogue,
    catalogue_imports,
    envelopes,
    eu_size,
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
    *eu_size.urlpatterns,
    *watch.urlpatterns,
]
