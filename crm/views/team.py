from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.tokens import default_token_generator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.views.decorators.http import require_http_methods, require_POST

from crm.decorators import allow
from crm.forms.settings import FirstPasswordForm, MemberForm, RoleForm
from crm.models import Membership, Role, User
from crm.perms import can_manage
from crm.views.settings import one_at_a_time


class LastManager(Exception):
    """A territory without a manager could never get one again from its pages."""


@require_http_methods(["GET", "POST"])
@allow(can_manage)
def team(request):
    form = MemberForm(request.POST or None, territory=request.territory)
    with one_at_a_time(request.territory):
        member = add(form, request.territory) if form.is_valid() else None
    if member:
        if may_invite(request.user, member.user):
            keep_invitation(request, member.user)
        messages.success(request, f"{member.user}\u00a0: {member.get_role_display()}.")
        return redirect("crm:setting_team")
    members = list(request.territory.memberships.select_related("user").order_by("role", "user"))
    context = {
        "form": form,
        "members": members,
        "invitation": request.session.pop("invitation", None),
    }
    return render(request, "crm/setting_team.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@allow(can_manage)
def member(request, pk):
    membership = managed(request, pk)
    form = RoleForm(request.POST or None, initial={"role": membership.role})
    if request.method == "POST" and form.is_valid():
        try:
            change(membership, form.cleaned_data["role"])
            messages.success(request, f"{membership.user}\u00a0: {membership.get_role_display()}.")
            return redirect("crm:setting_team")
        except LastManager as refusal:
            form.add_error("role", str(refusal))
    context = {
        "form": form,
        "membership": membership,
        "can_invite": may_invite(request.user, membership.user),
    }
    return render(request, "crm/setting_member.html", context, status=422 if form.errors else 200)


@require_POST
@allow(can_manage)
def remove(request, pk):
    membership = managed(request, pk)
    try:
        change(membership, None)
    except LastManager as refusal:
        form = RoleForm(initial={"role": membership.role})
        context = {"form": form, "membership": membership, "refusal": refusal, "can_invite": False}
        return render(request, "crm/setting_member.html", context, status=422)
    messages.success(request, f"{membership.user} n’a plus de rôle dans ce territoire.")
    return redirect("crm:setting_team")


@require_POST
@allow(can_manage)
def invite(request, pk):
    membership = managed(request, pk)
    if may_invite(request.user, membership.user):
        keep_invitation(request, membership.user)
    else:
        messages.info(request, f"{membership.user} a déjà choisi son mot de passe.")
    return redirect("crm:setting_team")


class FirstPassword(auth_views.PasswordResetConfirmView):
    """The one-time link of an invitation or of a lost password.

    It dies when used, or after PASSWORD_RESET_TIMEOUT.
    """

    template_name = "crm/first_password.html"
    form_class = FirstPasswordForm
    success_url = reverse_lazy(settings.LOGIN_REDIRECT_URL)
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"

    def form_valid(self, form):
        messages.success(self.request, "Votre mot de passe est choisi.")
        return super().form_valid(form)

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)


def managed(request, pk):
    """A membership of a territory that this person manages; any other one does not exist."""
    territories = request.user.territories_as(Role.MANAGER)
    members = Membership.objects.filter(territory__in=territories)
    return get_object_or_404(members.select_related("user", "territory"), pk=pk)


def add(form, territory):
    """Give the role, to a new account if there is none; its password is its owner’s to choose."""
    account = form.account
    if account is None:
        names = {name: form.cleaned_data[name] for name in ("first_name", "last_name")}
        account = User.objects.create_user(form.cleaned_data["email"], **names)
    return Membership.objects.create(
        user=account, territory=territory, role=form.cleaned_data["role"]
    )


def change(membership, role):
    """Give another role, or none. One at a time: two managers could else demote each other."""
    with one_at_a_time(membership.territory):
        keep_a_manager(membership, role)
        if role is None:
            membership.delete()
        else:
            membership.role = role
            membership.save(update_fields=["role"])


def keep_a_manager(membership, role):
    managers = Membership.objects.filter(territory=membership.territory, role=Role.MANAGER)
    others = managers.exclude(pk=membership.pk)
    if role != Role.MANAGER and membership.role == Role.MANAGER and not others.exists():
        raise LastManager(
            f"{membership.user} est la seule personne responsable de ce territoire\u00a0: "
            "donnez d’abord ce rôle à quelqu’un d’autre."
        )


def may_invite(manager, user):
    """Only for an account nobody has opened yet, that no territory but this manager’s knows.

    A link opens the account: for any other, it would hand over the person’s other territories.
    """
    mine = manager.territories_as(Role.MANAGER)
    return (
        not user.has_usable_password() and not user.memberships.exclude(territory__in=mine).exists()
    )


def keep_invitation(request, user):
    """Keep the link for one display."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("crm:first_password", args=[uid, default_token_generator.make_token(user)])
    request.session["invitation"] = {"name": str(user), "url": request.build_absolute_uri(path)}
