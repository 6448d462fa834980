from crm.urls import account, imports, organisations, projects, reviews, settings

app_name = "crm"
urlpatterns = [
    *account.urlpatterns,
    *organisations.urlpatterns,
    *imports.urlpatterns,
    *projects.urlpatterns,
    *reviews.urlpatterns,
    *settings.urlpatterns,
]
