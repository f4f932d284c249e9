"""Mailbox providers: who receives for a domain, and the words they refuse mail with.

Source: reply texts as the providers publish or are quoted with them (Gmail's SMTP error reference,
postmaster.live.com, postmaster.yahooinc.com/error-codes, support.apple.com/en-us/HT204137). As in
Stalwart's events the texts carry neither the code nor the enhanced code.
"""

from dataclasses import dataclass, replace

from local.receivers.config import Domain


@dataclass(frozen=True, slots=True)
class Reply:
    """One SMTP refusal: the command it answers, its codes and its words."""

    stage: str  # "MAIL FROM", "RCPT TO" or "DATA"
    code: int
    enhanced: str
    text: str  # may hold {recipient}, {domain}, {ip} and {trace}

    def filled(self, *, recipient: str, ip: str, trace: str) -> "Reply":
        """Fill the placeholders for one attempt."""
        domain = recipient.rpartition("@")[2]
        words = {"recipient": recipient, "domain": domain, "ip": ip, "trace": trace}
        return replace(self, text=self.text.format(**words))


@dataclass(frozen=True, slots=True)
class Provider:
    """One mailbox provider as the relay meets it."""

    name: str
    mx: str  # may hold {dashed}, the domain with dashes for dots
    accepted: str
    hard: Reply
    full: Reply
    blocked: Reply
    greylisted: Reply
    reports_complaints: bool = True
    scanner: bool = False
    proxy: bool = False
    agent: str | None = None  # the image proxy's, None where the reader's own program fetches

    def mx_host(self, domain: str) -> str:
        """Name the MX host that took or refused the mail."""
        return self.mx.format(dashed=domain.replace(".", "-"), domain=domain)


_BUSY = "Greylisting in action, please come back later"
_OTHER = Provider(
    name="other",
    mx="mx1.{domain}",
    accepted="Ok: queued as {trace}",
    hard=Reply(
        "RCPT TO",
        550,
        "5.1.1",
        "<{recipient}>: Recipient address rejected: User unknown in virtual mailbox table",
    ),
    full=Reply("RCPT TO", 452, "4.2.2", "<{recipient}>: Mailbox full, quota exceeded"),
    blocked=Reply(
        "RCPT TO",
        554,
        "5.7.1",
        "Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org; "
        "https://www.spamhaus.org/query/ip/{ip}",
    ),
    greylisted=Reply("RCPT TO", 451, "4.7.1", _BUSY),
)
_GMAIL = Provider(
    name="gmail",
    mx="gmail-smtp-in.l.google.com",
    accepted="OK {trace} - gsmtp",
    hard=Reply(
        "RCPT TO",
        550,
        "5.1.1",
        "The email account that you tried to reach does not exist. Please try\n"
        "double-checking the recipient's email address for typos or\nunnecessary spaces. "
        "For more information, go to\n https://support.google.com/mail/?p=NoSuchUser "
        "{trace} - gsmtp",
    ),
    full=Reply(
        "RCPT TO",
        452,
        "4.2.2",
        "The recipient's inbox is out of storage space. Please direct the\nrecipient to\n"
        " https://support.google.com/mail/?p=OverQuotaTemp {trace} - gsmtp",
    ),
    blocked=Reply(
        "DATA",
        550,
        "5.7.1",
        "[{ip}] Our system has detected an unusual rate of\nunsolicited mail originating from "
        "your IP address. To protect our\nusers from spam, mail sent from your IP address has "
        "been blocked.\nReview https://support.google.com/mail/answer/81126 {trace} - gsmtp",
    ),
    greylisted=Reply(
        "RCPT TO", 451, "4.3.0", "Mail server temporarily rejected message. {trace} - gsmtp"
    ),
    reports_complaints=False,
    agent=(
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    ),
)
_OUTLOOK = Provider(
    name="outlook",
    mx="{dashed}.olc.protection.outlook.com",
    accepted="<{trace}@outlook.com> Queued mail for delivery -> 250 2.1.5",
    hard=Reply(
        "RCPT TO",
        550,
        "5.5.0",
        "Requested action not taken: mailbox unavailable (S2017062302). "
        "[BN8NAM04FT012.eop-NAM04.prod.protection.outlook.com {trace}]",
    ),
    full=Reply(
        "RCPT TO",
        452,
        "4.2.2",
        "The recipient's mailbox is full and can't accept messages now [outlook.com] {trace}",
    ),
    blocked=Reply(
        "MAIL FROM",
        550,
        "5.7.1",
        "Unfortunately, messages from [{ip}] weren't sent. Please contact your Internet service "
        "provider since part of their network is on our block list (S3140). You can also refer "
        "your provider to http://mail.live.com/mail/troubleshooting.aspx#errors. "
        "[BN8NAM04FT012.eop-NAM04.prod.protection.outlook.com {trace}]",
    ),
    greylisted=Reply(
        "RCPT TO", 451, "4.7.255", "Server busy. Please try again later from [{ip}]. (AS761)"
    ),
)
_MICROSOFT365 = replace(
    _OUTLOOK,
    name="microsoft365",
    mx="{dashed}.mail.protection.outlook.com",
    hard=Reply(
        "RCPT TO",
        550,
        "5.4.1",
        "Recipient address rejected: Access denied. For more information see "
        "https://aka.ms/EXOSmtpErrors [SJ1PEPF00002311.namprd03.prod.outlook.com {trace}]",
    ),
    blocked=Reply(
        "RCPT TO",
        550,
        "5.7.255",  # 5.7.606: an enhanced part of more than 8 bits saturates in Stalwart
        "Access denied, banned sending IP [{ip}]. To request removal from this list please visit "
        "https://sender.office.com/ and follow the directions. For more information please go to "
        "http://go.microsoft.com/fwlink/?LinkID=526655 (AS16012609) {trace}",
    ),
    greylisted=Reply("RCPT TO", 451, "4.7.1", _BUSY),
    reports_complaints=False,
)
_YAHOO = Provider(
    name="yahoo",
    mx="mta5.am0.yahoodns.net",
    accepted="ok dirdel {trace}",
    hard=Reply("DATA", 552, "0.0.0", "1 Requested mail action aborted, mailbox not found"),
    full=Reply(
        "RCPT TO",
        452,
        "4.2.2",
        "<{recipient}>: user is over quota; see https://postmaster.yahooinc.com",
    ),
    blocked=Reply(
        "MAIL FROM",
        421,
        "4.7.0",
        "[TSS04] Messages from {ip} temporarily deferred due to unexpected volume or user "
        "complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
    ),
    greylisted=Reply(
        "RCPT TO",
        451,
        "4.0.0",
        "Resources temporarily unavailable. Please try again later [#4.16.1].",
    ),
    agent="YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
)
_ICLOUD = replace(
    _OTHER,
    name="icloud",
    mx="mx01.mail.icloud.com",
    hard=Reply(
        "RCPT TO", 550, "5.1.1", "<{recipient}>: user lookup success but no user record found"
    ),
    full=Reply("RCPT TO", 452, "4.2.2", "<{recipient}>: user is over quota"),
    blocked=Reply(
        "RCPT TO",
        550,
        "5.7.1",
        "Mail from IP {ip} was rejected due to listing in Spamhaus SBL. For details please see "
        "http://www.spamhaus.org/query/bl?ip={ip}",
    ),
    reports_complaints=False,
    proxy=True,
)
_BY_NAME = {p.name: p for p in (_GMAIL, _OUTLOOK, _MICROSOFT365, _YAHOO, _ICLOUD, _OTHER)}
_BY_DOMAIN = {
    "gmail.com": _GMAIL,
    "googlemail.com": _GMAIL,
    "outlook.com": _OUTLOOK,
    "hotmail.com": _OUTLOOK,
    "live.com": _OUTLOOK,
    "msn.com": _OUTLOOK,
    "yahoo.com": _YAHOO,
    "ymail.com": _YAHOO,
    "aol.com": _YAHOO,
    "icloud.com": _ICLOUD,
    "me.com": _ICLOUD,
    "mac.com": _ICLOUD,
}


def provider_of(domain: str, configured: dict[str, Domain]) -> Provider:
    """Find who receives for a domain: the configuration, the table, then the shape of its name.

    A first label that ends in `-corp` is a company at Microsoft 365 behind a scanning gateway.
    """
    domain = domain.lower()
    if domain in configured:
        known = configured[domain]
        words = _BY_NAME.get(known.provider, _OTHER)
        return replace(words, name=known.provider, mx=known.mx, scanner=known.scanner)
    if domain in _BY_DOMAIN:
        return _BY_DOMAIN[domain]
    if domain.partition(".")[0].endswith("-corp"):
        return replace(_MICROSOFT365, scanner=True)
    return _OTHER
