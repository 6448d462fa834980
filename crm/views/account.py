import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.forms.account import AccountForm, LostPasswordForm, PasswordForm, SignInForm
from crm.models import Membership, Territory, Usage, User
from crm.query import row_id

LOST_PASSWORDS = 3  # to one address
AN_HOUR = datetime.timedelta(hours=1)


class SignIn(auth_views.LoginView):
    template_name = "crm/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **context):
        accounts = Membership.objects.none()
        if settings.DEBUG:
            accounts = Membership.objects.filter(
                user__email__endswith="@etabli.test", territory__is_demo=True
            ).select_related("user")
        return super().get_context_data(demo_accounts=accounts, **context)

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)


sign_out = auth_views.LogoutView.as_view()


class LostPassword(auth_views.PasswordResetView):
    """Sends a one-time link; what it answers does not tell whether the account exists.

    Where no mail is sent, says whom to ask, and names nobody.
    """

    template_name = "crm/lost_password.html"
    email_template_name = "crm/lost_password_mail.txt"
    subject_template_name = "crm/lost_password_subject.txt"
    form_class = LostPasswordForm
    success_url = reverse_lazy("crm:lost_password_sent")

    def get_context_data(self, **context):
        return super().get_context_data(sends_mail=settings.SENDS_MAIL, **context)

    def post(self, request, *args, **kwargs):
        if not settings.SENDS_MAIL:
            return self.render_to_response(self.get_context_data(), status=400)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form):
        address = form.cleaned_data["email"].strip().lower()
        times, _ = Usage.objects.spend("lost-password", address, window=AN_HOUR)
        if times > LOST_PASSWORDS:
            return render(self.request, "crm/lost_password_wait.html", status=429)
        return super().form_valid(form)

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)


lost_password_sent = auth_views.PasswordResetDoneView.as_view(
    template_name="crm/lost_password_sent.html"
)


def signing_in_as(request, credentials):
    """The account that a failed sign-in counts against, however its address is written."""
    said = (credentials or request.POST).get("username") or ""
    return said.strip().lower()


@login_not_required
def locked_out(request, credentials, *args, **kwargs):
    return render(request, "crm/locked_out.html", status=429)


@require_http_methods(["GET", "POST"])
def account(request):
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Votre compte est à jour.")
        return redirect("crm:account")
    memberships = request.user.memberships.select_related("territory")
    context = {"form": form, "memberships": memberships}
    return render(request, "crm/account.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def password(request):
    form = PasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, "Votre mot de passe est changé.")
        return redirect("crm:account")
    return render(request, "crm/password.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def theme(request):
    chosen = request.POST.get("theme", "")
    if chosen in User.Theme.values:
        User.objects.filter(pk=request.user.pk).update(theme=chosen)
    return redirect(back(request))


@require_POST
def switch_territory(request):
    chosen = get_object_or_404(
        Territory.objects.visible_to(request.user), pk=row_id(request.POST.get("territory"))
    )
    request.session["territory"] = chosen.pk
    return redirect("reporting:today")


@require_safe
def more(request):
    return render(request, "crm/more.html")


def back(request):
    """The page one came from, if it is ours."""
    referer = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(
        referer, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return referer if ours else "reporting:today"
