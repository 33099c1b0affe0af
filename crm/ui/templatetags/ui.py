"""The components, as template tags. They are built in: no `{% load %}` is needed in any template of ours.

Words and marks
    {% icon "mail" %}  {% icon "mail" label=_("E-mail: yes") size="lg" %}
    {% chip "Repeat" %}  {% chip "Champion" "accent" icon="star" %}  {% mark %}     tones: accent, apricot
    {% status "sent" %}  {% status "skipped" reason="left “New arrivals”" %}
    {% status "sent" label="1,284 sent" boxed=False %}
    {% trend "8 %" "up" "good" %}                direction up, down, flat; meaning good, bad, flat
    {% person name sub=email href=url warmth=4 %}   {% avatar name warmth=6 size="lg" %}
    {{ amount|money }}  {{ order.amount|money:order.currency }}  {{ amount|whole_money }}
    {% rfm 5 4 3 "Champions" %}  {% band 5 %}  {% may email=True phone=False letter=None %}
    {% meter 50 21 %}  {% balance parts %}  {% rhythm them us label="…" %}  {% spark points %}
    {% interval 8 31 54 label="8 to 54 more of 1,000" %}     filled where nought lies outside

    Keys: data-key="n" on the button that adds, "e" on the one that edits; see static/ui/keys.js.

Page and panel
    {% page_header "Contacts" sentence="…" crumb="Settings" crumb_url=url %}buttons{% endpage_header %}
    {% panel "Needs you" link=url link_text="All" tone="sunken" flush=True foot=foot head=head %}
        …{% endpanel %}
        flush: no padding, for lists and tables.
        foot, head: text, or markup taken with {% capture as foot %}…{% endcapture %}
    {% tiles "The last seven days" %}
        {% tile "Sent" 1284 note="…" trend="8 %" direction="up" meaning="good" href=url points=series %}
    {% endtiles %}
    {% facts pairs %}
    {% items %}{% item "3 parked" "what follows" icon="circle-pause" tone="warn" href=url %}{% enditems %}
    {% empty_state "No one here yet" "Bring the people you know." %}one button{% endempty_state %}

Tables
    {% grid "Contacts, newest first" page=page %}
        <thead><tr>{% column "Contact" %}
        {% column "Revenue" num=True hide="sm" sort_url=url sorted="descending" %}</tr></thead>
        <tbody>…</tbody>
    {% endgrid %}
        tight=True, top=True, cards=True (rows become cards on a phone: give each td a data-label).
        Cells: class="num", "main" (the wide first one), "hide-sm|md|lg"; <a class="go"> opens the row.
        page is a crm.ui.paging.KeysetPage (see keyset_page there), or alone:
    {% pager newer_url older_url about=990 order="Newest first" %}

Choosing
    {% tabs "Parts" %}{% tab "Timeline" url current=True count=41 %}{% endtabs %}
    {% segmented "Measure" %}{% seg "People" url current=True %}{% endsegmented %}
    {% filter_bar placeholder="Name or e-mail" value=q target="#rows" about="about 990 people" %}
        {% filter_chip "Lifecycle is" "repeat" url off_url %}
    {% endfilter_bar %}     with a target, typing replaces that element by itself from the answered page
    {% stepper "Steps" steps 2 %}    {% criterion_line found="264" %}…{% endcriterion_line %}

People and messages
    {% thread %}{% now_line %}{% day_line "Friday 20 November" %}
        {% entry "order" "Ordered 3 CDs" href=url detail="…" quote="…" time="08:12" outcome="Outcome of …" %}
            {% why "Why this?" open=False %}{% checks checks %}{% endwhy %}
        {% endentry %}
    {% endthread %}     kinds: crm/ui/kinds.py; voice="next|not|them|us" and icon="…" override
        checks: (ok|wait|stop, text, note, href, by) each, the last three as wanted
    {% next_action "Send her the letter" "because…" %}buttons{% endnext_action %}
    {% heat_cell 4 url figure="7.1" unit="%" people=150 name="Loyal" label="…" selected=False %}
    {% heat_cell 0 %}  {% ramp %}  {% letter %}…{% endletter %}

Feedback
    {% note "warn" "Sending is slow today" %}<p>…</p>{% endnote %}      tones: good, info, warn, bad
    {% dialog "erase" "Erase Mara?" %}…<div class="actions">…</div>{% enddialog %}
        opened by {% dialog_button "erase" "Erase…" tone="danger" %}, closed by the same with close=True
    {% job "Importing people.csv" 63 done=62 refused=1 nums=lines %}a button{% endjob %}  {% skeleton 3 %}
    Toasts are django.contrib.messages; extra_tags="undo:/address/" adds an Undo that posts there.
        In a fragment for htmx: {% toasts oob=True %}
    {% chart spec "Sent each day" heads rows figure="1,284 sent" keys=keys width=740 %}
        keys: (colour token, label) each; width: 740 beside an aside, 1190 across the sheet
"""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.ui import charts, shapes
from crm.ui.kinds import KINDS, Kind
from crm.ui.states import STATES

register = template.Library()


def component(name, /, **values):
    return render_to_string(f"components/{name}.html", values)


# Words and marks -------------------------------------------------------------------------------------


@register.simple_tag
def icon(name, label="", size="", tone=""):
    """An icon of the Lucide set. Without a label it is decoration and stays silent."""
    classes = " ".join(filter(None, ["i", size and f"i-{size}", tone]))
    return shapes.icon(str(name), classes, str(label))


@register.inclusion_tag("components/mark.html")
def mark():
    return {}


@register.inclusion_tag("components/chip.html")
def chip(text, tone="", icon=""):
    return {"text": text, "tone": tone, "icon": icon}


@register.inclusion_tag("components/status.html")
def status(state, reason="", label="", boxed=True):
    known = STATES[str(state)]
    shown = {"label": label or known.label, "icon": known.icon}
    return {**shown, "state": str(state), "reason": reason, "boxed": boxed}


@register.filter
def money(amount, currency=""):
    return shapes.money(amount, currency)


@register.filter
def whole_money(amount, currency=""):
    return shapes.money(amount, currency, places=0)


@register.inclusion_tag("components/trend.html")
def trend(text, direction="flat", meaning="flat"):
    return {"text": text, "direction": direction, "meaning": meaning}


@register.inclusion_tag("components/avatar.html")
def avatar(name, warmth=0, size=""):
    return {"initials": shapes.initials(name), "warmth": warmth or 0, "size": size}


@register.inclusion_tag("components/person.html")
def person(name, sub="", href="", warmth=0):
    return {"name": name, "sub": sub, "href": href, "warmth": warmth or 0}


@register.inclusion_tag("components/rfm.html")
def rfm(recency, frequency, monetary, name=""):
    digits = [recency, frequency, monetary]
    return {"digits": [(digit, shapes.warmth(digit)) for digit in digits], "name": name}


@register.inclusion_tag("components/band.html")
def band(digit):
    return {"digit": digit, "warmth": shapes.warmth(digit)}


@register.inclusion_tag("components/may.html")
def may(email=None, phone=None, letter=None):
    return {"channels": shapes.channels(email=email, phone=phone, letter=letter)}


@register.inclusion_tag("components/meter.html")
def meter(first, second=0, label=""):
    return {"first": first, "second": second, "label": label}


@register.inclusion_tag("components/balance.html")
def balance(parts):
    """`parts` are (state, how many) each; together they are every delivery there was to make."""
    parts = [*parts]
    words = ", ".join(f"{count:,} {STATES[state].label}".lower() for state, count in parts if count)
    return {"bars": shapes.bars_of(parts), "label": words}


@register.inclusion_tag("components/rhythm.html")
def rhythm(them, us, label="", width=84, height=26):
    """Bars up are what they did, bars down what we did, a pair for each month or week."""
    return {"label": label, "stretch": width > 200, **shapes.rhythm(them, us, width, height)}


@register.inclusion_tag("components/spark.html")
def spark(points):
    return shapes.spark(points)


@register.inclusion_tag("components/interval.html")
def interval(low, seen, high, label=""):
    """A difference and how far chance goes to either side, beside nought."""
    return {"label": label, **shapes.interval(low, seen, high)}


# Page and panel --------------------------------------------------------------------------------------


@register.simple_block_tag(name="capture")
def capture(content):
    """Markup for a component's second place: {% capture as foot %}…{% endcapture %}."""
    return content


@register.simple_block_tag
def page_header(content, title, sentence="", crumb="", crumb_url="", serif=False):
    values = {"title": title, "sentence": sentence, "crumb": crumb, "crumb_url": crumb_url}
    return component("page_header", actions=filled(content), serif=serif, **values)


@register.simple_block_tag
def panel(content, title="", link="", link_text="", tone="", flush=False, head="", foot="", id=""):
    values = {"title": title, "link": link, "link_text": link_text, "tone": tone, "flush": flush}
    return component("panel", content=content, head=head, foot=foot, id=id or shapes.slug(title), **values)


@register.simple_block_tag
def tiles(content, label):
    return component("tiles", content=content, label=label)


@register.inclusion_tag("components/tile.html")
def tile(
    name, figure, note="", unit="", trend="", direction="flat", meaning="flat", href="", points=None, icon=""
):
    values = {"name": name, "figure": figure, "note": note, "unit": unit, "href": href, "icon": icon}
    return {**values, "trend": trend, "direction": direction, "meaning": meaning, "points": points}


@register.inclusion_tag("components/facts.html")
def facts(pairs, left=False):
    return {"pairs": pairs.items() if hasattr(pairs, "items") else pairs, "left": left}


@register.simple_block_tag(name="items")
def items(content):
    return component("items", content=content)


@register.inclusion_tag("components/item.html")
def item(title, detail="", icon="", tone="", href="", aside=""):
    return {"title": title, "detail": detail, "icon": icon, "tone": tone, "href": href, "aside": aside}


@register.simple_block_tag
def empty_state(content, title, text="", framed=True):
    return component("empty_state", title=title, text=text, actions=filled(content), framed=framed)


# Tables ----------------------------------------------------------------------------------------------


@register.simple_block_tag
def grid(content, caption, page=None, tight=False, top=False, cards=False, id="", extra=""):
    values = {"caption": caption, "page": page, "tight": tight, "top": top, "cards": cards}
    return component("grid", content=content, id=id, extra=extra, **values)


@register.inclusion_tag("components/column.html")
def column(label, num=False, hide="", sort_url="", sorted=""):
    return {"label": label, "num": num, "hide": hide, "sort_url": sort_url, "sorted": sorted}


@register.inclusion_tag("components/pager.html")
def pager(newer_url="", older_url="", about=None, order=""):
    return {"newer_url": newer_url, "older_url": older_url, "about": about, "order": order}


# Choosing --------------------------------------------------------------------------------------------


@register.simple_block_tag
def tabs(content, label):
    return component("tabs", content=content, label=label)


@register.inclusion_tag("components/tab.html")
def tab(text, href, current=False, count=None):
    return {"text": text, "href": href, "current": current, "count": count}


@register.simple_block_tag
def segmented(content, label):
    return component("segmented", content=content, label=label)


@register.inclusion_tag("components/seg.html")
def seg(text, href, current=False):
    return {"text": text, "href": href, "current": current}


@register.simple_block_tag(takes_context=True)
def filter_bar(context, content, placeholder="", value="", name="q", action="", target="", about=""):
    """Asks the same page again unless `action` names another; what was paged to is forgotten."""
    action = action or getattr(context.get("request"), "path", "")
    values = {"placeholder": placeholder, "value": value, "name": name, "action": action}
    return component("filter_bar", content=content, target=target, about=about, **values)


@register.inclusion_tag("components/filter_chip.html")
def filter_chip(field, value, href="", off_url=""):
    return {"field": field, "value": value, "href": href, "off_url": off_url}


@register.inclusion_tag("components/stepper.html")
def stepper(label, steps, current=1):
    return {"label": label, "steps": steps, "current": int(current)}


@register.simple_block_tag
def criterion_line(content, found="", unit=""):
    return component("criterion_line", content=content, found=found, unit=unit)


# People and messages ---------------------------------------------------------------------------------


@register.simple_block_tag
def thread(content, label=""):
    return component("thread", content=content, label=label)


@register.simple_block_tag
def entry(content, kind, title, detail="", quote="", time="", href="", outcome="", voice="", icon=""):
    known = KINDS.get(kind, KINDS["other"])
    shown = Kind(voice or known.voice, icon or known.icon)
    values = {"title": title, "detail": detail, "quote": quote, "time": time, "href": href}
    return component(
        "entry", more=filled(content), outcome=outcome, voice=shown.voice, icon=shown.icon, **values
    )


@register.inclusion_tag("components/day_line.html")
def day_line(text):
    return {"text": text}


@register.inclusion_tag("components/now_line.html")
def now_line():
    return {}


@register.simple_block_tag
def why(content, summary="", open=False):
    return component("why", content=content, summary=summary or _("Why this?"), open=open)


@register.inclusion_tag("components/checks.html")
def checks(checks):
    """Each check is (ok, wait or stop; what was asked; what was found)."""
    return {"checks": [shapes.check(*row) for row in checks]}


@register.simple_block_tag
def next_action(content, title, reason=""):
    return component("next_action", actions=filled(content), title=title, reason=reason)


@register.inclusion_tag("components/heat_cell.html")
def heat_cell(warmth, href="", figure="", people="", name="", label="", selected=False, unit=""):
    """`people` is a number, said in full where there is room, or a text of its own."""
    count = people if isinstance(people, int) else None
    values = {
        "warmth": warmth,
        "href": href,
        "figure": figure,
        "people": people,
        "count": count,
        "unit": unit,
    }
    return {**values, "name": name, "label": label, "selected": selected}


@register.inclusion_tag("components/ramp.html")
def ramp():
    return {"steps": range(1, 7)}


@register.simple_block_tag
def letter(content, label=""):
    return component("letter", content=content, label=label or _("Message body"))


# Feedback --------------------------------------------------------------------------------------------


@register.simple_block_tag
def note(content, tone="", title=""):
    return component("note", content=filled(content), tone=tone, title=title, icon=shapes.TONE_ICONS[tone])


@register.inclusion_tag("components/toasts.html", takes_context=True)
def toasts(context, oob=False, stay=False):
    """What the messages framework has to say. `oob` sends it along with a fragment; `stay` keeps it."""
    said = [shapes.toast(message) for message in context.get("messages") or ()]
    return {"toasts": said, "oob": oob, "stay": stay, "csrf_token": context.get("csrf_token")}


@register.simple_block_tag
def dialog(content, id, title, shown=False):
    return component("dialog", content=content, id=id, title=title, shown=shown)


@register.inclusion_tag("components/dialog_button.html")
def dialog_button(id, text, tone="plain", icon="", close=False):
    return {"id": id, "text": text, "tone": tone, "icon": icon, "close": close}


@register.simple_block_tag
def job(content, name, percent, done=None, refused=0, nums=()):
    values = {"name": name, "percent": percent, "done": percent if done is None else done}
    return component("job", actions=filled(content), refused=refused, nums=nums, **values)


@register.inclusion_tag("components/skeleton.html")
def skeleton(lines=2):
    return {"widths": [60, 85, 70, 45, 80][: int(lines)]}


@register.inclusion_tag("components/chart.html")
def chart(spec, title, heads=(), table=(), figure="", keys=(), width=740):
    """A Vega-Lite dict drawn for a wide and a narrow screen, with all its numbers as a table."""
    drawn = {
        "wide": charts.svg(spec, width=width),
        "narrow": charts.svg(charts.narrowed(spec), width=charts.NARROW),
    }
    return {**drawn, "title": title, "heads": heads, "table": table, "figure": figure, "keys": keys}


def filled(content):
    """The content of a block, or nothing when it holds only white space."""
    return content if content.strip() else SafeString("")
