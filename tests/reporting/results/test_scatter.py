from __future__ import annotations

from kerastune_ft.reporting.results import scatter


def target(true: list[float], predicted: list[float]) -> scatter.Target:
    return scatter.Target("age", true, predicted, 2.0)


def test_every_example_is_a_point_and_in_the_histogram() -> None:
    figure = scatter.draw_predictions(target([1.0, 2.0, 4.0], [1.5, 2.0, 3.0]))
    points, bars = figure.axes
    drawn = next(line for line in points.get_lines() if line.get_marker() == "o")
    assert list(zip(*drawn.get_data(), strict=True)) == [(1.0, 1.5), (2.0, 2.0), (4.0, 3.0)]
    diagonal, constant = (line for line in points.get_lines() if line.get_marker() != "o")
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [1.0, 4.0]
    assert set(constant.get_ydata()) == {2.0}
    assert sum(bar.get_height() for bar in bars.patches) == 3


def test_of_very_many_examples_the_points_are_thinned_and_the_histogram_is_not() -> None:
    true = [float(number) for number in range(9000)]
    points, bars = scatter.draw_predictions(target(true, [value + 1 for value in true])).axes
    drawn = next(line for line in points.get_lines() if line.get_marker() == "o")
    assert 1000 < len(drawn.get_xdata()) <= 2000
    assert sum(bar.get_height() for bar in bars.patches) == 9000
