"""The addresses of the demo shop and of the local mailbox."""

from django.urls import path

from demo import mailbox_views, views

app_name = "demo"
urlpatterns = [
    path("shop/", views.shop_home, name="shop-home"),
    path("shop/p/<slug:sku>/", views.product, name="product"),
    path("shop/service/", views.service, name="service"),
    path("shop/checkout/", views.checkout, name="checkout"),
    path("shop/thanks/", views.thanks, name="thanks"),
    path("mailbox/", mailbox_views.mailbox, name="mailbox"),
    path("mailbox/<str:key>/", mailbox_views.message, name="mailbox-message"),
    path("mailbox/<str:key>/html/", mailbox_views.frame, name="mailbox-frame"),
]
