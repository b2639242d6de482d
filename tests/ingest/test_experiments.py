"""Experiments are read strictly: each wrong cell is named by file, row and column, with what to do."""

from datetime import date

import pytest

from mta_assets.config import load_config, parse_config
from mta_assets.config_experiments import ExperimentsConfig
from mta_assets.errors import ConfigError
from mta_assets.ingest.experiments import experiments, read_experiment_file

TODAY = date(2026, 6, 1)
HEADER = "channel,kind,first_day,last_day,effect,standard_error"
ROW = "social,holdout,2026-03-01,2026-03-28,310,80"
LISTED = {
    "channel": "mail",
    "kind": "geo_lift",
    "first_day": date(2026, 4, 1),
    "last_day": date(2026, 4, 30),
    "effect": -12,
    "standard_error": 40.5,
}


@pytest.fixture
def read(tmp_path):
    def call(text: str, encoding: str = "utf-8"):
        path = tmp_path / "tests.csv"
        path.write_bytes(text.encode(encoding))
        return read_experiment_file(path, 180, TODAY)

    return call


def test_a_file_and_a_list_state_them_together_and_one_counts_for_so_many_days_unless_it_says_until_when(tmp_path):
    (tmp_path / "mta.yaml").write_text(
        "experiments:\n  file: tests.csv\n  valid_days: 30\n  listed:\n"
        "    - {channel: mail, kind: geo_lift, first_day: 2026-04-01, last_day: 2026-04-30, effect: -12, standard_error: 40.5, valid_until: 2027-01-01}\n"
    )
    (tmp_path / "tests.csv").write_text(f"{HEADER}\n{ROW}\n")
    rows = experiments(load_config(tmp_path / "mta.yaml").experiments, TODAY)
    assert rows.rows() == [
        ("experiments.listed.0 of mta.yaml", "mail", "geo_lift", date(2026, 4, 1), date(2026, 4, 30), -12.0, 40.5, date(2027, 1, 1)),
        ("tests.csv row 2", "social", "holdout", date(2026, 3, 1), date(2026, 3, 28), 310.0, 80.0, date(2026, 4, 27)),
    ]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (f"{HEADER}\r\n{ROW}\r\n", "utf-8"),
        (f"{HEADER}\n{ROW}", "utf-8-sig"),
        (f"{HEADER},valid_until\n\n{ROW},\n,,,,,,\n", "utf-8"),
        (f"{HEADER}\n{ROW}".replace(",", ";"), "utf-8"),
        (f" {HEADER.upper().replace(',', ' , ')}\n{ROW.replace(',', ' , ')}", "utf-8"),
    ],
)
def test_a_file_is_read_whatever_its_line_ends_blanks_and_separator(read, text, encoding):
    assert read(text, encoding).drop("stated").row(0) == (
        *("social", "holdout", date(2026, 3, 1), date(2026, 3, 28), 310.0, 80.0),
        date(2026, 9, 24),
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("social,holdout,2026-03-01,2026-03-28,310,0", "tests.csv row 2, column standard_error: '0' must be above 0"),
        ("social,holdout,2026-03-01,2026-03-28,310,-80", "tests.csv row 2, column standard_error: '-80' must be above 0"),
        ("social,holdout,2026-03-01,2026-03-28,310,nan", "column standard_error: 'nan' must be a finite number"),
        ("social,holdout,2026-03-01,2026-03-28,inf,80", "column effect: 'inf' must be a finite number"),
        ('social,holdout,2026-03-01,2026-03-28,"1,200",80', "column effect: '1,200' is no number; write plain digits"),
        ("social,holdout,2026-03-01,2026-03-28,,80", "column effect: is empty; fill it"),
        (
            "social,holdout,2026-03-28,2026-03-01,310,80",
            "row 2, its days: last_day 2026-03-01 is before first_day 2026-03-28: exchange the two",
        ),
        ("social,holdout,2026-05-01,2026-06-02,310,80", "column last_day: 2026-06-02 lies in the future (today is 2026-06-01)"),
        ("social,holdout,01.03.2026,2026-03-28,310,80", "column first_day: '01.03.2026' is no day; write it as 2026-03-01"),
        ("social,survey,2026-03-01,2026-03-28,310,80", "column kind: 'survey' is no kind of experiment; write holdout or geo_lift"),
        (",holdout,2026-03-01,2026-03-28,310,80", "column channel: is empty; fill it"),
        (
            f"{ROW}\n{ROW}",
            "tests.csv row 3, column channel: an experiment of 'social' from 2026-03-01 to 2026-03-28 is stated by tests.csv row 2",
        ),
        (f"{ROW},2027-01-01", "tests.csv row 2 has 7 cells, and the header 6"),
    ],
)
def test_a_wrong_cell_is_named_with_what_to_do(read, row, said):
    with pytest.raises(ConfigError) as refused:
        read(f"{HEADER}\n{row}\n")
    assert said in str(refused.value)


def test_all_wrong_cells_of_a_file_are_named_at_once(read):
    with pytest.raises(ConfigError, match=r"2 thing\(s\)(?s:.*)row 2, column effect(?s:.*)row 4, column standard_error"):
        read(f"{HEADER}\nsocial,holdout,2026-03-01,2026-03-28,x,80\n{ROW}\nmail,holdout,2026-03-01,2026-03-28,310,-1\n")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            HEADER.replace("standard_error", "std_error"),
            "row 1: there is no column 'std_error' of experiments. Did you mean 'standard_error'?",
        ),
        ("channel,kind,first_day,last_day,effect", "row 1 lacks the column standard_error"),
        (f"{HEADER},effect", "row 1 has the column effect twice"),
        ("", "row 1 lacks the column channel, kind, first_day"),
    ],
)
def test_a_wrong_header_is_named_with_the_right_one(read, header, said):
    with pytest.raises(ConfigError) as refused:
        read(f"{header}\n{ROW}\n")
    assert said in str(refused.value)


def test_a_file_that_is_not_there_or_is_no_text_is_told_with_the_form_that_is_read(tmp_path, read):
    with pytest.raises(ConfigError, match=r"none.csv cannot be read(?s:.*)Write channel,kind"):
        read_experiment_file(tmp_path / "none.csv", 180, TODAY)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(f"{HEADER}\nspäti,holdout,2026-03-01,2026-03-28,310,80\n", "latin-1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"standard_error": -1}, "experiments.listed.0.standard_error: Value error, must be above 0"),
        ({"standard_error": 0}, "experiments.listed.0.standard_error"),
        ({"last_day": date(2026, 3, 1)}, "last_day 2026-03-01 is before first_day 2026-04-01"),
        ({"valid_until": date(2026, 4, 2)}, "valid_until 2026-04-02 is before last_day 2026-04-30"),
        ({"chanel": "x"}, "experiments.listed.0.chanel"),
    ],
)
def test_a_wrong_key_of_the_list_is_named_by_its_path(change, said):
    with pytest.raises(ConfigError) as refused:
        parse_config({"experiments": {"listed": [LISTED | change]}})
    assert said in str(refused.value)


def test_an_experiment_of_the_list_is_over_and_stated_once():
    listed = ExperimentsConfig.model_validate({"listed": [LISTED, LISTED]})
    with pytest.raises(ConfigError, match=r"listed.1 of mta.yaml, column channel(?s:.*)stated by experiments.listed.0 of mta.yaml already"):
        experiments(listed, TODAY)
    with pytest.raises(ConfigError, match=r"listed.0 of mta.yaml, column last_day: 2026-04-30 lies in the future"):
        experiments(ExperimentsConfig.model_validate({"listed": [LISTED]}), date(2026, 4, 29))


def test_two_periods_of_one_channel_are_two_experiments(read):
    assert read(f"{HEADER}\n{ROW}\n{ROW.replace('03-28', '03-21')}\n").height == 2
