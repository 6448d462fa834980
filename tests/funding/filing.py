"""What tests of a file do on its page: add a row, edit one, click."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone


def after(days):
    return timezone.localdate() + dt.timedelta(days=days)


def add(client, application, kind, /, **data):
    url = reverse("funding:application_row_new", args=[application.pk, kind])
    return client.post(url, data)


def edit(client, kind, row, /, **data):
    url = reverse("funding:application_row_edit", args=[kind, row.pk])
    return client.post(url, {"version": row.version, **data})


def click(client, name, kind, pk):
    return client.post(reverse(f"funding:application_row_{name}", args=[kind, pk]))


def page(client, application):
    return client.get(application.get_absolute_url())
