// What a view needs of the page that it is in, and what it tells it.
import type { Endpoint } from "./request";
import type { SessionState } from "./session";
import type { Picture, Wishes } from "./transport";
import type { Size } from "./viewport";
import type { Camera, FrameInfo, PointAnnotation, StillMessage, ViewState } from "./wire";

/** How the renderer is, in words. */
export const WORKER_NOTES = {
  starting: "The renderer is starting…",
  restarting: "The renderer stopped and is being restarted…",
  ready: "The renderer was restarted.",
  failed: "The renderer failed.",
} as const;

export interface ViewEvents {
  "hosta-connected": { view: string; scene: string };
  "hosta-connection": { state: SessionState; note: string };
  "hosta-state": ViewState | null;
  "hosta-camera": Camera;
  "hosta-frame": FrameInfo;
  "hosta-annotations": readonly PointAnnotation[];
  "hosta-error": { code: string; message: string; incident: string };
}

export interface ViewHost {
  endpoint(): Omit<Endpoint, "size">;
  /** The size of the picture to ask for, device pixels; null while it is not known. */
  viewport(): Size | null;
  /** Whether a hand holds the camera now. */
  holding(): boolean;
  /** Which way and encoding the user wants. */
  wishes(): Wishes;
  video(stream: MediaStream): void;
  /** A picture is to be drawn now; it is closed afterwards. */
  picture(picture: Picture): void;
  /** The server has a lossless still. */
  still(message: StillMessage): void;
  /** What stills show is not the picture any more. */
  redrawn(): void;
  /** Frames of another connection come from now on. */
  restart(): void;
  /** The stream is about to end: keep its last picture. */
  hold(): void;
  emit<Name extends keyof ViewEvents>(name: Name, detail: ViewEvents[Name]): void;
  /** Something that is drawn beside the picture changed. */
  changed(): void;
}
