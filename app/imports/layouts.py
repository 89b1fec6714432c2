"""Street files in other layouts: answers of the publisher's API, put under the native columns."""

import pyarrow as pa
import pyarrow.compute as pc

from app.imports.native import NATIVE_NAMES

CATEGORIES = {
    "anti-social-behaviour": "Anti-social behaviour",
    "bicycle-theft": "Bicycle theft",
    "burglary": "Burglary",
    "criminal-damage-arson": "Criminal damage and arson",
    "drugs": "Drugs",
    "other-crime": "Other crime",
    "other-theft": "Other theft",
    "possession-of-weapons": "Possession of weapons",
    "public-order": "Public order",
    "robbery": "Robbery",
    "shoplifting": "Shoplifting",
    "theft-from-the-person": "Theft from the person",
    "vehicle-crime": "Vehicle crime",
    "violent-crime": "Violence and sexual offences",
}
WHOSE = "location_type"  # BTP or Force, whichever force that is
OF_API = frozenset({"id", "street_id", WHOSE})
TRANSPORT_POLICE = "British Transport Police"


def renamed(names: list[str]) -> list[str]:
    """The native names of the columns, where the file is in the layout of the API."""
    if not {"month", "lon", "lat", "street"} <= set(names):
        return names
    return [NATIVE_NAMES.get(name, name) for name in names]


def native(block: pa.RecordBatch) -> pa.RecordBatch:
    """Categories in the publisher's words, and the force where the file tells."""
    if not OF_API & {*block.schema.names}:
        return block
    if "Crime type" in block.schema.names:
        block = _categories(block)
    if WHOSE in block.schema.names and "Reported by" not in block.schema.names:
        is_btp = pc.equal(block[WHOSE], "BTP")
        force = pc.if_else(is_btp, TRANSPORT_POLICE, pa.scalar(None, pa.string()))
        for name in ("Reported by", "Falls within"):
            block = block.append_column(name, force)
    return block


def _categories(block: pa.RecordBatch) -> pa.RecordBatch:
    coded = block["Crime type"].dictionary_encode()
    said = coded.dictionary.to_pylist()
    if not any(word in CATEGORIES for word in said):
        return block
    words = pa.array([CATEGORIES.get(word, word) for word in said], pa.string())
    plain = pa.DictionaryArray.from_arrays(coded.indices, words).cast(pa.string())
    return block.set_column(block.schema.names.index("Crime type"), "Crime type", plain)
