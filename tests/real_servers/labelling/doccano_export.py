"""Run by an environment that has doccano: code a few invented posts in it, and export them."""

import importlib.util
import json
import os
import sys
import zipfile
from pathlib import Path

folder = Path(sys.argv[1])
sys.path.insert(0, str(Path(importlib.util.find_spec("backend").origin).parent))
os.environ.update(
    DJANGO_SETTINGS_MODULE="config.settings.development",
    DATABASE_URL=f"sqlite:///{folder}/doccano.sqlite3",
    DOCCANO_HOME=str(folder),
    MEDIA_ROOT=str(folder),
)

import django  # noqa: E402 # only where it finds doccano

django.setup()

from data_export.celery_tasks import export_dataset  # noqa: E402 # only after the set-up
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from examples.models import Example  # noqa: E402
from label_types.models import CategoryType  # noqa: E402
from labels.models import Category  # noqa: E402
from projects.models import ProjectType, TextClassificationProject  # noqa: E402

call_command("migrate", verbosity=0)
call_command("create_roles", verbosity=0)
user = get_user_model().objects.create(username="sam")
project = TextClassificationProject.objects.create(
    name="frames",
    description="invented",
    created_by=user,
    project_type=ProjectType.DOCUMENT_CLASSIFICATION,
    collaborative_annotation=True,
)
coded = json.loads(Path(sys.argv[2]).read_text())
names = sorted({label for _, labels in coded for label in labels})
types = {name: CategoryType.objects.create(project=project, text=name) for name in names}
for item, labels in coded:
    meta = {"item": item, "community": "Harbour Forum", "state": ""}
    example = Example.objects.create(project=project, text="we waited", meta=meta)
    for label in labels:
        Category.objects.create(example=example, label=types[label], user=user)
for form in ("JSONL", "JSON", "CSV"):
    with zipfile.ZipFile(export_dataset(project.id, form)) as packed:
        packed.extractall(folder / "exported")
