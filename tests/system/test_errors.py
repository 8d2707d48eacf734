"""What the messages of errors say."""

from frugan.system.errors import did_you_mean


def test_known_names_are_sorted_by_number_and_not_too_many() -> None:
    names = [f"class-{number}" for number in range(96)]
    assert did_you_mean("woman", ["b", *names[:12][::-1]]).split(": ")[1].split(", ") == ["b", *names[:12]]
    assert did_you_mean("woman", reversed(names)).endswith("class-18, class-19 and 76 more")
    assert did_you_mean("class_3", names) == "; did you mean 'class-3'?"
    assert did_you_mean("woman", []) == "; it has none"
