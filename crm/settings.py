"""Every setting, from the environment; `var/env` fills in what a local start has generated."""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(os.environ.get("RAPPORT_ENV_FILE", BASE_DIR / "var" / "env"), overwrite=False)

DEBUG = env.bool("DEBUG", default=False)
# The demo shop, the local mailbox and the sample; never in production.
DEMO = env.bool("DEMO", default=False)
PRODUCTION = not (DEBUG or DEMO)

REQUIRED_IN_PRODUCTION = (
    "SECRET_KEY",
    "SIGNING_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "ALLOWED_HOSTS",
    "PUBLIC_URL",
)
missing = [name for name in REQUIRED_IN_PRODUCTION if PRODUCTION and not env(name, default="")]
if missing:
    raise ImproperlyConfigured(
        f"Set {', '.join(missing)} in the environment, or start with `make demo`. See .env.example."
    )

SECRET_KEY = env("SECRET_KEY", default="only-for-development-never-for-people")
# Signs the links in messages. Apart from SECRET_KEY, so that changing that one breaks no link in old mail.
SIGNING_KEY = env("SIGNING_KEY", default=SECRET_KEY)
# Keys that were replaced: what they signed still opens, and addresses of erased people stay kept back.
SIGNING_KEY_FALLBACKS = env.list("SIGNING_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "testserver"])
# Where people reach this server; links in messages start with it.
PUBLIC_URL = env("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
# The shop that public pages lead to, and the origins whose pages may carry the tracking script too.
SHOP_URL = env("SHOP_URL", default=f"{PUBLIC_URL}/shop/" if DEMO else "")
SHOP_ORIGINS = env.list("SHOP_ORIGINS", default=[])
# The paths of its pages by what they are for, with stars for anything: what a rule about them begins with.
CONTENT_PAGES = env.list("CONTENT_PAGES", default=["/shop/p/*"] if DEMO else [])
SERVICE_PAGES = env.list("SERVICE_PAGES", default=["/shop/service/*"] if DEMO else [])
FORUM_PAGES = env.list("FORUM_PAGES", default=["/forum/*", "/community/*"])
# Where the shop shows a product: a path with {sku} in it; nothing when products have no pages of their own.
PRODUCT_PAGE = env("PRODUCT_PAGE", default="/shop/p/{sku}/" if DEMO else "")
# Who speaks, after a first start; changed on the settings page from then on.
BRAND = env("BRAND", default="Northside Records" if DEMO else "Our shop")
SIGNED_BY = env("SIGNED_BY", default="Ines at Northside" if DEMO else BRAND)
SENDER_ADDRESS = env("SENDER_ADDRESS", default="ines@example.com" if DEMO else "hello@example.com")
# Every message must carry one; without it no rule can be switched on.
POSTAL_ADDRESS = env("POSTAL_ADDRESS", default="1 Quay Street\n4050 Porto, Portugal" if DEMO else "")
BRAND_TIME_ZONE = env("BRAND_TIME_ZONE", default="Europe/Lisbon" if DEMO else "UTC")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "crm",
    "campaigns",
    "segmentation",
    "touchpoints",
    "contacts",
    "crm.ui",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_include_bootstrap",
    "django_htmx",
    "lucide",
    "csp",
    "ninja",
    "anymail",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
if DEMO:
    INSTALLED_APPS.insert(0, "demo")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "crm.access.AccessMiddleware",
]

ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"
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
                "crm.ui.context.ui",
            ],
            "builtins": ["crm.ui.templatetags.ui", "django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# The truth ------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres://app@/rapport")}
# A host that is a folder is a unix socket; in a URL its slashes are escaped.
DATABASES["default"] |= {
    "HOST": unquote(DATABASES["default"]["HOST"]),
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Reads of pages may go to a replica, by a router added here; what decides about sending never does.
DATABASE_ROUTERS = ["contacts.primary.PrimaryRouter"]

# The hints: lose them whole and nothing is lost ------------------------------------------------------


def redis_addresses(url):
    """The broker's and the cache's address on one server, which may listen on a socket: (broker, cache).

    `?db=N` names the broker's database, 0 unless told; the cache takes the one eight further on.
    """
    parts = urlsplit(url)
    if parts.scheme == "unix":
        db = int(parse_qs(parts.query).get("db", ["0"])[0])
        path = unquote(parts.path)
        return f"redis+socket://{path}?virtual_host={db}", f"unix://{path}?db={db + 8}"
    db = int(parts.path.lstrip("/") or 0)
    root = f"{parts.scheme}://{parts.netloc}"
    return f"{root}/{db}", f"{root}/{db + 8}"


REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL, CACHE_URL = redis_addresses(REDIS_URL)
CACHES = {
    "default": {
        "BACKEND": "crm.cache.ForgivingRedisCache",
        "LOCATION": CACHE_URL,
        # A cache that is away is noticed at once, not waited for.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)},
        "KEY_PREFIX": "rapport",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_PUBLISH_RETRY = False
# Told to stop, a worker ends the run it is in, which is short.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long the broker is away, workers wait for it.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900, "socket_connect_timeout": 2}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# What expires was only a hint: the next tick does the same work.
CELERY_BEAT_SCHEDULE = {
    "send what is due": {"task": "campaigns.tasks.sweep", "schedule": 5.0, "options": {"expires": 30}},
    "plan what the rules ask for": {
        "task": "campaigns.tasks.plan",
        "schedule": 30.0,
        "options": {"expires": 60},
    },
    "score customers again": {
        "task": "segmentation.tasks.rescore",
        "schedule": 60 * 60.0,
        "options": {"expires": 3600},
    },
    "read what came back": {
        "task": "campaigns.tasks.read_bounces",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget what came late about the erased": {
        "task": "campaigns.tasks.forget_echoes",
        "schedule": 60 * 60.0,
        "options": {"expires": 3600},
    },
}
if PRODUCTION:
    # Nobody's records are asked for from a demonstration.
    CELERY_BEAT_SCHEDULE["check the senders"] = {
        "task": "campaigns.tasks.check_senders",
        "schedule": 24 * 60 * 60.0,
        "options": {"expires": 3600},
    }

# The journal: what a backup that is restored would have forgotten --------------------------------------

# A folder outside the database, the same for every host; empty for none (docs/restoring.md).
JOURNAL_DIR = env("JOURNAL_DIR", default=str(BASE_DIR / "var" / "journal"))
# For how long it remembers what was sent: longer than the oldest backup that anybody would restore.
JOURNAL_DAYS = env.int("JOURNAL_DAYS", default=90)

# Mail ------------------------------------------------------------------------------------------------

vars().update(env.email_url("EMAIL_URL", default="smtp://127.0.0.1:1025"))
# Seconds a mail server is granted, to be reached and for each of its answers.
EMAIL_TIMEOUT = env.float("EMAIL_TIMEOUT", default=20)
# Seconds a worker has what it took in hand; longer than three times all that it may wait for.
SENDING_LEASE = env.float("SENDING_LEASE", default=6 * EMAIL_TIMEOUT + 30)
# Seconds that evidence is waited for when nobody knows whether a message left.
SENDING_UNKNOWN_FOR = env.float("SENDING_UNKNOWN_FOR", default=15 * 60)
# How many messages one worker has on the wire at once, each on a line of its own.
SENDING_LINES = env.int("SENDING_LINES", default=4)
# Where the mail server can be asked whether it took a message: GET <url>?id=<X-CRM-Delivery> answers
# {"accepted": true} or {"accepted": false}. Empty when it cannot.
MAIL_LOOKUP_URL = env("MAIL_LOOKUP_URL", default="")
# What the providers of mail need, each by its own names: ANYMAIL_POSTMARK_SERVER_TOKEN and so on.
ANYMAIL = {"IGNORE_UNSUPPORTED_FEATURES": True} | {
    name.removeprefix("ANYMAIL_"): {"true": True, "false": False}.get(value.lower(), value)
    for name, value in os.environ.items()
    if name.startswith("ANYMAIL_")
}
# Stands in the addresses that providers post their notices to; empty shuts that door.
MAIL_HOOK_SECRET = env("MAIL_HOOK_SECRET", default="")
# The mailbox in which bounces lie: imaps://user:password@host/INBOX. Empty when they come another way.
BOUNCE_IMAP_URL = env("BOUNCE_IMAP_URL", default="")
# Who writes to those who sign in, as when they forgot their password.
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=SENDER_ADDRESS)
# The private keys that sign mail, one file a domain and selector; web and workers read the same folder.
DKIM_DIR = env("DKIM_DIR", default=str(BASE_DIR / "var" / "dkim"))
# Who writes to more people than this at once must first prove whose mail it is.
BULK_FROM = env.int("BULK_FROM", default=5000)
# The Maildir that the local mailbox writes; shown at /mailbox/ while DEMO is on.
MAILBOX_URL = "/mailbox/" if DEMO else ""
MAILBOX_DIR = env("MAILBOX_DIR", default=str(BASE_DIR / "var" / "mailbox"))

# People who sign in ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "crm.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# A code counts for one step before and after its own, as RFC 6238 advises: people type slowly, clocks drift.
MFA_TOTP_TOLERANCE = 1

# Words and time --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="UTC")
# Figures are grouped where they are shown (`intcomma`): grouped everywhere, ids in addresses would be too.
USE_THOUSAND_SEPARATOR = False
FORMAT_MODULE_PATH = ["crm.formats"]
# What revenue is counted in; orders in another currency bring their rate.
CURRENCY = env("CURRENCY", default="USD")

# Files -----------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env("STATIC_ROOT", default=str(BASE_DIR / "var" / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or env.bool("PLAIN_STATIC", default=False)
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Doors -----------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = HTTPS and env.bool("SECURE_SSL_REDIRECT", default=True)
# Health checks come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# A proxy in front says whether the visitor came by TLS; believed only when told so.
if env.bool("TRUST_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUST_PROXY = env.bool("TRUST_PROXY", default=False)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # The SMTP server of tests and of the local mailbox would write down addresses.
    "loggers": {"mail.log": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
