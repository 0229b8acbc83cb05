"""The document refuses what cannot be, and its JSON form holds all of it."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from tests.report.brief.sample import SCRIPT_NAME, sample_document, sample_ground

from sarhad.report.brief import Estimate, LeftOpen, Message, Number, quantise, tell, to_json
from sarhad.report.brief.json_form import write_block


def test_json_form_keeps_every_field_and_can_be_written() -> None:
    document = sample_document()
    form = json.loads(json.dumps(to_json(document), allow_nan=False))
    assert set(form) == {"schema"} | {field.name for field in dataclasses.fields(document)}
    assert form["options"][4]["harm"] == {"value": 0.24, "low": 0.2064, "high": 0.2808}
    assert form["scenario"]["start"] == "2025-12-08T00:00:00+05:00"
    assert form["ground"]["posts"][0]["name"] == SCRIPT_NAME


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_a_byte_holds_a_value_within_half_a_step(power: float) -> None:
    values = np.linspace(0.0, 7.0, 60).reshape(3, 4, 5)
    found = quantise(values, power)
    assert found.shape == (3, 4, 5)
    # The steps of (code/255)^2 are widest at the top: 2/255 of it.
    np.testing.assert_allclose(found.values(), values, atol=7.0 * power / 255 / 2)


def test_zero_stays_zero_and_what_is_above_the_top_becomes_the_top() -> None:
    assert quantise([0.0, 0.0]).values().tolist() == [0.0, 0.0]
    assert quantise([0.0, 0.5, 9.0], high=1.0).values()[[0, 2]].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("bad", [[-0.1], [np.nan], [np.inf]])
def test_values_along_the_line_are_finite_and_not_negative(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite and not below zero"):
        quantise(bad)


def test_an_estimate_lies_in_its_interval() -> None:
    with pytest.raises(ValueError, match="outside its interval"):
        Estimate(1.0, 2.0, 3.0)


def test_answers_name_options_of_the_document() -> None:
    document = sample_document()
    answers = dataclasses.replace(document.answers, recommended="nobody")
    with pytest.raises(ValueError, match="'nobody', which is no option"):
        dataclasses.replace(document, answers=answers)


def test_names_of_options_are_unique() -> None:
    document = sample_document()
    with pytest.raises(ValueError, match="a name of its own"):
        dataclasses.replace(document, options=document.options[:1] + document.options)


def test_left_open_names_known_options_and_sectors() -> None:
    with pytest.raises(ValueError, match="one is unknown"):
        dataclasses.replace(sample_document(), left_open=(LeftOpen("alone", "north", 0.1),))


def test_values_of_the_line_fit_options_and_cells() -> None:
    document = sample_document()
    with pytest.raises(ValueError, match="option, hour, cell"):
        dataclasses.replace(document, options=document.options[:5], left_open=())
    with pytest.raises(ValueError, match="cells of the line"):
        dataclasses.replace(document, ground=sample_ground(59))


def test_a_message_takes_numbers_as_they_are_and_needs_a_key_or_a_text() -> None:
    assert tell("a", share=2).values == (("share", Number(2.0)),)
    with pytest.raises(ValueError, match="a key of the catalogues or a text"):
        Message()


def test_a_block_of_data_cannot_end_its_script() -> None:
    written = write_block({"name": "</script><!-- & \u2028\u2029"})
    assert not set(written) & {"<", ">", "&", "\u2028", "\u2029"}
    assert json.loads(written) == {"name": "</script><!-- & \u2028\u2029"}
