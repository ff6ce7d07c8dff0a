"""A mailing list by its HyperKitty archive: no mail is ever edited there."""

from dataclasses import dataclass
from datetime import timedelta

import httpx

from tests.contract.sites.base import ContractSite, Item
from tests.harvesters.invented_lists import LIST, START, HyperKittySite, Note


@dataclass(frozen=True)
class Mail(Note):
    """A mail by a certain person."""

    author: str = "somebody"

    @property
    def sender(self) -> str:
        return f"{self.author}@people.example"


class MailingListContract(ContractSite):
    platform = "mailing_list"
    host = "lists.example"
    handle = LIST
    page = 60
    edits = False
    options = {"archive": "hyperkitty"}  # noqa: RUF012 # read only

    def answer(self, request: httpx.Request) -> httpx.Response:
        notes: list[Note] = [self._mail(self.items[number]) for number in sorted(self.items)]
        return HyperKittySite(notes)(request)

    def _mail(self, item: Item) -> Mail:
        return Mail(
            name=f"mail{item.number}",
            day=(item.written - START) / timedelta(days=1),
            parent=f"mail{item.parent}" if item.parent in self.items else None,
            text=item.text.replace("\x00", ""),
            author=item.author,
        )
