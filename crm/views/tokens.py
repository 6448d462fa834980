import datetime

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from crm.decorators import allow, check, takes
from crm.forms.settings import TokenForm
from crm.models import SCOPES, PartnerToken
from crm.perms import can_issue_tokens
from crm.views.settings import one_at_a_time

# The same partner and scopes from the same person within this time is one click sent twice.
SAME_CLICK = datetime.timedelta(minutes=1)


@require_http_methods(["GET", "POST"])
@allow(can_issue_tokens)
@takes()
def tokens(request):
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with one_at_a_time(request.territory):
            issue(request, form)
        return redirect("crm:setting_tokens")
    mine = PartnerToken.objects.visible_to(request.user).filter(territory=request.territory)
    context = {
        "form": form,
        "tokens": [describe(token) for token in mine.select_related("created_by")],
        "issued": request.session.pop("issued_token", None),
        "origin": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "crm/setting_tokens.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@allow(can_issue_tokens)
def revoke(request, pk):
    token = get_object_or_404(PartnerToken.objects.visible_to(request.user), pk=pk)
    check(can_issue_tokens, request.user, token.territory)
    if request.method == "GET":
        return render(request, "crm/setting_token_revoke.html", {"token": token})
    if token.revoke():
        messages.success(request, f"Le jeton de {token.partner} est révoqué.")
    else:
        messages.info(request, f"Le jeton de {token.partner} était déjà révoqué.")
    return redirect("crm:setting_tokens")


def issue(request, form):
    """Create the token and keep its secret for one display; a second click creates nothing."""
    partner, scopes = form.cleaned_data["partner"], sorted(form.cleaned_data["scopes"])
    twin = PartnerToken.objects.filter(
        territory=request.territory,
        partner=partner,
        created_by=request.user,
        created_at__gt=timezone.now() - SAME_CLICK,
        revoked_at=None,
    )
    if any(token.scopes == scopes for token in twin):
        return
    token, secret = PartnerToken.objects.issue(
        partner=partner,
        territory=request.territory,
        scopes=scopes,
        by=request.user,
        expires_at=form.expires_at,
    )
    request.session["issued_token"] = {
        "partner": token.partner,
        "secret": secret,
        "path": f"{scopes[0].split(':')[0]}/",
        "until": f"{timezone.localtime(last_day(token)):%d/%m/%Y}",
    }
    # Written before the lock is released: the page the second click gets shows the secret.
    request.session.save()


def describe(token, *, now=None):
    now = now or timezone.now()
    state = ("ok", "Actif")
    if token.revoked_at:
        state = ("", "Révoqué")
    elif token.expires_at <= now:
        state = ("bad", "Expiré")
    elif token.expires_at <= now + datetime.timedelta(days=30):
        state = ("warn", "Expire bientôt")
    return {
        "token": token,
        "scopes": [SCOPES.get(scope, scope) for scope in token.scopes],
        "until": last_day(token),
        "is_live": token.revoked_at is None and token.expires_at > now,
        "tone": state[0],
        "state": state[1],
    }


def last_day(token):
    """The last moment a token works, so that midnight is not shown as the day after."""
    return token.expires_at - datetime.timedelta(seconds=1)
