"""A Misago board: `board.py seed <file>`, `change <file>`, by Misago's own models and parser.

Runs in an environment of its own with Misago, after its migrations.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 # only after the set-up
from django.test import RequestFactory  # noqa: E402
from django.utils import timezone  # noqa: E402
from misago.categories.models import Category  # noqa: E402
from misago.conf.models import Setting  # noqa: E402
from misago.core.utils import slugify  # noqa: E402
from misago.markup import common_flavour  # noqa: E402
from misago.threads.checksums import update_post_checksum  # noqa: E402
from misago.threads.models import Post, Thread  # noqa: E402
from misago.threads.moderation.posts import hide_post  # noqa: E402
from misago.users.test import create_test_user  # noqa: E402

User = get_user_model()
REQUEST = RequestFactory().get("/", HTTP_HOST="127.0.0.1")


def seed(entries):
    """Write the posts, then take back what a moderator takes back; returns their ids."""
    sizes = {"posts_per_page": 10, "posts_per_page_orphans": 0, "threads_per_page": 10}
    for setting, size in sizes.items():
        Setting.objects.filter(setting=setting).update(dry_value=str(size))
    category = Category.objects.get(slug="first-category")
    moderator = create_test_user("moderator", "m@people.example")
    users, threads, posts = {}, {}, {}
    for entry in entries:
        name = entry["person"]
        if name not in users:
            users[name] = create_test_user(name, f"{name}@people.example")
        written = datetime.fromisoformat(entry["written"])
        topic = entry["topic"]
        if topic not in threads:
            threads[topic] = start(category, entry["title"], users[name], written)
        said = content(entry, entries, posts)
        posts[entry["number"]] = write(threads[topic], users[name], said, written)
    made = {number: (str(post.id), str(post.thread_id)) for number, post in posts.items()}
    for entry in entries:
        if entry["hidden"]:
            hide_post(moderator, Post.objects.get(id=posts[entry["number"]].id))
    hidden = Thread.objects.get(id=threads[13].id)
    Post.objects.filter(id=hidden.first_post_id).update(is_hidden=True)
    Thread.objects.get(id=threads[14].id).delete()
    users["goneaway9"].delete(anonymous_username="Somebody")
    for thread in Thread.objects.all():
        thread.synchronize()
        thread.save()
    category.synchronize()
    category.save()
    return made


def start(category, title, user, written):
    return Thread.objects.create(
        category=category,
        title=title,
        slug=slugify(title),
        started_on=written,
        last_post_on=written,
        starter=user,
        starter_name=user.username,
        starter_slug=user.slug,
        last_poster=user,
        last_poster_name=user.username,
        last_poster_slug=user.slug,
    )


def write(thread, user, said, written):
    post = Post.objects.create(
        category=thread.category,
        thread=thread,
        poster=user,
        poster_name=user.username,
        original=said,
        parsed=common_flavour(REQUEST, user, said)["parsed_text"],
        posted_on=written,
        updated_on=written,
    )
    update_post_checksum(post)
    post.save()
    thread.synchronize()
    thread.save()
    return post


def content(entry, entries, posts):
    """Return what a post says, in the form that Misago's own buttons make."""
    said = entry["own"]
    if entry["mentions"]:
        said = f"@{entry['mentions']} {said}"
    if entry["quoted"] is None:
        return said
    quoted, post = entries[entry["quoted"]], posts[entry["quoted"]]
    heading = f"@{quoted['person']}, post: {post.id}, topic: {post.thread_id}"
    return f'[quote="{heading}"]\n{quoted["own"]}\n[/quote]\n\n{said}'


def change(wanted):
    """Edit, delete and write as people do."""
    for post_id, said in {**wanted.get("edit", {}), **wanted.get("edit_by_form", {})}.items():
        post = Post.objects.get(id=int(post_id))
        post.original = said
        post.parsed = common_flavour(REQUEST, post.poster, said)["parsed_text"]
        post.updated_on = timezone.now()
        post.edits += 1
        post.last_editor = post.poster
        post.last_editor_name = post.poster.username
        post.last_editor_slug = post.poster.slug
        update_post_checksum(post)
        post.save()
    for post_id in wanted.get("delete", ()):
        post = Post.objects.get(id=int(post_id))
        post.delete()
        post.thread.synchronize()
        post.thread.save()
    for post_id in wanted.get("hide", ()):
        hide_post(User.objects.get(username="moderator"), Post.objects.get(id=int(post_id)))
    for thread_id in wanted.get("delete_topics", ()):
        Thread.objects.get(id=int(thread_id)).delete()
    made = {}
    for thread_id, said in wanted.get("reply", {}).items():
        user = User.objects.get(username="jonasbell7")
        written = write(Thread.objects.get(id=int(thread_id)), user, said, timezone.now())
        made[thread_id] = str(written.id)
    return made


given = json.loads(Path(sys.argv[2]).read_text())
done = seed(given) if sys.argv[1] == "seed" else change(given)
sys.stdout.write(json.dumps(done) + "\n")
