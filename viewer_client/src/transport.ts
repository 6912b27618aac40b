// What both ways to the server have in common: messages in both directions, and pictures of one kind or the other.
import type { ConnectError } from "./request";
import type { ClientEvent, FrameMessage, ServerMessage } from "./wire";

/** How a picture is coded on its way. */
export type Encoding = FrameMessage["encoding"];

export type TransportKind = "webrtc" | "websocket";

/** What the user wants; "auto" leaves it to the client. */
export interface Wishes {
  transport: TransportKind | "auto";
  encoding: Encoding | "auto";
}

export const TRANSPORTS: readonly Wishes["transport"][] = ["auto", "webrtc", "websocket"];
export const ENCODINGS: readonly Wishes["encoding"][] = ["auto", "h264", "h264_444", "vp8", "jpeg", "webp"];

/** A word of an attribute or an address, or "auto" where it is none of these. */
export function wishOf<T extends string>(word: string | null, words: readonly T[]): T | "auto" {
  return words.find((known) => known === word) ?? "auto";
}

/** A decoded picture; who gets one closes it. */
export type Picture = VideoFrame | ImageBitmap;

/** What was received since the last time that one asked; null where the transport cannot know. */
export interface Reception {
  framesReceived: number;
  framesDropped: number;
  bytesReceived: number;
  lost: number | null;
  jitterMs: number | null;
  roundTripMs: number | null;
  decodeMs: number | null;
  queue: number;
  freezeMs: number | null;
}

export interface TransportHandlers {
  message(message: ServerMessage): void;
  /** WebRTC: the video starts. */
  video(stream: MediaStream): void;
  /** WebSocket: a picture was decoded, in `decodeMs`. It must be drawn before this returns, and is closed after it. */
  picture(picture: Picture, message: FrameMessage, decodeMs: number): void;
  /** A way to the server was found, though nothing can be said on it yet. */
  reached(): void;
  /** What is sent from now on arrives. */
  open(): void;
  /** The connection is over, for good, and not because of `close`. */
  lost(error: ConnectError): void;
}

export interface Transport {
  readonly kind: TransportKind;
  readonly encoding: Encoding | null;
  /** Makes the connection, as far as the server's first answer. Raises ConnectError. The handlers are called from then on. */
  connect(): Promise<void>;
  /** Sends an event; on `motion` it may be lost. False when it cannot be sent now. */
  send(event: ClientEvent, on?: "events" | "motion"): boolean;
  /** Has the pictures encoded otherwise from now on, where that takes no new connection. */
  encode?(wish: Encoding | "auto"): Promise<void>;
  /** There is reason to doubt that the server still hears: it must answer soon. */
  doubt(): void;
  /** How the pictures came since the last time that this was asked. */
  reception(): Promise<Reception>;
  /** Ends the connection, and tells the server so. `lost` is not called. */
  close(): void;
}
