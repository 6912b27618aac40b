// What can be measured in the browser: frames a second, and the time from a camera event to the frame that shows it.
import type { Encoding, Reception, TransportKind } from "./transport";
import type { FrameInfo, FrameMessage } from "./wire";

/** Frame notes and frames find each other within this many; both arrive in their own time. */
const WAITING_MAX = 240;
const LATENCIES_MAX = 600;
const FPS_WINDOW_MS = 1000;
/** Times of single frames are medians of so many. */
const RECENT = 30;

export interface Stats {
  /** Frames presented in the last second. */
  fps: number;
  /** The latest times from sending a camera to presenting its frame, oldest first, milliseconds. */
  latencyMs: readonly number[];
  /** The last camera sent, and the newest that a presented frame showed. */
  cameraSeqSent: number;
  cameraSeqShown: number;
  samples: number;
  targetSamples: number;
  framesPresented: number;
  /** The frame on the screen, with the server's own times; null before the first. */
  frame: FrameInfo | null;
  /** Bits a second of video over the last second. */
  bitrate: number;
  /** From a ping to its pong, milliseconds; null before the first. */
  roundTripMs: number | null;
  /** The way to the server; null while there is none. */
  transport: TransportKind | null;
  /** How the frames are encoded; null before the first. */
  encoding: Encoding | null;
  /** Decoding a frame; and from its drawing until the browser takes it up for the display. Medians, milliseconds. */
  decodeMs: number | null;
  displayMs: number | null;
  /** What the latest latencies have beyond rendering, reading back, encoding and decoding: sending and waiting. Median. */
  shareMs: number | null;
  /** The share of packets that were lost, 0 to 1, and the jitter of the others; null where the transport cannot know. */
  lost: number | null;
  jitterMs: number | null;
  /** Frames that came and were not shown. */
  framesDropped: number;
  /** Whether a lossless still is over the moving picture. */
  still: boolean;
}

function trimmed<K, V>(map: Map<K, V>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return;
    map.delete(key);
  }
}

export class FrameLog {
  private notes = new Map<number, FrameInfo>();
  private unexplained = new Map<number, number>();
  private sent = new Map<number, number>();
  private presentedMs: number[] = [];
  private received: [number, number][] = [];
  private latencies: number[] = [];
  private frame: FrameInfo | null = null;
  /** Whether `frame` came by the present connection: another server has other numbers. */
  private current = false;
  private newest: FrameInfo | null = null;
  private cameraSent = 0;
  private cameraShown = 0;
  private count = 0;
  private dropped = 0;
  private decodes: number[] = [];
  private displays: number[] = [];
  private shares: number[] = [];
  private reception: Reception | null = null;
  private encoding: Encoding | null = null;
  roundTripMs: number | null = null;

  /** A camera left for the server. Sending the same one again does not make it younger. */
  cameraSentAt(seq: number, nowMs: number): void {
    if (!this.sent.has(seq)) this.sent.set(seq, nowMs);
    trimmed(this.sent, LATENCIES_MAX);
    this.cameraSent = Math.max(this.cameraSent, seq);
  }

  /** The last camera sent; 0 before the first. */
  get lastCamera(): number {
    return this.cameraSent;
  }

  /** The facts of the frame on the screen; null before the first of this connection. */
  get shown(): FrameInfo | null {
    return this.current ? this.frame : null;
  }

  /** Whether the last camera sent is still to be seen in a frame. */
  get waitsForCamera(): boolean {
    return this.cameraSent > this.cameraShown;
  }

  /** The server told what a frame shows. Returns the frame's facts when it is on the screen already. */
  noted(message: FrameMessage, nowMs: number): FrameInfo | null {
    this.newest = message.frame;
    this.encoding = message.encoding;
    this.received.push([nowMs, message.frame.bytes]);
    if (this.received.length > LATENCIES_MAX) this.received.shift();
    const shownMs = this.unexplained.get(message.rtp_timestamp);
    if (shownMs === undefined) {
      this.notes.set(message.rtp_timestamp, message.frame);
      trimmed(this.notes, WAITING_MAX);
      return null;
    }
    this.unexplained.delete(message.rtp_timestamp);
    return this.explain(message.frame, shownMs);
  }

  /**
   * A frame came to the screen. Returns its facts when the server's note is there already. A browser that does not tell
   * the RTP timestamp gets the newest note instead.
   */
  presented(rtpTimestamp: number | undefined, nowMs: number): FrameInfo | null {
    this.count += 1;
    this.presentedMs.push(nowMs);
    if (this.presentedMs.length > LATENCIES_MAX) this.presentedMs.shift();
    if (rtpTimestamp === undefined) return this.newest === null ? null : this.explain(this.newest, nowMs);
    const note = this.notes.get(rtpTimestamp);
    if (note === undefined) {
      this.unexplained.set(rtpTimestamp, nowMs);
      trimmed(this.unexplained, WAITING_MAX);
      return null;
    }
    this.notes.delete(rtpTimestamp);
    return this.explain(note, nowMs);
  }

  /** A frame was decoded in so long. */
  decoded(decodeMs: number): void {
    this.decodes = [...this.decodes.slice(1 - RECENT), decodeMs];
  }

  /** A frame was taken up for the display so long after it was drawn. */
  displayed(afterMs: number): void {
    this.displays = [...this.displays.slice(1 - RECENT), afterMs];
  }

  /** How frames came for a while. */
  came(reception: Reception): void {
    this.reception = reception;
    this.dropped += reception.framesDropped;
    // A browser that decodes by itself says only how long it took on the average.
    if (reception.decodeMs !== null) this.decoded(reception.decodeMs);
  }

  /** Frames that came to the screen, in all. */
  get framesPresented(): number {
    return this.count;
  }

  /** A new connection starts: its RTP timestamps mean something else. */
  restart(): void {
    this.notes.clear();
    this.unexplained.clear();
    this.newest = null;
    this.current = false;
    this.encoding = null;
    this.reception = null;
    this.decodes = [];
    this.shares = [];
  }

  /** The figures now. */
  stats(nowMs: number, transport: TransportKind | null = null, still = false): Stats {
    const since = nowMs - FPS_WINDOW_MS;
    return {
      fps: this.presentedMs.filter((t) => t > since).length,
      latencyMs: this.latencies,
      cameraSeqSent: this.cameraSent,
      cameraSeqShown: this.cameraShown,
      samples: this.frame?.samples ?? 0,
      targetSamples: this.frame?.target_samples ?? 0,
      framesPresented: this.count,
      frame: this.frame,
      bitrate: this.received.reduce((sum, [t, bytes]) => (t > since ? sum + bytes * 8 : sum), 0),
      roundTripMs: this.roundTripMs,
      transport,
      encoding: this.encoding,
      decodeMs: median(this.decodes),
      displayMs: median(this.displays),
      shareMs: median(this.shares),
      lost: this.reception?.lost ?? null,
      jitterMs: this.reception?.jitterMs ?? null,
      framesDropped: this.dropped,
      still,
    };
  }

  private explain(frame: FrameInfo, shownMs: number): FrameInfo {
    this.frame = frame;
    this.current = true;
    const sentMs = this.sent.get(frame.camera_seq);
    if (sentMs !== undefined && frame.camera_seq > this.cameraShown) {
      this.cameraShown = frame.camera_seq;
      this.latencies = [...this.latencies.slice(1 - LATENCIES_MAX), shownMs - sentMs];
      const made = frame.render_ms + frame.readback_ms + frame.encode_ms + (this.decodes.at(-1) ?? 0);
      this.shares = [...this.shares.slice(1 - RECENT), Math.max(shownMs - sentMs - made, 0)];
      for (const seq of this.sent.keys()) if (seq < frame.camera_seq) this.sent.delete(seq);
    }
    return frame;
  }
}

/** The middle value, or null of nothing. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The line of figures, e.g. `640×480 · 37/256 spp · 31 fps · 42 ms`. */
export function figures(stats: Stats): string {
  const { frame } = stats;
  if (frame === null) return "";
  const latency = median(stats.latencyMs.slice(-15));
  return [
    `${frame.width}×${frame.height}`,
    `${frame.samples}/${frame.target_samples} spp`,
    `${stats.fps} fps`,
    ...(latency === null ? [] : [`${Math.round(latency)} ms`]),
  ].join(" · ");
}
