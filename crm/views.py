from django.http import HttpResponse


def today(request):
    return HttpResponse("ok")


workspace_settings = switch_sending = set_theme = today
