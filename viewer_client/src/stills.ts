// Lossless stills of a picture that has come to rest: loaded and decoded off to the side, and shown over the moving
// picture only while that shows the same.
import { request, type Endpoint } from "./request";
import type { FrameInfo, StillMessage } from "./wire";

/** Which still is wanted, and whether it is to be seen. Pure. */
export class StillSwap {
  private offer: StillMessage | null = null;
  private loaded = false;
  private frame: FrameInfo | null = null;

  /** The server has a still; whether it is to be loaded. */
  offered(message: StillMessage): boolean {
    const { offer, frame } = this;
    if (message.path === offer?.path || (frame !== null && message.sequence < frame.sequence)) return false;
    this.offer = message;
    this.loaded = false;
    return true;
  }

  /** A still is decoded; whether it is the one that is wanted. */
  decoded(message: StillMessage): boolean {
    if (message !== this.offer) return false;
    this.loaded = true;
    return true;
  }

  /** It cannot be had. */
  failed(message: StillMessage): void {
    if (message === this.offer) this.offer = null;
  }

  /** A frame came to the screen; whether the still is of the past now, and can be forgotten. */
  presented(frame: FrameInfo): boolean {
    const wasVisible = this.visible;
    this.frame = frame;
    if (this.offer === null) return false;
    // What is drawn anew under the same number has other annotations in it.
    const isPast = frame.sequence > this.offer.sequence || (wasVisible && !this.visible);
    if (isPast) this.offer = null;
    return isPast;
  }

  /** The picture is drawn anew under the same number: annotations changed. */
  redrawn(): void {
    this.offer = null;
  }

  /** Another connection begins, whose numbers mean something else. */
  restart(): void {
    this.offer = null;
    this.frame = null;
  }

  get visible(): boolean {
    const { offer, frame } = this;
    if (offer === null || frame === null || !this.loaded) return false;
    return frame.sequence === offer.sequence && frame.samples >= offer.samples;
  }
}

export class Stills {
  private readonly swap = new StillSwap();
  private loading = new AbortController();
  private address: string | null = null;

  /** `place` is empty but for the still that is shown. */
  constructor(
    private readonly place: () => HTMLElement,
    private readonly endpoint: () => Endpoint,
  ) {}

  /** Whether a still is over the moving picture now. */
  get shown(): boolean {
    return this.swap.visible;
  }

  offered(message: StillMessage): void {
    if (!this.swap.offered(message)) return;
    this.remove();
    const { signal } = (this.loading = new AbortController());
    this.load(message, signal).catch((error: unknown) => {
      // It was overtaken, or the server has it no more: the moving picture stays, which is right as well.
      this.swap.failed(message);
      if (!signal.aborted) console.warn("a still could not be loaded:", error);
    });
  }

  /** A frame is on the screen: under the still, which then goes if it is not the same picture any more. */
  presented(frame: FrameInfo): void {
    if (this.swap.presented(frame)) this.remove();
    else this.show();
  }

  redrawn(): void {
    this.swap.redrawn();
    this.remove();
  }

  restart(): void {
    this.swap.restart();
    this.remove();
  }

  private async load(message: StillMessage, signal: AbortSignal): Promise<void> {
    const response = await request(this.endpoint(), message.path, { signal });
    const address = URL.createObjectURL(await response.blob());
    const image = new Image();
    image.alt = "";
    image.decoding = "sync";
    image.src = address;
    try {
      await image.decode();
    } finally {
      if (signal.aborted || !image.complete || image.naturalWidth === 0) URL.revokeObjectURL(address);
    }
    if (signal.aborted || !this.swap.decoded(message)) return;
    this.address = address;
    image.hidden = true;
    this.place().replaceChildren(image);
    this.show();
  }

  private show(): void {
    const [image] = this.place().children;
    if (image instanceof HTMLImageElement) image.hidden = !this.swap.visible;
  }

  private remove(): void {
    this.loading.abort();
    this.place().replaceChildren();
    if (this.address !== null) URL.revokeObjectURL(this.address);
    this.address = null;
  }
}
