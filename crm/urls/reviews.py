from django.urls import path

from crm.views import cards, interests, plain, reviews

urlpatterns = [
    path("avis/", reviews.review_inbox, name="review_inbox"),
    path("avis/<int:pk>/", reviews.review_answer, name="review_answer"),
    path("avis/<int:pk>/vu/", reviews.review_seen, name="review_seen"),
    path("avis/<int:pk>/retirer/", reviews.review_close, name="review_close"),
    path("avis/courriel/", cards.cards_mail_choice, name="cards_mail_choice"),
    path("avis/courriel/envoyer/", cards.cards_send, name="cards_send"),
    path("avis/liens/<int:pk>/revoquer/", cards.cards_links_revoke, name="cards_links_revoke"),
    path("avis/lien/<str:secret>/", cards.cards_link, name="cards_link"),
    path("avis/lien/<str:secret>/<int:pk>/", cards.cards_link_answer, name="cards_link_answer"),
    path("avis/lien/<str:secret>/<int:pk>/vu/", cards.cards_link_seen, name="cards_link_seen"),
    path("avis/interets/", interests.interests, name="interests"),
    path("avis/interets/<int:pk>/lever/", interests.interest_end, name="interest_end"),
    path("projets/en-clair/", plain.plain, name="project_plain"),
    path("projets/<int:pk>/avis/", reviews.review_ask, name="review_ask"),
    path("projets/<int:pk>/avis/panneau/", reviews.review_panel, name="review_panel"),
]
