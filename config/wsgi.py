import os

from django.core.wsgi import get_wsgi_application
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Who asks is whom the proxy names, not the proxy: limits count each person apart.
application = wrap_wsgi_with_proxy_headers(
    get_wsgi_application(), trusted_hosts=os.environ.get("TRUSTED_PROXIES") or "127.0.0.1"
)
