"""Judges OSCAL files twice: by the JSON schemas of NIST's release, and by reading them with compliance-trestle.

Arguments: the folder of the schemas, then files named KIND=PATH. Prints a line for each; ends with 1 where one is not good.
"""

import json
import pathlib
import sys

import jsonschema_rs
from trestle.oscal import assessment_results, catalog, component, mapping

KINDS = {
    "catalog": ("oscal_catalog_schema.json", catalog.Catalog),
    "component-definition": ("oscal_component_schema.json", component.ComponentDefinition),
    "mapping-collection": ("oscal_mapping_schema.json", mapping.MappingCollection),
    "assessment-results": ("oscal_assessment-results_schema.json", assessment_results.AssessmentResults),
}


def judge(schemas: pathlib.Path, kind: str, path: pathlib.Path) -> list[str]:
    name, model = KINDS[kind]
    schema = json.loads((schemas / name).read_text(encoding="utf-8"))
    document = json.loads(path.read_text(encoding="utf-8"))
    validator = jsonschema_rs.Draft7Validator(schema, validate_formats=True)
    wrong = [f"{'/'.join(map(str, e.instance_path))}: {e.message[:300]}" for e in validator.iter_errors(document)]
    try:
        read = model.oscal_read(path)
    except Exception as error:  # whatever the reader says is what is wrong
        return [*wrong, f"trestle cannot read it: {str(error)[:600]}"]
    if read is None:
        return [*wrong, "trestle read nothing"]
    if read.uuid != document[kind]["uuid"]:
        wrong.append("trestle read another document")
    return wrong


def main() -> int:
    schemas = pathlib.Path(sys.argv[1])
    bad = 0
    for argument in sys.argv[2:]:
        kind, _, path = argument.partition("=")
        wrong = judge(schemas, kind, pathlib.Path(path))
        for line in wrong[:20]:
            print(f"{path}: {line}")
        print(f"{path}: {'good' if not wrong else f'{len(wrong)} mistakes'}")
        bad += len(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
