// What a click on the picture does besides turning it: say what is there, or put an annotation there.
import type { Point } from "./camera";
import { uuid } from "./annotations";
import { PickError } from "./picks";
import type { Camera, NewPoint, Pick } from "./wire";

export type Tool = "turn" | "pick" | "annotate";

/** Hovering asks at most so often, and never while an answer is under way. */
const HOVER_MS = 90;
/** A lens that was closed is opened by this part of the distance when something is put into focus. */
export const OPENING = 0.01;

export interface Readout {
  pick: Pick;
  /** Where it was asked, CSS pixels from the middle of the stage. */
  at: Point;
  /** Whether what was there is still at that place: the camera has not moved. */
  here: boolean;
  /** A click stays; what is under the pointer goes with it. */
  pinned: boolean;
  /** The annotation that was put there. */
  annotation: string | null;
}

export interface ToolHost {
  /** What is at a place of the stage, perhaps with the finest voxels' values; null while nothing is shown there. */
  pick(at: Point, exact: boolean): Promise<Pick> | null;
  annotate(point: NewPoint): void;
  camera(): Camera | null;
  look(camera: Camera): void;
  notify(text: string): void;
  changed(): void;
}

export class Tools {
  tool: Tool = "turn";
  readout: Readout | null = null;
  private asking = false;
  private next: Point | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: ToolHost) {}

  /** Takes a tool into the hand, or lays it down when it is there already. */
  choose(tool: Tool): void {
    this.tool = this.tool === tool ? "turn" : tool;
    if (this.tool === "turn") this.close();
    this.host.changed();
  }

  close(): void {
    clearTimeout(this.timer);
    this.next = null;
    this.readout = null;
    this.host.changed();
  }

  /** The pointer is over the picture. */
  hover(at: Point): void {
    if (this.tool === "turn" || this.readout?.pinned) return;
    this.next = at;
    void this.askNext();
  }

  /** The pointer has left. */
  leave(): void {
    this.next = null;
    if (this.readout?.pinned === false) this.close();
  }

  /** Whether a click on the picture is for a tool. */
  get inHand(): boolean {
    return this.tool !== "turn";
  }

  async click(at: Point): Promise<void> {
    if (!this.inHand) return;
    const annotates = this.tool === "annotate";
    this.next = null;
    try {
      const pick = await this.host.pick(at, true);
      if (pick === null || !this.inHand) return;
      this.readout = { pick, at, here: true, pinned: pick.kind !== "nothing", annotation: null };
      if (annotates) this.annotateHere();
      this.host.changed();
    } catch (error) {
      if (!(error instanceof PickError)) throw error;
      this.host.notify(error.message);
    }
  }

  /** Puts a point where the readout is. */
  annotateHere(): void {
    const { readout } = this;
    if (readout === null) return;
    const { position_um: position } = readout.pick;
    if (position === null) return this.host.notify("There is nothing here to annotate.");
    const segment = segmentOf(readout.pick);
    const point: NewPoint = {
      kind: "point",
      id: uuid(),
      position,
      label: "",
      color: segment?.color ?? [1, 0.83, 0.3],
      segment: segment?.id ?? null,
    };
    this.readout = { ...readout, annotation: point.id };
    this.host.annotate(point);
    this.host.changed();
  }

  /** Makes the lens sharp where the readout is; one that was closed is opened a little, or nothing would change. */
  focusHere(): void {
    const distance = this.readout?.pick.focus_um;
    const camera = this.host.camera();
    if (distance == null || camera === null) return;
    const aperture = camera.aperture || Number((distance * OPENING).toPrecision(3));
    this.host.look({ ...camera, focus_distance: distance, aperture });
  }

  /** What the marker was put on is elsewhere in the picture now. */
  cameraMoved(): void {
    if (this.readout === null) return;
    if (!this.readout.pinned) return this.close();
    if (!this.readout.here) return;
    this.readout = { ...this.readout, here: false };
    this.host.changed();
  }

  private async askNext(): Promise<void> {
    if (this.asking || this.next === null) return;
    const at = this.next;
    this.next = null;
    const asked = this.host.pick(at, false);
    if (asked === null) return;
    this.asking = true;
    try {
      const pick = await asked;
      if (this.tool !== "turn" && !this.readout?.pinned) {
        this.readout = { pick, at, here: true, pinned: false, annotation: null };
        this.host.changed();
      }
    } catch (error) {
      // The next movement asks again; only a click is worth a note.
      if (!(error instanceof PickError)) throw error;
    } finally {
      this.timer = setTimeout(() => {
        this.asking = false;
        void this.askNext();
      }, HOVER_MS);
    }
  }
}

/** The segment that a pick met, or else the one of a visible segmentation that is there. */
export function segmentOf(pick: Pick): { id: string; name: string; color: [number, number, number] } | null {
  const met = pick.layers.find((layer) => layer.source === pick.layer && layer.segment !== null);
  return (met ?? pick.layers.find((layer) => layer.visible && layer.segment !== null))?.segment ?? null;
}
