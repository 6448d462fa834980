"""Addresses of the conventions, their evaluations, and the documents."""

from django.urls import path

from actions.views import contract_parts, contracts, documents, evaluations

urlpatterns = [
    path("plan/conventions/", contracts.contract_list, name="contract_list"),
    path("plan/conventions/nouvelle/", contracts.contract_new, name="contract_new"),
    path("plan/conventions/<int:pk>/", contracts.contract, name="contract"),
    path("plan/conventions/<int:pk>/modifier/", contracts.contract_edit, name="contract_edit"),
    path(
        "plan/conventions/<int:pk>/evaluations/", evaluations.evaluation_new, name="evaluation_new"
    ),
    path("plan/conventions/evaluations/<int:pk>/", evaluations.evaluation, name="evaluation"),
    path(
        "plan/conventions/evaluations/<int:pk>/modifier/",
        evaluations.evaluation_edit,
        name="evaluation_edit",
    ),
    path(
        "plan/conventions/evaluations/<int:pk>/rouvrir/",
        evaluations.evaluation_reopen,
        name="evaluation_reopen",
    ),
    path(
        "plan/conventions/fiches-figees/<int:pk>/",
        evaluations.evaluation_sheet,
        name="evaluation_sheet",
    ),
    path(
        "plan/conventions/<int:pk>/<slug:kind>/",
        contract_parts.contract_part_new,
        name="contract_part_new",
    ),
    path(
        "plan/conventions/<slug:kind>/<int:pk>/changer/",
        contract_parts.contract_part_edit,
        name="contract_part_edit",
    ),
    path("plan/documents/<int:pk>/", documents.document, name="document"),
    path("plan/documents/<int:pk>/modifier/", documents.document_edit, name="document_edit"),
    path("plan/documents/<slug:kind>/<int:pk>/", documents.document_new, name="document_new"),
]
