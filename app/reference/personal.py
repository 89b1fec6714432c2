"""Words that may identify somebody: names, telephones, e-mails, NHS numbers, initials. Pure.

The form asks about what it finds and the reporter decides; triage sees the same marks. It errs on
the quiet side: who is asked about each street name stops reading the question.

An old e-mail may be 200,000 characters of anything: no pattern looks at one of them more than a
few dozen times. Hence the limits, and `++` and `{}+`, which never give back what they took.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    NAME = "NAME"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    NHS = "NHS"
    PUPIL = "PUPIL"  # a school with initials, or a year


@dataclass(frozen=True, slots=True)
class Span:
    """`extract` is the text from `start` to `end`."""

    kind: Kind
    start: int
    end: int
    extract: str


def words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A few hundred of the commonest given names in the registers of England: with one of these, two
# capitalised words are a person even at the start of a sentence.
GIVEN = words_of("""
Aaron Abdul Abdullah Abigail Adam Adrian Ahmed Aidan Aisha Alan Albert Alex Alexander Alexandra
Alfie Ali Alice Alisha Amanda Amber Amelia Amina Amir Amy Andrea Andrew Angela Anna Anne Anthony
Archie Arjun Arthur Asha Ashley Ava Ayesha Barbara Ben Benjamin Beth Bethany Billy Brandon Brian
Callum Cameron Carl Caroline Charles Charlie Charlotte Chelsea Chloe Chris Christian Christine
Christopher Claire Connor Craig Daisy Daniel Danielle Darren David Dean Declan Deepa Dennis Dylan
Eleanor Elizabeth Ella Ellie Emily Emma Eric Erin Ethan Eva Evie Fatima Finley Frank Freddie
Freya Gareth Gary Gemma Georgia Georgina Grace Graham Hamza Hannah Harriet Harrison Harry Harvey
Hassan Heather Helen Henry Holly Ian Ibrahim Imran Isaac Isabella Isabelle Isla Jack Jacob Jade
Jake James Jamie Jane Jasmine Jason Jay Jayden Jean Jennifer Jenny Jessica Joan Joanna Joanne Joe
Joel John Jonathan Jordan Joseph Josh Joshua Julia Julie Kai Karen Kate Katherine Katie Kayleigh
Keira Kelly Kenneth Kevin Khadija Kieran Kim Kimberley Kyle Lauren Layla Leah Lee Leo Leon Lewis
Liam Lily Linda Lisa Logan Louise Lucas Lucy Luke Lydia Madison Maisie Malik Marcus Margaret Maria
Martin Mary Mason Matthew Max Maya Megan Melissa Mia Michael Michelle Mike Millie Mohamed Mohammed
Molly Muhammad Naomi Natalie Nathan Neil Niamh Nicholas Nicola Nicole Noah Olivia Omar Oscar Owen
Paige Patricia Patrick Paul Paula Pauline Peter Philip Phoebe Poppy Priya Rachel Rebecca Rhys
Richard Robert Robin Ruby Rory Ryan Sam Samantha Samuel Sandra Sara Sarah Scarlett Scott Sean
Sharon Shannon Simon Sophia Sophie Stephanie Stephen Steve Steven Stuart Susan Tanya Theo Thomas
Tia Tiffany Tim Toby Tom Tommy Tracey Tracy Tyler Umar Vanessa William Yasmin Yusuf Zac Zachary
Zahra Zainab Zara Zoe
""")
# A run that holds one of these is a place, a time, a firm, a service: not a person.
OF_PLACES = words_of("""
Academy Alley Approach Arcade Arms Avenue Bank Bar Bay Bridge Broadway Building Bus Bypass Cafe
Cage Canal Car Castle Cemetery Centre Chapel Chicken Church Cinema Circle Circus Close Club Coffee
College Common Corner Council Court Courts Crescent Cricket Cross Drive East Embankment End Estate
Farm Ferry Field Fields Flats Football Fried Garage Garden Gardens Gate Gates Green Ground Grove Gym
Hall Heath High Hill Hospital Hotel House Hub Infant Inn Island Jobcentre Junction Junior Kebab
King Lake Lane Leisure Library Line Lock Lodge London Lounge Lower Mall Market McDonalds Medical
Memorial Mews Middle Mill Mosque Museum New North Nursery Oak Old Overground Palace Parade Park Path
Pavilion Pier Pizza Place Playground Point Police Pool Primary Pub Quay Queen Rail Railway Rec
Recreation Retail Rink Rise River Riverside Road Roundabout Route Row Royal Rugby School Secondary
Services Shelter Shop Shopping Skate Snap Snapchat Social South Sports Square Stadium Station
Stop Store Street Subway Supermarket Surgery Temple Tennis Terrace Theatre Tower Towers Town Train
Tram Tube Underpass University Upper Vale View Village Villas Walk Wall Way Weir West Wharf Wood
Woods Yard Youth
January February March April May June July August September October November December Jan Feb
Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec Monday Tuesday Wednesday Thursday Friday Saturday Sunday
Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun Christmas Easter Halloween Bonfire Boxing Ramadan Eid
Year Key Stage English British Polish Somali Asian African Black White
Tesco Sainsbury Sainsburys Waitrose Aldi Lidl Asda Iceland Boots Nisa Costa Greggs Nandos Primark
Instagram TikTok WhatsApp Facebook Discord Telegram Roblox Fortnite YouTube Google Xbox PlayStation
Nike Adidas Uber Mercedes Ford Audi Transport Family Burger Deliveroo Media Child Children Young
Boys Girls Safe Safeguarding Community Neighbourhood Team Service Act Northern Southern Eastern
Western Central Victoria District Piccadilly Elizabeth-line Jubilee Bakerloo Metropolitan
""") - {"Victoria"}
OPENERS = words_of("""
A About After Again All Also Always An And Another Any Are As At Because Before Behind Between
Both But By Can Could Did Do Does During Each Every For From Had Has Have He Her His How I If In
Inside Into Is It Its Just Last Lots Many Maybe Most My Near Never Next No Not Now Of Often On
Once One Only Opposite Or Other Our Out Outside Over People Please Really Saw Seen She Should
Since So Some Somebody Someone Sometimes That The Their Them Then There These They This Those Three
To Today Two Under Until Up Usually Very Was We Were What When Where Which While Who Why Will With
Yesterday You Your Everyone Everybody Nobody Kids Lads Teenagers Men Women Adults Older Younger
Drug Drugs Dealers Knife Knives Gang Gangs Loads Groups Group Help Thanks Thank Hi Hello Dear
""")
NOT_CALLED = words_of("""
a an the me him her them us it you names name out by over for to on in at and off police security
999 101 ambulance back again home this that my our their his mum dad staff lots many several
""")

BEFORE = 40  # characters that are looked at to tell how a run begins
PLACE_PREPOSITION = re.compile(
    r"\b(?:at|in|near|outside|to|from|by|on|opposite|behind|via|through|around|the|inside|past|"
    r"towards|between|of)\s+$",
    re.IGNORECASE,
)
CAPITAL = r"(?:[A-Z]['\u2019])?[A-Z][a-z]++(?:['\u2019-][A-Za-z]++){0,4}+"
RUN = re.compile(rf"\b{CAPITAL}(?: {CAPITAL})+(?!\w)")
TITLED = re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Rev)\.? {CAPITAL}(?: {CAPITAL})?(?!\w)")
QUOTE = "[\"'\u2018\u2019\u201c\u201d]?"
CALLED = re.compile(
    rf"(?:\b(?P<what>\w++)\s{{1,3}})?\b(?:called|named|nicknamed|known as|goes by|name is|"
    rf"name's|names are)\s{{1,3}}{QUOTE}(?P<name>{CAPITAL}(?: {CAPITAL})?)(?!\w)"
)
PERSON = (
    r"(?:boy|girl|lad|lady|man|woman|guy|kid|child|teenager|teen|pupil|student|friend|mate|brother|"
    r"sister|cousin|son|daughter|boyfriend|girlfriend|classmate|adult|bloke|person|someone|"
    r"somebody|dealer|neighbour)"
)
PERSON_CALLED = re.compile(
    rf"\b{PERSON}s? (?:is |was |who is |who's )?(?:called|named|nicknamed) {QUOTE}"
    r"(?P<name>[A-Za-z][\w'\u2019-]+)",
    re.IGNORECASE,
)
PERSON_NAME = re.compile(rf"\b(?i:my|his|her|their|our) (?i:{PERSON}),? (?P<name>{CAPITAL})(?!\w)")
EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]++@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}")
DIGITS = re.compile(r"(?<![\w/.:,\u00a3$-])\+?\(?\d(?:[ ()-]{0,2}\d){9,13}(?![\w/:]|[.,]\d)")
SHORT = (
    r"(?P<initials>(?!PE\b|TV\b|UK\b|US\b|EU\b|ID\b|IT\b|DT\b|OK\b|AM\b|PM\b|PC\b|QR\b|DJ\b|VW\b|KT\b|"
    r"TW\b|SW\b|WC\b|HQ\b|BTP\b|ASB\b|KFC\b|NHS\b|BMX\b|BMW\b|SEN\b|BBC\b|MP\b|CSE\b|CCE\b|NW\b|SE\b|"
    r"TFL\b|UCL\b|AFC\b|LGBT\b|CEO\b|DIY\b|ATM\b|USB\b|SPA\b)"
    r"(?:[A-Z]\.? ?[A-Z]\.?|[A-Z]\.?[A-Z]\.?[A-Z]\.?))(?![\w'&])"
)
SCHOOL = rf"(?:{CAPITAL} ){{1,6}}(?:School|Academy|College|Primary|Secondary|Grammar|High)\b"
PUPIL = re.compile(rf"(?<![\w&]){SHORT}[^.!?\n]{{1,40}}?(?:{SCHOOL}|\b[Yy]ear \d+)")
PUPIL_AFTER = re.compile(
    rf"(?:{SCHOOL}|\b[Yy]ear \d+)[^.!?\n]{{0,20}}?(?i:initials?\b)[^.!?\n]{{0,10}}?\b{SHORT}"
)


def found(text: str) -> list[Span]:
    """From left to right, without overlaps; what is found first in this order wins a place.

    >>> [span.extract for span in found("Ring Kyle Example on 07700 900123")]
    ['Kyle Example', '07700 900123']
    """
    kept: list[Span] = []
    taken = bytearray(len(text))
    for finder in (_emails, _numbers, _pupils, _titled, _called, _runs):
        for span in finder(text):
            if span.extract and not any(taken[span.start : span.end]):
                kept.append(span)
                taken[span.start : span.end] = b"\1" * len(span.extract)
    return sorted(kept, key=lambda span: span.start)


def _span(kind: Kind, match: re.Match[str], group: str | int = 0) -> Span:
    return Span(kind, match.start(group), match.end(group), match.group(group))


def _emails(text: str) -> Iterator[Span]:
    return (_span(Kind.EMAIL, match) for match in EMAIL.finditer(text))


def _numbers(text: str) -> Iterator[Span]:
    for match in DIGITS.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if is_uk_telephone(digits):
            yield _span(Kind.PHONE, match)
        elif is_nhs_number(digits):
            yield _span(Kind.NHS, match)


def is_uk_telephone(digits: str) -> bool:
    """National or international form: 07700900123, 447700900123, 00442079460123."""
    for abroad in ("0044", "44"):
        if digits.startswith(abroad) and len(digits) - len(abroad) >= 9:
            digits = "0" + digits.removeprefix(abroad).removeprefix("0")
    return len(digits) in {10, 11} and digits[0] == "0" and digits[1] in "1235789"


def is_nhs_number(digits: str) -> bool:
    """Ten digits, the last of which is the check by modulus 11."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    rest = (
        11 - sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    )
    return rest != 10 and rest % 11 == int(digits[9])


def _pupils(text: str) -> Iterator[Span]:
    for pattern in (PUPIL, PUPIL_AFTER):
        for match in pattern.finditer(text):
            yield _span(Kind.PUPIL, match)


def _titled(text: str) -> Iterator[Span]:
    return (_span(Kind.NAME, match) for match in TITLED.finditer(text))


def _called(text: str) -> Iterator[Span]:
    for match in PERSON_CALLED.finditer(text):
        if match["name"].lower() not in NOT_CALLED:
            yield _span(Kind.NAME, match, "name")
    for match in PERSON_NAME.finditer(text):
        if match["name"] not in OF_PLACES:
            yield _span(Kind.NAME, match, "name")
    for match in CALLED.finditer(text):
        # A park called Riverside Green: the thing before says that it is a place.
        of_place = (match["what"] or "").capitalize() in OF_PLACES
        if not of_place and not OF_PLACES.intersection(match["name"].split()):
            yield _span(Kind.NAME, match, "name")


def _runs(text: str) -> Iterator[Span]:
    """Two or three capitalised words, unless they look like a place or the start of a sentence."""
    for match in RUN.finditer(text):
        words = match.group().split()
        start = match.start()
        opened = False
        for skipped in words[: _before_the_name(words)]:
            start += len(skipped) + 1
            opened = True
        words = words[_before_the_name(words) :]
        if not 2 <= len(words) <= 3 or OF_PLACES.intersection(_bare(word) for word in words):
            continue
        if words[0] in GIVEN or _in_a_sentence(text[max(0, start - BEFORE) : start], opened=opened):
            extract = " ".join(words)
            yield Span(Kind.NAME, start, start + len(extract), extract)


def _before_the_name(words: list[str]) -> int:
    """Words of the run that open the sentence: "Ring Kyle Example", "The Boys"."""
    named = next((n for n, word in enumerate(words[:-1]) if word in GIVEN), None)
    if named is not None:
        return named
    return next((n for n, word in enumerate(words) if word not in OPENERS), len(words))


def _bare(word: str) -> str:
    return re.sub(r"['\u2019]s$", "", word)


def _in_a_sentence(before: str, *, opened: bool) -> bool:
    """After other words, and not after one that leads to a place: "with Mateusz Example"."""
    said = before.rstrip()
    begins = not said or said[-1] in ".!?:\n;," or before.endswith("\n")
    return not begins and not opened and PLACE_PREPOSITION.search(before) is None
