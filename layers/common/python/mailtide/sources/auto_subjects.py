"""Auto-reply subjects: how they begin, by language, without accents and in small letters.

A weak sign: it needs another one beside it. After `Re:` in any language a subject is a person's.
Source: what Exchange, Gmail and the usual vacation programs write, and their translations.
"""

import re
import unicodedata

_BEGINNINGS = """
    auto reply|auto-reply|autoreply|auto response|auto-response|automatic reply|automated reply
    automatic response|automated response|autoresponse|out of office|out of the office|ooo
    on vacation|vacation reply|on holiday|on leave|on annual leave|away from my mail
    away from my email|away from my desk|away from the office|i am away|i am out|i'm away|i'm out
    i am currently out|i am currently away|i'm currently out

    abwesend|abwesenheit|abwesenheitsnotiz|abwesenheitsmeldung|abwesenheitsbenachrichtigung
    automatische antwort|automatische abwesenheit|nicht im buro|nicht im buero|nicht im haus
    im urlaub|urlaub|urlaubsmeldung

    reponse automatique|absence|absent|absente|message d'absence|notification d'absence
    respuesta automatica|fuera de oficina|fuera de la oficina|estoy fuera de la oficina
    resposta automatica|fora do escritorio|estou fora do escritorio|ausencia
    risposta automatica|fuori sede|fuori ufficio|sono fuori ufficio|assenza dall'ufficio
    raspuns automat

    automatisch antwoord|automatisch bericht|afwezig|afwezigheid|afwezigheidsbericht
    autosvar|automatiskt svar|automatisk svar|franvaro|franvaromeddelande|fraværsmelding|fravær
    automaattinen vastaus|automaattinen poissaoloviesti|poissa|poissaolo|automaatvastus

    automatyczna odpowiedz|odpowiedz automatyczna|nieobecnosc|automaticka odpoved
    samodejni odgovor|automatski odgovor|automatikus valasz|automatikus uzenet
    otomatik yanit|otomatik cevap

    автоответ|автоматическии ответ|автоматическое уведомление|автоматична відповідь
    автоматичен отговор|αυτοματη απαντηση

    自動返信|自動応答|不在通知|不在のお知らせ|不在連絡|自动回复|自动答复|自動回覆|自動回復
    자동 회신|자동회신|자동 응답|자동응답|부재중|부재 중|رد تلقائي|מענה אוטומטי|תשובה אוטומטית
"""
_WRITTEN_OTHERWISE = str.maketrans({"\N{LATIN SMALL LETTER DOTLESS I}": "i", "\u2019": "'"})


def is_one(subject: str) -> bool:
    """Say whether a subject begins as those of auto-replies do."""
    return _PATTERN.match(_folded(subject).lstrip("[(*- ")) is not None


def _folded(text: str) -> str:
    """Return a text in small letters, each without its accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_WRITTEN_OTHERWISE))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return unicodedata.normalize("NFKC", bare)


def _pattern(beginnings: str) -> re.Pattern[str]:
    """Compile the table; a beginning in Latin letters ends with a word."""
    texts = (text.strip() for line in beginnings.splitlines() for text in line.split("|"))
    folded = sorted({_folded(text) for text in texts if text})
    ends = (r"(?!\w)" if text.isascii() else "" for text in folded)
    return re.compile(
        "|".join(re.escape(text) + end for text, end in zip(folded, ends, strict=True))
    )


_PATTERN = _pattern(_BEGINNINGS)
