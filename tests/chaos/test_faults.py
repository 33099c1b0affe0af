import argparse
import uuid

import pytest

from chaos import faults
from chaos.faults import Faults
from chaos.taken import Taken, by_delivery, read

KEYS = [str(uuid.UUID(int=number)) for number in range(2000)]


def test_a_seed_says_which_messages_meet_with_what():
    said = [Faults(("stall", "closing"), seed=7).of(key) for key in KEYS]

    assert said == [Faults(("stall", "closing"), seed=7).of(key) for key in KEYS]
    assert said != [Faults(("stall", "closing"), seed=8).of(key) for key in KEYS]
    assert 320 < 2000 - said.count("accept") < 480
    assert 100 < said.count("stall") < 300


def test_a_fault_lasts_so_many_tries():
    stalling = Faults(("stall",), share=1, tries=2)

    assert [stalling.next_of("a") for _ in range(3)] == ["stall", "stall", "accept"]
    assert stalling.next_of("b") == "stall"


def test_a_fault_that_nobody_knows_is_refused():
    parser = argparse.ArgumentParser()
    faults.add_arguments(parser, ("stall",))

    assert faults.from_options(parser.parse_args(["--faults", "all"]), ("stall",)).names == ("stall",)
    with pytest.raises(argparse.ArgumentTypeError, match="fire"):
        faults.from_options(parser.parse_args(["--faults", "stall,fire"]), ("stall",))


def test_what_was_taken_outlives_the_one_who_took_it(tmp_path):
    Taken(tmp_path / "taken").add("a", "ada@example.com", "<a@example.com>")
    again = Taken(tmp_path / "taken")
    again.add("a", "ada@example.com", "<a@example.com>")

    assert "a" in again
    copies = by_delivery(read(tmp_path / "taken"))["a"]
    assert [(copy.recipient, copy.message_id) for copy in copies] == [
        ("ada@example.com", "<a@example.com>")
    ] * 2
