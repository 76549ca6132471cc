"""The page in a real browser, used as people use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from signalbot.simulator.web import Simulator
from tests.simulator.browser import Browser

pytestmark = pytest.mark.timeout(120)  # the browser's own start is slow on a small machine

BOT = ".message.from-bot"
SENT = ("delivered", "sent")


def test_a_message_is_sent_and_the_reply_appears(page: Browser) -> None:
    page.say("/ping")

    page.find(BOT, "pong")

    assert page.find("#text").get_attribute("value") == ""
    page.wait(lambda: page.find(".message.mine .ticks").get_attribute("aria-label") in SENT)
    page.find('[data-chat="p1"]', "pong")


def test_a_reaction_goes_both_ways(page: Browser) -> None:
    page.say("thank you")
    page.find(".message.mine .reactions", "❤️")

    page.say("good morning")
    page.find(BOT, "You said: good morning")
    page.tool("You said: good morning", "React")
    page.click(".picker:not([hidden]) [aria-label='React with 🎉']")

    page.find(f"{BOT} .reactions [aria-pressed='true']", "🎉")


def test_a_picture_is_attached_and_shown(page: Browser, photo: Path) -> None:
    page.script("document.getElementById('file').hidden = false")
    page.find("#file").send_keys(str(photo))
    page.find("#attached", "photo.png")

    page.click("#send")

    image = page.find(".message.mine .picture img")
    page.wait(lambda: page.script("return arguments[0].naturalWidth", image) == 320)
    page.find(BOT, "Thank you for photo.png")


def test_a_reply_quotes_an_edit_replaces_a_delete_removes(page: Browser) -> None:
    page.say("/ping")
    page.find(BOT, "pong")
    page.tool("pong", "Reply")
    page.find("#replying", "Replying to Bot")
    page.say("I saw that")
    page.find(".message.mine .quote", "pong")

    page.tool("I saw that", "Edit", is_mine=True)
    page.find("#text").clear()
    page.say("I read that")
    page.find(".message.mine .foot", "edited")

    page.tool("I read that", "Delete for everybody", is_mine=True)
    page.find(".message.mine.deleted", "This message was deleted.")


def test_a_fault_is_set_and_the_trace_shows_the_retry(page: Browser) -> None:
    page.click("#tab-faults")
    page.click("#panel-faults button", "Answer 500")
    page.find("#panel-faults .armed", "500 for the next 1 send")
    page.click("#panel-faults button", "Rate limit")
    page.click("#panel-faults .armed button", "Solve its challenge")
    page.wait(lambda: len(page.all("#panel-faults .armed")) == 1)

    page.say("/ping")
    page.find(BOT, "pong")
    page.tool("/ping", "Trace", is_mine=True)

    page.find("#panel-trace .steps", "ServerFailed")
    page.find("#panel-trace .steps", "Attempt 2: done")
    page.find("#panel-trace .routing", "does not call add")


def test_a_dead_letter_is_listed_and_replayed(page: Browser) -> None:
    page.say("/fail")
    page.find(".message.mine .badge", "dead letter")
    page.click("#tab-letters", "1")
    page.find("#panel-letters .letter", "RuntimeError")

    page.click("#panel-letters button", "Replay")
    page.click("#panel-letters .letter .link", "Trace")

    page.wait(lambda: len(page.all("#panel-trace .steps > li")) == 6)


def test_a_reload_keeps_the_history(page: Browser) -> None:
    page.click('[data-chat="g1"]')
    page.say("/ping")
    page.find(BOT, "pong")
    page.click('[data-chat="p2"]')
    page.say("good morning")
    page.find(BOT, "You said: good morning")

    page.driver.refresh()

    page.find(BOT, "You said: good morning")
    assert page.find("#chat-name").text == "Bob"
    page.click('[data-chat="g1"]')
    page.find(BOT, "pong")
    assert len(page.all(".message")) == 2


def test_somebody_else_posts_in_a_group(page: Browser) -> None:
    page.click('[data-chat="g1"]')
    page.say("hello everybody")
    page.post_as("Bob")
    page.find(".message.from-other", "hello everybody")

    page.say("who am I?")

    page.find(BOT, "You are Bob, in Lunch.")


def test_posting_as_another_person_leads_to_their_chat(page: Browser) -> None:
    page.post_as("Carol")

    page.wait(lambda: page.find("#chat-name").text == "Carol")
    page.say("/ping")
    page.find(BOT, "pong")


def test_a_poll_is_started_and_voted_in(page: Browser) -> None:
    page.click('[data-chat="g1"]')
    page.click("#new-poll")
    page.find("#poll-question").send_keys("Where?")
    page.find("#poll-options").send_keys("Here\nThere")
    page.click("#poll-dialog .primary")
    page.find(".poll", "Where?")

    page.post_as("Bob")
    page.click(".option", "There")

    page.find(".option", "There\n1")
    page.find(".poll-foot", "1 voter")


def test_a_mention_is_chosen_from_the_list(page: Browser) -> None:
    page.click('[data-chat="g1"]')
    page.find("#text").send_keys("hi @Ca")
    page.find("#suggestions", "Carol")
    page.press("\ue007")  # Enter takes the name, it does not send

    page.find("#text").send_keys("and all")
    page.press("\ue007")

    page.find(".message.mine .mention", "@Carol")
    page.wait(lambda: page.find(".message.mine .text").text == "hi @Carol and all")


def test_the_list_of_mentions_stays_when_the_focus_comes_back(page: Browser) -> None:
    page.click('[data-chat="g1"]')
    page.find("#chat-name", "Lunch")

    is_shown = page.driver.execute_async_script(
        """
        const text = document.getElementById("text");
        text.focus();
        text.blur();
        text.focus();
        text.value = "@Ca";
        text.dispatchEvent(new Event("input"));
        const shown = () => !document.getElementById("suggestions").hidden;
        setTimeout(() => arguments[0](shown()), 300);
        """
    )

    assert is_shown


def test_a_click_on_a_chat_counts_while_messages_come(page: Browser) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    page.say("/ping")
    page.find(BOT, "pong")
    bob = page.find('[data-chat="p2"]')
    ActionChains(page.driver).click_and_hold(bob).perform()
    page.script("document.getElementById('text').value = '/hello'")
    page.script("document.getElementById('composer').requestSubmit()")
    page.find('[data-chat="p1"]', "Hello")

    ActionChains(page.driver).release().perform()

    page.wait(lambda: page.find("#chat-name").text == "Bob")


def test_leaving_the_field_closes_the_list_at_once(page: Browser) -> None:
    page.click('[data-chat="g1"]')
    page.find("#text").send_keys("hi @Ca")
    page.find("#suggestions", "Carol")

    # Later would close what is opened by then: the list of somebody who clicks and types on.
    is_closed = page.script(
        """
        document.getElementById("text").blur();
        return document.getElementById("suggestions").hidden;
        """
    )

    assert is_closed


def test_the_next_message_may_be_begun_while_one_is_on_its_way(page: Browser) -> None:
    page.script(
        """
        const text = document.getElementById("text");
        text.value = "good morning";
        text.form.requestSubmit();
        text.form.requestSubmit(); // an impatient second Enter
        text.value += "and another";
        """
    )
    page.find(BOT, "You said: good morning")
    page.script("document.getElementById('text').form.requestSubmit()")

    page.find(BOT, "You said: and another")
    mine = [each.text for each in page.all(".message.mine .text")]
    assert mine == ["good morning", "and another"]


def test_a_message_that_is_refused_stands_in_the_field_again(page: Browser) -> None:
    page.say("hello")
    page.tool("hello", "Reply", is_mine=True)

    page.script(
        """
        const text = document.getElementById("text");
        text.value = "x".repeat(65537);
        text.form.requestSubmit();
        """
    )

    page.find("#toast", "text is too long")
    page.find("#replying", "Replying to Alice")
    assert len(page.find("#text").get_attribute("value")) == 65537


def test_hostile_text_stays_text(page: Browser) -> None:
    hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

    page.say(hostile)

    page.find(BOT, f"You said: {hostile}")
    assert page.all(".message img, .message script") == []
    assert page.driver.title == "signalbot simulator"


def test_everything_can_be_done_with_the_keyboard(page: Browser) -> None:
    tab, enter, up, down, escape = "\ue004", "\ue007", "\ue013", "\ue015", "\ue00c"
    assert page.focused.get_attribute("id") == "text"
    page.press("/ping", enter)
    page.find(BOT, "pong")

    page.press(up)  # into the messages, the last one first
    assert "pong" in page.focused.text
    page.press("+", enter)  # the reactions, the first of them
    page.find(f"{BOT} .reactions", "👍")
    assert page.focused.tag_name == "li"
    page.press(up)
    assert "/ping" in page.focused.text
    page.press("t")
    page.find("#panel-trace", "Attempt 1: done")
    page.press("r")
    page.find("#replying", "Replying to Alice")
    page.press(escape)
    assert page.all("#replying:not([hidden])") == []
    page.press(up, escape)
    assert page.focused.get_attribute("id") == "text"

    page.script("document.querySelector('.chat-row').focus()")
    page.press(down, enter)
    page.wait(lambda: page.find("#chat-name").text == "Bob")
    passed: list[str | None] = []
    while "send" not in passed and len(passed) < 20:
        page.press(tab)
        passed.append(page.focused.get_attribute("id"))
    stops = ["toggle-inspector", "as", "attach", "new-poll", "text", "send"]
    assert [each for each in passed if each in stops] == stops


def test_every_control_has_a_name(page: Browser) -> None:
    page.say("/vote")
    page.find(f"{BOT} .poll")
    page.click("#tab-faults")

    nameless = page.script(
        """
        return [...document.querySelectorAll("button, input:not([hidden]), select, textarea, img")]
          .filter((each) => !each.hidden && each.type !== "file")
          .filter((each) => !(each.textContent.trim() || each.ariaLabel || each.labels?.length
            || each.hasAttribute("alt")))
          .map((each) => each.outerHTML)
        """
    )

    assert nameless == []


def test_the_page_fits_a_phone(page: Browser) -> None:
    page.resize(390, 844)
    page.driver.refresh()
    page.find("#text")
    page.click("#back")
    assert page.find("#sidebar").is_displayed()
    assert not page.all("#conversation")[0].is_displayed()

    page.click('[data-chat="p1"]')
    page.say("a long line " * 80)  # enough for a bar to scroll with, which takes width away
    page.say("x")
    burst = page.script(
        """
        const left = (each) => each.getBoundingClientRect().left;
        return [...document.querySelectorAll(".bubble")].filter((each) =>
          each.scrollWidth > each.clientWidth || left(each.querySelector(".foot")) < left(each))
        """
    )
    assert burst == []
    page.find(BOT, "You said: a long line")
    above = page.script(
        """
        const box = (each, part) => each.querySelector(part).getBoundingClientRect();
        return [...document.querySelectorAll(".message.from-bot")].filter((each) =>
          each.querySelector(".avatar") && box(each, ".avatar").bottom <= box(each, ".stack").top)
        """
    )
    assert above == []
    page.click("#toggle-inspector")
    assert page.find("#inspector").size["width"] == 390
    page.click("#close-inspector")

    assert not page.all("#sidebar")[0].is_displayed()
    too_wide = page.script(
        """
        return [...document.querySelectorAll("#conversation, #conversation *")]
          .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
          .map((each) => each.tagName + "." + each.className)
        """
    )
    assert too_wide == []
    assert page.script("return document.documentElement.scrollWidth") == 390


def test_dark_and_light_follow_the_system(page: Browser) -> None:
    page.resize(1400, 860, is_dark=True)
    dark = page.script("return getComputedStyle(document.body).backgroundColor")
    page.resize(1400, 860)
    light = page.script("return getComputedStyle(document.body).backgroundColor")

    assert dark != light


def test_the_page_says_when_the_simulator_is_gone(chromium: Browser, simulator: Simulator) -> None:
    chromium.open(simulator.url)

    simulator.stop()

    chromium.find("#status", "simulator is gone")
    chromium.problems()
    chromium.leave()
