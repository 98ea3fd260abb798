"""The list's page; what happens on it afterwards is in `websockets.py`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from shopping.forms import ItemForm
from shopping.models import Item
from shopping.websockets import shopping


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Show the list. Without scripts, or before they are there, a browser posts what is to be added."""
    form = ItemForm(request.POST or None)
    if form.is_valid():
        item = Item.objects.create(**form.cleaned_data)
        shopping.publish_html("#items", "shopping/item.html", {"item": item}, fail_silently=True)
        return redirect("shopping")
    return render(request, "shopping/index.html", {"form": form, "items": Item.objects.order_by("pk")})
