from concurrent.futures import ThreadPoolExecutor

import torch

from ago_ros.vlm.text_memory import TextMemory


class Counting:
    name, dim = "counting", 3

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode_text(self, phrases):
        self.asked += phrases
        return torch.tensor([[float(len(phrase)), 0.0, 1.0] for phrase in phrases])


def test_every_sentence_is_encoded_once_in_the_order_asked():
    model = Counting()
    memory = TextMemory(model)
    first = memory.encode_text(["mug", "box of it", "mug"])
    assert first[:, 0].tolist() == [3, 9, 3] and model.asked == ["mug", "box of it"]
    assert memory.encode_text(["lorry", "mug"])[:, 0].tolist() == [5, 3]
    assert model.asked == ["mug", "box of it", "lorry"]
    assert (memory.name, memory.dim) == ("counting", 3)


def test_what_is_kept_has_a_limit_and_answers_stay_right():
    model = Counting()
    memory = TextMemory(model, limit=3)
    for number in range(10):
        assert memory.encode_text(["a" * number, "b"])[:, 0].tolist() == [number, 1]
    assert len(memory._known) <= 3


def test_many_threads_may_ask_while_it_forgets():
    memory = TextMemory(Counting(), limit=4)
    words = ["x" * (number % 7 + 1) for number in range(400)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda word: float(memory.encode_text([word, "y"])[0, 0]), words))
    assert found == [float(len(word)) for word in words]
