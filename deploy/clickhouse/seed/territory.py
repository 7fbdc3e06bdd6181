#!/usr/bin/env python3
"""Writes territory.tsv: communes, EPCI, departments, regions and the country, from Etalab's data.

    npm pack @etalab/decoupage-administratif@6.0.0
    python3 deploy/clickhouse/seed/territory.py etalab-decoupage-administratif-6.0.0.tgz

The archive is checked by its sum. No code of the package is run.
"""

import hashlib
import json
import sys
import tarfile
from pathlib import Path

SHA256 = "c189ffd5b33fe40c2f19e1a923ce557f190622f39228745d3195d746dfe00c4a"
VINTAGE = 2026
# A correction within a vintage takes the next number: the greatest version of a row wins.
VERSION = VINTAGE * 100 + 1
COUNTRY = "00"
COLUMNS = ["level", "code", "name", "commune_code", "epci_code", "department_code", "region_code", "population", "vintage", "version"]


def read(archive):
    """The five lists of the package."""
    content = Path(archive).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        sys.exit(f"{archive} has the sum {found}, expected {SHA256}: fetch version 6.0.0")
    with tarfile.open(archive) as files:
        def load(name):
            return json.load(files.extractfile(f"package/data/{name}.json"))
        return load("communes"), load("epci"), load("departements"), load("regions")


def municipalities(communes, epci_of):
    """Every code under which a commune is or was known, each once."""
    current = {place["code"]: place for place in communes if place["type"] == "commune-actuelle"}

    def row(code, name, commune, population):
        return ["commune", code, name, commune["code"], epci_of.get(commune["code"], ""), commune["departement"],
                commune["region"], population]

    rows = {code: row(code, place["nom"], place, place.get("population", 0)) for code, place in current.items()}
    for place in communes:
        parent = current.get(place.get("chefLieu") or place.get("commune"))
        if parent and place["code"] not in rows:
            rows[place["code"]] = row(place["code"], place["nom"], parent, place.get("population", 0))
    for place in current.values():
        for code in place.get("anciensCodes", []):
            rows.setdefault(code, row(code, place["nom"], place, 0))
    return rows, current


def common(values):
    """The one value they share, or none: an EPCI may lie in several departments."""
    found = set(values)
    return found.pop() if len(found) == 1 else ""


def territories(communes, epcis, departments, regions):
    """All rows."""
    epci_of = {member["code"]: epci["code"] for epci in epcis for member in epci["membres"]}
    rows, current = municipalities(communes, epci_of)
    people = {key: {} for key in ("departement", "region")}
    for place in current.values():
        for key, sums in people.items():
            sums[place[key]] = sums.get(place[key], 0) + place.get("population", 0)
    yield ["country", COUNTRY, "France", "", "", "", "", sum(people["region"].values())]
    for region in regions:
        code = region["code"]
        yield ["region", code, region["nom"], "", "", "", code, people["region"].get(code, 0)]
    for department in departments:
        code = department["code"]
        yield ["department", code, department["nom"], "", "", code, department["region"], people["departement"].get(code, 0)]
    for epci in epcis:
        members = [current[member["code"]] for member in epci["membres"] if member["code"] in current]
        yield ["epci", epci["code"], epci["nom"], "", epci["code"], common(place["departement"] for place in members),
               common(place["region"] for place in members), epci["populationMunicipale"]]
    yield from rows.values()


def main(archive):
    levels = ["country", "region", "department", "epci", "commune"]
    rows = sorted(territories(*read(archive)), key=lambda row: (levels.index(row[0]), row[1]))
    lines = ["\t".join(map(str, row + [VINTAGE, VERSION])) for row in rows]
    assert all(line.count("\t") == len(COLUMNS) - 1 and "\\" not in line for line in lines)
    target = Path(__file__).with_name("territory.tsv")
    target.write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    print(f"{target.name}: {len(rows)} rows")


if __name__ == "__main__":
    main(*sys.argv[1:])
