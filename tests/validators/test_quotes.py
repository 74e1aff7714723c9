"""What a rule says that it enforces stands in the two documents, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from validators.rules import RULES, Rule
from yinjian.textfold import fold

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
NO_WORDS = re.compile(r"[\s_：:，,（）()“”\"《》、□]")


def words(text: str) -> str:
    return NO_WORDS.sub("", fold(text))


DOCUMENTS = words("".join(path.read_text("utf-8") for path in sorted(REFERENCE.glob("*.txt"))))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_clause_of_the_quoted_sentence_is_in_the_documents(rule: Rule) -> None:
    sentence = (rule.__doc__ or "").partition("\n")[0]
    clauses = [words(clause) for clause in re.split("[；。]", sentence) if words(clause)]
    assert clauses
    assert [clause for clause in clauses if clause not in DOCUMENTS] == []
