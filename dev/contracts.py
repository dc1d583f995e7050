"""Custom contract types for import-linter, for rules that its own types can't express; `.importlinter` uses them."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PureUnlessNamed(Contract):
    """Only modules with certain names may do I/O; every other module of the packages is pure.

    A pure module imports no client, no clock and no environment (`effects`), and no module with an I/O name. Together
    the two rules exclude indirect imports, too. The name decides, so a new module needs no line in the configuration.

    Options: `packages` to check; `io_names`, last parts of the names of modules that may do I/O; `effects`, modules
    that only those may import.
    """

    packages = fields.SetField(subfield=fields.StringField())
    io_names = fields.SetField(subfield=fields.StringField())
    effects = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 (given by position)
        """Return the check with the imports that break the contract."""
        found = [
            (importer, imported)
            for importer in sorted(graph.modules)
            if self._is_checked(importer) and not self._does_io(importer)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if self._is_effect(imported) or (self._is_checked(imported) and self._does_io(imported))
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each forbidden import."""
        allowed = ", ".join(sorted(self.io_names))  # type: ignore[call-overload]
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports {imported}: only modules named {allowed} may do I/O", bold=False)

    def _is_checked(self, module: str) -> bool:
        return any(_lies_in(module, package) for package in self.packages)  # type: ignore[attr-defined]

    def _does_io(self, module: str) -> bool:
        return module.rpartition(".")[2] in self.io_names  # type: ignore[operator]

    def _is_effect(self, module: str) -> bool:
        return any(_lies_in(module, effect) for effect in self.effects)  # type: ignore[attr-defined]


def _lies_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
