"""Bounce words: the phrases of refusals, by the class that they speak for.

The first rule that fits decides, so the order matters: "rate limited due to IP reputation" is a
block and stands before the rate limits. Phrases are for kinds of words, not for single replies;
links and addresses are taken out of a reply before it is looked at.
Source: docs/domain/bounces.md.
"""

from mailtide.domain.bounce_rules import (
    AUTH,
    BLOCK,
    CONTENT,
    DNS,
    FULL,
    HARD,
    RATE,
    SOFT,
    BounceClass,
    Rule,
)

_SENDER = r"(sender|envelope|return[- ]?path|mail ?from|from address|from domain)"
_PERSON = (
    r"(user|recipient|mailbox|account|alias|customer|addressee|userid|person|subscriber"
    r"|destinataire|address(es)?)"
)
_MEMBER = r"(?<!ip )(?<!sender )(?<!from )(?<!your )\b" + _PERSON
_MESSAGE = r"(message|mail|body|content|size|length|header|line|attachment)s?\b"
_GONE = (
    r"(unknown|invalide?\b|disabled|discontinued|suspend|inactive|deactivat|closed|deleted|expired"
    r"|frozen|locked|terminated|unallocated|removed|cancell?ed|illegal|blank|undeliverable"
    r"|replaced by|no longer|no user record|n['o]?t (exist|have)|couldn't be"
    r"|not (an? |be )?(found|exist|known|listed|valid|active|registered|recogni|present))"
)


def _says(cls: BounceClass, *phrases: str) -> Rule:
    return Rule(cls, "|".join(phrases))


WORDS: tuple[Rule, ...] = (
    # What stands in the message, though it is "on a list" too.
    _says(
        CONTENT,
        r"(content|spam|our) filter",
        r"(black|block)\w* (url|link|word)",
        r"suspected spam",
    ),
    # Lists and names of reputation, before everything that a listed IP may be said to have done.
    _says(
        BLOCK,
        r"spamhaus|spamcop|\bsorbs\b|barracudacentral|senderbase|senderscore|cloudmark",
        r"uceprotect|abuseat|prs\.proofpoint|invaluement|mailspike",
        r"\bdns?[rb]l\b|\bd?rbl\b|\b[sxpzcd]bl\b",
        r"(black|block|deny|bad)[ -]?list|\bbanned\b|(?<!not )\blisted (in|on|at|by)\b",
        r"reputation|(user|excessive) complaints|unsolicited mail originating",
        r"\bptr\b|\brdns\b|fcrdns|reverse[ -]?(dns|lookup|host|address|mapping)",
        r"cannot find your (reverse )?host|(can ?no|could no|un)\w* (to )?(find|resolve) your",
        r"unresolvable (relay )?host|ip (name )?lookup|client host rejected",
        r"\b(helo|ehlo)\b.*(reject|invalid|not found|bad|forged|fqdn|resolv|match)",
        r"dynamic(ally)? (ip|addr|assign|host|pool)|dial-?up|residential|smtp server of your",
        r"too many (bad|invalid|unknown|non-?existent) (recipient|user|address)",
        r"(is|from) an open (relay|proxy)|open proxy",
        r"(too many|sending) spam|spam(s|ming)? from your|bad (sender )?ip\b|from your ip",
    ),
    # Who may send: authentication, relaying, the sender's address.
    _says(
        AUTH,
        r"\b(spf|dkim|dmarc|sender ?id)\b|\baligned with\b|purported responsible|spoof",
        r"unauthenticated|not authenticated|authentication (information|check|fail)",
        r"domain owner|authenticat\w+ level",
        r"relay(ing)? (access |mail )?(is |was )?(not |denied|prohibit|disallow|refus)",
        r"(unable|not allowed|cannot|can't|do not|don't|not permitted|not configured).{0,25} relay",
        r"open relay|as a relay|relay not|relaying|credentials for relay|allowed rcpthosts",
        r"(authenticat\w+|authentification|login|\btls\b|starttls|encryption|ssl)"
        r".{0,20}(required|requise|needed|first|mandatory)",
        r"(require|must|need|turn on|use|over a)\w*.{0,40}"
        r"(smtp auth|authenticat(ed|ion|e)\b|starttls|\btls\b|encryption)",
        _SENDER + r".{0,60}(reject|invalid|refus|unknown|verif|denied|block|domain must)",
        _SENDER + r".{0,60}(not (exist|found|valid|allow|accept|owned|pre-)|does not resolve)",
        r"(invalid|bad|unknown|unverified|forged|unauthori[sz]ed) " + _SENDER,
        r"your (account|e-?mail address|access|domain|service|sending)\b.{0,60}"
        r"(suspend|disabled|block|reject|restrict|expired)",
        r"sending (is|has been) (suspend|disabled)",
        r"emetteur invalide|fully[- ]qualified",
        r"not (authori[sz]ed|permitted|allowed) to (send|use|connect)|network not allowed",
    ),
    # The mailbox is there, and full.
    _says(
        FULL,
        r"over[ -]?quota|over (the |its |their )?(allowed |disk )?quota|(disk|disc) quota",
        r"(?<!message )quota.{0,25}(exceed|full|violat|reach)|exceed\w*.{0,40}(?<!message )quota",
        r"(mail ?box|mail ?folder|inbox|account|folder|message store|maildir|mbox|boite)\b.{0,40}"
        r"\b(full|too large|pleine|exceeded)\b",
        r"out of storage|exceeded storage|mailbox size|limit of mailbox|full mailbox",
        r"(recipient|user|mailbox)\S* (disk|storage)|space has been used|enough (storage|space)",
        r"insufficient (mailbox |user )?(storage|space|quota)",
        r"too many (messages|mails) (in|on)\b|messages in recipient",
    ),
    # Size is content, though it "exceeds a limit" as a rate does.
    _says(
        CONTENT,
        _MESSAGE + r".{0,40}exceed\w*.{0,40}(size|length|limit of)",
        _MESSAGE + r".{0,40}(size|length|line) (limit|exceed)",
        _MESSAGE + r".{0,15}too (large|big|long)|larger than",
        r"(size|length|line|header)s? (limit )?exceed",
        r"max(imum)?.{0,20}(message|mail|line)\w* (size|len)",
        r"exceed\w*.{0,40}(message size|size limit|line|attachment|on size)",
    ),
    _says(
        RATE,
        r"rate[ -]?(limit|control)|at a rate|throttl|frequency|slow down|slower",
        r"too (fast|quickly|frequent|often)|too much (mail|traffic)|too many errors",
        r"(too many|excessive|maximum|max|limit|no more|trop de).{0,30}(connection|connexion"
        r"|session|message|recipient|volume|mail|rate|concurren|simultaneous|command|rcpt|smtp)",
        r"(connection|session|message|recipient|sending|concurren\w+|volume|hourly|daily|relay)s?\b"
        r".{0,40}(limit|exceed|per (second|minute|hour|day|connection|session))",
        r"exceed\w*.{0,60}(connection|rate|per (minute|hour|day)|limit for|daily message)",
    ),
    # A sending IP or host was turned away, in so many words.
    _says(
        BLOCK,
        r"(\bips?\b|client|host|server|network|domain|connection|adresse ip)\b.{0,60}"
        r"(block(ed|s)?|bloque\w*|not welcome)\b",
        r"\bblocked (for|by|due|using|until)\b",
        r"(messages?|mail|emails?|connections?) (envoyes )?(from|vers|coming from)\b.{0,60}"
        r"(block|bloque|refuse|reject|not accepted|not allowed|weren't sent)",
    ),
    _says(
        CONTENT,
        r"\b(anti-?|no-?)?spam|virus|malware|phish|unsolicited|\bjunk|malicious|infect|suspicious",
        r"illegal attachment|executable|content (of|present)|\burls?\b|\bbulk\b",
        r"(attachment|content|file)s?\b.{0,30}(reject|denied|block|illegal|prohibit|security)",
        r"(attachment|content|file)s?\b.{0,30}not (allow|accept|permit)",
        r"malformed|disallowed|bare (lf|newline|cr|carriage)|8-?bit|\bmime\b|charset",
        r"rfc[ -]?\d*.{0,3} ?complian|\brfc ?-?(2822|5322|822|2045)|" + _SENDER + r".{0,40}rfc",
        r"from:|message-id|blank from",
        r"(missing|duplicate|multiple|invalid|bad|no|more than one) (.{0,30} )?headers?\b",
    ),
    # The domain. What DNS could not say in time is not a verdict.
    _says(
        SOFT,
        r"(dns|domain|host|lookup|name server)\b.{0,60}(temporar|tim(ed?|ing)[ -]?out|servfail)",
        r"temporar\w* .{0,30}(dns|domain|lookup|host)|not found, try again",
    ),
    _says(
        DNS,
        r"(unknown|no such|invalid|non-?existent|bad) (host|domain)|nxdomain|null ?mx\b",
        r"\bno (valid )?(mx|mail exchanger|a record|address record|mail server)|\bmx\b.{0,40}not ",
        r"\b(host|domain)( name)?\b[^:]{0,40}(unknown|not found|n['o]?t exist|not known|invalid)",
        r"(does not|doesn't|do not) (accept|receive) (any )?((e-?)?mail\b|messages)",
        r"unroute?able|domain must exist|name or service not known|host/domain",
        r"dns (error|lookup fail|failure|records?\b.{0,60}not )",
    ),
    # The person.
    _says(
        HARD,
        _MEMBER + r"s?\b(\(s\))?.{0,60}" + _GONE,
        r"\b(unknown|invalid|no such|illegal|bad|undeliverable|inactive|deactivated|disabled"
        r"|suspended|non-?existent|expired|incorrect)( or \w+)?,?[ -]"
        r"((email|e-mail|local|final|delivery|mail|virtual) )*" + _MEMBER,
        r"mailbox unavailable|no (mailbox|account)\b|unknown local part|no ?one at this",
        r"not our customer",
        r"not (a |an )?(valid|known|active) (e-?mail )?(address|user|mailbox|recipient)",
        r"(deactivated|disabled|inactive|suspended) (mailbox|account|user)|has been suspended",
        r"has moved|not have (an )?account|receiving disabled|user (doesn't|missing)",
    ),
    _says(
        SOFT,
        r"gr[ea]y-?list|try (it |your \w+ )?(again|later)|come back|please wait|retr(y|ied)",
        r"temporar|tim(ed?|ing)[ -]?out|expired|\bbusy\b|deferred|in progress|queue|giving up",
        r"resources|insufficient|internal|(system|local|server|configuration) (error|problem|fail)",
        r"operating system|system call|cannot append|licen[cs]e",
        r"connection (refused|lost|reset|closed|dropped|failed|died)|lost connection|closing",
        r"connect to|to connect|establish an? \S*\s?connection|no route|socket|did not respond",
        r"network (error|unreach|problem)|unreachable|not reachable|\bloop|too many hops",
        r"not available|unavailable|could not be delivered",
    ),
    # What is left of a refusal without a cause.
    _says(
        AUTH,
        r"polic(y|ies)|prohibit|administrative|restrict|security|credential|permission",
        r"not (permitted|authori[sz]ed|allowed)|access (was |is )?denied|access to",
        r"rejected by|user entry|organi[sz]ation",
    ),
    _says(BLOCK, r"block|refused|no access"),
)
