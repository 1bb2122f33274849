"""Which module a package comes from: the program's own, a dependency, the standard library, or none."""

from __future__ import annotations

from explorer.gobinary.buildinfo import BuildInfo
from explorer.gobinary.names import ASSEMBLY, GENERATED

MAIN, STANDARD, DEPENDENCY, UNKNOWN, NONE = "main", "std", "dependency", "unknown", "none"
STANDARD_MODULE = "std"
# Hosts whose repositories are two path elements below them.
_TWO_BELOW = ("github.com", "gitlab.com", "bitbucket.org", "golang.org")


class ModuleFinder:
    """Finds modules by the longest path that a package lies under."""

    def __init__(self, info: BuildInfo) -> None:
        self._main = info.main.path if info.main is not None else ""
        # A program built from a vendor folder names no module, but the package that it was built from.
        self._own = self._main or (
            _guess(info.path) if "." in info.path.partition("/")[0] else info.path
        )
        listed = info.dependencies or ()
        self._versions = {module.path: module.version for module in listed}

    def find(self, package: str) -> tuple[str, str]:
        """(module path, group) of a package."""
        if package in (GENERATED, ASSEMBLY):
            return "", NONE
        if package == "main" or package.startswith("main."):
            return self._own, MAIN
        # A vendor folder or GOPATH keeps the importing repository's path in front.
        vendored, _, inner = package.rpartition("/vendor/")
        if vendored and not package.startswith("vendor/"):
            package = inner
        found = self._listed(package)
        if found:
            return found
        first = package.partition("/")[0]
        if "." not in first:
            return STANDARD_MODULE, STANDARD
        guessed = _guess(package)
        return guessed, MAIN if guessed == self._own else UNKNOWN

    def _listed(self, package: str) -> tuple[str, str] | None:
        place = len(package)
        while place > 0:
            path = package[:place]
            if path == self._main:
                return path, MAIN
            if path in self._versions:
                return path, DEPENDENCY
            place = package.rfind("/", 0, place)
        return None


def _guess(package: str) -> str:
    """The repository that a package most likely lives in, where the program lists no modules."""
    parts = package.split("/")
    return "/".join(parts[: 3 if parts[0] in _TWO_BELOW else 2])
