// Who else is at the view, where they point, and who steers; what this client says of its own user.
import type { ClientEvent, ErrorMessage, PeopleMessage, Person, PointersMessage } from "./wire";

const POINTER_EVERY_MS = 50;
/** How long a word about the steering stays. */
const HINT_MS = 5000;
/** A pointer that has not moved for so long fades. */
export const POINTER_RESTS_MS = 4000;
const NAME_KEY = "hosta-name";
export const NAME_MAX = 40;

export interface Cursor {
  person: Person;
  x: number;
  y: number;
  movedMs: number;
}

/** Two letters for a round picture: "Ada Lovelace" is AL, "Guest 3" is G3. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const firsts = words.length > 1 ? [words[0]!, words.at(-1)!].map((word) => [...word][0]!) : [...name].slice(0, 2);
  return firsts.join("").toUpperCase();
}

/** What the user once said they are called; empty for a guest. A browser may keep its storage shut. */
function nameKept(): string {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function keepName(name: string): void {
  try {
    if (name) localStorage.setItem(NAME_KEY, name);
    else localStorage.removeItem(NAME_KEY);
  } catch {
    // It is said again the next time.
  }
}

export class People {
  list: readonly Person[] = [];
  /** The id of the view that is shared, which a link holds; empty before it is known. */
  view = "";
  /** A word about the steering, for a moment. */
  hint = "";
  /** Told when something of this is other than it was. */
  changed: () => void = () => {};
  private you = "";
  private readonly cursorsById = new Map<string, Omit<Cursor, "person">>();
  private pointer: { x: number | null; y: number | null } = { x: null, y: null };
  private pointerSent = "";
  private pointerTimer: ReturnType<typeof setTimeout> | undefined;
  private hintTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: (event: ClientEvent, on?: "events" | "motion") => boolean) {}

  get me(): Person | null {
    return this.list.find((person) => person.id === this.you) ?? null;
  }

  get inCompany(): boolean {
    return this.list.length > 1;
  }

  get follows(): boolean {
    return this.me?.follows ?? true;
  }

  /** Who steers the picture that is shared. */
  get steerer(): Person | null {
    return this.list.find((person) => person.steers) ?? null;
  }

  /** The pointers of the others, if they point at the picture that is on this screen. */
  get cursors(): Cursor[] {
    if (!this.follows) return [];
    return this.list.flatMap((person) => {
      const at = this.cursorsById.get(person.id);
      return at === undefined || person.id === this.you ? [] : [{ person, ...at }];
    });
  }

  /** A connection is open: the server is to know what the user is called. */
  opened(): void {
    this.pointerSent = "";
    const name = nameKept();
    if (name) this.send({ type: "name", name });
  }

  told(message: PeopleMessage | PointersMessage, nowMs: number): void {
    if (message.type === "people") {
      this.list = message.people;
      this.you = message.you;
      this.view = message.view;
      if (this.steerer === null || this.steerer.id === this.you) this.say("");
    } else {
      const before = new Map(this.cursorsById);
      this.cursorsById.clear();
      for (const { id, x, y } of message.pointers) {
        const was = before.get(id);
        const rests = was !== undefined && was.x === x && was.y === y;
        this.cursorsById.set(id, { x, y, movedMs: rests ? was.movedMs : nowMs });
      }
    }
    this.changed();
  }

  /** Whether somebody else steers what is on this screen. */
  get steered(): boolean {
    return this.follows && this.steerer !== null && this.steerer.id !== this.you;
  }

  /** Whether the camera is not this user's to move now. If so, they are told why. */
  get blocked(): boolean {
    if (this.steered) this.say(`${this.steerer!.name} steers.`);
    return this.steered;
  }

  /** The server says that somebody else steers. True if this is what the error says. */
  refused(error: ErrorMessage): boolean {
    if (error.code !== "steering") return false;
    this.say(this.steerer === null ? "Somebody else steers." : `${this.steerer.name} steers.`);
    return true;
  }

  rename(name: string): void {
    const kept = name.trim().slice(0, NAME_MAX);
    keepName(kept);
    this.send({ type: "name", name: kept });
  }

  steer(take: boolean, to: string | null = null): void {
    this.say("");
    this.send({ type: "steer", take, to });
  }

  follow(follow: boolean): void {
    this.say("");
    this.send({ type: "follow", follow });
  }

  /** The user points at a place of the picture, or at none. Others are told, at most so often. */
  point(at: { x: number; y: number } | null): void {
    const round = (part: number): number => Math.round(part * 1e4) / 1e4;
    this.pointer = at === null ? { x: null, y: null } : { x: round(at.x), y: round(at.y) };
    if (this.pointerTimer !== undefined) return;
    this.sendPointer();
    this.pointerTimer = setTimeout(() => {
      this.pointerTimer = undefined;
      this.sendPointer();
    }, POINTER_EVERY_MS);
  }

  /** Says something for a moment. */
  say(hint: string): void {
    clearTimeout(this.hintTimer);
    if (hint) this.hintTimer = setTimeout(() => this.say(""), HINT_MS);
    if (hint === this.hint) return;
    this.hint = hint;
    this.changed();
  }

  private sendPointer(): void {
    const told = JSON.stringify(this.pointer);
    if (!this.inCompany || told === this.pointerSent) return;
    // The last one must arrive: that the pointer has left is said on the channel that loses nothing.
    if (this.send({ type: "pointer", ...this.pointer }, this.pointer.x === null ? "events" : "motion")) {
      this.pointerSent = told;
    }
  }
}
