"""People are matched by the same path as organisations: weights estimated from labels, judged on people never seen."""

import random

from hub.domain.matching import Verdict, decide, default_weights, person_features, score
from hub.domain.matching.estimate import estimate_weights
from hub.domain.matching.evaluate import matcher_quality
from hub.domain.matching.labelled import Labelled

_draw = random.Random(7)


def _word(syllables: int) -> str:
    return "".join(_draw.choice("bdfgklmnprst") + _draw.choice("aeiou") for _ in range(syllables)).title()


FIRST, LAST = [_word(2) for _ in range(60)], [_word(3) for _ in range(400)]


def made_up_people(*, seed: int, people: int) -> Labelled:
    """One to three records of each person: namesakes, changed jobs, office mailboxes and shared phones among them."""
    draw = random.Random(seed)
    features, labels = {}, {}
    for number in range(people):
        first, last, firm = draw.choice(FIRST), draw.choice(LAST), f"firm{draw.randrange(people // 4)}"
        mailbox = f"{first}.{last}{number}@{firm}.example".lower()
        office, own = f"+1212555{int(firm[4:]):04}", f"+1917{draw.randint(2_000_000, 9_999_999)}"
        for copy in range(draw.choice([1, 2, 2, 3])):
            moved = copy and draw.random() < 0.1
            record: dict[str, object] = {
                "first_name": draw.choice([first, first, first[0] + "."]),
                "last_name": last if draw.random() < 0.9 else last[:2] + last[3:],
                "email": draw.choice([mailbox, mailbox, mailbox, mailbox, f"info@{firm}.example", None]),
                "phone": draw.choice([own, own, own, office, None]),
                "partner": f"firm{draw.randrange(people)}" if moved else firm,
            }
            features[f"{number}-{copy}"] = person_features(record)
            labels[f"{number}-{copy}"] = str(number)
    return Labelled(features, labels)


def test_weights_of_people_estimated_on_one_half_hold_on_the_other() -> None:
    whole = made_up_people(seed=1, people=600)

    weights = estimate_weights(whole.half(0), prior=default_weights())

    assert weights.organization == default_weights().organization
    quality = matcher_quality(whole.half(1), weights=weights)
    assert quality.auto.precision >= 0.99
    assert quality.auto.recall >= 0.5
    assert quality.found.recall >= 0.9
    assert quality.reviews_per_record <= 2


def test_the_packaged_weights_link_no_two_different_people() -> None:
    quality = matcher_quality(made_up_people(seed=2, people=600), weights=default_weights())

    assert quality.auto.precision >= 0.99
    assert quality.auto.recall >= 0.5


def test_what_labels_of_people_do_not_show_stays_as_it_was() -> None:
    whole = made_up_people(seed=3, people=200)
    nameless = Labelled(
        {i: person_features({"email": next(iter(f.emails), None)}) for i, f in whole.features.items()}, whole.groups
    )

    weights = estimate_weights(nameless, prior=default_weights())

    assert weights.person.chances["last_name"] == default_weights().person.chances["last_name"]
    assert weights.person.chances["email"] != default_weights().person.chances["email"]


def test_a_person_is_recognised_in_another_script() -> None:
    weights = default_weights()
    written = person_features({"first_name": "Елена", "last_name": "Иванова", "email": "e.ivanova@acme.example"})
    latin = person_features({"first_name": "Elena", "last_name": "Ivanova", "email": "e.ivanova@acme.example"})

    assert decide(score(written, latin, weights=weights), weights=weights) is Verdict.SAME
