"""Mail that is no report: what answers by itself, what asks to stop, what a person wrote."""

import re

# RFC 3834 first, then what programs used before it and beside it.
AWAY_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-mail-autoreply", "x-vacation")
AWAY_PRECEDENCE = {"auto_reply", "auto-reply", "autoreply"}
# How it is put in the subject, in many languages.
AWAY = [
    r"auto(?:matic|matische?|mated)?[\s-]?(?:reply|response|responder|antwort|svar)\b",
    "automatisch(?:es?|er)? (?:antwort|antwoord|bericht)",
    r"out[\s-]of[\s-](?:the[\s-])?office",
    r"ooo\b",
    "on (?:vacation|holiday|leave)",
    r"vacation\b",
    r"away (?:from|until|till)\b",
    "i(?:'m| am) (?:away|on (?:leave|holiday))",
    "abwesen",
    "außer haus",
    "ausser haus",
    "nicht im (?:büro|haus)",
    "im urlaub",
    "urlaubs",
    "r[ée]ponse automatique",
    r"absen(?:ce|t)\b",
    "message d.absence",
    "en cong[ée]",
    "respuesta autom[aá]tica",
    "fuera de (?:la )?oficina",
    "ausente",
    "de vacaciones",
    "resposta autom[aá]tica",
    "fora do escrit[oó]rio",
    "de f[ée]rias",
    "risposta automatica",
    "fuori (?:ufficio|sede)",
    "in ferie",
    "afwezig",
    "niet aanwezig",
    "met vakantie",
    "autosvar",
    "frånvar",
    "fravær",
    "ikke til stede",
    r"(?:på )?semester\s*(?:$|till|från|t\.o\.m)",
    "poissa",
    "automaattinen",
    "automatyczna odpowied[zź]",
    "odpowied[zź] automatyczna",
    "poza biurem",
    "nieobecno",
    "automatick[aáýé] odpov[eě][dď]",
    "mimo kancel",
    "автоматический ответ",
    "автоответ",
    "отпуск",
    "вне офиса",
    "отсутств",
    "自動(?:返信|応答|回复|回覆)",
    "不在",
    "休暇",
    "자동 ?(?:응답|회신)",
    "부재",
    "外出",
    "tự động trả lời",
    "otomatik (?:yanıt|cevap)",
    "ofis dışında",
]
ANSWERED = r"^\s*(?:(?:re|aw|sv|antw|fw|fwd|tr|rv)\s*:\s*)*"
AWAY_SUBJECT = re.compile(f"{ANSWERED}(?:{'|'.join(AWAY)})", re.IGNORECASE)
STOP = re.compile(
    r"(?i)^\s*(?:(?:re|fw|fwd)\s*:\s*)*(?:unsubscribe|stop|opt[\s-]?out|remove|abmelden|désabonner)\b"
)


def is_away(head, subject):
    """Whether it was answered by a program for someone who is not there."""
    automatic = head.get("auto-submitted").lower()
    if automatic.startswith("auto-replied") or head.get("precedence").lower() in AWAY_PRECEDENCE:
        return True
    if any(head.get(name) for name in AWAY_HEADERS) or "vacation" in head.get("x-apple-action").lower():
        return True
    return bool(AWAY_SUBJECT.match(subject))


def is_automatic(head):
    """Whether a program sent it, of its own accord or to many."""
    automatic = head.get("auto-submitted").lower()
    return bool(
        (automatic and not automatic.startswith("no"))
        or head.get("precedence").lower() in {"bulk", "junk", "list"}
        or head.get("list-id")
        or head.get("x-auto-response-suppress")
    )


def asks_to_stop(head, subject):
    """Whether a mail program, or a person in one word, asks to stop."""
    return bool(head.get("x-apple-unsubscribe") or STOP.match(subject))
