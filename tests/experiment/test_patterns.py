import pytest

from reprollm.experiment.patterns import compiled


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)^\s*answer:\s*(?P<answer>ja|nein)\b",
        r"(?:\s*:)?x",
        r"[^)\]*+]+",
        r"[]a]*\\*",
        r"\d+(?:\.\d+)?",
        r"(?im)^label\W+(\w+)",
        r"(?<=x)\w+(?!y)",
        r"(abc)+",
        r"a{2,3}b{,4}c{5}d{",
        r"\(a+\)+",
    ],
)
def test_ordinary_patterns_are_taken(pattern):
    assert compiled(pattern).pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(a+)+", "no group with a quantifier or a choice"),
        (r"(a|a)*", "no group with a quantifier or a choice"),
        (r"((a?)b){2}", "no group with a quantifier or a choice"),
        (r"(?:x(?:a|b))+", "no group with a quantifier or a choice"),
        (r"(x{,})*", "no group with a quantifier or a choice"),
        (r"([)]a+)*", "no group with a quantifier or a choice"),
        (r"(a)\1", "references back"),
        (r"(?P<x>a)(?P=x)", "kind of group"),
        (r"(a)(?(1)b|c)", "kind of group"),
        (r"(?>a)", "kind of group"),
        (r"(?#()a", "kind of group"),
        (r"(?x) a # (", "kind of group"),
        (r"(?i:a)", "kind of group"),
        (r"a++", "possessive"),
        ("a" * 501, "at most 500 characters"),
        ("a?" * 13, "at most 12 quantifiers"),
        ("a{1,1001}", "at most 1000 times"),
        ("a{99999999999999999999}", "at most 1000 times"),
        ("(", "a regular expression"),
        ("[a", "a regular expression"),
        ("a**", "a regular expression"),
        ("*", "a regular expression"),
    ],
)
def test_patterns_that_may_not_end_are_refused_with_the_reason(pattern, reason):
    with pytest.raises(ValueError, match=reason):
        compiled(pattern)
