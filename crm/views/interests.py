from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from crm.decorators import allow, check, takes
from crm.forms.interests import InterestForm
from crm.models import Interest, Organisation, User
from crm.perms import can_review


@require_http_methods(["GET", "POST"])
@allow(can_review)
@takes()
def interests(request):
    """What I declared: where I do not answer, and whose amounts I do not see."""
    form = InterestForm(
        request.POST or None,
        instance=Interest(user=request.user, declared_by=request.user),
        territory=request.territory,
    )
    if request.method == "POST" and declare(form, request.user):
        messages.success(request, "Votre déclaration est enregistrée.")
        return redirect("crm:interests")
    declared = Interest.objects.filter(
        user=request.user, organisation__territory=request.territory
    ).select_related("organisation")
    context = {"form": form, "declared": declared}
    return render(request, "crm/interests.html", context, status=422 if form.errors else 200)


@transaction.atomic
def declare(form, user):
    """Two declarations of a person queue here: the second one reads what the first one wrote."""
    User.objects.select_for_update().get(pk=user.pk)
    return form.is_valid() and form.save()


@require_POST
def interest_end(request, pk):
    """Lifted, not erased: what was hidden, and when, stays known."""
    organisation = get_object_or_404(Organisation.objects.visible_to(request.user), pk=pk)
    check(can_review, request.user, organisation.territory)
    mine = Interest.objects.current().filter(user=request.user, organisation=organisation)
    if mine.update(ended_at=timezone.now()):
        messages.success(request, f"Votre lien avec {organisation} est levé.")
    return redirect("crm:interests")
