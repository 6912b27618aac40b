// Picks that wait for their answers.
import type { FrameInfo, Pick, PickEvent } from "./wire";

export class PickError extends Error {}

interface Waiting {
  done: (pick: Pick) => void;
  failed: (error: PickError) => void;
}

export class Picks {
  private waiting = new Map<number, Waiting>();

  constructor(private readonly send: (event: PickEvent) => void) {}

  /** What a place of a frame shows; `x`, `y` are fractions of it from the top left. `exact`: with the finest voxels. Rejects with a PickError. */
  ask(seq: number, frame: FrameInfo, x: number, y: number, exact = true): Promise<Pick> {
    const { sequence, camera_seq, width, height } = frame;
    return new Promise((done, failed) => {
      this.waiting.set(seq, { done, failed });
      this.send({ type: "pick", seq, x, y, sequence, camera_seq, width, height, exact });
    });
  }

  answered(seq: number, pick: Pick): void {
    this.waiting.get(seq)?.done(pick);
    this.waiting.delete(seq);
  }

  /** Whether the refused event was a pick, whose asker is told. */
  refused(seq: number, message: string): boolean {
    this.waiting.get(seq)?.failed(new PickError(message));
    return this.waiting.delete(seq);
  }

  /** The connection ended: no answer comes any more. */
  lost(): void {
    for (const { failed } of this.waiting.values()) failed(new PickError("The connection was lost; click again."));
    this.waiting.clear();
  }
}
