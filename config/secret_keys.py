"""The keys that encrypt stored credentials: given by the operator, or generated once per home."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet

from config.settings import Settings, split_keys


def secret_keys(settings: Settings) -> tuple[str, ...]:
    """Fernet keys, the encrypting one first. There is no default key.

    Without PARTNERHUB_SECRET_KEYS they come from `secret.keys` in the home, readable by its owner only and made at
    the first call; two processes calling at once get the same key. Who loses that file loses the stored credentials.
    """
    if settings.secret_keys is not None:
        return split_keys(settings.secret_keys.get_secret_value())
    path = settings.home / "secret.keys"
    if not path.exists():
        _generate(path)
    return split_keys(path.read_text())


def _generate(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"secret.keys.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(Fernet.generate_key() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another process was first: its key counts
        path.hardlink_to(draft)
    draft.unlink()
