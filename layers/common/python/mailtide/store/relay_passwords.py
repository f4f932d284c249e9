"""Passwords of relays, each in a secret of its own that is named after its sending IP."""

from typing import Any

from botocore.exceptions import ClientError

from mailtide.aws_errors import code_of, translated


class RelayPasswords:
    """The secrets `<prefix><ip id>` in Secrets Manager."""

    def __init__(self, secrets: Any, prefix: str) -> None:
        self._secrets = secrets
        self._prefix = prefix

    def put(self, ip_id: str, password: str) -> str:
        """Keep a password; return the secret's name."""
        name = self._prefix + ip_id
        try:
            with translated():
                self._secrets.create_secret(Name=name, SecretString=password)
        except ClientError as error:
            if code_of(error) != "ResourceExistsException":
                raise
            with translated():
                self._secrets.put_secret_value(SecretId=name, SecretString=password)
        return name

    def delete(self, ip_id: str) -> None:
        """Remove a password for good, if there is one."""
        try:
            with translated():
                self._secrets.delete_secret(
                    SecretId=self._prefix + ip_id, ForceDeleteWithoutRecovery=True
                )
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
