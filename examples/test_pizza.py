def test_order(chat):
    chat.say("/order")
    assert chat.say("2") == ["2 pizzas are on their way."]
