"""People at one view of the real server: they see each other, steer in turn, look for themselves, and come back."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable

import httpx

from render.session.company import FOLLOW_INTERVAL_S
from render.session.events import (
    AnnotatedMessage,
    AnnotateEvent,
    ErrorMessage,
    FollowEvent,
    NameEvent,
    PeopleMessage,
    PickedMessage,
    PickEvent,
    PointerEvent,
    PointersMessage,
    StateMessage,
    SteerEvent,
)
from render.session.presence import LAPSE_S
from render.state.annotation import NewPoint

from .service import service
from .viewer import Viewer, viewer


def with_viewers(count: int, scenario: Callable[..., Awaitable[None]]) -> None:
    """Run a scenario with viewers of one view; the first one made it. It is 320 x 240."""

    async def run() -> None:
        async with contextlib.AsyncExitStack() as stack:
            data = stack.enter_context(tempfile.TemporaryDirectory())
            server = await stack.enter_async_context(service(data_dir=data))
            http = await stack.enter_async_context(server.client())
            first = await stack.enter_async_context(viewer(http, "?width=320&height=240"))
            view = (await first.hello()).view
            others = [await stack.enter_async_context(viewer(http, f"?view={view}")) for _ in range(count - 1)]
            for other in others:
                await other.hello()
            await here(first, count)
            for who in (first, *others):
                await who.until(lambda who=who: who.frames and who.motion.readyState == "open", "picture and channel")
            await scenario(http, first, *others)

    asyncio.run(run())


async def people(who: Viewer, fits: Callable[[PeopleMessage], bool], what: str) -> PeopleMessage:
    """The people, once what a client was last told of them fits."""
    await who.until(lambda: who.of(PeopleMessage) and fits(who.of(PeopleMessage)[-1]), what)
    told: PeopleMessage = who.of(PeopleMessage)[-1]
    return told


async def here(who: Viewer, count: int) -> PeopleMessage:
    return await people(who, lambda told: len(told.people) == count, f"{count} people")


async def steered_by(who: Viewer, name: str | None) -> PeopleMessage:
    def fits(told: PeopleMessage) -> bool:
        return [person.name for person in told.people if person.steers] == ([name] if name else [])

    return await people(who, fits, f"word that {name} steers")


async def points(who: Viewer, *at: tuple[float, float]) -> None:
    def fits() -> bool:
        told = who.of(PointersMessage)
        return bool(told) and [(one.x, one.y) for one in told[-1].pointers] == list(at)

    await who.until(fits, f"pointers at {at}")


def test_two_see_each_other_and_steer_in_turn() -> None:
    async def scenario(http: httpx.AsyncClient, one: Viewer, two: Viewer) -> None:
        told = await here(two, 2)
        assert [person.name for person in told.people] == ["Guest 1", "Guest 2"]
        assert len({person.color for person in told.people}) == 2
        assert told.you == told.people[1].id
        assert told.view == (await one.hello()).view
        one.say(NameEvent(name="  Ada\n\u202e<b>Lovelace</b> "))
        name = "Ada <b>Lovelace</b>"
        await people(two, lambda told: told.people[0].name == name, "the name")

        one.say(PointerEvent(x=0.25, y=0.75))
        await points(two, (0.25, 0.75))
        one.say(PointerEvent(x=None, y=None))
        await points(two)

        # Who moves the camera steers; the other's camera, and its changes to it, wait, but nothing else does.
        one.look(1, 60.0)
        await steered_by(two, name)
        two.look(1, 120.0)
        error = await two.message(ErrorMessage, code="steering")
        assert name in error.message
        two.put(2, 130.0, "camera", "view_angle")
        assert (await two.message(ErrorMessage, seq=2)).code == "steering"
        two.put(3, 1.5, "display", "exposure")
        assert (await two.message(StateMessage, seq=3)).state.camera.view_angle == 60.0
        two.say(AnnotateEvent(seq=4, point=NewPoint(id="6f9619ff-8b86-4d01-b42d-00cf4fc964ff", position=(0, 0, 0))))
        await one.message(AnnotatedMessage, seq=None)
        await two.until(lambda: two.notes[-1].frame.camera_seq == 1, "a frame that answers the refused camera")
        await two.shows(60.0)

        # Taken, and given.
        two.say(SteerEvent(take=True))
        told = await steered_by(one, "Guest 2")
        two.look(5, 120.0)
        await one.shows(120.0)
        two.say(SteerEvent(take=False, to=told.people[0].id))
        await steered_by(two, name)
        one.look(2, 90.0)
        await two.shows(90.0)
        one.say(SteerEvent(take=False))
        await steered_by(two, None)

        # It lapses by itself.
        two.look(6, 50.0)
        await steered_by(one, "Guest 2")
        await asyncio.sleep(LAPSE_S + 0.3)
        await steered_by(one, None)
        one.look(3, 70.0)
        await two.shows(70.0)

    with_viewers(2, scenario)


def test_a_free_camera_and_back() -> None:
    async def scenario(http: httpx.AsyncClient, one: Viewer, two: Viewer) -> None:
        one.look(1, 60.0)
        one.put(2, 1.5, "display", "exposure")
        await two.shows(60.0)
        shared = await two.hello()
        two.say(PointerEvent(x=0.5, y=0.5))
        await points(one, (0.5, 0.5))

        two.say(FollowEvent(follow=False))
        hello = await two.hello(2)
        assert hello.view != shared.view
        assert hello.state.display.exposure == 1.5
        assert hello.sequence > one.notes[-1].frame.sequence
        told = await people(one, lambda told: [p.follows for p in told.people] == [True, False], "word of it")
        assert told.view == shared.view  # also to one with a free camera this is what a link is for
        assert two.of(PeopleMessage)[-1].view == shared.view
        await points(one)  # whose picture is another one points nowhere
        two.look(1, 120.0)
        await two.shows(120.0)
        assert two.frames[-1][1].shape == (240, 320)
        one.look(3, 40.0)  # and steers nobody
        await one.shows(40.0)
        await asyncio.sleep(0.3)
        assert abs(two.luma() - 120.0) < 2.0
        frame = two.notes[-1].frame
        two.say(PickEvent(seq=9, x=0.5, y=0.5, sequence=frame.sequence, width=frame.width, height=frame.height))
        assert round((await two.message(PickedMessage, seq=9)).pick.opacity * 180) == 120
        two.resize(100, 100)
        await two.until(lambda: two.frames[-1][1].shape == (100, 100), "a size of its own")
        assert one.frames[-1][1].shape == (240, 320)

        free = len(two.notes)
        two.say(FollowEvent(follow=True))
        back = await two.hello(3)
        assert back.view == shared.view
        assert back.state.camera.view_angle == 40.0
        assert back.sequence > hello.sequence
        await two.shows(40.0)
        assert next(note for note in two.notes[free:] if note.frame.width == 320).frame.key_frame
        await points(one, (0.5, 0.5))
        # The free view is gone.
        stranger = Viewer(http)
        response = await stranger.connect(f"?view={hello.view}")
        await stranger.close()
        assert response.status_code == 404

    with_viewers(2, scenario)


def test_four_come_and_go() -> None:
    async def scenario(http: httpx.AsyncClient, one: Viewer, *others: Viewer) -> None:
        two, three, four = others
        told = await here(four, 4)
        assert [person.name for person in told.people] == [f"Guest {n}" for n in range(1, 5)]
        for n, who in enumerate((one, *others)):
            who.say(PointerEvent(x=n / 4, y=0.5))
        for who in (one, *others):
            await points(who, (0.0, 0.5), (0.25, 0.5), (0.5, 0.5), (0.75, 0.5))
        three.look(1, 100.0)
        for who in (one, *others):
            await who.shows(100.0)
        await steered_by(one, "Guest 3")

        # Everybody leaves the picture that all follow: it waits for them, and one comes back to it.
        for who in (two, three, four):
            who.say(FollowEvent(follow=False))
        await people(one, lambda told: sum(p.follows for p in told.people) == 1, "three free cameras")
        await steered_by(one, None)
        assert (await http.delete(f"/api/v1/{one.location}")).status_code == 200
        await here(two, 3)
        await asyncio.sleep(FOLLOW_INTERVAL_S)
        two.say(FollowEvent(follow=True))
        assert (await two.hello(3)).view == (await one.hello()).view
        two.say(FollowEvent(follow=False))  # each costs a renderer
        assert "wait a moment" in (await two.message(ErrorMessage, code="limit")).message
        await two.shows(100.0)

        # One with a free camera loses the connection: it finds that camera again, and whom it left.
        three.look(2, 35.0)
        await three.shows(35.0)
        free = (await three.hello(2)).view
        assert (await http.delete(f"/api/v1/{three.location}")).status_code == 200
        await here(two, 2)
        async with viewer(http, f"?view={free}") as again:
            assert (await again.hello()).state.camera.view_angle == 35.0
            told = await here(again, 3)
            await again.shows(35.0)
            assert (told.view, told.people[-1].follows) == ((await two.hello()).view, False)
            again.say(FollowEvent(follow=True))
            await again.shows(100.0)
        await here(two, 2)

    with_viewers(4, scenario)
