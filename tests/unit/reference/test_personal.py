"""What the form asks about before it is sent, and what it leaves alone. Everybody is invented."""

from itertools import pairwise

import pytest

from app.reference.personal import Kind, found, is_nhs_number, is_uk_telephone

PERSONAL = [
    ("Mr Example sells vapes", Kind.NAME, "Mr Example"),
    ("ask for Mrs. Testing at the desk", Kind.NAME, "Mrs. Testing"),
    ("Dr Sample Person saw it", Kind.NAME, "Dr Sample Person"),
    ("Kyle Example is always there", Kind.NAME, "Kyle Example"),
    ("they wait for Kyle Example after school", Kind.NAME, "Kyle Example"),
    ("I saw him with Mateusz Przyklad yesterday", Kind.NAME, "Mateusz Przyklad"),
    ("At Kyle Example's flat", Kind.NAME, "Kyle Example's"),
    ("The boys meet Amina Al-Sample there", Kind.NAME, "Amina Al-Sample"),
    ("Jack O'Sample was hurt", Kind.NAME, "Jack O'Sample"),
    ("a boy called jayden sells", Kind.NAME, "jayden"),
    ("an older man named Tez drives", Kind.NAME, "Tez"),
    ('he is known as "Shanks"', Kind.NAME, "Shanks"),
    ("his name is Bartosz", Kind.NAME, "Bartosz"),
    ("a girl is called Ines", Kind.NAME, "Ines"),
    ("my friend Ebony is scared", Kind.NAME, "Ebony"),
    ("her boyfriend Danil drives", Kind.NAME, "Danil"),
    ("ring 07700 900123", Kind.PHONE, "07700 900123"),
    ("ring 07700900123.", Kind.PHONE, "07700900123"),
    ("ring +44 7700 900 123 now", Kind.PHONE, "+44 7700 900 123"),
    ("ring (020) 7946 0123", Kind.PHONE, "(020) 7946 0123"),
    ("ring 020-7946-0123", Kind.PHONE, "020-7946-0123"),
    ("ring 0044 7700 900123", Kind.PHONE, "0044 7700 900123"),
    ("ring 01632 960123", Kind.PHONE, "01632 960123"),
    ("+44 (0)20 7946 0123", Kind.PHONE, "+44 (0)20 7946 0123"),
    ("write to kim.example@mail.example", Kind.EMAIL, "kim.example@mail.example"),
    ("KIM+1@a.b-c.example!", Kind.EMAIL, "KIM+1@a.b-c.example"),
    ("her number is 999 000 0018", Kind.NHS, "999 000 0018"),
    ("NHS 9990000018", Kind.NHS, "9990000018"),
    ("JB from Example School has a knife", Kind.PUPIL, "JB from Example School"),
    ("J.B. goes to Sample Park Academy", Kind.PUPIL, "J.B. goes to Sample Park Academy"),
    ("KLM in year 9", Kind.PUPIL, "KLM in year 9"),
    ("someone at Example College, initials JB", Kind.PUPIL, "Example College, initials JB"),
]

PLAIN = [
    "Kingston Station",
    "Eden Street",
    "near Kingston Station after dark",
    "They meet at Richmond Park, by the Roehampton Gate",
    "The 65 bus from Ealing Broadway to Kingston",
    "K2 bus, every Friday and Saturday",
    "bus 281 towards Hounslow Bus Station",
    "Victoria Road near Tesco Express",
    "George Street and Hill Street",
    "outside Burger King and Fried Chicken Shop",
    "Between Norbiton and New Malden",
    "Near Norbiton Sainsburys",
    "There is a park called Riverside Green",
    "a shop called Best Kebab",
    "I called the police",
    "I called Police twice",
    "he called me names",
    "someone called the police on us",
    "a man called at the door",
    "on 27 March 2026 at 4:05pm",
    "27/03/2026 16:05 and 28/03/2026 17:05",
    "from 2026-03-27 to 2026-04-03",
    "07.30 to 08.30 and 15.30 to 16.30",
    "they sell for 10 20 30 40 50 pounds",
    "it costs £1,250.00 or £12.50",
    "flat 12 34 56",
    "call 999 or 101 or 0800 1111",
    "order 1234567890",
    "Postcode KT1 1EU, TW9 1EX",
    "Young People hang around",
    "Every Tuesday Evening",
    "Older Boys wait there",
    "Year 9 pupils on their way to Example School",
    "PE at Example School",
    "KFC near Example School",
    "The Bentall Centre, Clarence Street",
    "Young Minds Trust Team",
    "Snap Map and Instagram Stories",
    "my friend told me",
    "Her mum and dad",
    "It Feels Unsafe",
    "",
]


@pytest.mark.parametrize(("text", "kind", "extract"), PERSONAL)
def test_what_may_identify_somebody_is_found(text, kind, extract):
    assert [(span.kind, span.extract) for span in found(text)] == [(kind, extract)]


@pytest.mark.parametrize("text", PLAIN)
def test_places_times_prices_and_services_are_left_alone(text):
    assert found(text) == []


def test_spans_are_in_order_apart_and_point_at_their_words():
    text = "Mr Example, kim@mail.example, 07700 900123 and my friend Ebony with Kyle Sample"

    spans = found(text)

    assert [text[span.start : span.end] for span in spans] == [span.extract for span in spans]
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert [span.kind for span in spans] == [
        Kind.NAME,
        Kind.EMAIL,
        Kind.PHONE,
        Kind.NAME,
        Kind.NAME,
    ]


@pytest.mark.parametrize("digits", ["9990000018", "4505577104"])
def test_a_number_with_the_right_check_digit_is_an_nhs_number(digits):
    assert is_nhs_number(digits)
    assert not is_nhs_number(digits[:-1] + str((int(digits[-1]) + 1) % 10))


@pytest.mark.parametrize("digits", ["1111111111", "123", "0000000000"])
def test_other_numbers_are_not(digits):
    assert not is_nhs_number(digits)


def test_a_telephone_is_of_this_country():
    assert is_uk_telephone("07700900123")
    assert is_uk_telephone("442079460123")
    assert not is_uk_telephone("04700900123")
    assert not is_uk_telephone("33123456789")


def test_a_long_text_takes_no_time():
    import time

    began = time.process_time()
    for text in ("A" * 5000, "Aa " * 2000, "1 " * 2500, "a@" * 2500, "A.B. in " * 600):
        found(text)
    assert time.process_time() - began < 2
