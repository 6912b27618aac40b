// Which parts of the panel are open: remembered for the page, as far as the browser lets it.

/** Where the choices are kept; null where the browser keeps nothing, as in a frame without rights. */
function pageStore(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

export class Folds {
  private readonly chosen: Map<string, boolean>;

  constructor(
    private readonly changed: () => void,
    private readonly key: string,
    private readonly store: Storage | null = pageStore(),
  ) {
    this.chosen = new Map(this.read());
  }

  /** Whether the part is open; `standard` until somebody chose. */
  isOpen(id: string, standard = false): boolean {
    return this.chosen.get(id) ?? standard;
  }

  set(id: string, open: boolean): void {
    this.chosen.set(id, open);
    try {
      this.store?.setItem(this.key, JSON.stringify([...this.chosen]));
    } catch {
      // Full, or forbidden: then it is not remembered.
    }
    this.changed();
  }

  private read(): [string, boolean][] {
    try {
      const found: unknown = JSON.parse(this.store?.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? found.filter(isChoice) : [];
    } catch {
      return [];
    }
  }
}

function isChoice(entry: unknown): entry is [string, boolean] {
  return Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "boolean";
}
