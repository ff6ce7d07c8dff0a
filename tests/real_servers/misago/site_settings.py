"""Settings of a Misago over PostgreSQL that serves an invented board on this machine only."""

import os
from pathlib import Path

from devproject.settings import *  # noqa: F403 # as Misago's own documentation does it
from devproject.settings import DATABASES, MIDDLEWARE

HOME = Path(os.environ["MISAGO_HOME"])
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES["default"].update(
    NAME="postgres", USER="postgres", HOST="127.0.0.1", PORT=int(os.environ["POSTGRES_PORT"])
)
MIDDLEWARE = [each for each in MIDDLEWARE if not each.startswith("debug_toolbar.")]
MEDIA_ROOT, STATIC_ROOT = str(HOME / "media"), str(HOME / "static")
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
LOGGING = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.server": {"handlers": ["console"], "level": "INFO"}},
}
