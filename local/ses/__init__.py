"""SES, as far as the product uses it: SESv2 in front of the receivers' mailbox world.

It is an independent witness, as the receivers are: it imports nothing of the product. Mail comes in
as botocore sends it and is kept byte for byte; what becomes of it is told as SES tells it, through
the SNS topic that the configuration set names. It runs in the receivers' process and writes into
their ledger, so that the books of both can be compared.

| request | does |
|---|---|
| `POST /v2/email/outbound-emails` | take one raw message to one recipient |
| `GET /v2/email/account` | what the account may do |
| `POST, GET /v2/email/configuration-sets[/{name}]` | make and show configuration sets |
| `POST, GET, PUT …/{name}/event-destinations[/{name}]` | where their events go |
| `GET, PUT, DELETE /v2/email/suppression/addresses[/{address}]` | the account's suppression list |
| `GET /v2/email/tags?ResourceArn=` | the tags of a set or a pool |

The receivers' addresses and rates hold here too, in SES's way: `relay4xx` is throttled,
`relay5xx` is rejected, and of `drop` the message is taken but the reply is lost. The control server
has `GET /ses` and `POST /ses`: sandbox, paused, the rate, the quota.
Source: botocore's model of SESv2 (paths, names, errors), the SES developer guide (limits, events).
"""
