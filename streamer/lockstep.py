"""Generators side by side: what they ask for with ``yield`` is answered for all of them at once. Knows nothing of what that is."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
Result = TypeVar("Result")


def in_step(
    works: Sequence[Generator[Question, Answer, Result]], answer: Callable[[Mapping[int, Question]], Mapping[int, Answer]]
) -> Iterator[tuple[int, Result | Exception]]:
    """Run ``works``; ``answer`` gets their questions by number and gives the answers.

    Yields each one's number and result as soon as it has ended; where it raised, the exception, and the others go on. Questions that
    cannot be answered together are asked one by one.
    """
    answers: Mapping[int, Answer | Exception | None] = dict.fromkeys(range(len(works)))
    while answers:
        questions: dict[int, Question] = {}
        for number, given in answers.items():
            work = works[number]
            try:
                questions[number] = work.throw(given) if isinstance(given, Exception) else work.send(given)  # type: ignore[arg-type]
            except StopIteration as end:
                yield number, end.value
            except Exception as error:
                yield number, error
        answers = _answered(questions, answer) if questions else {}


def _answered(
    questions: Mapping[int, Question], answer: Callable[[Mapping[int, Question]], Mapping[int, Answer]]
) -> Mapping[int, Answer | Exception]:
    try:
        return answer(questions)
    except Exception as error:
        if len(questions) == 1:
            return dict.fromkeys(questions, error)
    return {number: given for each, asked in questions.items() for number, given in _answered({each: asked}, answer).items()}
