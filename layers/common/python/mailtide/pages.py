"""Pages: the few things a recipient sees of us in a browser.

They work without scripts, images, fonts and cookies, on any width, with a keyboard and a screen
reader, in light and dark. All that is put into them is escaped.
"""

import base64
from hashlib import sha256
from html import escape

from mailtide.problems import Problem

_STYLE = """
:root { color-scheme: light dark; --ink: #17212b; --soft: #55616d; --paper: #f4f6f8; --card: #fff;
  --line: #dfe4e9; --act: #0b57d0; --on-act: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #a5b1bd; --paper: #12171c;
  --card: #1b2229; --line: #2f3a44; --act: #8ab4f8; --on-act: #0b1a33; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem; padding: 2.25rem 2rem; box-shadow: 0 1px 3px rgb(0 0 0 / 8%); }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; }
p { margin: 0; color: var(--soft); }
form { margin: 1.75rem 0 0; }
button { font: inherit; font-weight: 600; width: 100%; min-height: 3rem; padding: .75rem 1.25rem;
  border: 0; border-radius: .625rem; background: var(--act); color: var(--on-act);
  cursor: pointer; }
button:hover { filter: brightness(1.08); }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
"""

_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def unsubscribe() -> str:
    """Return the page that asks; its one button posts to the page's own address."""
    return _page(
        "Unsubscribe",
        "<h1>Unsubscribe from these emails?</h1>"
        "<p>We will stop sending them to your address at once. You need no account for this.</p>"
        '<form method="post">'
        '<input type="hidden" name="List-Unsubscribe" value="One-Click">'
        '<button type="submit">Unsubscribe</button></form>',
    )


def unsubscribed() -> str:
    """Return the page that confirms."""
    return _page(
        "You are unsubscribed",
        '<div role="status"><h1>You are unsubscribed</h1>'
        "<p>You will get no more of these emails. You can close this page.</p></div>",
    )


def problem(of: Problem) -> str:
    """Return a problem as a page; the code stands in it for whoever is asked about it."""
    detail = escape(of.detail[:1].upper() + of.detail[1:].rstrip("."))
    code = escape(of.code)
    return _page(
        of.status.phrase,
        f'<div role="alert"><h1>This did not work</h1><p>{detail}. ({code})</p></div>',
    )


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{content}</main></body></html>"
    )
