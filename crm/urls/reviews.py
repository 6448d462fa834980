from django.urls import path

from crm.views.pending import pending

urlpatterns = [
    path("avis/", pending, name="review_inbox"),
    path("avis/<int:pk>/", pending, name="review_answer"),
    path("projets/<int:pk>/avis/", pending, name="review_ask"),
    path("projets/<int:pk>/avis/panneau/", pending, name="review_panel"),
    path("avis/<int:pk>/retirer/", pending, name="review_close"),
]
