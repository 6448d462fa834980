from django.urls import path

from funding.views import envelopes as views

HERE = "financements/enveloppes/"
ONE = f"{HERE}<int:pk>/"

urlpatterns = [
    path(HERE, views.envelope_list, name="envelope_list"),
    path(f"{HERE}nouvelle/", views.envelope_new, name="envelope_new"),
    path(f"{HERE}comparer/", views.envelope_compare, name="envelope_compare"),
    path(ONE, views.envelope, name="envelope"),
    path(f"{ONE}choisir/", views.envelope_choose, name="envelope_choose"),
    path(f"{ONE}modifier/", views.envelope_edit, name="envelope_edit"),
    path(f"{ONE}dupliquer/", views.envelope_duplicate, name="envelope_duplicate"),
    path(f"{ONE}retirer/", views.envelope_remove, name="envelope_remove"),
    path(f"{HERE}retablir/<int:pk>/", views.envelope_restore, name="envelope_restore"),
]
