"""Generators side by side."""

from streamer.lockstep import in_step


def work(name, questions):
    heard = []
    for question in range(questions):
        try:
            heard.append((yield f"{name}{question}"))
        except ZeroDivisionError:
            heard.append("none")
    if name == "c":
        raise RuntimeError(name)
    return heard


def test_questions_are_answered_together_and_each_comes_out_when_it_has_ended():
    asked = []

    def answer(questions):
        asked.append(list(questions.values()))
        return {number: question.upper() for number, question in questions.items()}

    ended = list(in_step([work("a", 1), work("b", 3), work("c", 2), work("d", 0)], answer))
    assert asked == [["a0", "b0", "c0"], ["b1", "c1"], ["b2"]]
    assert [number for number, _ in ended] == [3, 0, 2, 1]
    results = dict(ended)
    assert str(results.pop(2)) == "c"
    assert results == {3: [], 0: ["A0"], 1: ["B0", "B1", "B2"]}


def test_questions_that_fail_together_are_asked_one_by_one():
    def answer(questions):
        if "b0" in questions.values():
            raise ZeroDivisionError
        return {number: question.upper() for number, question in questions.items()}

    assert dict(in_step([work("a", 1), work("b", 2), work("d", 1)], answer)) == {0: ["A0"], 1: ["none", "B1"], 2: ["D0"]}
