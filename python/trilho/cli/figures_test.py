from trilho.cli._figures import lines


def test_values_begin_in_one_column_however_long_a_name_is() -> None:
    values = {"retrieval_validation_hit_at_10": "0.2534", "steps": "2534"}

    assert lines(values) == [
        "Retrieval validation hit at 10  0.2534",
        "Steps                           2534",
    ]


def test_short_names_leave_the_column_where_it_is() -> None:
    assert lines({"test_loss": "0.0789"}) == ["Test loss              0.0789"]
