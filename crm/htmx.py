from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def is_fragment(request):
    """Whether htmx swaps a part of the page.

    A history restore is sent by htmx but replaces the whole document, so it gets the page.
    """
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(request, page, fragment, context, status=200):
    """Answer htmx with the fragment and browsers with the page."""
    template = fragment if is_fragment(request) else page
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


def render_panel(request, fragment, context, status=200):
    """A panel of `context["project"]`: the fragment alone, or a page around it without script."""
    return render_page(request, "panel.html", fragment, {**context, "fragment": fragment}, status)
