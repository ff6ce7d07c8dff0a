"""A FlaskBB board over SQLite: `board.py seed <file>`, `change <file>`, `serve <port>`.

Runs in an environment of its own with FlaskBB; everything is done by FlaskBB's own models. FlaskBB
2.2 names types in annotations that it imports for type checkers only, which Python evaluates
before 3.14: here its modules are compiled so that annotations stay text.
"""

import __future__

import collections.abc
import json
import os
import sys
from datetime import datetime, timedelta
from importlib.machinery import SourceFileLoader
from pathlib import Path

HOME = Path(os.environ["FLASKBB_HOME"])
_get_code = SourceFileLoader.get_code


def _with_annotations_as_text(loader, fullname):
    if fullname.split(".")[0] != "flaskbb":
        return _get_code(loader, fullname)
    path = loader.get_filename(fullname)
    flags = __future__.annotations.compiler_flag
    return compile(loader.get_data(path), path, "exec", flags=flags, dont_inherit=True)


if sys.version_info < (3, 12):  # FlaskBB 2.0, of 2018, and what it needs, of 2020
    for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "MutableSet", "Sequence"):
        setattr(collections, name, getattr(collections.abc, name))

SourceFileLoader.get_code = _with_annotations_as_text

from flaskbb.configs import default  # noqa: E402 # only after the change above

(HOME / "logs").mkdir(exist_ok=True)
default.DefaultConfig.LOG_DEFAULT_CONF = {"version": 1}

from flaskbb import create_app  # noqa: E402
from flaskbb.extensions import db  # noqa: E402
from flaskbb.forum.models import Category, Forum, Post, Topic  # noqa: E402
from flaskbb.user.models import User  # noqa: E402
from flaskbb.utils import helpers, populate  # noqa: E402


class Clock(datetime):
    """The time that the test tells in a file, so that a board's "2 days ago" fits its nights."""

    @classmethod
    def now(cls, tz=None):
        told = HOME / "clock"
        moment = told.read_text() if told.exists() else datetime.now(tz).isoformat()
        return datetime.fromisoformat(moment).astimezone(tz)


helpers.datetime = Clock


class Config(default.DefaultConfig):
    """On this machine only; seeded without a search index, which is written at each post."""

    TESTING = sys.argv[1] != "serve"
    SERVER_NAME = None
    SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'board.sqlite'}"
    LOG_PATH = str(HOME / "logs")
    WHOOSHEE_DIR = str(HOME / "index")
    RATELIMIT_ENABLED = False
    SECRET_KEY = WTF_CSRF_SECRET_KEY = "not-a-secret"


def seed(entries):
    """Write the posts, then take back what a moderator takes back; returns their ids."""
    populate.create_latest_db()
    populate.create_default_groups()
    populate.create_default_settings()
    moderator = populate.create_user("moderator", "not-a-secret-1", "m@people.example", "admin")
    category = Category(title="Wards").save()
    forum = Forum(title="Peer support", category_id=category.id).save()
    users, topics, posts = {}, {}, {}
    for entry in entries:
        name = entry["person"]
        if name not in users:
            address = f"{name}@people.example"
            users[name] = populate.create_user(name, "not-a-secret-1", address, "member")
        written = datetime.fromisoformat(entry["written"])
        post = Post(content=content(entry, entries))
        if entry["topic"] not in topics:
            topics[entry["topic"]] = Topic(title=entry["title"])
            topics[entry["topic"]].save(user=users[name], forum=forum, post=post)
        else:
            post.save(user=users[name], topic=topics[entry["topic"]])
        post.date_created = topics[entry["topic"]].last_updated = written
        post.save()
        posts[entry["number"]] = post
    made = {number: (str(post.id), str(post.topic_id)) for number, post in posts.items()}
    for entry in entries:
        if entry["hidden"]:
            posts[entry["number"]].hide(moderator)
    topics[13].hide(moderator)
    topics[14].delete()
    # what the deletion of an account leaves; User.delete() of 2.2.0 fails with SQLAlchemy 2.1
    for post in db.session.query(Post).filter_by(username="goneaway9").all():
        post.user_id = None
        post.save()
    return made


def one(model, **known):
    return db.session.query(model).filter_by(**known).one()


def content(entry, entries):
    """Return what a post says, in the form that FlaskBB's own buttons make."""
    said = entry["own"]
    if entry["mentions"]:
        said = f"@{entry['mentions']} {said}"
    if entry["quoted"] is None:
        return said
    quoted = entries[entry["quoted"]]
    return helpers.format_quote(quoted["person"], quoted["own"]) + f"\n{said}"


def change(wanted):
    """Edit, delete and write as people do."""
    for post_id, said in wanted.get("edit", {}).items():
        post = one(Post, id=int(post_id))
        post.content = said
        post.save()
    for post_id, said in wanted.get("edit_by_form", {}).items():
        post = one(Post, id=int(post_id))
        post.content = said
        post.date_modified = post.date_created + timedelta(hours=1)
        post.modified_by = post.username
        post.save()
    for post_id in wanted.get("delete", ()):
        one(Post, id=int(post_id)).delete()
    moderator = one(User, username="moderator")
    for post_id in wanted.get("hide", ()):
        one(Post, id=int(post_id)).hide(moderator)
    for topic_id in wanted.get("delete_topics", ()):
        one(Topic, id=int(topic_id)).delete()
    made = {}
    for topic_id, said in wanted.get("reply", {}).items():
        post = Post(content=said)
        post.save(user=one(User, username="jonasbell7"), topic=one(Topic, id=int(topic_id)))
        made[topic_id] = str(post.id)
    return made


def main() -> None:
    command, argument = sys.argv[1:]
    app = create_app(Config)
    if command == "serve":
        app.run(host="127.0.0.1", port=int(argument), threaded=False)
        return
    with app.app_context(), app.test_request_context():
        given = json.loads(Path(argument).read_text())
        made = seed(given) if command == "seed" else change(given)
        sys.stdout.write(json.dumps(made) + "\n")


main()
