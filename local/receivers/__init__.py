"""Receivers: SMTP relays, mailbox providers, and the people and machines behind the mailboxes.

It is an independent witness: it imports nothing of the product, and its ledger holds what truly
happened. Mail comes in over SMTP as to a Stalwart relay, signed webhooks and feedback reports go
out, pixels and links are fetched, mail is answered and given back. Every fate follows from (seed,
address), so two runs agree.

`python -m local.receivers --config FILE.json` prints one line of JSON with its ports when ready
(`{"smtp": {"<ip>": port}, "control": port, "ses": port or null}`) and stops on SIGTERM or SIGINT.

An address may force what happens to it by the start of its local part:

| local part | what happens |
|---|---|
| `hard+x` | refused for good: unknown user, in the words of its provider |
| `soft+x` | mailbox full: deferred once, then given up |
| `block+x` | the sending IP is blocked (Yahoo defers it with TSS04 and is then given up) |
| `defer+x` | deferred once by greylisting, then delivered; read by nobody |
| `complain+x` | delivered, then a feedback report |
| `open+x` | delivered, opened once by a person |
| `click+x` | delivered, opened, one link clicked by a person |
| `unsub+x` | delivered, opened, unsubscribed by one click (RFC 8058) |
| `unsubmail+x` | delivered, opened, unsubscribed by mail (RFC 2369) where the message offers it |
| `reply+x` | delivered, opened, answered by a person |
| `ooo+x` | delivered, answered by a vacation program, read by nobody |
| `late+x` | delivered, then bounced by a server behind the first (RFC 3464) |
| `machine+x` | delivered, then a gateway's scanner fetches the pixel and every link at once |
| `proxy+x` | delivered, then Apple's proxy fetches the pixel at once |
| `quiet+x` | delivered, nothing else |
| `relay4xx+x` | the relay refuses RCPT with 4xx (`relay_4xx_refusals` times), then delivers |
| `relay5xx+x` | the relay refuses RCPT with 5xx |
| `drop+x` | the relay takes the message, loses the connection before it answers; delivered |
"""
