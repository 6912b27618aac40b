// The moving picture: a canvas, and under it a <video> for browsers that do not hand out the frames of a stream.
import { PictureClock } from "./picture-clock";
import { handsOutFrames, TrackFrames } from "./track-frames";
import type { Picture } from "./transport";
import type { Size } from "./viewport";

export interface ScreenHandlers {
  /** A picture of a WebRTC stream came to the screen. */
  presented(rtpTimestamp: number | undefined, atMs: number): void;
  /** So long after it was drawn the browser took a picture up for the display. */
  displayed(afterMs: number): void;
  /** The browser does not let the video play. */
  refused(): void;
}

export class Screen {
  private readonly context: CanvasRenderingContext2D;
  private readonly clock: PictureClock;
  private frames: TrackFrames | null = null;
  private drawn = false;
  private displayAsked = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly handlers: ScreenHandlers,
  ) {
    // Measured in Chromium: drawing a video frame into a 2D canvas takes a third of the time that WebGL takes, and half
    // of that of an ImageBitmap. `desynchronized` leaves out a turn of the compositor where the browser can.
    const context = canvas.getContext("2d", { alpha: false, desynchronized: true });
    if (context === null) throw new Error("the browser gives no 2D canvas");
    this.context = context;
    this.clock = new PictureClock(video, (rtpTimestamp, atMs) => {
      if (video.srcObject === null) return;
      canvas.hidden = true;
      handlers.presented(rtpTimestamp, atMs);
    });
  }

  /** The size of the picture that is shown, pixels; 0 before the first. */
  get size(): Size {
    const { video, canvas } = this;
    if (canvas.hidden) return { width: video.videoWidth, height: video.videoHeight };
    return this.drawn ? { width: canvas.width, height: canvas.height } : { width: 0, height: 0 };
  }

  /** Whether the picture is an old one, of a stream that ended. */
  get held(): boolean {
    return this.canvas.classList.contains("held");
  }

  /** Shows a WebRTC stream from now on. */
  play(stream: MediaStream): void {
    this.end();
    const [track] = stream.getVideoTracks();
    if (track !== undefined && handsOutFrames()) {
      this.frames = new TrackFrames(track, (picture, rtpTimestamp) => {
        this.draw(picture);
        this.handlers.presented(rtpTimestamp, performance.now());
      });
      return;
    }
    // The canvas with the last picture covers the video until that has one.
    this.video.srcObject = stream;
    this.video.play().catch((error: unknown) => {
      // A newer stream interrupts the start of an older one; only a browser's refusal concerns the user.
      if ((error as Error).name === "NotAllowedError") this.handlers.refused();
    });
  }

  /** Draws a picture; it is on its way to the display when this returns. */
  draw(picture: Picture): void {
    const isFrame = "displayWidth" in picture;
    this.paint(
      picture,
      isFrame ? picture.displayWidth : picture.width,
      isFrame ? picture.displayHeight : picture.height,
    );
    this.canvas.classList.remove("held");
    if (this.displayAsked) return;
    this.displayAsked = true;
    const drawnMs = performance.now();
    requestAnimationFrame(() => {
      this.displayAsked = false;
      this.handlers.displayed(performance.now() - drawnMs);
    });
  }

  /** The stream ends: its last picture stays, dimmed. */
  hold(): void {
    const { videoWidth, videoHeight } = this.video;
    if (this.canvas.hidden && videoWidth > 0) this.paint(this.video, videoWidth, videoHeight);
    this.end();
    this.canvas.classList.toggle("held", this.drawn);
  }

  close(): void {
    this.end();
    this.clock.close();
  }

  private paint(source: Picture | HTMLVideoElement, width: number, height: number): void {
    const { canvas } = this;
    // A new size clears a canvas: only where it is another.
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    this.context.drawImage(source, 0, 0, width, height);
    this.drawn = true;
    canvas.hidden = false;
  }

  private end(): void {
    this.frames?.close();
    this.frames = null;
    // A stream that ends may still show one frame, a black one.
    this.video.srcObject = null;
    this.canvas.hidden = false;
  }
}
