"""Documents in the forms that other tools take; one module a form, `exporting` says what every form is made of."""

from protoparse.export.exporting import Exporter, Files, Joined, Loss, Result, export, export_all, exporters

__all__ = ["Exporter", "Files", "Joined", "Loss", "Result", "export", "export_all", "exporters"]
