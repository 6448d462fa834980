from django.urls import path

from funding.urls.matches import twins
from funding.views import watch

urlpatterns = [
    path("financements/veille/", watch.watch_list, name="watch_list"),
    path("financements/veille/clotures/", watch.watch_closing, name="watch_closing"),
    path("financements/veille/vu/", watch.seen, name="watch_seen"),
    path("financements/veille/vu/<uuid:mark>/annuler/", watch.unseen, name="watch_unseen"),
    path("financements/veille/resume/", watch.digest, name="watch_digest"),
    *twins("veille/", watch.panel, "watch_panel"),
]
