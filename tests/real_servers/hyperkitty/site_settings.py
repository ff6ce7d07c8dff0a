"""Settings of a HyperKitty over SQLite that serves invented mails on this machine only."""

import os
from pathlib import Path

HOME = Path(os.environ["HYPERKITTY_HOME"])

SECRET_KEY = "not-a-secret"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
SITE_ID = 1
ROOT_URLCONF = "site_urls"
INSTALLED_APPS = (
    "hyperkitty",
    "django_mailman3",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_gravatar",
    "compressor",
    "haystack",
    "django_extensions",
    "django_q",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
)
MIDDLEWARE = (
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_mailman3.middleware.TimezoneMiddleware",
)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django_mailman3.context_processors.common",
                "hyperkitty.context_processors.common",
            ]
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HOME / "lists.sqlite"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
TIME_ZONE = "UTC"
USE_TZ = True
LOGIN_URL, LOGOUT_URL, LOGIN_REDIRECT_URL = "account_login", "account_logout", "hk_root"
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
COMPRESS_ENABLED = False
HAYSTACK_CONNECTIONS = {
    "default": {
        "ENGINE": "haystack.backends.whoosh_backend.WhooshEngine",
        "PATH": str(HOME / "index"),
    }
}
REST_FRAMEWORK = {
    "PAGE_SIZE": 10,
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
}
Q_CLUSTER = {"orm": "default", "sync": True, "timeout": 60, "retry": 120}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
HYPERKITTY_MBOX_EXPORT = not (HOME / "no-export").exists()
HYPERKITTY_TASK_LOCK_TIMEOUT = 600
FILTER_VHOST = False
MAILMAN_REST_API_URL = "http://127.0.0.1:9"
MAILMAN_REST_API_USER = MAILMAN_REST_API_PASS = "nobody"
MAILMAN_ARCHIVER_KEY = "nobody"
MAILMAN_ARCHIVER_FROM = ("127.0.0.1",)
LOGGING = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.server": {"handlers": ["console"], "level": "INFO"}},
}
