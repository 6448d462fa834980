from funding.urls import applications, matches, programs

app_name = "funding"
urlpatterns = [
    *programs.urlpatterns,
    *matches.urlpatterns,
    *applications.urlpatterns,
]
