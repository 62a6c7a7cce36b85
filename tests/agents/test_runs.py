"""Runs as members see them: what is in the log, what streams between, who may start and stop them."""

from tests.agents.rooms import Viewer, assert_grammar, make_room, runs_in


async def test_a_mention_is_answered_in_front_of_everybody(scripted, people):
    room = await make_room(scripted, people)
    async with room.socket("ben") as ben:
        await ben.until_type("connected")
        number = await room.ask({"thoughts": 1, "calls": 2, "times": 30, "pause": 0.02})
        completed = await ben.until_type("agent_completed")
        kinds = [entry["type"] for entry in ben.entries if "run_id" in entry]
        assert kinds == [
            "agent_started", "agent_thinking", *["tool_executing", "tool_completed"] * 2, "agent_completed"
        ]  # fmt: skip
        started = ben.of_type("agent_started")[0]
        assert started["trigger_sequence_id"] == number
        assert started["agent"]["username"] == "bot"
        message = completed["message"]
        assert message["content"] == "word " * 30
        assert (message["role"], message["run_id"], message["tokens"]) == ("assistant", completed["run_id"], 7)
        assert message["sequence_id"] == completed["sequence_id"]
        viewer = Viewer()
        for frame in ben.frames:
            viewer.take(frame)
        assert viewer.texts[completed["run_id"]] == message["content"]
        assert viewer.gaps == 0
        assert 2 <= len(ben.of_type("agent_delta")) <= 30
    async with room.rest("ben") as rest:
        run = (await rest.get(f"/api/v1/runs/{completed['run_id']}")).json()
        assert (run["status"], run["text"], run["error"]) == ("completed", "word " * 30, None)
        assert [step["type"] for step in run["steps"]] == kinds[1:-1]
        assert run["context"] == {"first": number, "last": number, "count": 1, "cut": 0, "shortened": 0}
        found = (await rest.get(f"/api/v1/conversations/{room.id}/runs")).json()
        assert [row["run_id"] for row in found["runs"]] == [completed["run_id"]]


async def test_an_answer_is_a_message_like_any_other(scripted, people):
    room = await make_room(scripted, people)
    await room.ask({"text": "zebras are striped"})
    answer = (await room.until_ended())[-1]["message"]
    async with room.rest("ben") as rest:
        listed = (await rest.get(f"/api/v1/conversations/{room.id}/messages")).json()["messages"]
        assert listed[-1]["id"] == answer["id"]
        unread = (await rest.get(f"/api/v1/conversations/{room.id}")).json()["unread_count"]
        assert unread == 2
        found = (await rest.get("/api/v1/search", params={"q": "zebras", "conversation": room.id})).json()
        assert answer["id"] in [row["id"] for row in found["messages"]]
        path = f"/api/v1/messages/{answer['id']}"
        assert (await rest.put(f"{path}/reactions/👍")).status_code in {200, 204}
        figures = (await rest.get(f"/api/v1/conversations/{room.id}/stats")).json()
        assert (figures["human_messages"], figures["ai_messages"], figures["tokens"]) == (1, 1, 7)
        assert (await rest.say(room.id, "indeed", reply_to=answer["id"])).status_code == 201
        assert (await rest.patch(path, json={"content": "mine now"})).status_code == 403
    async with room.rest("ann") as rest:
        assert (await rest.delete(path)).status_code == 204
        shown = (await rest.get(path)).json()
        assert (shown["content"], shown["deleted"], shown["run_id"]) == (None, True, answer["run_id"])
        assert (await rest.get(f"/api/v1/runs/{answer['run_id']}")).json()["text"] == ""


async def test_triggers_decide_who_answers(scripted, people):
    room = await make_room(scripted, people, agents=("bot", "eager", "shy"))
    async with room.rest() as rest:
        await rest.say(room.id, "nobody is named")
    log = await room.until_ended(1)
    assert [row["agent"]["username"] for row in log if row["type"] == "agent_started"] == ["eager"]
    await room.ask({}, "shy")
    log = await room.until_ended(2)
    assert [row["agent"]["username"] for row in log if row["type"] == "agent_started"] == ["eager", "eager"]
    async with room.rest() as rest:
        answer = await rest.post(f"/api/v1/conversations/{room.id}/runs", json={"agent": "shy", "content": "you?"})
        assert answer.status_code == 202, answer.text
        assert (answer.json()["status"], answer.json()["agent"]["username"]) in {("queued", "shy"), ("running", "shy")}
    log = await room.until_ended(4)
    assert [row["agent"]["username"] for row in log if row["type"] == "agent_started"].count("shy") == 1


async def test_alone_with_one_person_an_agent_is_always_spoken_to(scripted, people):
    room = await make_room(scripted, people, "ann")
    async with room.rest() as rest:
        await rest.say(room.id, "hello?")
    assert (await room.until_ended())[-1]["type"] == "agent_completed"


async def test_an_agent_that_is_busy_says_so_beyond_its_queue(scripted, people):
    room = await make_room(scripted, people)
    await room.ask({"times": 2000, "pause": 0.05})
    await room.until_log(lambda log: any(row["type"] == "agent_started" for row in log))
    for _ in range(6):
        await room.ask({"text": "next"})
    log = await room.until_ended(1)
    assert [row["code"] for row in log if row["type"] == "agent_failed"] == ["agent_busy"]
    async with room.rest() as rest:
        answer = await rest.post(f"/api/v1/conversations/{room.id}/runs", json={"agent": "bot"})
        assert (answer.status_code, answer.json()["code"]) == (409, "agent_busy")
        running = next(row["run_id"] for row in log if row["type"] == "agent_started")
        assert (await rest.post(f"/api/v1/runs/{running}/cancel")).status_code == 202
    log = await room.until_ended(7)
    runs = runs_in(log)
    assert [runs[key][-1]["type"] for key in runs].count("agent_completed") == 5
    for run in runs.values():
        assert_grammar(run)
    triggers = [run[0]["trigger_sequence_id"] for run in runs.values() if run[-1]["type"] == "agent_completed"]
    assert triggers == sorted(triggers)


async def test_a_run_is_stopped_by_who_asked_or_by_moderators(scripted, people):
    room = await make_room(scripted, people, "ben", "cid")
    async with room.socket("ben") as ben, room.socket("cid") as cid:
        await ben.until_type("connected")
        await cid.until_type("connected")
        await room.ask({"calls": 1, "times": 2000, "pause": 0.05}, by="ben")
        run = (await ben.until_type("agent_delta"))["run_id"]
        await cid.send("cancel_run", run_id=run)
        assert (await cid.until_type("error"))["code"] == "role_too_low"
        await ben.send("cancel_run", run_id=run)
        failed = await ben.until_type("agent_failed")
        assert (failed["run_id"], failed["code"]) == (run, "cancelled")
        await ben.send("cancel_run", run_id=run)  # ended already: nothing happens
        await ben.send("ping")
        await ben.until_type("pong")
    assert [row["type"] for row in (await room.log()) if row["type"] == "agent_failed"] == ["agent_failed"]
    other = await make_room(scripted, people)
    async with other.socket("ann") as ann:
        await ann.until_type("connected")
        await ann.send("cancel_run", run_id=run)  # bound to its conversation
        assert (await ann.until_type("error"))["code"] == "not_found"
    async with room.rest("ann") as rest:
        shown = (await rest.get(f"/api/v1/runs/{run}")).json()
        assert (shown["status"], shown["error"]["code"]) == ("cancelled", "cancelled")
        await room.ask({"times": 2000, "pause": 0.05}, by="ben")
        log = await room.until_log(lambda log: sum(row["type"] == "agent_started" for row in log) == 2)
        second = [row for row in log if row["type"] == "agent_started"][-1]["run_id"]
        assert (await rest.post(f"/api/v1/runs/{second}/cancel")).status_code == 202  # Ann owns the conversation
    assert (await room.until_ended(2))[-1]["code"] == "cancelled"


async def test_a_run_that_waits_can_be_stopped_and_leaves_no_entry(scripted, people):
    room = await make_room(scripted, people)
    async with room.socket() as ann:
        await ann.until_type("connected")
        await room.ask({"times": 2000, "pause": 0.05})
        first = (await ann.until_type("agent_started"))["run_id"]
        await room.ask({})
        waiting = await ann.until(lambda frame: frame["type"] == "agent_progress" and frame["run_id"] != first)
        assert waiting["status"] == "queued"
        await ann.send("cancel_run", run_id=waiting["run_id"])
        await ann.until(lambda frame: frame["type"] == "agent_progress" and frame["status"] == "cancelled")
        await ann.send("cancel_run", run_id=first)
        assert (await ann.until_type("agent_failed"))["run_id"] == first
    assert runs_in(await room.log()).keys() == {first}


async def test_failures_have_their_codes_and_safe_ones_are_tried_again(scripted, people):
    room = await make_room(scripted, people)
    await room.ask({"fail": "provider_unavailable", "calls": 1})
    failed = (await room.until_ended(1))[-1]
    assert (failed["type"], failed["code"]) == ("agent_failed", "provider_unavailable")
    await room.ask({"times": 0, "fail": "rate_limited", "retry": True, "thoughts": 1})
    log = await room.until_ended(2)
    assert log[-1]["code"] == "rate_limited"
    await room.ask({"calls": 21})
    assert (await room.until_ended(3))[-1]["code"] == "too_many_steps"
    for run in runs_in(await room.log()).values():
        assert_grammar(run)


async def test_agents_answer_agents_three_deep_until_a_person_speaks(scripted, people):
    room = await make_room(scripted, people, agents=("one", "two"))
    async with room.rest() as rest:
        await rest.say(room.id, "@one greet >two")
    await room.until_ended(3)
    async with room.rest() as rest:  # what the last one said names another, which would have been asked by now
        assert (await rest.get(f"/api/v1/conversations/{room.id}/runs")).json()["total"] == 3
        await rest.say(room.id, "@two greet >one")
    log = await room.until_ended(6)
    who = [row["agent"]["username"] for row in log if row["type"] == "agent_started"]
    assert who == ["one", "two", "one", "two", "one", "two"]


async def test_a_budget_holds(scripted, people):
    room = await make_room(scripted, people, agents=("poor",))
    await room.ask({}, "poor")
    failed = (await room.until_ended())[-1]
    assert failed["code"] == "budget_exceeded"


async def test_what_a_newcomer_may_not_read_is_not_answered_to_them(scripted, people):
    room = await make_room(scripted, people, agents=("echo", "bot"), history="from_join")
    async with room.rest() as rest:
        await rest.say(room.id, "an old secret")
        added = await rest.post(f"/api/v1/conversations/{room.id}/participants", json={"participant": "cid"})
        assert added.status_code == 201
    await room.ask({}, "echo")
    answer = (await room.until_ended())[-1]["message"]["content"]
    assert "secret" not in answer
    assert "@echo" in answer
    async with room.rest() as rest:
        removed = await rest.delete(f"/api/v1/conversations/{room.id}/participants/{people['cid']['id']}")
        assert removed.status_code == 204
        await room.ask({"times": 2000, "pause": 0.05})
        await room.until_log(lambda log: log[-1]["type"] == "agent_started")
        added = await rest.post(f"/api/v1/conversations/{room.id}/participants", json={"participant": "cid"})
        assert added.status_code == 201
    assert (await room.until_ended(2))[-1]["code"] == "context_hidden"


async def test_an_agent_that_is_taken_out_stops(scripted, people):
    room = await make_room(scripted, people)
    await room.ask({"times": 2000, "pause": 0.05})
    await room.until_log(lambda log: log[-1]["type"] == "agent_started")
    async with room.rest() as rest:
        gone = await rest.delete(f"/api/v1/conversations/{room.id}/agents/{people['bot']['id']}")
        assert gone.status_code == 204, gone.text
    assert (await room.until_ended())[-1]["code"] == "agent_removed"
