// From encoded frames to pictures: video through WebCodecs, single images through the browser's own decoders.
import { h264Codec, type EncodedFrame } from "./framing";
import type { Encoding, Picture } from "./transport";

/** BT.709, limited range: what the server's video says of itself, for decoders that do not look. */
const COLORS: VideoColorSpaceInit = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false };

export interface DecoderHandlers {
  /** A frame is decoded. It is drawn before this returns. */
  decoded(picture: Picture, frame: EncodedFrame, decodeMs: number): void;
  /** A frame will never be decoded: others came first, or it makes no sense. */
  dropped(frame: EncodedFrame): void;
  /** Nothing can be decoded before another key frame. */
  lost(): void;
}

export interface FrameDecoder {
  push(frame: EncodedFrame): void;
  /** Frames that were pushed and are neither decoded nor dropped. */
  readonly waiting: number;
  close(): void;
}

export function hasVideoDecoder(): boolean {
  return "VideoDecoder" in globalThis;
}

/** Whether H.264 with full chroma (High 4:4:4 Predictive) can be decoded. */
export async function decodesFullChroma(): Promise<boolean> {
  if (!hasVideoDecoder()) return false;
  const { supported } = await VideoDecoder.isConfigSupported({ codec: "avc1.F4001F", optimizeForLatency: true });
  return supported ?? false;
}

/** The decoder of an encoding. */
export function decoderOf(encoding: Encoding, handlers: DecoderHandlers): FrameDecoder {
  if (encoding === "jpeg" || encoding === "webp") return new ImageFrames(`image/${encoding}`, handlers);
  return new VideoFrames(encoding, handlers);
}

class VideoFrames implements FrameDecoder {
  private decoder: VideoDecoder | null = null;
  private codec = "";
  /** By time stamp (which are the server's, and grow), oldest first: what the decoder has, and since when. */
  private inside = new Map<number, { frame: EncodedFrame; sinceMs: number }>();
  private stamp = 0;

  constructor(
    private readonly encoding: Encoding,
    private readonly handlers: DecoderHandlers,
  ) {}

  get waiting(): number {
    return this.inside.size;
  }

  push(frame: EncodedFrame): void {
    const { key_frame: isKey } = frame.message.frame;
    if (isKey) this.configure(frame);
    const { decoder } = this;
    if (decoder === null) {
      // Deltas of what was never seen.
      this.handlers.dropped(frame);
      this.handlers.lost();
      return;
    }
    const timestamp = ++this.stamp;
    this.inside.set(timestamp, { frame, sinceMs: performance.now() });
    try {
      decoder.decode(new EncodedVideoChunk({ type: isKey ? "key" : "delta", timestamp, data: frame.data }));
    } catch {
      this.reset();
    }
  }

  close(): void {
    this.end();
  }

  private configure(frame: EncodedFrame): void {
    const codec = this.encoding === "vp8" ? "vp8" : h264Codec(frame.data);
    if (codec === null || (this.decoder !== null && codec === this.codec)) return;
    this.end();
    const decoder = new VideoDecoder({
      output: (picture) => this.put(picture),
      error: () => this.decoder === decoder && this.reset(),
    });
    // Without a description the stream is Annex B.
    decoder.configure({ codec, optimizeForLatency: true, colorSpace: COLORS });
    this.decoder = decoder;
    this.codec = codec;
  }

  private put(picture: VideoFrame): void {
    const found = this.inside.get(picture.timestamp);
    if (found === undefined) return picture.close();
    // Pictures come in the order of their frames: one that was passed over will not come any more.
    for (const [timestamp, { frame }] of this.inside) {
      if (timestamp >= picture.timestamp) break;
      this.inside.delete(timestamp);
      this.handlers.dropped(frame);
    }
    this.inside.delete(picture.timestamp);
    this.handlers.decoded(picture, found.frame, performance.now() - found.sinceMs);
    picture.close();
  }

  private reset(): void {
    this.end();
    this.handlers.lost();
  }

  private end(): void {
    const { decoder, inside } = this;
    this.decoder = null;
    this.inside = new Map();
    if (decoder !== null && decoder.state !== "closed") decoder.close();
    for (const { frame } of inside.values()) this.handlers.dropped(frame);
  }
}

class ImageFrames implements FrameDecoder {
  private next: EncodedFrame | null = null;
  private busy = false;
  private over = false;

  constructor(
    private readonly type: string,
    private readonly handlers: DecoderHandlers,
  ) {}

  get waiting(): number {
    return Number(this.busy) + Number(this.next !== null);
  }

  /** Each image stands for itself: only the newest one waits. */
  push(frame: EncodedFrame): void {
    if (this.next !== null) this.handlers.dropped(this.next);
    this.next = frame;
    if (!this.busy) void this.work();
  }

  close(): void {
    this.over = true;
    if (this.next !== null) this.handlers.dropped(this.next);
    this.next = null;
  }

  private async work(): Promise<void> {
    this.busy = true;
    for (let frame = this.take(); frame !== null; frame = this.take()) {
      const sinceMs = performance.now();
      const blob = new Blob([frame.data as Uint8Array<ArrayBuffer>], { type: this.type });
      const picture = await createImageBitmap(blob).catch(() => null);
      if (picture === null || this.over) this.handlers.dropped(frame);
      else this.handlers.decoded(picture, frame, performance.now() - sinceMs);
      picture?.close();
    }
    this.busy = false;
  }

  private take(): EncodedFrame | null {
    const { next } = this;
    this.next = null;
    return next;
  }
}
