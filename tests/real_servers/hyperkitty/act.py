"""Changes the archive as its owner would: `act.py delete <id>…`, `act.py private <list>`."""

import sys

import django

django.setup()

from django.conf import settings  # noqa: E402 # only after the set-up
from hyperkitty.models import ArchivePolicy, Email, MailingList  # noqa: E402

settings.HYPERKITTY_BATCH_MODE = True
if sys.argv[1] == "delete":
    for email in Email.objects.filter(message_id__in=sys.argv[2:]):
        email.delete()
else:
    MailingList.objects.filter(name=sys.argv[2]).update(archive_policy=ArchivePolicy.private.value)
sys.stdout.write(f"{Email.objects.count()}\n")
