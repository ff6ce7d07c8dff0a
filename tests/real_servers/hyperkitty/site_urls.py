"""Addresses of the invented site: the archive under /hyperkitty/."""

from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("", lambda _: HttpResponse("Invented lists")),
    path("hyperkitty/", include("hyperkitty.urls")),
    path("", include("django_mailman3.urls")),
    path("accounts/", include("allauth.urls")),
]
