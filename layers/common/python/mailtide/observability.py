"""Observability: the logger and the metrics of this process.

Names, levels and the namespace come from the environment (POWERTOOLS_*, LOG_LEVEL). No addresses
are logged in clear, and never the event itself.
"""

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()
