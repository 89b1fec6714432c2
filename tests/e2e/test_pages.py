"""Pages of lists and forms, as somebody uses them; `test_sweep` judges every page."""

from tests.e2e.sweep import AXE, RULES


def violations(page):
    page.wait_for_load_state("load")  # a click goes on when an answer begins, not when it is there
    page.evaluate(AXE)
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    return [
        f"{v['id']}: {v['help']} ({', '.join(str(n['target']) for n in v['nodes'][:3])})"
        for v in found["violations"]
    ]


def test_axe_finds_what_is_wrong(browser):
    page = browser.new_page()
    page.set_content("<html><body><img src='x.png'><input></body></html>")

    found = violations(page)

    page.close()
    assert any(line.startswith("image-alt") for line in found)
    assert any(line.startswith("label") for line in found)


def test_a_place_and_a_cluster_open_from_their_lists(desktop):
    page = desktop.open("/places")
    first = page.locator("tbody th a").first
    name = first.inner_text()
    first.click()
    assert page.locator("h1").inner_text() == name
    assert violations(page) == []

    page = desktop.open("/clusters")
    page.locator("tbody th a").first.click()
    assert "chance" in page.locator("main").inner_text()
    assert violations(page) == []


def test_a_form_says_what_is_wrong_beside_the_answer(browser, live_url):
    page = browser.new_page()
    page.goto(f"{live_url}/places/new")
    page.get_by_label("Name").fill("Canbury Gardens")
    page.get_by_role("button", name="Propose this place").click()

    assert page.title().startswith("Error:")
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Name").input_value() == "Canbury Gardens"
    assert violations(page) == []
    page.close()


def test_a_proposed_place_is_shown_with_its_borough(desktop):
    page = desktop.open("/places/new")
    page.get_by_label("What kind of place is it?").select_option("TAKEAWAY_SHOP")
    page.get_by_label("Name").fill("Cafe of the browser test")
    page.get_by_label("Easting").fill("518000")
    page.get_by_label("Northing").fill("169300")
    with page.expect_navigation():
        page.get_by_role("button", name="Propose this place").click()
    if page.get_by_label("It is none of these").is_visible():
        page.get_by_label("It is none of these").check()
        with page.expect_navigation():
            page.get_by_role("button", name="Propose this place").click()

    assert page.locator("h1").inner_text() == "Cafe of the browser test"
    assert "Kingston upon Thames" in page.locator("dl").first.inner_text()


def test_demonstration_data_is_marked_on_every_page(desktop):
    for path in ("/", "/map", "/places", "/clusters"):
        assert desktop.open(path).get_by_text("Demonstration data: synthetic").is_visible()
