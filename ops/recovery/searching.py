"""Put the parts of a search together: the document, the clouds, the cluster and the program."""

from collections.abc import Mapping
from pathlib import Path

from ops.clouds.cloudflare import Cloudflare
from ops.clouds.hetzner import Hetzner
from ops.recovery import document, program
from ops.recovery.cloudflare import CloudflareObjects
from ops.recovery.cluster import NotAKubeconfigError
from ops.recovery.found import Owner
from ops.recovery.hetzner import HetznerObjects
from ops.recovery.kubernetes import KubernetesObjects
from ops.recovery.recover import Recovery


class NoSearchError(Exception):
    """The search cannot begin or was cut off. The text names the file or the program, and the reason."""


def search(
    main: Path, stack: program.Stack, file: Path, kubeconfig: Path | None, tokens: Mapping[str, str]
) -> Recovery:
    """Run the program, and look for each resource that it registers.

    Args:
        main: The program.
        stack: The stack and its config.
        file: The recovery document.
        kubeconfig: A kubeconfig to use instead of the document's own.
        tokens: The APIs' tokens, by the key of the config.

    Raises:
        NoSearchError: If a file cannot be used, a token is missing, or the program fails.
        ApiError: If an API refuses or cannot be reached.
    """
    for key, token in tokens.items():
        if not token:
            raise NoSearchError(f"{key} is not set; set it with: pulumi config set --stack {stack.name} --secret {key}")
    owner = Owner(project=stack.project, stack=stack.name)
    recovery = Recovery(
        document=_document(file),
        hetzner=HetznerObjects(Hetzner(tokens["hcloud:token"]), owner),
        cloudflare=CloudflareObjects(Cloudflare(tokens["cloudflare:apiToken"]), owner),
        kubernetes=_cluster(kubeconfig),
    )
    failed: program.ProgramError | None = None
    try:
        program.run(main, stack, recovery.resource, recovery.function)
    except program.ProgramError as error:
        failed = error
    if recovery.failure is not None:
        raise recovery.failure
    if failed is not None and not recovery.problems:
        raise NoSearchError(f"the program failed: {failed}") from failed
    recovery.compare()
    return recovery


def _document(file: Path) -> document.Document:
    try:
        return document.read(file)
    except OSError as error:
        raise NoSearchError(f"{file}: {error.strerror}; --recovery takes a copy of {document.PLACE}") from error
    except document.NotADocumentError as error:
        raise NoSearchError(f"{file}: {error}; --recovery takes a copy of {document.PLACE}") from error


def _cluster(file: Path | None) -> KubernetesObjects:
    try:
        return KubernetesObjects(file.read_text(encoding="utf-8") if file else "")
    except (OSError, UnicodeDecodeError, NotAKubeconfigError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NoSearchError(f"{file}: {reason}; --kubeconfig takes a kubeconfig with certificates in it") from error
