// Who is at the view, as the client keeps it: names, pointers, who may move, and the link to share.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { initials, People } from "../src/people";
import { shareLink } from "../src/share";
import type { ClientEvent, ErrorMessage, PeopleMessage, Person } from "../src/wire";

const person = (id: string, more: Partial<Person> = {}): Person => ({
  id,
  name: `Guest ${id}`,
  color: "#fff",
  steers: false,
  follows: true,
  ...more,
});
const told = (...people: Person[]): PeopleMessage => ({ type: "people", view: "abc", you: "1", people });

let sent: [ClientEvent, string | undefined][];
let people: People;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  people = new People((event, on) => sent.push([event, on]) > 0);
});
afterEach(() => vi.useRealTimers());

it.each([
  ["Ada Lovelace", "AL"],
  ["Ada King Lovelace", "AL"],
  ["Guest 3", "G3"],
  ["ζωή", "ΖΩ"],
  ["🙂 smile", "🙂S"],
  ["", ""],
])("%s is %s", (name, letters) => expect(initials(name)).toBe(letters));

describe("steering", () => {
  it("keeps the hand off while somebody else steers, and says who", () => {
    expect(people.blocked).toBe(false);
    people.told(told(person("1"), person("2", { steers: true })), 0);
    expect(people.blocked).toBe(true);
    expect(people.hint).toBe("Guest 2 steers.");
    vi.advanceTimersByTime(6000);
    expect(people.hint).toBe("");
  });

  it("leaves the hand alone where it steers itself, where nobody does, and with a camera of its own", () => {
    people.told(told(person("1", { steers: true }), person("2")), 0);
    expect(people.blocked).toBe(false);
    people.told(told(person("1"), person("2")), 0);
    expect(people.blocked).toBe(false);
    people.told(told(person("1", { follows: false }), person("2", { steers: true })), 0);
    expect(people.blocked).toBe(false);
  });

  it("knows the server's word that somebody else steers", () => {
    const error: ErrorMessage = { type: "error", code: "steering", message: "", incident: "", seq: null };
    expect(people.refused({ ...error, code: "state" })).toBe(false);
    expect(people.refused(error)).toBe(true);
    expect(people.hint).toBe("Somebody else steers.");
  });
});

describe("pointers", () => {
  it("shows those of the others, and how long they have rested", () => {
    people.told(told(person("1"), person("2")), 0);
    people.told(
      {
        type: "pointers",
        pointers: [
          { id: "1", x: 0, y: 0 },
          { id: "2", x: 0.5, y: 0.5 },
          { id: "9", x: 0, y: 0 },
        ],
      },
      10,
    );
    people.told({ type: "pointers", pointers: [{ id: "2", x: 0.5, y: 0.5 }] }, 20);
    expect(people.cursors).toMatchObject([{ person: { id: "2" }, x: 0.5, y: 0.5, movedMs: 10 }]);
    people.told({ type: "pointers", pointers: [{ id: "2", x: 0.5, y: 0.6 }] }, 30);
    expect(people.cursors[0]!.movedMs).toBe(30);
    people.told(told(person("1", { follows: false }), person("2")), 40);
    expect(people.cursors).toEqual([]);
  });

  it("are sent not too often, the last one always, and to nobody where nobody is", () => {
    people.point({ x: 0.1, y: 0.1 });
    vi.advanceTimersByTime(100);
    expect(sent).toEqual([]);
    people.told(told(person("1"), person("2")), 0);
    for (let i = 0; i <= 10; i += 1) people.point({ x: i / 10, y: 0.5 });
    vi.advanceTimersByTime(100);
    expect(sent).toEqual([
      [{ type: "pointer", x: 0, y: 0.5 }, "motion"],
      [{ type: "pointer", x: 1, y: 0.5 }, "motion"],
    ]);
    people.point(null);
    expect(sent.at(-1)).toEqual([{ type: "pointer", x: null, y: null }, "events"]);
  });
});

it("makes links that say what they hold", () => {
  const base = new URL("https://host/proxy/8470/?view=old#x");
  expect(shareLink(base, "a-b_c", null, false)).toEqual({ link: "https://host/proxy/8470/?view=a-b_c", note: "" });
  const with_ = shareLink(base, "v", "t&k", true);
  expect(with_.link).toBe("https://host/proxy/8470/?view=v#token=t%26k");
  expect(with_.note).toContain("holds the server's token");
  const without = shareLink(base, "v", null, true);
  expect(without.link).toBe("https://host/proxy/8470/?view=v");
  expect(without.note).toContain("without the server's token");
});
