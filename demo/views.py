"""The demo shop: a few pages that carry the tracking script, and a checkout that charges nothing."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from contacts.sources import source_from
from demo import shop
from demo.forms import CheckoutForm
from touchpoints import wakeups
from touchpoints.models import Product


@require_GET
def shop_home(request):
    """Every record by genre, or one genre."""
    chosen = request.GET.get("genre", "")
    genres = shop.genres()
    context = {"genres": genres, "chosen": chosen if chosen in genres else ""}
    return render(request, "demo/shop_home.html", context | {"shelves": shop.shelves(context["chosen"])})


@require_GET
def product(request, sku):
    """One record."""
    found = get_object_or_404(shop.records(), sku=sku)
    beside = shop.records().filter(category=found.category).exclude(pk=found.pk)[:4]
    return render(request, "demo/product.html", {"product": found, "beside": beside})


@require_GET
def service(request):
    """The Listening Club, which can be tried for a month."""
    return render(request, "demo/service.html", {"club": Product.objects.filter(sku=shop.CLUB).first()})


def checkout(request):
    """Who orders; posting it saves the order and charges nothing."""
    ordered = get_object_or_404(Product, sku=request.GET.get("sku", ""))
    form = CheckoutForm(request.POST or None, product=ordered)
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        page = request.build_absolute_uri(request.path)
        source = source_from(request.GET, request.META.get("HTTP_REFERER", ""), page, at)
        order = shop.place_order(ordered, source=source, at=at, **form.cleaned_data)
        wakeups.hint([order.contact_id])
        return redirect(f"{reverse('demo:thanks')}?order={order.external_id}")
    return render(request, "demo/checkout.html", {"product": ordered, "form": form})


@require_GET
def thanks(request):
    """What was ordered, and what happens now."""
    order = shop.find_order(request.GET.get("order", ""))
    if order is None:
        raise Http404
    return render(
        request, "demo/thanks.html", {"order": order, "lines": order.lines.select_related("product")}
    )
