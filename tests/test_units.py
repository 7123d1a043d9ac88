"""Units: known conversions, the laws of exact arithmetic, what must not convert, and a second opinion by `ucumvert`."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protoparse import lexicon
from protoparse.errors import ProtoparseError, UnitError
from protoparse.units import Measure, comparable, convert, parse_unit

CODES = sorted(
    {r["ucum"] for r in lexicon.rows("units")}
    | {code for r in lexicon.rows("measurements") for code in lexicon.spellings(r["units"])} - {""}
)
CODES = [code for code in CODES if code]


# ------------------------------------------------------------------ codes


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_vocabulary_is_ucum(code: str) -> None:
    assert parse_unit(code).factor > 0


@pytest.mark.parametrize("row", [r for r in lexicon.rows("ucum") if r["kind"] != "prefix"], ids=lambda r: r["atom"])
def test_every_atom_can_be_read(row: lexicon.Row) -> None:
    assert parse_unit(row["atom"]).factor > 0
    if row["metric"] == "yes":
        assert parse_unit("m" + row["atom"]).factor == parse_unit(row["atom"]).factor / 1000


@pytest.mark.parametrize(
    ("code", "factor", "dimension"),
    [
        ("1", 1, {}), ("10*9/L", 10**12, {"m": -3}), ("10^-3", Fraction(1, 1000), {}), ("%", Fraction(1, 100), {}),
        ("/uL", 10**9, {"m": -3}), ("mg/dL", 10, {"g": 1, "m": -3}), ("mg.dL-1", 10, {"g": 1, "m": -3}),
        ("kg/m2", 1000, {"g": 1, "m": -2}), ("m/s/s", 1, {"m": 1, "s": -2}), ("m/(s.s)", 1, {"m": 1, "s": -2}),
        ("m/s.s", 1, {"m": 1}), ("dam", 10, {"m": 1}), ("mm[Hg]", 133322, {"g": 1, "m": -1, "s": -2}),
        ("/100{WBC}", Fraction(1, 100), {"{wbc}": -1}), ("mg/{dose}", Fraction(1, 1000), {"g": 1, "{dose}": -1}),
        ("[in_i]2", Fraction(254, 10000) ** 2, {"m": 2}), ("u[IU]/mL", 1, {"[iU]": 1, "m": -3}),
        ("mmol/mol", Fraction(1, 1000), {"mol": 1, "/mol": 1}),
    ],
)  # fmt: skip
def test_what_a_code_stands_for(code: str, factor: Fraction, dimension: dict[str, int]) -> None:
    assert parse_unit(code) == Measure(Fraction(factor), tuple(sorted(dimension.items())))


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("", "empty"), ("mg per dL", "' per dL' at 3"), ("µg", "'µg' at 1"), ("mg//dL", "'/dL' at 4"),
        ("mg/", "its end"),
        ("m²", "'²' at 2"), ("[IU", "'[IU' at 1"), ("{score", "'{score' at 1"), ("{}", "'{}' at 1"),
        ("IU/L", "'IU' at 1"),
        ("mcg", "'mcg' at 1"), ("K/uL/", "its end"), ("(m", "its end at 3"), ("m)", "')' at 2"), ("m m", "' m' at 2"),
        ("×10*9/L", "'×10*9/L' at 1"), ("kmin", "'kmin' at 1"), ("Cel/h", "zero of its own"),
        ("kg.Cel", "zero of its own"),
        ("Cel2", "power"), ("m999", "power"), ("m" * 101, "too long"), ("%[HbA1c]", "'%[HbA1c]' at 1"),
        ("m.", "its end"),
        ("(" * 60, "its end"), ("0", "at 1"), ("m/0", "at 3"),
    ],
)  # fmt: skip
def test_what_is_no_ucum_is_refused_with_its_place(code: str, cause: str) -> None:
    with pytest.raises(UnitError, match="is no UCUM") as caught:
        parse_unit(code)
    assert cause in str(caught.value)
    assert isinstance(caught.value, ProtoparseError)
    with pytest.raises(UnitError):
        comparable(code, "m")


@given(st.text(alphabet="mgLsk10*^.-/()[]{}%IUCel'2", max_size=30))
def test_any_text_is_a_unit_or_refused(code: str) -> None:
    with suppress(UnitError):
        assert parse_unit(code).factor > 0


# ------------------------------------------------------------------ conversions

# Exact by definition.
EXACT: list[tuple[Any, str, Any, str]] = [
    (1, "g/dL", 10, "g/L"), (150, "10*9/L", 150, "10*3/uL"), (1500, "/uL", "1.5", "10*9/L"),
    (1500, "/mm3", 1500, "/uL"),
    (100000, "/mm3", 100, "10*9/L"), (4, "10*6/uL", 4, "10*12/L"), (18, "a", 216, "mo"), (2, "wk", 14, "d"),
    (48, "h", 2, "d"), (37, "Cel", "98.6", "[degF]"), (100.4, "[degF]", 38, "Cel"), (-40, "Cel", -40, "[degF]"),
    (0, "Cel", "273.15", "K"), (0, "K", "-459.67", "[degF]"), (1, "[in_i]", "2.54", "cm"),
    (6, "[ft_i]", "182.88", "cm"),
    (1, "[lb_av]", "0.45359237", "kg"), (1, "[stone_av]", 14, "[lb_av]"), (1, "[mi_i]", "1609.344", "m"),
    (1, "meq/dL", 10, "meq/L"), (1, "ug/mL", 1000, "ng/mL"), (250, "ng/mL{FEU}", "0.25", "ug{FEU}/mL"),
    (30, "ug/mg", 30, "mg/g"), (3, "m[IU]/mL", 3, "[IU]/L"), (60, "U/L", 1000, "nkat/L"), (1, "ukat/L", 60, "U/L"),
    (1, "mL/s", 60, "mL/min"), (60, "mL/min/{1.73_m2}", 1, "mL/s/{1.73_m2}"), (760, "mm[Hg]", "101.32472", "kPa"),
    (1, "cm[H2O]", "98.0665", "Pa"), (50, "Gy", 5000, "cGy"), (1, "mCi", 37, "MBq"), (10, "mSv", 1, "REM"),
    (2, "[diop]", "0.02", "/cm"), (1, "[MET]", "3.5", "mL/kg/min"), (20, "mg/d", 140, "mg/wk"), (1, "%", 10, "mg/g"),
    (1, "[wood'U]", 1, "mm[Hg].min/L"), (80, "dyn.s/cm5", 8000000, "Pa.s/m3"), (1, "dB{HL}", "0.1", "B{HL}"),
    (3, "kcal", 12552, "J"),
    (6, "[Ch]", 2, "mm"), (1, "[pt_us]", 16, "[foz_us]"), (10, "km/h", Fraction(25, 9), "m/s"), (90, "deg", 5400, "'"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "unit", "other", "to"), EXACT)
def test_an_exact_conversion(value: Any, unit: str, other: Any, to: str) -> None:
    assert convert(value, unit, to) == Fraction(other)
    assert convert(Fraction(other), to, unit) == Fraction(str(value))


# As printed in laboratories' tables, to the figures given there.
CLINICAL = [
    ("creatinine", 1.5, "mg/dL", 132.6, "umol/L"), ("serum creatinine", 1, "mg/dL", 88.4, "umol/L"),
    ("glucose", 126, "mg/dL", 7.0, "mmol/L"), ("fasting plasma glucose", 7.8, "mmol/L", 140.5, "mg/dL"),
    ("LDL cholesterol", 100, "mg/dL", 2.59, "mmol/L"), ("total cholesterol", 5, "mmol/L", 193.3, "mg/dL"),
    ("triglycerides", 500, "mg/dL", 5.65, "mmol/L"), ("total bilirubin", 1.5, "mg/dL", 25.7, "umol/L"),
    ("bilirubin", 2, "mg/dL", 34.2, "umol/L"), ("BUN", 20, "mg/dL", 7.14, "mmol/L"),
    ("urea", 6, "mg/dL", 1.0, "mmol/L"),
    ("uric acid", 6.8, "mg/dL", 404.5, "umol/L"), ("calcium", 10.5, "mg/dL", 2.62, "mmol/L"),
    ("calcium", 2.5, "mmol/L", 5.0, "meq/L"), ("magnesium", 1.2, "mg/dL", 0.494, "mmol/L"),
    ("magnesium", 1, "mmol/L", 2, "meq/L"), ("potassium", 3.5, "meq/L", 3.5, "mmol/L"),
    ("sodium", 130, "mmol/L", 130, "meq/L"), ("phosphate", 4.5, "mg/dL", 1.453, "mmol/L"),
    ("25-hydroxyvitamin D", 20, "ng/mL", 49.9, "nmol/L"), ("testosterone", 50, "ng/dL", 1.73, "nmol/L"),
    ("cortisol", 18, "ug/dL", 496.6, "nmol/L"), ("estradiol", 20, "pg/mL", 73.4, "pmol/L"),
    ("free thyroxine", 1, "ng/dL", 12.87, "pmol/L"), ("hemoglobin", 8, "g/dL", 4.96, "mmol/L"),
    ("serum iron", 100, "ug/dL", 17.9, "umol/L"), ("vitamin B12", 200, "pg/mL", 147.6, "pmol/L"),
    ("folate", 4, "ng/mL", 9.06, "nmol/L"), ("ammonia", 100, "umol/L", 170.3, "ug/dL"),
    ("urine albumin-to-creatinine ratio", 30, "mg/g", 3.39, "mg/mmol"), ("phenylalanine", 600, "umol/L", 9.91, "mg/dL"),
    ("UPCR", 100, "mg/mmol", 0.884, "mg/mg"),
    ("HbA1c", 7, "%", 53.0, "mmol/mol"), ("hemoglobin A1c", 48, "mmol/mol", 6.54, "%"),
    ("HbA1c", 10, "%", 85.8, "mmol/mol"),
    ("ALT", 40, "[IU]/L", 40, "U/L"), ("AST", 60, "[IU]/L", 1, "ukat/L"),
    ("neutrophils", 1500, "{cells}/uL", 1.5, "10*9/L"),
]  # fmt: skip


@pytest.mark.parametrize(("analyte", "value", "unit", "other", "to"), CLINICAL)
def test_a_conversion_over_an_analyte(analyte: str, value: float, unit: str, other: float, to: str) -> None:
    assert float(convert(value, unit, to, analyte=analyte)) == pytest.approx(other, rel=2.5e-3)
    assert comparable(unit, to, analyte=analyte)
    assert comparable(to, unit, analyte=analyte)
    back = convert(convert(value, unit, to, analyte=analyte), to, unit, analyte=analyte)
    assert back == Fraction(str(value))
    if unit not in ("[IU]/L", "{cells}/uL"):
        assert not comparable(unit, to)
        assert not comparable(unit, to, analyte="body weight")


def test_the_master_equation_of_hba1c_is_exact() -> None:
    assert convert(Fraction("11.30"), "%", "mmol/mol", analyte="HbA1c") == 100
    assert convert(0, "mmol/mol", "%", analyte="HbA1c") == Fraction("2.152")
    # and stays near the rounded equation that is in print
    for tenth in range(40, 151):
        percent = Fraction(tenth, 10)
        printed = Fraction("10.93") * percent - Fraction("23.5")
        assert abs(convert(percent, "%", "mmol/mol", analyte="HbA1c") - printed) < Fraction(1, 10)


@pytest.mark.parametrize(
    ("unit", "other"),
    [
        ("mL/min", "mL/min/{1.73_m2}"), ("[IU]/L", "/L"), ("[IU]/L", "U/L"), ("mg/dL", "mmol/L"), ("meq/L", "mmol/L"),
        ("{cells}/uL", "/uL"), ("{score}", "1"), ("[pH]", "1"), ("[pH]", "mol/L"), ("%", "mmol/mol"), ("%{HbA1c}", "%"),
        ("ug/mL{FEU}", "ug/mL"), ("dB{HL}", "dB"), ("dB[SPL]", "dB"), ("dB{HL}", "dB{A}"), ("{beats}/min", "/min"),
        ("mosm/kg", "mmol/kg"), ("MBq", "MHz"), ("Gy", "Sv"), ("/[HPF]", "/[LPF]"), ("mg/{dose}", "mg"), ("kg", "m"),
        ("{copies}/mL", "[IU]/mL"), ("{drinks}/d", "{cigarettes}/d"), ("g", "g{ethanol}"), ("Cel", "s"),
        ("mm[Hg]", "mm"),
        ("[p'diop]", "[diop]"), ("deg", "1"), ("cd/m2", "lx"), ("[CFU]/mL", "/mL"), ("[arb'U]/mL", "[IU]/mL"),
    ],
)  # fmt: skip
def test_unlike_things_do_not_convert(unit: str, other: str) -> None:
    assert not comparable(unit, other)
    assert not comparable(other, unit)
    with pytest.raises(UnitError, match="does not convert"):
        convert(1, unit, other)


@pytest.mark.parametrize(
    ("unit", "to", "analyte", "message"),
    [
        ("[IU]/L", "/L", None, "'[IU]/L' does not convert to '/L': [iU].m-3 against m-3"),
        ("kg", "1", None, "'kg' does not convert to '1': g against a plain number"),
        ("mg/dL", "mmol/L", None, "no analyte was named"),
        ("mg/dL", "mmol/L", "albumin", "those of 'albumin' are not known"),
        ("mmol/mol", "%", None, "mol-1.mol against a plain number"),
    ],
)
def test_a_refusal_names_the_cause(unit: str, to: str, analyte: str | None, message: str) -> None:
    with pytest.raises(UnitError, match=re.escape(message)):
        convert(1, unit, to, analyte=analyte)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("Infinity")])
def test_what_is_not_finite_does_not_convert(value: Any) -> None:
    with pytest.raises(UnitError, match="no finite number"):
        convert(value, "mg", "g")


def test_a_float_is_the_decimal_that_it_is_printed_as() -> None:
    assert convert(0.1, "g", "mg") == 100
    assert convert(1e-7, "g", "mg") == Fraction(1, 10000)
    assert convert(Decimal("0.3"), "g", "mg") == 300


# ------------------------------------------------------------------ laws

FAMILIES = [
    ["mg/dL", "g/L", "ug/mL", "ng/dL", "kg/m3"], ["Cel", "[degF]", "K", "[degRe]", "[degR]", "mK"],
    ["10*9/L", "/uL", "10*3/mm3", "/mL", "10*6/uL"], ["a", "mo", "wk", "d", "h", "min", "s", "ms"],
    ["mm[Hg]", "kPa", "[psi]", "bar", "atm", "cm[H2O]"], ["U/L", "ukat/L", "nmol/s/mL"], ["[lb_av]", "kg", "[oz_av]"],
]  # fmt: skip
GLUCOSE = ["mg/dL", "mmol/L", "g/L", "umol/mL"]
CALCIUM = ["mg/dL", "mmol/L", "meq/L"]
HBA1C = ["%", "mmol/mol", "umol/mmol", "[ppth]"]
families = st.one_of(
    st.sampled_from(FAMILIES).map(lambda units: (units, None)),
    st.just((GLUCOSE, "glucose")), st.just((CALCIUM, "calcium")), st.just((HBA1C, "HbA1c")),
)  # fmt: skip
triples = families.flatmap(lambda f: st.tuples(*[st.sampled_from(f[0])] * 3, st.just(f[1])))
values = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6)


@settings(deadline=None)
@given(values, triples)
def test_there_and_back_is_where_one_was(value: Fraction, units: tuple[str, str, str, str | None]) -> None:
    a, b, _, analyte = units
    assert convert(convert(value, a, b, analyte=analyte), b, a, analyte=analyte) == value
    assert convert(value, a, a, analyte=analyte) == value


@settings(deadline=None)
@given(values, triples)
def test_a_way_round_is_the_straight_way(value: Fraction, units: tuple[str, str, str, str | None]) -> None:
    a, b, c, analyte = units
    assert convert(convert(value, a, b, analyte=analyte), b, c, analyte=analyte) == convert(
        value, a, c, analyte=analyte
    )


@settings(deadline=None)
@given(
    st.sampled_from(CODES), st.sampled_from(CODES), st.sampled_from(CODES), st.sampled_from([None, "glucose", "ALT"])
)
def test_to_be_comparable_is_an_equivalence(a: str, b: str, c: str, analyte: str | None) -> None:
    assert comparable(a, a, analyte=analyte)
    assert comparable(a, b, analyte=analyte) == comparable(b, a, analyte=analyte)
    if comparable(a, b, analyte=analyte) and comparable(b, c, analyte=analyte):
        assert comparable(a, c, analyte=analyte)


@settings(deadline=None)
@given(values, values, triples)
def test_order_is_kept(one: Fraction, other: Fraction, units: tuple[str, str, str, str | None]) -> None:
    a, b, _, analyte = units
    first, second = (convert(value, a, b, analyte=analyte) for value in (one, other))
    assert (first < second) == (one < other)


# ------------------------------------------------------------------ the table of analytes

# IUPAC standard atomic weights 2021, abridged to five figures.
WEIGHTS = {
    "H": "1.008", "C": "12.011", "N": "14.007", "O": "15.999", "Na": "22.990", "Mg": "24.305", "P": "30.974",
    "S": "32.06", "Cl": "35.45", "K": "39.098", "Ca": "40.078", "Fe": "55.845", "Co": "58.933", "Cu": "63.546",
    "Zn": "65.38", "I": "126.90",
}  # fmt: skip


@pytest.mark.parametrize("row", lexicon.rows("analytes"), ids=lambda r: r["names"].split("|")[0])
def test_a_molar_mass_is_that_of_its_formula(row: lexicon.Row) -> None:
    if row["formula"]:
        atoms = re.findall(r"([A-Z][a-z]?)(\d*)", row["formula"])
        assert "".join(map("".join, atoms)) == row["formula"]
        assert Decimal(row["mass"]) == sum(Decimal(WEIGHTS[symbol]) * int(n or 1) for symbol, n in atoms)
    else:
        assert row["equal"] or row["note"]
    assert row["mass"] or row["equal"]


def test_analytes_are_measurements() -> None:
    known = {r["name"] for r in lexicon.rows("measurements")}
    assert {name for r in lexicon.rows("analytes") for name in lexicon.spellings(r["names"])} <= known


# ------------------------------------------------------------------ a second opinion

# Base units in the dimensions of the oracle, for which some are one another, and what is not named here is nothing.
THEIRS: dict[str, dict[str, int]] = {
    "m": {"[length]": 1}, "g": {"[mass]": 1}, "s": {"[time]": 1}, "K": {"[temperature]": 1}, "cd": {"[luminosity]": 1},
    "C": {"[current]": 1, "[time]": 1}, "mol": {"[substance]": 1}, "/mol": {"[substance]": -1},
    # Only the substance tells an equivalent or an osmole from a mole; what is counted tells a becquerel from a hertz,
    # and a weight a sievert from a gray.
    "eq": {"[substance]": 1}, "osm": {"[substance]": 1}, "Bq": {"[time]": -1}, "Sv": {"[length]": 2, "[time]": -2},
}  # fmt: skip
# Where the oracle is wrong or has no answer.
LOGARITHM = "a logarithm: a value, and no factor, is what the oracle gives"
SKIPPED = {
    "dB": LOGARITHM, "dB{A}": LOGARITHM, "dB{HL}": LOGARITHM, "dB[SPL]": LOGARITHM,
    "dB/a": LOGARITHM, "dB/m": LOGARITHM,
    "[pH]": "the oracle lacks it", "[p'diop]": "a tangent: the oracle gives its angle",
    "'": "minutes of arc, taken for minutes of time", "''": "seconds of arc, taken for seconds of time",
    "/min/L": "divided twice, taken for L/min",
}  # fmt: skip
# UCUM has 133.322 Pa for a millimetre of mercury, the oracle 133.322387415.
MERCURY = ("m[Hg]", "[wood'U]")


def plain(code: str) -> str:
    """A code as the oracle can read it: it refuses terms of annotations alone."""
    return "" if re.fullmatch(r"(?:[./]?\{[^}]*\})+", code) else code


@cache
def oracle() -> Any:
    """It takes two seconds to start."""
    return pytest.importorskip("ucumvert").PintUcumRegistry()


@pytest.mark.parametrize("code", [code for code in CODES if plain(code) and code not in SKIPPED])
def test_ucumvert_agrees(code: str) -> None:
    theirs = oracle().from_ucum(code).to_base_units()
    ours = parse_unit(code)
    dimension: dict[str, int] = {}
    for name, power in ours.dimension:
        for their_name, times in THEIRS.get(name, {}).items():
            dimension[their_name] = dimension.get(their_name, 0) + times * power
    assert {n: p for n, p in dimension.items() if p} == dict(theirs.dimensionality)
    # Its base of mass is the kilogram, of an angle the radian; a scale with a zero of its own gives the reading of 1.
    one = float(ours.factor + ours.zero) * 1e-3 ** dimension.get("[mass]", 0)
    if ("deg", 1) in ours.dimension:
        one *= math.pi / 180
    rel = 5e-6 if any(name in code for name in MERCURY) else 1e-9
    assert one == pytest.approx(float(theirs.magnitude), rel=rel)


def test_what_the_oracle_is_not_asked_is_in_use() -> None:
    assert set(SKIPPED) <= set(CODES)


def test_the_oracle_is_not_to_be_followed_everywhere() -> None:
    """The reasons for arithmetic of our own; where one of these fails, the oracle has learnt better."""
    unsafe = [("[IU]/L", "/L"), ("mL/min/{1.73_m2}", "mL/min"), ("meq/L", "mmol/L")]
    for unit, other in unsafe:
        assert oracle().from_ucum(unit).is_compatible_with(oracle().from_ucum(other))
        assert not comparable(unit, other)
