"""One file; what changes from a place to another comes from the environment (see README)."""

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("DEBUG", "") == "1"
DEMO_KEY = "demonstration-only-key-never-used-outside-debug-mode-0123456789"
SECRET_KEY = os.environ.get("SECRET_KEY", "") or (DEMO_KEY if DEBUG else "")
if not DEBUG and (len(SECRET_KEY) < 50 or SECRET_KEY == DEMO_KEY):
    raise ImproperlyConfigured(
        "Outside DEBUG, SECRET_KEY must be set to a random value of 50 characters or more."
    )
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
if DEBUG:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = [
    origin for origin in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if origin
]

INSTALLED_APPS = [
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "simple_history",
    "crm",
    "actions",
    "funding",
    "reporting",
    "config",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "crm.middleware.ReadableRequestMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.middleware.CurrentTerritoryMiddleware",
    "crm.middleware.OwnRefusalsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.context_processors.shell",
            ],
            "builtins": ["crm.templatetags.french"],
        },
    }
]
FORM_RENDERER = "crm.forms.FormRenderer"

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers queue instead of failing, readers never wait for them.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "crm:sign_in"
LOGIN_REDIRECT_URL = "reporting:today"
LOGOUT_REDIRECT_URL = "crm:sign_in"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
# The name that Django gives the address: by default it is looked for under that of the model’s
# field, not found, and the right password opens a door that is closed.
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "crm.views.account.signing_in_as"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "crm.views.account.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True

LANGUAGE_CODE = "fr"
TIME_ZONE = "Europe/Paris"
USE_TZ = True

FILTERS_EMPTY_CHOICE_LABEL = "Tous"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
if not DEBUG:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
FILE_UPLOAD_HANDLERS = [
    "crm.uploads.SizeGuard",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# The largest file an import accepts; what is bigger is refused with a sentence, not read.
IMPORT_MAX_BYTES = 20 * 1024 * 1024
IMPORT_MAX_ROWS = 20_000
AIDES_TERRITOIRES_URL = os.environ.get(
    "AIDES_TERRITOIRES_URL", "https://aides-territoires.beta.gouv.fr/api"
)
AIDES_TERRITOIRES_TOKEN = os.environ.get("AIDES_TERRITOIRES_TOKEN", "")
GEO_API_URL = os.environ.get("GEO_API_URL", "https://geo.api.gouv.fr")
DEMARCHE_NUMERIQUE_URL = os.environ.get(
    "DEMARCHE_NUMERIQUE_URL", "https://www.demarches-simplifiees.fr/api/v2/graphql"
)
DEMARCHE_NUMERIQUE_TOKEN = os.environ.get("DEMARCHE_NUMERIQUE_TOKEN", "")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
if not DEBUG:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm.api.authentication.PartnerTokenAuthentication",
        "crm.api.authentication.OfficerSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crm.api.permissions.HasScope"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "crm.api.pagination.Pagination",
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "crm.api.renderers.CsvRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "crm.api.negotiation.Negotiation",
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "crm.api.errors.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["crm.api.throttling.PartnerThrottle"],
    "DEFAULT_THROTTLE_RATES": {"partner": os.environ.get("API_RATE", "120/min")},
    # config/wsgi.py has already put the address of the caller in place of the proxy’s.
    "NUM_PROXIES": 0,
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Établi, API partenaires",
    "DESCRIPTION": (
        "Lecture des organisations, projets, actions, dispositifs et correspondances d’un "
        "territoire, selon la portée du jeton et la confidentialité de chaque projet."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Docstrings are for whoever reads the code, in English.
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
MAILER = "smtp" if EMAIL_HOST else "console" if DEBUG else "dummy"
EMAIL_BACKEND = (
    os.environ.get("EMAIL_BACKEND") or f"django.core.mail.backends.{MAILER}.EmailBackend"
)
if not DEBUG and ".console." in EMAIL_BACKEND:
    raise ImproperlyConfigured(
        "Outside DEBUG, EMAIL_BACKEND must not be the console: mail holds one-time links that open "
        "accounts, and the console is kept in logs."
    )
# Without a mail server nothing is sent, and the pages and commands that would send say so.
SENDS_MAIL = ".dummy." not in EMAIL_BACKEND
EMAIL_PORT = int(os.environ.get("EMAIL_PORT") or 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "") == "1"
EMAIL_TIMEOUT = 10  # seconds: a dead mail server must not hold a worker
# The address that links in a mail begin with, when no request tells it.
SITE_URL = (
    os.environ.get("SITE_URL") or next(iter(CSRF_TRUSTED_ORIGINS), "http://127.0.0.1:8000")
).rstrip("/")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "etabli@localhost")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # Personal links hold their secret in their address, and Django writes those that it refused.
    "filters": {"secrets": {"()": "config.logs.WithoutSecrets"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "filters": ["secrets"]},
        # A logger without any handler falls back on the console.
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # axes writes of whom a sign-in failed: nothing personal in logs.
        "axes": {"handlers": ["nowhere"], "propagate": False},
        # A 400 tells it enough; machines that knock at every address would fill the logs.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
    },
}
