"""Documents in the forms that other tools take; one module a form, `exporting` says what every form is made of."""

from protoparse.export.exporting import Exporter, Loss, Result, export, exporters

__all__ = ["Exporter", "Loss", "Result", "export", "exporters"]
