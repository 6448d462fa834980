from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from crm.decorators import allow
from crm.forms.brands import BrandForm
from crm.models import Brand
from crm.perms import can_manage
from crm.views.settings import one_at_a_time, status_of


@require_http_methods(["GET", "HEAD", "POST"])
@allow(can_manage)
def brand(request):
    """What the packs of the territory are signed with; those already issued keep theirs."""
    with one_at_a_time(request.territory):
        brand = Brand.of(request.territory)
        form = BrandForm(request.POST or None, request.FILES or None, brand=brand)
        if form.is_valid():
            form.save()
            messages.success(request, "Le logo et la couleur sont à jour.")
            return redirect("crm:setting_brand")
    context = {"form": form, "brand": brand}
    return render(request, "crm/setting_brand.html", context, status=status_of(form))


@require_safe
def logo(request):
    """The picture of the current territory, for whoever has a role in it."""
    picture = request.territory and Brand.of(request.territory).picture
    if not picture:
        raise Http404
    return HttpResponse(picture, content_type="image/png")
