from django.http import HttpResponse


def pending(request, *args, **kwargs):
    return HttpResponse("bientôt", status=501)
