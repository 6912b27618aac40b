// The client's copy of the view state: what the server said, with what this client changed on top until it is answered.
import { coalesced, patched } from "./patch";
import type { Camera, Op, PatchedMessage, PatchEvent, StateMessage, ViewState } from "./wire";

/** Changes wait, merged, while this many are unanswered, so that a slider never runs ahead of the server. */
const UNANSWERED_MAX = 2;
/**
 * A change that was not answered for so long was lost, as by a server over its rate limit: it is sent again. Putting a
 * value once more, or adding what is there, changes nothing, so that it does not matter whether it was.
 */
export const ANSWER_MS = 3000;

interface Pending {
  seq: number;
  ops: Op[];
  sentMs: number;
}

export class Mirror {
  /** The server's sequence number of the state below. */
  sequence = 0;
  private server: ViewState | null = null;
  private pending: Pending[] = [];
  private queued: Op[] = [];
  private cached: ViewState | null = null;

  /** The state as this client should show it, or null before the first word from the server. */
  get state(): ViewState | null {
    if (this.server === null) return null;
    this.cached ??= patched(this.server, [...this.pending.flatMap((p) => p.ops), ...this.queued]);
    return this.cached;
  }

  /** Whether every change of this client was answered. */
  get settled(): boolean {
    return this.pending.length === 0 && this.queued.length === 0;
  }

  /** Takes the server's state as a connection starts; changes that were never answered are queued again. */
  begin(state: ViewState, sequence: number): void {
    this.requeue();
    this.accept(state, sequence);
  }

  /** What is unanswered goes again, in its order, with what was to follow it. */
  private requeue(): void {
    this.queued = coalesced([...this.pending.flatMap((p) => p.ops), ...this.queued]);
    this.pending = [];
  }

  /** Shows a change at once and queues it for `flush`. */
  put(ops: readonly Op[]): void {
    this.queued = coalesced([...this.queued, ...ops]);
    this.cached = null;
  }

  /** Forgets what was not yet answered or sent, as before a reset. */
  drop(): void {
    this.pending = [];
    this.queued = [];
    this.cached = null;
  }

  /** The event to send now, or null when nothing changed or too much is unanswered. */
  flush(nextSeq: () => number, nowMs: number): PatchEvent | null {
    if (this.pending.some((p) => nowMs - p.sentMs >= ANSWER_MS)) this.requeue();
    if (this.queued.length === 0 || this.pending.length >= UNANSWERED_MAX) {
      this.cached = null;
      return null;
    }
    const ops = this.queued.slice(0, 256);
    this.queued = this.queued.slice(256);
    const seq = nextSeq();
    this.pending.push({ seq, ops, sentMs: nowMs });
    return { type: "patch", seq, patch: { ops } };
  }

  /** Takes an answer, or somebody else's change. The events channel is ordered, so an answer answers all before it. */
  answer(message: StateMessage | PatchedMessage): void {
    const { seq } = message;
    if (seq !== null) this.pending = this.pending.filter((p) => p.seq > seq);
    if (message.type === "state") this.accept(message.state, message.sequence);
    else if (this.server !== null) this.accept(patched(this.server, message.patch.ops), message.sequence);
  }

  /** The camera of the server's state. */
  get camera(): Camera | null {
    return this.server?.camera ?? null;
  }

  /** Takes back a change that the server refused. */
  refuse(seq: number): void {
    this.pending = this.pending.filter((p) => p.seq !== seq);
    this.cached = null;
  }

  private accept(state: ViewState, sequence: number): void {
    this.server = state;
    this.sequence = sequence;
    this.cached = null;
  }
}
