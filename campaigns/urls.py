"""The addresses of the contact strategy, the deliveries, and the links in messages."""

from django.urls import path

from campaigns import (
    campaign_views,
    feedback_views,
    hooks,
    panel_views,
    public_views,
    result_views,
    sender_views,
    start_views,
    views,
)

app_name = "campaigns"
urlpatterns = [
    path("strategy/", views.rule_list, name="rule-list"),
    path("strategy/new/", views.rule_create, name="rule-create"),
    path("strategy/start/", start_views.start, name="start"),
    path("strategy/<int:pk>/", views.rule_detail, name="rule-detail"),
    path("strategy/results/", result_views.strategy, name="results"),
    path("strategy/costs/", result_views.costs, name="costs"),
    path("strategy/<int:pk>/results/", result_views.rule_results, name="rule-results"),
    path("strategy/<int:pk>/edit/", views.rule_edit, name="rule-edit"),
    path("strategy/<int:pk>/content/", views.rule_content, name="rule-content"),
    path("strategy/<int:pk>/preview/", views.rule_preview, name="rule-preview"),
    path("strategy/<int:pk>/preview/frame/", views.rule_preview_frame, name="rule-preview-frame"),
    path("strategy/<int:pk>/test/", views.rule_test, name="rule-test"),
    path("strategy/<int:pk>/activate/", views.rule_activate, name="rule-activate"),
    path("strategy/<int:pk>/pause/", views.rule_pause, name="rule-pause"),
    path("strategy/<int:pk>/resume/", views.rule_resume, name="rule-resume"),
    path("strategy/<int:pk>/close/", views.rule_close, name="rule-close"),
    path("campaigns/", campaign_views.campaign_list, name="campaign-list"),
    path("campaigns/new/", campaign_views.campaign_create, name="campaign-create"),
    path("campaigns/<int:pk>/", campaign_views.campaign_detail, name="campaign-detail"),
    path("campaigns/<int:pk>/results/", result_views.campaign_results, name="campaign-results"),
    path("campaigns/<int:pk>/edit/", campaign_views.campaign_edit, name="campaign-edit"),
    path("campaigns/<int:pk>/message/", campaign_views.campaign_message, name="campaign-message"),
    path("campaigns/<int:pk>/words/", campaign_views.campaign_words, name="campaign-words"),
    path("campaigns/<int:pk>/words/own/", campaign_views.campaign_own_words, name="campaign-own-words"),
    path("campaigns/<int:pk>/test/", campaign_views.campaign_test, name="campaign-test"),
    *[
        path(f"campaigns/<int:pk>/{act}/", campaign_views.campaign_act, {"act": act}, name=f"campaign-{act}")
        for act in campaign_views.ACTS
    ],
    path("campaigns/<int:pk>/retry/", campaign_views.campaign_retry, name="campaign-retry"),
    path("campaigns/<int:pk>/settle/", campaign_views.campaign_settle, name="campaign-settle"),
    path("deliveries/", views.delivery_list, name="delivery-list"),
    path("deliveries/<uuid:key>/", views.delivery_detail, name="delivery-detail"),
    path("deliveries/<uuid:key>/message/", views.delivery_message, name="delivery-message"),
    path("deliveries/<uuid:key>/settle/", views.delivery_settle, name="delivery-settle"),
    path("senders/", sender_views.sender_list, name="sender-list"),
    path("senders/new/", sender_views.sender_create, name="sender-create"),
    path("senders/<int:pk>/", sender_views.sender_detail, name="sender-detail"),
    path("senders/<int:pk>/edit/", sender_views.sender_edit, name="sender-edit"),
    path("senders/<int:pk>/check/", sender_views.sender_check, name="sender-check"),
    path("senders/<int:pk>/key/", sender_views.sender_key, name="sender-key"),
    path("senders/<int:pk>/sign-with/", sender_views.sender_sign_with, name="sender-sign-with"),
    path("c/<str:token>/", public_views.click, name="click"),
    path("o/<str:token>.gif", public_views.picture, name="open"),
    path("u/<str:token>/", public_views.stop, name="stop"),
    path("f/<str:token>/", feedback_views.ask, name="feedback"),
    path("t/panels", panel_views.panels, name="panels"),
    path("t/panels/away", panel_views.away, name="panel-away"),
    path("hooks/<slug:provider>/<str:secret>/", hooks.notice, name="hook"),
]
