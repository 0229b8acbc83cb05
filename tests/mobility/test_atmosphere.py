import numpy as np
import pytest

from sarhad.mobility.atmosphere import ceiling_in_air, density_kg_m3, height_of_density

# ICAO Doc 7488/3, table 1 by geopotential height: kg/m3.
PRINTED = [
    (0, 1.22500),
    (1_000, 1.11164),
    (2_000, 1.00649),
    (3_000, 0.909122),
    (5_000, 0.736116),
    (8_000, 0.525168),
    (11_000, 0.363918),
    (12_000, 0.310828),
]


@pytest.mark.parametrize(("height_m", "printed"), PRINTED)
def test_density_is_that_of_the_printed_standard_atmosphere(height_m, printed):
    assert density_kg_m3(height_m) == pytest.approx(printed, rel=1e-4)


def test_the_height_of_a_density_is_where_the_air_has_it():
    assert height_of_density(0.736116) == pytest.approx(5_000, abs=1)


def test_the_density_altitude_of_a_printed_accident_report():
    # Flight Safety Foundation on a helicopter accident of 2 August 2007: at 4,961 ft and above
    # 70 degrees F (21.1 C, 15.9 C above standard) the density altitude was 6,841 ft.
    height_m = 4_961 * 0.3048
    offset_c = (70 - 32) / 1.8 - (15 - 0.0065 * height_m)
    density = float(density_kg_m3(height_m, offset_c))
    assert height_of_density(density) / 0.3048 == pytest.approx(6_841, abs=60)


def test_ceilings_are_lower_in_warm_air_and_with_more_weight():
    assert ceiling_in_air(5_000) == pytest.approx(5_000, abs=0.01)
    assert ceiling_in_air(5_000, offset_c=20) < 5_000 < ceiling_in_air(5_000, offset_c=-20)
    assert ceiling_in_air(5_000, weight_share=1.1) < 5_000 < ceiling_in_air(5_000, weight_share=0.9)


def test_a_ceiling_that_no_height_gives_is_the_lowest_there_is():
    assert ceiling_in_air(0.0, weight_share=2.0) == pytest.approx(-5_000, abs=0.01)


@pytest.mark.parametrize("height_m", [-9_000.0, 30_000.0, np.nan])
def test_heights_beyond_the_model_are_refused(height_m):
    with pytest.raises(ValueError, match="between"):
        density_kg_m3(height_m)
