from django.urls import path

from crm.views import reviews

urlpatterns = [
    path("avis/", reviews.review_inbox, name="review_inbox"),
    path("avis/<int:pk>/", reviews.review_answer, name="review_answer"),
    path("avis/<int:pk>/retirer/", reviews.review_close, name="review_close"),
    path("projets/<int:pk>/avis/", reviews.review_ask, name="review_ask"),
    path("projets/<int:pk>/avis/panneau/", reviews.review_panel, name="review_panel"),
]
