"""Records of patients in the forms that they come in → `Patient`s: FHIR, OMOP, JSON of our own."""
