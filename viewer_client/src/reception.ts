// What a browser's WebRTC statistics say of the time since they were last looked at.
import type { Reception } from "./transport";

/** Totals since the connection began; each grows only. Times in seconds, as the browser gives them. */
export interface Totals {
  framesReceived: number;
  framesDecoded: number;
  framesDropped: number;
  bytesReceived: number;
  packetsReceived: number;
  packetsLost: number;
  totalDecodeTime: number;
  totalFreezesDuration: number;
  jitterBufferDelay: number;
  jitterBufferEmittedCount: number;
}

const NONE: Totals = {
  framesReceived: 0,
  framesDecoded: 0,
  framesDropped: 0,
  bytesReceived: 0,
  packetsReceived: 0,
  packetsLost: 0,
  totalDecodeTime: 0,
  totalFreezesDuration: 0,
  jitterBufferDelay: 0,
  jitterBufferEmittedCount: 0,
};

interface Entry {
  type?: string;
  kind?: string;
  nominated?: boolean;
  currentRoundTripTime?: number;
  jitter?: number;
  [name: string]: unknown;
}

/** The figures between `before` (null: the beginning) and a report, and the totals to come back with. */
export function receptionOf(
  report: { forEach(act: (entry: Entry) => void): void },
  before: Totals | null,
): { figures: Reception; totals: Totals } {
  const totals = { ...NONE };
  let jitterMs: number | null = null;
  let roundTripMs: number | null = null;
  report.forEach((entry) => {
    if (entry.type === "inbound-rtp" && entry.kind === "video") {
      for (const name of Object.keys(NONE) as (keyof Totals)[]) totals[name] = Number(entry[name] ?? 0);
      jitterMs = entry.jitter === undefined ? null : entry.jitter * 1000;
    }
    if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) {
      roundTripMs = entry.currentRoundTripTime * 1000;
    }
  });
  const was = before ?? NONE;
  const since = (name: keyof Totals): number => Math.max(totals[name] - was[name], 0);
  const packets = since("packetsReceived") + since("packetsLost");
  const decoded = since("framesDecoded");
  const figures: Reception = {
    framesReceived: since("framesReceived"),
    framesDropped: since("framesDropped"),
    bytesReceived: since("bytesReceived"),
    lost: packets > 0 ? since("packetsLost") / packets : null,
    jitterMs,
    roundTripMs,
    decodeMs: decoded > 0 ? (since("totalDecodeTime") / decoded) * 1000 : null,
    queue: Math.max(totals.framesReceived - totals.framesDecoded - totals.framesDropped, 0),
    freezeMs: since("totalFreezesDuration") * 1000,
  };
  return { figures, totals };
}
