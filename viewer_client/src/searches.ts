// Searches for segments that wait for their answers.
import type { ErrorMessage, SegmentsFoundMessage, SegmentsSearchEvent } from "./wire";

/** Which segments are asked for; what is left out is as in a search for all of them. */
export type SegmentQuery = Partial<SegmentsSearchEvent> & { layer: string };

interface Waiting {
  resolve: (found: SegmentsFoundMessage) => void;
  reject: (error: Error) => void;
}

export class Searches {
  private waiting = new Map<number, Waiting>();

  constructor(private readonly send: (event: SegmentsSearchEvent) => void) {}

  /** Rejects with what the server says is wrong, and when the connection ends. */
  ask(seq: number, query: SegmentQuery): Promise<SegmentsFoundMessage> {
    return new Promise((resolve, reject) => {
      this.waiting.set(seq, { resolve, reject });
      const all = { text: "", colors: "file", first: 0, count: 50 } as const;
      this.send({ ...all, ids: [], ...query, type: "segments_search", seq });
    });
  }

  answered(message: SegmentsFoundMessage): void {
    this.waiting.get(message.seq)?.resolve(message);
    this.waiting.delete(message.seq);
  }

  /** Whether the refused event was a search, whose asker is told. */
  refused({ seq, message }: ErrorMessage): boolean {
    if (seq === null) return false;
    this.waiting.get(seq)?.reject(new Error(message));
    return this.waiting.delete(seq);
  }

  /** The connection ended: no answer comes any more. */
  lost(): void {
    for (const { reject } of this.waiting.values()) reject(new Error("the connection ended"));
    this.waiting.clear();
  }
}
